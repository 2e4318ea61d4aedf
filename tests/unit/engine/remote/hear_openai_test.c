/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/remote/rig.h"

static const struct hear_spec chat = {.dialect = REMOTE_OPENAI, .kind = ENGINE_CHAT, .n = 1};
static const struct hear_spec pair = {.dialect = REMOTE_OPENAI, .kind = ENGINE_CHAT, .n = 2};
static const struct hear_spec rated = {
    .dialect = REMOTE_OPENAI, .kind = ENGINE_CHAT, .n = 1, .has_logprobs = true, .top_max = 2};
static const struct hear_spec text = {
    .dialect = REMOTE_OPENAI, .kind = ENGINE_COMPLETE, .n = 1, .has_logprobs = true, .top_max = 1};

#define CHUNK(choices)                                                                             \
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[" choices "]}\n\n"
#define DELTA(i, members) CHUNK("{\"index\":" i ",\"delta\":{" members "},\"finish_reason\":null}")
#define FINISH(i, why) CHUNK("{\"index\":" i ",\"delta\":{},\"finish_reason\":\"" why "\"}")
#define USAGE(members)                                                                             \
    "data: {\"choices\":[],\"usage\":{" members "}}\n\n"                                           \
    "data: [DONE]\n\n"
#define END                                                                                        \
    FINISH("0", "stop")                                                                            \
    USAGE("\"prompt_tokens\":9,\"completion_tokens\":4,"                                           \
          "\"prompt_tokens_details\":{\"cached_tokens\":3}")

/* ---- streams */

TEST(text_comes_piece_by_piece_and_ends_with_the_usage)
{
    FEED(chat, HEAR_SSE,
         DELTA("0", "\"role\":\"assistant\",\"content\":\"\"") DELTA("0", "\"content\":\"Grü\"")
             DELTA("0", "\"content\":\"\\u00df Gott\"") END,
         "T0 Grü\nT0 ß Gott\nD0 stop 9/3/4 .\n");
}

TEST(answers_are_told_apart_and_share_the_count)
{
    FEED(pair, HEAR_SSE,
         DELTA("1", "\"content\":\"b\"") DELTA("0", "\"content\":\"a\"")
             DELTA("1", "\"content\":\"c\"") DELTA("1", "\"content\":\"d\"") FINISH("1", "length")
                 FINISH("0", "stop") USAGE("\"prompt_tokens\":7,\"completion_tokens\":10"),
         "T1 b\nT0 a\nT1 c\nT1 d\nD0 stop 7/0/2\nD1 length 7/0/8 .\n");
}

TEST(reasoning_is_no_text_under_either_name)
{
    FEED(chat, HEAR_SSE,
         DELTA("0", "\"content\":null,\"reasoning_content\":\"hm\"")
             DELTA("0", "\"reasoning\":\"so\"") DELTA("0", "\"content\":\"yes\"") END,
         "R0 hm\nR0 so\nT0 yes\nD0 stop 9/3/4 .\n");
    /* Some say it under both names at once. */
    FEED(chat, HEAR_SSE, DELTA("0", "\"reasoning\":\"hm\",\"reasoning_content\":\"hm\"") END,
         "R0 hm\nD0 stop 9/3/4 .\n");
}

TEST(calls_come_with_their_name_then_their_arguments)
{
    FEED(
        chat, HEAR_SSE,
        DELTA("0", "\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"type\":\"function\","
                   "\"function\":{\"name\":\"find\",\"arguments\":\"\"}}]")
            DELTA("0", "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"q\\\"\"}}]")
                DELTA("0", "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]")
                    FINISH("0", "tool_calls") USAGE("\"prompt_tokens\":1,\"completion_tokens\":2"),
        "C0.0 call_a find\nA0.0 {\"q\"\nA0.0 :1}\nD0 calls 1/0/2 .\n");
}

TEST(calls_side_by_side_keep_apart)
{
    FEED(chat, HEAR_SSE,
         DELTA("0", "\"tool_calls\":["
                    "{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}},"
                    "{\"index\":1,\"id\":\"y\",\"function\":{\"name\":\"g\",\"arguments\":\"[\"}}]")
             DELTA("0", "\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"]\"}},"
                        "{\"index\":0,\"function\":{\"arguments\":\"}\"}}]")
                 FINISH("0", "stop") "data: [DONE]\n\n",
         "C0.0 x f\nA0.0 {\nC0.1 y g\nA0.1 [\nA0.1 ]\nA0.0 }\nD0 calls 0/0/6 ~ .\n");
}

