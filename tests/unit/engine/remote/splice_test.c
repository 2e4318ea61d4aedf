/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/json.h"
#include "engine/remote/pass.h"
#include "test.h"

enum { OUT_MAX = 1 << 20, CASES = 20000 };

static err
splice(str body, struct splice *s, buf *out)
{
    buf_clear(out);
    return splice_body(body, s, out);
}

#define CHECK_SPLICE(body, streams, want, added)                                                   \
    do {                                                                                           \
        AUTO(buf) out_ = BUF(OUT_MAX);                                                             \
        struct splice s_ = {.model = STR("new"), .wants_usage = (streams)};                        \
        CHECK_OK(splice(STR(body), &s_, &out_));                                                   \
        CHECK_STR(buf_str(&out_), STR(want));                                                      \
        CHECK_INT(s_.has_added_usage, ==, added);                                                  \
    } while (0)

TEST(only_the_value_of_model_is_replaced)
{
    CHECK_SPLICE("{\"model\":\"old\"}", false, "{\"model\":\"new\"}", false);
    CHECK_SPLICE(" {\n\t\"x\" : 1.50 ,\r\n \"model\" :  \"o\\\"ld\"  , \"y\":[ ]}\n", false,
                 " {\n\t\"x\" : 1.50 ,\r\n \"model\" :  \"new\"  , \"y\":[ ]}\n", false);
    CHECK_SPLICE("{\"a\":{\"model\":\"x\"},\"b\":\"\\\"model\\\":\",\"model\":null}", false,
                 "{\"a\":{\"model\":\"x\"},\"b\":\"\\\"model\\\":\",\"model\":\"new\"}", false);
    CHECK_SPLICE("{\"a\":\"}\\\\\",\"model\":{\"b\":[1,2]},\"c\":1}", false,
                 "{\"a\":\"}\\\\\",\"model\":\"new\",\"c\":1}", false);
    CHECK_SPLICE("{\"m\\u006fdel\":\"old\"}", false, "{\"m\\u006fdel\":\"new\"}", false);
}

TEST(a_model_that_is_missing_is_put_first)
{
    CHECK_SPLICE("{}", false, "{\"model\":\"new\"}", false);
    CHECK_SPLICE("{ \"a\":1}", false, "{\"model\":\"new\", \"a\":1}", false);
    CHECK_SPLICE("{}", true, "{\"model\":\"new\",\"stream_options\":{\"include_usage\":true}}",
                 true);
}

TEST(usage_is_asked_for_once)
{
    CHECK_SPLICE("{\"model\":\"o\",\"stream\":true }", true,
                 "{\"model\":\"new\",\"stream\":true ,\"stream_options\":{\"include_usage\":true}}",
                 true);
    CHECK_SPLICE("{\"stream_options\":{\"include_usage\":true},\"model\":\"o\"}", true,
                 "{\"stream_options\":{\"include_usage\":true},\"model\":\"new\"}", false);
    CHECK_SPLICE("{\"stream_options\":null,\"model\":\"o\"}", true,
                 "{\"stream_options\":{\"include_usage\":true},\"model\":\"new\"}", true);
    CHECK_SPLICE(
        "{\"stream_options\": { \"include_usage\" : false, \"x\":1 },\"model\":\"o\"}", true,
        "{\"stream_options\": { \"include_usage\" : true, \"x\":1 },\"model\":\"new\"}", true);
    CHECK_SPLICE(
        "{\"model\":\"o\",\"stream_options\":{\"x\":{\"y\":\"}\"}} }", true,
        "{\"model\":\"new\",\"stream_options\":{\"x\":{\"y\":\"}\"},\"include_usage\":true}"
        " }",
        true);
    CHECK_SPLICE("{\"model\":\"o\",\"stream_options\":{ }}", true,
                 "{\"model\":\"new\",\"stream_options\":{ \"include_usage\":true}}", true);
    CHECK_SPLICE("{\"model\":\"o\",\"stream_options\":7}", true,
                 "{\"model\":\"new\",\"stream_options\":7}", false);
}

