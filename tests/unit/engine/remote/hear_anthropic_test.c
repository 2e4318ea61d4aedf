/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/remote/rig.h"

static const struct hear_spec chat = {.dialect = REMOTE_ANTHROPIC, .kind = ENGINE_CHAT, .n = 1};

#define EVENT(type, members) "event: " type "\ndata: {\"type\":\"" type "\"" members "}\n\n"
#define START                                                                                      \
    EVENT("message_start",                                                                         \
          ",\"message\":{\"id\":\"m\",\"role\":\"assistant\",\"content\":[],\"usage\":{"           \
          "\"input_tokens\":5,\"cache_read_input_tokens\":3,\"cache_creation_input_tokens\":2,"    \
          "\"output_tokens\":1}}")
#define OPEN(i, block)                                                                             \
    EVENT("content_block_start", ",\"index\":" i ",\"content_block\":{" block "}")
#define DELTA(i, delta) EVENT("content_block_delta", ",\"index\":" i ",\"delta\":{" delta "}")
#define CLOSE(i) EVENT("content_block_stop", ",\"index\":" i)
#define TEXT "\"type\":\"text\",\"text\":\"\""
#define USE "\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"find\",\"input\":{}"
#define WHY(why)                                                                                   \
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"" why "\",\"stop_sequence\":null},"      \
                           "\"usage\":{\"output_tokens\":7}")
#define STOP EVENT("message_stop", "")
#define SAYS(text) DELTA("0", "\"type\":\"text_delta\",\"text\":\"" text "\"")

TEST(text_and_thinking_come_in_their_blocks)
{
    FEED(chat, HEAR_SSE,
         START EVENT("ping", "") OPEN("0", "\"type\":\"thinking\",\"thinking\":\"\"")
             DELTA("0", "\"type\":\"thinking_delta\",\"thinking\":\"hm\"")
                 DELTA("0", "\"type\":\"signature_delta\",\"signature\":\"AAAA\"") CLOSE("0")
                     OPEN("1", TEXT) DELTA("1", "\"type\":\"text_delta\",\"text\":\"Grüß\"")
                         EVENT("ping", "") DELTA("1", "\"type\":\"text_delta\",\"text\":\" Gott\"")
                             CLOSE("1") WHY("end_turn") STOP,
         "R0 hm\nT0 Grüß\nT0  Gott\nD0 stop 10/3/7 .\n");
}

TEST(calls_come_with_arguments_in_pieces)
{
    FEED(chat, HEAR_SSE,
         START OPEN("0", TEXT) SAYS("a") CLOSE("0") OPEN("1", USE)
             DELTA("1", "\"type\":\"input_json_delta\",\"partial_json\":\"\"")
                 DELTA("1", "\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"q\\\":\"") DELTA(
                     "1", "\"type\":\"input_json_delta\",\"partial_json\":\"1}\"") CLOSE("1")
                     OPEN("2", "\"type\":\"tool_use\",\"id\":\"t2\",\"name\":\"g\",\"input\":{}")
                         CLOSE("2") WHY("tool_use") STOP,
         "T0 a\nC0.0 toolu_1 find\nA0.0 {\"q\":\nA0.0 1}\nC0.1 t2 g\nA0.1 {}\n"
         "D0 calls 10/3/7 .\n");
}

TEST(the_whole_input_may_stand_at_the_start_of_its_block)
{
    FEED(chat, HEAR_SSE,
         START OPEN("0", "\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{\"a\":1}")
             CLOSE("0") WHY("tool_use") STOP,
         "C0.0 t f\nA0.0 {\"a\":1}\nD0 calls 10/3/7 .\n");
}

TEST(ends_are_named)
{
    static const struct {
        const char *stream, *heard;
    } cases[] = {{START WHY("end_turn") STOP, "D0 stop 10/3/7 .\n"},
                 {START WHY("max_tokens") STOP, "D0 length 10/3/7 .\n"},
                 {START WHY("model_context_window_exceeded") STOP, "D0 length 10/3/7 .\n"},
                 {START WHY("pause_turn") STOP, "D0 length 10/3/7 .\n"},
                 {START WHY("refusal") STOP, "D0 filter 10/3/7 .\n"},
                 {START WHY("tool_use") STOP, "D0 calls 10/3/7 .\n"},
                 {START WHY("unheard_of") STOP, "D0 stop 10/3/7 .\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        FEED(chat, HEAR_SSE, cases[i].stream, cases[i].heard);
}

TEST(the_stop_string_that_matched_is_found_again)
{
    const str stops[] = {STR("###"), STR("END")};
    struct hear_spec spec = chat;
    spec.stops = stops;
    spec.stop_count = 2;
    FEED(spec, HEAR_SSE,
         START EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"stop_sequence\","
                                      "\"stop_sequence\":\"END\"},\"usage\":{\"output_tokens\":2}")
             STOP,
         "D0 stop#2 10/3/2 .\n");
}

TEST(what_nobody_asked_for_is_passed_over)
{
    FEED(chat, HEAR_SSE,
         START EVENT("brand_new", ",\"x\":1") OPEN("0", "\"type\":\"server_tool_use\",\"id\":\"s\"")
             DELTA("0", "\"type\":\"input_json_delta\",\"partial_json\":\"{}\"") CLOSE("0")
                 OPEN("1", TEXT) DELTA("1", "\"type\":\"citations_delta\",\"citation\":{}")
                     DELTA("1", "\"type\":\"text_delta\",\"text\":\"a\"") CLOSE("1") WHY("end_turn")
                         STOP,
         "T0 a\nD0 stop 10/3/7 .\n");
}

TEST(a_message_in_one_piece_is_understood)
{
    FEED(chat, HEAR_JSON,
         "{\"type\":\"message\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\"},"
         "{\"type\":\"text\",\"text\":\"Ja.\"},{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\","
         "\"input\":{\"a\":1}},{\"type\":\"tool_use\",\"id\":\"u\",\"name\":\"g\",\"input\":{}}],"
         "\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":4,\"output_tokens\":5}}",
         "R0 hm\nT0 Ja.\nC0.0 t f\nA0.0 {\"a\":1}\nC0.1 u g\nA0.1 {}\nD0 calls 4/0/5 .\n");
}

TEST(a_stream_that_stops_early_fails_after_what_came)
{
    static const char *const cut[] = {"", START, START OPEN("0", TEXT),
                                      START OPEN("0", TEXT) CLOSE("0"),
                                      START OPEN("0", TEXT) CLOSE("0") WHY("end_turn")};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++)
        FEED_FAILS(chat, HEAR_SSE, cut[i], "", PROVIDER_LOST);
}