TEST(calls_that_are_numbered_alike_or_not_at_all_are_told_apart_by_id_and_name)
{
    FEED(chat, HEAR_SSE,
         DELTA("0", "\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\","
                    "\"arguments\":\"{}\"}}]")
             DELTA("0", "\"tool_calls\":[{\"index\":0,\"id\":\"y\",\"function\":{\"name\":\"f\","
                        "\"arguments\":\"{}\"}}]") END,
         "C0.0 x f\nA0.0 {}\nC0.1 y f\nA0.1 {}\nD0 calls 9/3/4 .\n");
    FEED(chat, HEAR_SSE,
         DELTA("0", "\"tool_calls\":[{\"id\":\"x\",\"function\":{\"name\":\"f\"}}]")
             DELTA("0", "\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]")
                 DELTA("0", "\"tool_calls\":[{\"id\":\"z\",\"function\":{\"name\":\"g\"}}]") END,
         "C0.0 x f\nA0.0 {}\nC0.1 z g\nA0.1 {}\nD0 calls 9/3/4 .\n");
}

TEST(a_name_may_follow_its_id_and_both_may_be_repeated)
{
    FEED(chat, HEAR_SSE,
         DELTA("0", "\"tool_calls\":[{\"index\":3,\"id\":\"x\"}]") DELTA(
             "0", "\"tool_calls\":[{\"index\":3,\"id\":\"x\",\"function\":{\"name\":\"f\"}}]")
             DELTA("0", "\"tool_calls\":[{\"index\":3,\"id\":\"x\",\"function\":{\"name\":\"f\","
                        "\"arguments\":{\"a\":[1]}}}]") END,
         "C0.0 x f\nA0.0 {\"a\":[1]}\nD0 calls 9/3/4 .\n");
}

TEST(logprobs_come_with_the_text_they_belong_to)
{
    FEED(rated, HEAR_SSE,
         CHUNK("{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null,\"logprobs\":"
               "{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97],\"top_logprobs\":["
               "{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":null},"
               "{\"token\":\"b\",\"logprob\":-9999.0},{\"token\":\"c\",\"logprob\":-3}]}]}}") END,
         "T0 a [a -0.5 a=-0.5 b=-9999]\nD0 stop 9/3/4 .\n");
    /* Nobody asked: they are left out. */
    FEED(chat, HEAR_SSE,
         CHUNK("{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null,\"logprobs\":"
               "{\"content\":[{\"token\":\"a\",\"logprob\":-0.5}]}}") END,
         "T0 a\nD0 stop 9/3/4 .\n");
}

TEST(completions_have_their_own_form_of_text_and_logprobs)
{
    FEED(text, HEAR_SSE,
         CHUNK("{\"index\":0,\"text\":\"ab\",\"finish_reason\":null,\"logprobs\":{\"tokens\":"
               "[\"a\",\"b\"],\"token_logprobs\":[null,-2],\"top_logprobs\":[null,{\"b\":-2,"
               "\"c\":-3}]}}") CHUNK("{\"index\":0,\"text\":\"\",\"finish_reason\":\"length\"}")
             USAGE("\"prompt_tokens\":1,\"completion_tokens\":2"),
         "T0 ab [a 0] [b -2 b=-2]\nD0 length 1/0/2 .\n");
}

TEST(a_refusal_is_text_that_ends_as_filtered)
{
    FEED(chat, HEAR_SSE, DELTA("0", "\"refusal\":\"I cannot.\"") END,
         "T0 I cannot.\nD0 filter 9/3/4 .\n");
    FEED(chat, HEAR_SSE, DELTA("0", "\"refusal\":null,\"content\":\"a\"") END,
         "T0 a\nD0 stop 9/3/4 .\n");
}

TEST(ends_are_named)
{
    static const struct {
        const char *stream, *heard;
    } cases[] = {{FINISH("0", "stop"), "D0 stop 0/0/0 ~ .\n"},
                 {FINISH("0", "length"), "D0 length 0/0/0 ~ .\n"},
                 {FINISH("0", "content_filter"), "D0 filter 0/0/0 ~ .\n"},
                 {FINISH("0", "tool_calls"), "D0 calls 0/0/0 ~ .\n"},
                 {FINISH("0", "eos_token"), "D0 stop 0/0/0 ~ .\n"}};
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
         CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":\"END\"}"),
         "D0 stop#2 0/0/0 ~ .\n");
    FEED(spec, HEAR_SSE,
         CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":128001}"),
         "D0 stop 0/0/0 ~ .\n");
}

