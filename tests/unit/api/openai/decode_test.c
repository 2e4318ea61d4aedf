/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/decode.h"

#include "base/fault.h"
#include "unit/api/openai/decoding.h"

/* ---- defaults */
TEST(what_is_not_said_has_the_house_s_defaults)
{
    struct conv_params want;
    conv_params_default(&want);
    NEED_OK(with(ROUTE_C, "user", "\"u\""));
    CHECK(memcmp(&want, &ask.conv.params, sizeof want) == 0);
    CHECK(!ask.stream && !ask.include_usage && !ask.model.len);
    NEED_OK(with(ROUTE_T, "user", "\"u\""));
    CHECK_INT(ask.conv.params.tokens_max, ==, 16);
    CHECK(!ask.conv.params.logprobs && !ask.conv.params.echo && !ask.echo_chars);
    NEED_OK(with(ROUTE_E, "user", "\"u\""));
    CHECK(!ask.base64 && !ask.conv.dimensions);
}

/* ---- numbers */
TEST(each_real_number_is_taken_at_its_bounds_and_refused_beyond)
{
    static const struct {
        const char *name, *under, *min, *max, *over;
    } cases[] = {{"temperature", "-0.0001", "0", "2", "2.0001"},
                 {"top_p", "-0.0001", "0", "1", "1.0001"},
                 {"min_p", "-0.0001", "0", "1", "1.0001"},
                 {"presence_penalty", "-2.0001", "-2", "2", "2.0001"},
                 {"frequency_penalty", "-2.0001", "-2", "2", "2.0001"},
                 {"repetition_penalty", "0.0999", "0.1", "10", "10.001"}};
    for (size_t r = 0; r < 2; r++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            const enum openai_route route = routes[r].route;
            NOT(route, cases[i].name, cases[i].under);
            TAKEN(route, cases[i].name, cases[i].min);
            TAKEN(route, cases[i].name, cases[i].max);
            NOT(route, cases[i].name, cases[i].over);
            NOT(route, cases[i].name, "\"1\"");
            NOT(route, cases[i].name, "true");
            NOT(route, cases[i].name, "[1]");
            NOT(route, cases[i].name, "1e300");
        }
}

TEST(each_whole_number_is_taken_at_its_bounds_and_refused_beyond)
{
    static const struct {
        uint32_t routes;
        const char *name, *under, *min, *max, *over, *more;
    } cases[] = {{ROUTE_C | ROUTE_T, "max_tokens", "0", "1", "2147483647", "2147483648", ""},
                 {ROUTE_C, "max_completion_tokens", "0", "1", "2147483647", "2147483648", ""},
                 {ROUTE_C | ROUTE_T, "n", "0", "1", "8", "9", ""},
                 {ROUTE_C | ROUTE_T, "top_k", "-2", "-1", "2147483647", "2147483648", ""},
                 {ROUTE_C | ROUTE_T, "seed", "-9223372036854775809", "-9223372036854775808",
                  "9223372036854775807", "9223372036854775808", ""},
                 {ROUTE_C, "top_logprobs", "-1", "0", "20", "21", ",\"logprobs\":true"},
                 {ROUTE_T, "logprobs", "-1", "0", "20", "21", ""},
                 {ROUTE_E, "dimensions", "0", "1", "65536", "65537", ""}};
    for (size_t r = 0; r < 3; r++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            const enum openai_route route = routes[r].route;
            char value[96];
            if (!(cases[i].routes & route))
                continue;
#define VALUE(v) (snprintf(value, sizeof value, "%s%s", v, cases[i].more), value)
            NOT(route, cases[i].name, VALUE(cases[i].under));
            TAKEN(route, cases[i].name, VALUE(cases[i].min));
            TAKEN(route, cases[i].name, VALUE(cases[i].max));
            NOT(route, cases[i].name, VALUE(cases[i].over));
            NOT(route, cases[i].name, VALUE("1.5"));
            NOT(route, cases[i].name, VALUE("\"1\""));
            NOT(route, cases[i].name, VALUE("{}"));
#undef VALUE
        }
}

TEST(the_choices_of_one_request_are_bound_by_the_operator)
{
    arena *a;
    jval body;
    params_default(&params);
    params.gate_choices_max = 2;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, STR("{\"prompt\":\"x\",\"n\":3}"), &body));
    memset(&ask, 0, sizeof ask);
    CHECK_ERR(openai_decode_text(&params, a, &body, &ask), ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("n"));
    arena_free(a);
}