TEST(disorder_fails)
{
    static const char *const bad[] = {
        OPEN("0", TEXT),
        SAYS("a"),
        START START,
        START SAYS("a"),
        START OPEN("0", TEXT) OPEN("1", TEXT),
        START OPEN("0", TEXT) DELTA("1", "\"type\":\"text_delta\",\"text\":\"a\""),
        START OPEN("0", TEXT) CLOSE("1"),
        START CLOSE("0"),
        START OPEN("0", TEXT) WHY("end_turn"),
        START STOP,
        WHY("end_turn"),
        START WHY("end_turn") WHY("end_turn"),
        START WHY("end_turn") OPEN("0", TEXT) SAYS("a"),
        START WHY("end_turn") STOP STOP,
        START WHY("end_turn") STOP EVENT("ping", ""),
        START OPEN("0", "\"type\":7"),
        START OPEN("0", "\"type\":\"tool_use\",\"id\":\"t\",\"input\":{}"),
        START OPEN("0", "\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"\",\"input\":{}"),
        START OPEN("0", "\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"\",\"input\":[1]"),
        START OPEN("0", TEXT) DELTA("0", "\"type\":\"text_delta\",\"text\":7"),
        START OPEN("0", TEXT) DELTA("0", "\"type\":\"text_delta\",\"text\":\"\xc3\""),
        "data: {\"type\":7}\n\n",
        "data: {}\n\n",
        "data: [DONE]\n\n",
        EVENT("message_start", ",\"message\":{\"usage\":{\"input_tokens\":4294967295,"
                               "\"cache_read_input_tokens\":1}}") WHY("end_turn") STOP,
        EVENT("message_start", ",\"message\":{\"usage\":{\"input_tokens\":-1}}") WHY("end_turn")
            STOP,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FEED_FAILS(chat, HEAR_SSE, bad[i], "", PROVIDER_LOST);
}

TEST(an_error_in_the_stream_is_the_one_the_provider_names)
{
    static const struct {
        const char *type;
        uint16_t code;
    } cases[] = {{"overloaded_error", ERR_PROVIDER_LOST}, {"rate_limit_error", ERR_BUSY},
                 {"invalid_request_error", ERR_ARGUMENT}, {"api_error", ERR_PROVIDER_LOST},
                 {"permission_error", ERR_PROVIDER_LOST}, {"not_found_error", ERR_MODEL_NOT_FOUND}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(buf) b = BUF(4096);
        buf_add(&b, STR(START OPEN("0", TEXT) SAYS("a")));
        buf_add_fmt(&b,
                    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"%s\","
                    "\"message\":\"secret\"}}\n\n",
                    cases[i].type);
        buf_add(&b, STR(SAYS("b")));
        buf_add_char(&b, '\0');
        feed_all(__FILE__, __LINE__, (struct fed){&chat, HEAR_SSE, str_of(b.at), 0, 0},
                 STR("T0 a\n"), cases[i].code);
    }
    FEED_FAILS(chat, HEAR_JSON,
               "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
               "\"prompt is too long: 9 tokens > 8 maximum\"}}",
               "", CONTEXT_LENGTH);
}

TEST(one_text_that_is_none_fails)
{
    static const char *const bad[] = {
        "{}", "{\"content\":[]}", "{\"content\":[7],\"stop_reason\":\"end_turn\"}",
        ("{\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":[1]}],"
         "\"stop_reason\":\"end_turn\"}")};
    for (size_t i = 0; i + 1 < sizeof bad / sizeof *bad; i++)
        FEED_FAILS(chat, HEAR_JSON, bad[i], "", PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_JSON, bad[3], "C0.0 t f\n", PROVIDER_LOST);
}