static void
check_tokens(const char *body, bool says_completion, const char *want)
{
    AUTO(buf) out = BUF(OUT_MAX);
    struct splice s = {
        .model = STR("m"), .tokens_max = 9, .says_completion_tokens = says_completion};
    CHECK_OK(splice(str_of(body), &s, &out));
    CHECK_STR(buf_str(&out), str_of(want));
}

TEST(a_longest_answer_is_put_in_where_none_is_named)
{
    check_tokens("{}", false, "{\"model\":\"m\",\"max_tokens\":9}");
    check_tokens("{\"model\":1 }", true, "{\"model\":\"m\" ,\"max_completion_tokens\":9}");
    check_tokens("{\"max_tokens\":null,\"model\":1}", false, "{\"max_tokens\":9,\"model\":\"m\"}");
    check_tokens("{\"max_tokens\":null,\"model\":1}", true,
                 "{\"max_tokens\":null,\"model\":\"m\",\"max_completion_tokens\":9}");
    check_tokens("{\"max_tokens\":5,\"model\":1}", true, "{\"max_tokens\":5,\"model\":\"m\"}");
    check_tokens("{\"max_completion_tokens\":5,\"model\":1}", false,
                 "{\"max_completion_tokens\":5,\"model\":\"m\"}");
}

TEST(a_string_ends_at_the_first_quote_that_is_not_escaped)
{
    CHECK_SPLICE("{\"a\":\"\\\\\\\"\",\"model\":1}", false,
                 "{\"a\":\"\\\\\\\"\",\"model\":\"new\"}", false);
    CHECK_SPLICE("{\"a\":\"\\\\\",\"model\":\"\\\"\"}", false, "{\"a\":\"\\\\\",\"model\":\"new\"}",
                 false);
}

TEST(the_number_of_answers_is_read)
{
    AUTO(buf) out = BUF(OUT_MAX);
    struct splice s = {.model = STR("m")};
    CHECK_OK(splice(STR("{\"n\":3}"), &s, &out));
    CHECK_INT(s.n, ==, 3);
    CHECK_OK(splice(STR("{\"n\":null}"), &s, &out));
    CHECK_INT(s.n, ==, 1);
    CHECK_ERR(splice(STR("{\"n\":0}"), &s, &out), ARGUMENT);
    CHECK_ERR(splice(STR("{\"n\":1000}"), &s, &out), ARGUMENT);
}

TEST(what_is_no_object_or_says_a_name_twice_is_refused)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "7",
                                      "{",
                                      "{\"model\":\"a\"",
                                      "{\"model\":\"a\",\"model\":\"b\"}",
                                      "{\"model\":\"a\",\"m\\u006fdel\":\"b\"}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":1}{}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) out = BUF(OUT_MAX);
        struct splice s = {.model = STR("m"), .wants_usage = true};
        CHECK(splice(str_of(bad[i]), &s, &out).code != ERR_OK);
        CHECK_INT(out.len, ==, 0);
    }
}

TEST(a_model_name_of_any_letters_stays_one_string)
{
    AUTO(buf) out = BUF(OUT_MAX);
    struct splice s = {.model = STR("a\",\"n\":9,\"x\":\"\\\n")};
    CHECK_OK(splice(STR("{\"model\":1,\"b\":2}"), &s, &out));
    CHECK_STR(buf_str(&out),
              STR("{\"model\":\"a\\\",\\\"n\\\":9,\\\"x\\\":\\\"\\\\\\n\",\"b\":2}"));
}

/* ---- any text */

static void
put_blanks(buf *b)
{
    static const char blanks[] = " \t\n\r";
    while (test_random() % 4 == 0)
        buf_add_char(b, blanks[test_random() % 4]);
}

static void
put_any(buf *b, int depth)
{
    static const char *const plain[] = {
        "1.0",     "-0",       "1e5",         "null",  "true",      "\"\"", "\"\\\"\"", "\"}{\"",
        "\"a,b\"", "\"\\\\\"", "\"\\u0041\"", "\"ü\"", "\"model\"", "[]",   "{}",       "\"]\""};
    const uint64_t pick = test_random() % (depth ? 22 : 16);
    if (pick < 16) {
        buf_add(b, str_of(plain[pick]));
        return;
    }
    const bool is_list = pick % 2;
    buf_add_char(b, is_list ? '[' : '{');
    for (uint64_t i = 0, n = test_random() % 4; i < n; i++) {
        if (i)
            buf_add_char(b, ',');
        put_blanks(b);
        if (!is_list)
            buf_add_fmt(b, "\"%s%u\":", i ? "k" : "model", (unsigned)i);
        put_any(b, depth - 1);
        put_blanks(b);
    }
    buf_add_char(b, is_list ? ']' : '}');
}