TEST(top_k_below_one_is_off_and_a_seed_may_be_negative)
{
    NEED_OK(with(ROUTE_C, "top_k", "-1"));
    CHECK_INT(ask.conv.params.top_k, ==, 0);
    NEED_OK(with(ROUTE_C, "top_k", "0"));
    CHECK_INT(ask.conv.params.top_k, ==, 0);
    NEED_OK(with(ROUTE_C, "seed", "-1"));
    CHECK(ask.conv.params.has_seed && ask.conv.params.seed == UINT64_MAX);
    NEED_OK(with(ROUTE_C, "seed", "0"));
    CHECK(ask.conv.params.has_seed && ask.conv.params.seed == 0);
}

TEST(of_two_limits_the_newer_name_counts)
{
    NEED_OK(with(ROUTE_C, "max_tokens", "5,\"max_completion_tokens\":9"));
    CHECK_INT(ask.conv.params.tokens_max, ==, 9);
}

/* ---- messages */
static err
messages(const char *list)
{
    return with(ROUTE_C, "messages", list);
}

TEST(each_role_is_read)
{
    static const struct {
        const char *name;
        enum conv_role role;
    } roles[] = {{"system", CONV_SYSTEM},
                 {"developer", CONV_SYSTEM},
                 {"user", CONV_USER},
                 {"assistant", CONV_ASSISTANT}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        char list[128];
        snprintf(list, sizeof list, "[{\"role\":\"%s\",\"content\":\"t%zu\"}]", roles[i].name, i);
        NEED_OK(messages(list));
        CHECK_INT(ask.conv.messages.count, ==, 1);
        CHECK_INT(ask.conv.messages.at[0].role, ==, roles[i].role);
    }
}

TEST(a_conversation_keeps_its_order_its_names_and_its_bytes)
{
    NEED_OK(messages("[{\"role\":\"system\",\"content\":\"sei kurz\"},"
                     "{\"role\":\"user\",\"name\":\"amt\",\"content\":\"a\\u0000\\u00e4\\n\"},"
                     "{\"role\":\"assistant\"},"
                     "{\"role\":\"assistant\",\"content\":null},"
                     "{\"role\":\"user\",\"content\":\"\"}]"));
    NEED(ask.conv.messages.count == 5);
    const struct conv_message *m = ask.conv.messages.at;
    CHECK(text_is(m[0].text, "sei kurz") && !m[0].name.len);
    CHECK_STR(open_text(m[1].text), STR("a\0\xc3\xa4\n"));
    CHECK_STR(m[1].name, STR("amt"));
    CHECK(text_is(m[2].text, "") && text_is(m[3].text, "") && text_is(m[4].text, ""));
}

TEST(parts_of_text_are_joined_by_lines)
{
    NEED_OK(messages("[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"eins\"},"
                     "{\"type\":\"text\",\"text\":\"zwei\",\"cache_control\":null}]}]"));
    CHECK(text_is(ask.conv.messages.at[0].text, "eins\nzwei"));
    NEED_OK(messages("[{\"role\":\"user\",\"content\":[]}]"));
    CHECK(text_is(ask.conv.messages.at[0].text, ""));
}