TEST(events_without_news_comments_and_other_line_ends_do_no_harm)
{
    FEED(chat, HEAR_SSE,
         ": keep-alive\r\n\r\ndata: {\"choices\":[],\"prompt_filter_results\":[]}\r\n\r\n"
         "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\r\n\r\n"
         "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
         "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\r\n\r\n"
         "data: [DONE]\r\n\r\n",
         "T0 a\nD0 stop 1/0/1 .\n");
}

TEST(without_usage_pieces_are_counted_and_the_flag_says_so)
{
    FEED(chat, HEAR_SSE,
         DELTA("0", "\"content\":\"a\"") DELTA("0", "\"content\":\"b\"") FINISH("0", "stop"),
         "T0 a\nT0 b\nD0 stop 0/0/2 ~ .\n");
}

TEST(the_last_usage_counts_and_more_cached_than_asked_is_cut)
{
    FEED(
        chat, HEAR_SSE,
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n" FINISH(
            "0", "stop") USAGE("\"prompt_tokens\":5,\"completion_tokens\":6,"
                               "\"prompt_cache_hit_tokens\":99"),
        "D0 stop 5/5/6 .\n");
}

/* ---- one text in place of a stream */

#define WHOLE(message, why)                                                                        \
    "{\"choices\":[{\"index\":0,\"message\":{" message "},\"finish_reason\":\"" why "\"}],"        \
    "\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":3}}"

TEST(a_server_that_does_not_stream_is_understood)
{
    FEED(chat, HEAR_JSON, WHOLE("\"role\":\"assistant\",\"content\":\"Ja.\"", "stop"),
         "T0 Ja.\nD0 stop 2/0/3 .\n");
    FEED(chat, HEAR_JSON,
         WHOLE("\"content\":null,\"tool_calls\":[{\"id\":\"x\",\"type\":\"function\","
               "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},{\"id\":\"y\","
               "\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]",
               "tool_calls"),
         "C0.0 x f\nA0.0 {\"a\":1}\nC0.1 y g\nA0.1 {}\nD0 calls 2/0/3 .\n");
}

TEST(one_text_that_is_none_fails)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{\"choices\":[]}",
                                      "{\"choices\":{}}",
                                      "{\"choices\":[7]}",
                                      "{\"choices\":[{\"index\":0,\"message\":{}}]}",
                                      "{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]",
                                      "{\"a\":1,\"a\":2}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FEED_FAILS(chat, HEAR_JSON, bad[i], "", PROVIDER_LOST);
}

/* ---- what is malformed */

TEST(a_stream_that_stops_early_fails_after_what_came)
{
    FEED_FAILS(chat, HEAR_SSE, "", "", PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_SSE, DELTA("0", "\"content\":\"a\""), "T0 a\n", PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_SSE, DELTA("0", "\"content\":\"a\"") "data: [DONE]\n\n", "T0 a\n",
               PROVIDER_LOST);
    /* The end stands in an event that is not ended. */
    FEED_FAILS(chat, HEAR_SSE,
               DELTA("0", "\"content\":\"a\"") "data: {\"choices\":[{\"index\":0,\"delta\":{},"
                                               "\"finish_reason\":\"stop\"}]}\n",
               "T0 a\n", PROVIDER_LOST);
    FEED_FAILS(pair, HEAR_SSE, FINISH("0", "stop") "data: [DONE]\n\n", "", PROVIDER_LOST);
}

TEST(an_event_that_is_not_what_it_should_be_fails_at_once)
{
    static const char *const bad[] = {
        "data: {\n\n",
        "data: [1]\n\n",
        "data: {\"choices\":7}\n\n",
        "data: {\"choices\":[{\"index\":1,\"delta\":{}}]}\n\n",
        "data: {\"choices\":[{\"index\":-1,\"delta\":{}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":7}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":7}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\",\"content\":\"c\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":7}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":7}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":-1}}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4294967296}}\n\n",
        DELTA("0", "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]"),
        DELTA("0", "\"tool_calls\":[{\"index\":128,\"id\":\"x\",\"function\":{\"name\":\"f\"}}]"),
        DELTA("0", "\"tool_calls\":[7]"),
        DELTA("0", "\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":7}}]"),
        DELTA("0", "\"tool_calls\":[{\"index\":0,\"id\":\"x\"}]") FINISH("0", "tool_calls"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) stream = BUF(4096);
        buf_add(&stream, STR(DELTA("0", "\"content\":\"a\"")));
        buf_add(&stream, str_of(bad[i]));
        buf_add(&stream, STR(DELTA("0", "\"content\":\"z\"") END));
        buf_add_char(&stream, '\0');
        FEED_FAILS(chat, HEAR_SSE, stream.at, "T0 a\n", PROVIDER_LOST);
    }
}