/* A body with "model" and "stream_options" somewhere or nowhere; `want` is what must come out. */
static void
put_body(buf *b, buf *want)
{
    const uint64_t members = test_random() % 6, model_at = test_random() % 6;
    put_blanks(b);
    buf_add_char(b, '{');
    for (uint64_t i = 0; i < members; i++) {
        if (i)
            buf_add_char(b, ',');
        put_blanks(b);
        if (i == model_at)
            buf_add(b, test_random() % 2 ? STR("\"model\"") : STR("\"\\u006dodel\""));
        else
            buf_add_fmt(b, "\"f%u\"", (unsigned)i);
        put_blanks(b);
        buf_add_char(b, ':');
        put_blanks(b);
        if (i == model_at) {
            buf_add(want, buf_str(b));
            put_any(b, 2);
            buf_add(want, STR("\"new\""));
            const size_t at = b->len;
            put_blanks(b);
            buf_add(want, str_slice(buf_str(b), at, b->len));
            buf_clear(b); /* so far it stands in `want` */
            continue;
        }
        put_any(b, 3);
        put_blanks(b);
    }
    buf_add_char(b, '}');
    put_blanks(b);
    buf_add(want, buf_str(b));
}

/* The generator writes the text twice with one seed: with any value of model, and with ours. */
TEST(every_other_byte_of_a_generated_body_stays)
{
    for (int i = 0; i < CASES; i++) {
        AUTO(buf) rest = BUF(OUT_MAX);
        AUTO(buf) want = BUF(OUT_MAX);
        AUTO(buf) body = BUF(OUT_MAX);
        AUTO(buf) out = BUF(OUT_MAX);
        struct splice s = {.model = STR("new")};
        put_body(&rest, &want);
        const ptrdiff_t at = str_find(buf_str(&want), STR("\"new\""));
        if (at < 0)
            continue;
        buf_add(&body, str_slice(buf_str(&want), 0, (size_t)at));
        put_any(&body, 3);
        buf_add(&body, str_slice(buf_str(&want), (size_t)at + 5, want.len));
        CHECK_OK(splice(buf_str(&body), &s, &out));
        CHECK_STR(buf_str(&out), buf_str(&want));
    }
}

/* Taking out what was put in gives the text that was there. */
TEST(what_is_added_to_a_generated_body_can_be_taken_out_again)
{
    for (int i = 0; i < CASES; i++) {
        AUTO(arena) *a = NULL;
        AUTO(buf) rest = BUF(OUT_MAX);
        AUTO(buf) body = BUF(OUT_MAX);
        AUTO(buf) out = BUF(OUT_MAX);
        struct splice s = {.model = STR("new"), .wants_usage = true};
        jval root;
        put_body(&rest, &body);
        NEED_OK(arena_open(OUT_MAX, &a));
        CHECK_OK(splice(buf_str(&body), &s, &out));
        NEED_OK(json_read(a, buf_str(&out), &root));
        const str added = STR(",\"stream_options\":{\"include_usage\":true}");
        const ptrdiff_t at = str_find(buf_str(&out), added);
        NEED(at > 0 && s.has_added_usage);
        const jval model = json_get(&root, "model");
        str name = STR_NONE;
        CHECK_OK(json_str(&model, 10, &name));
        CHECK_STR(name, STR("new"));
        buf_clear(&rest);
        buf_add(&rest, str_slice(buf_str(&out), 0, (size_t)at));
        buf_add(&rest, str_slice(buf_str(&out), (size_t)at + added.len, out.len));
        s.wants_usage = false;
        CHECK_OK(splice(buf_str(&body), &s, &out));
        CHECK_STR(buf_str(&rest), buf_str(&out));
    }
}