TEST(what_is_wrong_with_a_message_is_said_with_its_place)
{
#define SECOND(m) "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}," m "]}"
#define SECOND_PART(p)                                                                             \
    SECOND("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}," p "]}")
    PLACE(ARGUMENT, ROUTE_C, "messages[1]", SECOND("5"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1]", SECOND("null"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].role", SECOND("{\"content\":\"x\"}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].role", SECOND("{\"role\":1,\"content\":\"x\"}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].role", SECOND("{\"role\":\"\",\"content\":\"x\"}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].role", SECOND("{\"role\":\"User\",\"content\":\"x\"}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content", SECOND("{\"role\":\"user\"}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content", SECOND("{\"role\":\"user\",\"content\":null}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content", SECOND("{\"role\":\"user\",\"content\":7}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content", SECOND("{\"role\":\"user\",\"content\":{}}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].name",
          SECOND("{\"role\":\"user\",\"content\":\"x\",\"name\":5}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].foo",
          SECOND("{\"role\":\"user\",\"content\":\"x\",\"foo\":5}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content[1]", SECOND_PART("\"b\""));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content[1].type", SECOND_PART("{\"text\":\"b\"}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content[1].type", SECOND_PART("{\"type\":1}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content[1].text", SECOND_PART("{\"type\":\"text\"}"));
    PLACE(ARGUMENT, ROUTE_C, "messages[1].content[1].x",
          SECOND_PART("{\"type\":\"text\",\"text\":\"b\",\"x\":1}"));
    PLACE(UNSUPPORTED, ROUTE_C, "messages[1].content[1].image_url.url",
          SECOND_PART("{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}"));
    PLACE(UNSUPPORTED, ROUTE_C, "messages[1].function_call",
          SECOND("{\"role\":\"assistant\",\"content\":\"x\",\"function_call\":{\"name\":\"f\"}}"));
    PLACE(UNSUPPORTED, ROUTE_C, "messages[1].audio",
          SECOND("{\"role\":\"assistant\",\"content\":\"x\",\"audio\":{\"id\":\"f\"}}"));
}

TEST(what_clients_send_back_as_they_got_it_is_taken)
{
    NEED_OK(messages("[{\"role\":\"assistant\",\"content\":\"x\",\"refusal\":null,\"audio\":null,"
                     "\"function_call\":null,\"tool_calls\":[],\"annotations\":[]}]"));
}

TEST(ten_thousand_conversations_are_read_as_they_were_written)
{
    static const char *const roles[] = {"system", "user", "assistant"};
    static const char *const bits[] = {"a", "\"", "\\", "\n", "ä", "€", "😀", "\x1f", " ", "null"};
    AUTO(arena) *a = NULL;
    policy *p = small_policy();
    NEED_OK(arena_open(65536, &a));
    const grant *g = small_grant(p, a, "intern");
    for (int i = 0; i < 10000; i++) {
        AUTO(buf) said = BUF(ROOM);
        AUTO(buf) read = BUF(ROOM);
        buf_add(&said, STR("{\"messages\":["));
        for (uint64_t k = 1 + test_random() % 5; k; k--) {
            AUTO(buf) text = BUF(ROOM);
            for (uint64_t n = test_random() % 48; n; n--)
                buf_add(&text, str_of(bits[test_random() % 10]));
            json_open(&said, '{');
            json_member_str(&said, "role", str_of(roles[test_random() % 3]));
            json_member_str(&said, "content", buf_str(&text));
            json_close(&said, '}');
        }
        buf_add(&said, ((str){"]}", 3})); /* with its end */
        CHECK_OK(decode(ROUTE_C, said.at));
        CHECK_OK(conv_put_messages(&ask.conv, g, &read));
        CHECK_STR(buf_str(&read), str_of(said.at));
    }
    policy_free(p);
}

TEST(a_conversation_has_one_message_at_least_and_no_more_than_the_operator_allows)
{
    static const char *const none[] = {"[]", "{}", "\"x\"", "5", "null"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        NOT(ROUTE_C, "messages", none[i]);
    CHECK_ERR(decode(ROUTE_C, "{}"), ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("messages"));
    AUTO(buf) b = BUF(ROOM);
    buf_add(&b, STR("["));
    for (int i = 0; i < 2048; i++)
        buf_add(&b, STR("{\"role\":\"user\",\"content\":\"x\"},"));
    b.at[b.len - 1] = ']';
    buf_add_char(&b, '\0');
    NEED_OK(messages(b.at));
    CHECK_INT(ask.conv.messages.count, ==, 2048);
    buf_drop(&b, 0);
    b.len -= 2;
    buf_add(&b, STR(",{\"role\":\"user\",\"content\":\"x\"}]"));
    buf_add_char(&b, '\0');
    NOT(ROUTE_C, "messages", b.at);
}

TEST(content_is_never_repeated_by_a_refusal)
{
    static const char *const bad[] = {
        "[{\"role\":\"GEHEIM\",\"content\":\"GEHEIM\"}]",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"GEHEIM\",\"text\":\"GEHEIM\"}]}]",
        "[\"GEHEIM\"]", "[{\"role\":\"user\",\"content\":{\"GEHEIM\":\"GEHEIM\"}}]",
        "[{\"role\":\"user\",\"content\":\"GEHEIM\",\"GEHEIM SACHE\":\"GEHEIM\"}]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const err e = messages(bad[i]);
        CHECK(e.code == ERR_ARGUMENT || e.code == ERR_UNSUPPORTED);
        CHECK(!strstr(err_public(e), "GEHEIM") && !strstr(err_trail(), "GEHEIM"));
        CHECK(!strstr(err_param(), "GEHEIM"));
    }
}

/* ---- stop */
TEST(stop_is_a_text_a_list_or_nothing)
{
    const struct conv_params *s = &ask.conv.params;
    NEED_OK(with(ROUTE_T, "stop", "[\"a\",\"b\"]"));
    CHECK(s->stop_count == 2 && str_eq(s->stops[0], STR("a")) && str_eq(s->stops[1], STR("b")));
    static const char *const none[] = {"null", "[]", "\"\"", "[\"\"]", "[\"\",\"\"]"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        TAKEN(ROUTE_C, "stop", none[i]);
        CHECK_INT(s->stop_count, ==, 0);
    }
    NEED_OK(with(ROUTE_C, "stop", "[\"\",\"x\"]"));
    CHECK(s->stop_count == 1 && str_eq(s->stops[0], STR("x")));
    NOT(ROUTE_C, "stop", "5");
    NOT(ROUTE_C, "stop", "{}");
    NOT(ROUTE_C, "stop", "[5]");
    NOT(ROUTE_C, "stop", "[null]");
    NOT(ROUTE_C, "stop", "[[\"a\"]]");
}

TEST(stops_are_few_and_short)
{
    char list[512] = "[", text[300];
    for (int i = 0; i < CONV_STOPS_MAX; i++)
        strncat(list, "\"a\",", 5);
    list[strlen(list) - 1] = ']';
    NEED_OK(with(ROUTE_C, "stop", list));
    CHECK_INT(ask.conv.params.stop_count, ==, CONV_STOPS_MAX);
    list[strlen(list) - 1] = ',';
    strncat(list, "\"a\"]", 5);
    NOT(ROUTE_C, "stop", list);
    snprintf(text, sizeof text, "\"%0*d\"", CONV_STOP_BYTES_MAX, 0);
    TAKEN(ROUTE_C, "stop", text);
    snprintf(text, sizeof text, "\"%0*d\"", CONV_STOP_BYTES_MAX + 1, 0);
    NOT(ROUTE_C, "stop", text);
}

/* ---- logit_bias */
TEST(a_bias_has_token_numbers_and_values_within_a_hundred)
{
    TAKEN(ROUTE_C, "logit_bias", "{}");
    TAKEN(ROUTE_C, "logit_bias", "{\"0\":100,\"2147483647\":-100}");
    CHECK_INT(ask.conv.params.bias_count, ==, 2);
    static const char *const bad[] = {"{\"0\":100.1}",
                                      "{\"0\":-100.1}",
                                      "{\"0\":\"1\"}",
                                      "{\"0\":null}",
                                      "{\"x\":1}",
                                      "{\"\":1}",
                                      "{\"-1\":1}",
                                      "{\"1.5\":1}",
                                      "{\" 1\":1}",
                                      "{\"2147483648\":1}",
                                      "[]",
                                      "5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        NOT(ROUTE_C, "logit_bias", bad[i]);
}

TEST(a_bias_has_no_more_tokens_than_there_is_room)
{
    for (int over = 0; over < 2; over++) {
        AUTO(buf) b = BUF(ROOM);
        for (int i = 0; i < CONV_BIAS_MAX + over; i++)
            buf_add_fmt(&b, "%s\"%d\":1", i ? "," : "{", i);
        buf_add(&b, STR("}"));
        buf_add_char(&b, '\0');
        if (over)
            NOT(ROUTE_T, "logit_bias", b.at);
        else
            TAKEN(ROUTE_T, "logit_bias", b.at);
    }
}

/* ---- what has members of its own */
TEST(a_response_format_is_text_or_an_object)
{
    TAKEN(ROUTE_C, "response_format", "{\"type\":\"text\"}");
    CHECK(!ask.conv.params.json_object);
    TAKEN(ROUTE_C, "response_format", "{\"type\":\"json_object\"}");
    CHECK(ask.conv.params.json_object);
    static const char *const bad[] = {"\"text\"",
                                      "[]",
                                      "5",
                                      "{}",
                                      "{\"type\":5}",
                                      "{\"type\":\"xml\"}",
                                      "{\"type\":\"text\",\"x\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        NOT(ROUTE_C, "response_format", bad[i]);
}

TEST(stream_options_belong_to_streams_and_are_known)
{
    NOT(ROUTE_C, "stream_options", "{\"include_usage\":true}");
    NOT(ROUTE_T, "stream_options", "{},\"stream\":false");
    TAKEN(ROUTE_C, "stream_options", "{},\"stream\":true");
    CHECK(!ask.include_usage);
    TAKEN(ROUTE_C, "stream_options", "{\"include_usage\":false},\"stream\":true");
    CHECK(!ask.include_usage);
    TAKEN(ROUTE_C, "stream_options", "{\"include_obfuscation\":true},\"stream\":true");
    TAKEN(ROUTE_C, "stream_options", "null,\"stream\":false");
    NOT(ROUTE_C, "stream_options", "{\"include_usage\":1},\"stream\":true");
    NOT(ROUTE_C, "stream_options", "{\"foo\":true},\"stream\":true");
    NOT(ROUTE_C, "stream_options", "[],\"stream\":true");
}

TEST(flags_are_true_or_false_and_nothing_else)
{
    static const char *const bad[] = {"1", "0", "\"true\"", "[]", "{}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        NOT(ROUTE_C, "stream", bad[i]);
        NOT(ROUTE_T, "stream", bad[i]);
        NOT(ROUTE_C, "ignore_eos", bad[i]);
        NOT(ROUTE_T, "echo", bad[i]);
        NOT(ROUTE_C, "logprobs", bad[i]);
    }
}

TEST(likeliest_tokens_need_logprobs)
{
    NOT(ROUTE_C, "top_logprobs", "1");
    NOT(ROUTE_C, "top_logprobs", "1,\"logprobs\":false");
    TAKEN(ROUTE_C, "top_logprobs", "0");
    CHECK(!ask.conv.params.logprobs);
    TAKEN(ROUTE_T, "logprobs", "0");
    CHECK(ask.conv.params.logprobs && !ask.conv.params.top_logprobs);
    NOT(ROUTE_T, "logprobs", "true");
}

TEST(only_text_is_answered)
{
    TAKEN(ROUTE_C, "modalities", "[]");
    CHECK_ERR(with(ROUTE_C, "modalities", "[\"text\",\"audio\"]"), UNSUPPORTED);
    CHECK_STR(str_of(err_param()), STR("modalities"));
    NOT(ROUTE_C, "modalities", "\"text\"");
    NOT(ROUTE_C, "modalities", "[1]");
}

TEST(the_model_s_name_is_a_text_of_some_length)
{
    char name[300];
    for (size_t r = 0; r < 3; r++) {
        TAKEN(routes[r].route, "model", "\"\"");
        snprintf(name, sizeof name, "\"%0256d\"", 0);
        TAKEN(routes[r].route, "model", name);
        snprintf(name, sizeof name, "\"%0257d\"", 0);
        NOT(routes[r].route, "model", name);
        NOT(routes[r].route, "model", "5");
        NOT(routes[r].route, "model", "[]");
    }
}

/* ---- completions */
TEST(a_prompt_is_one_text_or_a_list_of_one)
{
    TAKEN(ROUTE_T, "prompt", "[\"hallo\"]");
    CHECK(text_is(ask.conv.prompt, "hallo"));
    TAKEN(ROUTE_T, "prompt", "\"\"");
    REFUSED_AS(UNSUPPORTED, ROUTE_T, "prompt", "[]");
    REFUSED_AS(UNSUPPORTED, ROUTE_T, "prompt", "[\"a\",\"b\"]");
    REFUSED_AS(UNSUPPORTED, ROUTE_T, "prompt", "[1,2,3]");
    NOT(ROUTE_T, "prompt", "[1]");
    NOT(ROUTE_T, "prompt", "[[1]]");
    NOT(ROUTE_T, "prompt", "5");
    NOT(ROUTE_T, "prompt", "{}");
    CHECK_ERR(decode(ROUTE_T, "{}"), ARGUMENT);
}

TEST(an_echo_is_counted_in_characters)
{
    NEED_OK(decode(ROUTE_T, "{\"prompt\":\"\\u00e4b\\ud83c\\udf33\",\"echo\":true}"));
    CHECK_INT(ask.echo_chars, ==, 3);
    NEED_OK(decode(ROUTE_T, "{\"prompt\":\"abc\",\"echo\":false}"));
    CHECK_INT(ask.echo_chars, ==, 0);
}

/* ---- embeddings */
TEST(inputs_are_one_text_or_several_in_order)
{
    TAKEN(ROUTE_E, "input", "[\"a\",\"b\",\"a\"]");
    NEED(ask.conv.inputs.count == 3);
    CHECK(text_is(ask.conv.inputs.at[0], "a") && text_is(ask.conv.inputs.at[1], "b"));
    PLACE(ARGUMENT, ROUTE_E, "input", "{\"input\":[]}");
    PLACE(ARGUMENT, ROUTE_E, "input", "{\"input\":\"\"}");
    PLACE(ARGUMENT, ROUTE_E, "input[1]", "{\"input\":[\"a\",\"\"]}");
    PLACE(UNSUPPORTED, ROUTE_E, "input[0]", "{\"input\":[1,2]}");
    PLACE(UNSUPPORTED, ROUTE_E, "input[0]", "{\"input\":[[1,2]]}");
    PLACE(UNSUPPORTED, ROUTE_E, "input[1]", "{\"input\":[\"a\",null]}");
    PLACE(UNSUPPORTED, ROUTE_E, "input", "{\"input\":5}");
    CHECK_INT(decode(ROUTE_E, "{}").code, !=, 0);
}

TEST(inputs_are_no_more_than_the_operator_allows)
{
    for (int over = 0; over < 2; over++) {
        AUTO(buf) b = BUF(ROOM);
        for (int i = 0; i < 2048 + over; i++)
            buf_add(&b, i ? STR(",\"a\"") : STR("[\"a\""));
        buf_add(&b, STR("]"));
        buf_add_char(&b, '\0');
        if (over)
            NOT(ROUTE_E, "input", b.at);
        else
            TAKEN(ROUTE_E, "input", b.at);
    }
}

TEST(vectors_come_as_numbers_or_as_bytes)
{
    TAKEN(ROUTE_E, "encoding_format", "\"float\"");
    CHECK(!ask.base64);
    NOT(ROUTE_E, "encoding_format", "\"\"");
    NOT(ROUTE_E, "encoding_format", "\"hex\"");
    NOT(ROUTE_E, "encoding_format", "1");
}

/* ---- memory */
TEST(decoding_survives_each_missing_piece_of_memory)
{
    static const char *const texts[] = {
        ("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
         "{\"type\":\"text\",\"text\":\"b\"}]}],\"stop\":[\"x\"],\"logit_bias\":{\"1\":1}}"),
        "{\"prompt\":[\"x\"],\"echo\":true}", "{\"input\":[\"a\",\"b\",\"c\"]}"};
    for (size_t r = 0; r < 3; r++) {
        bool fired = true;
        for (long n = 1; fired && n < 200; n++) {
            fault_arm(n);
            const err e = decode(routes[r].route, texts[r]);
            fired = fault_fired();
            fault_arm(0);
            CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
        }
        CHECK(!fired);
    }
}

/* ---- what may be passed through as it came */
TEST(a_field_nobody_knows_is_kept_for_who_may_pass_it_and_one_that_is_refused_is_not)
{
    struct openai_ask kept = {.keeps_unknown = true};
    AUTO(arena) *a = NULL;
    jval body;
    params_default(&params);
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(json_read(a,
                       STR("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"new_a\":1,"
                           "\"new_b\":2,\"stream\":true}"),
                       &body));
    CHECK_OK(openai_decode_chat(&params, a, &body, &kept));
    CHECK_ERR(err_again(&kept.unsaid), ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("new_a"));
    const struct gate_raw *raw = openai_raw(STR("{}"), &body, &kept);
    CHECK(raw->is_stream && raw->root == &body && raw->unsaid == &kept.unsaid);
    CHECK_OK(json_read(a,
                       STR("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"new\":1,"
                           "\"store\":true}"),
                       &body));
    kept = (struct openai_ask){.keeps_unknown = true};
    CHECK_ERR(openai_decode_chat(&params, a, &body, &kept), UNSUPPORTED);
    CHECK_OK(with(ROUTE_C, "user", "\"u\""));
    CHECK(!openai_raw(STR("{}"), &body, &ask)->unsaid);
}