TEST(nothing_follows_an_end)
{
    FEED_FAILS(chat, HEAR_SSE, FINISH("0", "stop") FINISH("0", "stop") "data: [DONE]\n\n", "",
               PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_SSE, FINISH("0", "stop") DELTA("0", "\"content\":\"a\""), "",
               PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_SSE,
               FINISH("0", "stop")
                   DELTA("0", "\"tool_calls\":[{\"id\":\"x\",\"function\":{\"name\":\"f\"}}]"),
               "", PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_SSE, END "data: [DONE]\n\n", "", PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_SSE, END DELTA("0", "\"content\":\"a\""), "", PROVIDER_LOST);
    FEED_FAILS(pair, HEAR_SSE,
               FINISH("1", "stop") DELTA("0", "\"content\":\"a\"") DELTA("1", "\"content\":\"b\""),
               "T0 a\n", PROVIDER_LOST);
}

TEST(an_error_in_the_stream_is_the_one_the_provider_names)
{
    FEED_FAILS(chat, HEAR_SSE,
               DELTA("0", "\"content\":\"a\"") "data: {\"error\":{\"message\":\"secret\",\"type\":"
                                               "\"rate_limit_error\",\"code\":null}}\n\n" END,
               "T0 a\n", BUSY);
    FEED_FAILS(chat, HEAR_SSE,
               "data: {\"error\":{\"message\":\"m\",\"code\":\"context_length_exceeded\"}}\n\n", "",
               CONTEXT_LENGTH);
    FEED_FAILS(chat, HEAR_SSE,
               "data: {\"object\":\"error\",\"message\":\"This model's maximum context length is "
               "8 tokens\",\"code\":400}\n\n",
               "", CONTEXT_LENGTH);
    FEED_FAILS(chat, HEAR_SSE, "event: error\ndata: {\"message\":\"m\"}\n\n", "", PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_JSON, "{\"error\":{\"code\":\"model_not_found\"}}", "", MODEL_NOT_FOUND);
}

TEST(an_id_or_name_longer_than_any_honest_one_fails)
{
    /* The name goes where the @ is. */
#define CALL(members)                                                                              \
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{" members                                    \
    "}]},\"finish_reason\":\"stop\"}]}\n\n"
#define WHY "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"@\"}]}\n\n"
    static const char *const forms[] = {CALL("\"id\":\"@\",\"function\":{\"name\":\"f\"}"),
                                        CALL("\"function\":{\"name\":\"@\"}"), WHY};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (int is_long = 0; is_long < 2; is_long++) {
            AUTO(buf) stream = BUF(4096);
            struct script s;
            const int len = (i == 2 ? 64 : HEAR_NAME_MAX) + is_long;
            char name[512];
            memset(name, 'a', sizeof name);
            const ptrdiff_t at = str_find(str_of(forms[i]), STR("@"));
            buf_add(&stream, str_slice(str_of(forms[i]), 0, (size_t)at));
            buf_add(&stream, (str){name, (size_t)len});
            buf_add(&stream, str_of(forms[i] + at + 1));
            const struct fed f = {&chat, HEAR_SSE, buf_str(&stream), 0, 4096};
            CHECK_INT(feed(&f, &s).code, ==, is_long ? ERR_PROVIDER_LOST : ERR_OK);
            script_auto(&s);
        }
}

static err
feed_long(str before, size_t len, enum hear_form form)
{
    AUTO(buf) stream = BUF(80 << 20);
    buf_add(&stream, before);
    char *room = buf_add_room(&stream, len);
    memset(room, 'a', len);
    const struct fed f = {&chat, form, buf_str(&stream), 0, 65536};
    struct script s;
    const err e = feed(&f, &s);
    CHECK_INT(s.log.len, ==, 0);
    script_auto(&s);
    return e;
}

TEST(a_line_that_never_ends_is_given_up)
{
    CHECK_ERR(feed_long(STR("data: {\"a\":\""), HEAR_EVENT_BYTES_MAX, HEAR_SSE), PROVIDER_LOST);
    CHECK_ERR(feed_long(STR("event: "), 64, HEAR_SSE), PROVIDER_LOST);
    CHECK_ERR(feed_long(STR("{\"a\":\""), HEAR_WHOLE_BYTES_MAX, HEAR_JSON), PROVIDER_LOST);
}
