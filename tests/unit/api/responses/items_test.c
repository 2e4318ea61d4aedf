/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/items.h"

#include "test.h"

static arena *a;

static err
read_text(const char *json, struct items *to)
{
    jval *v;
    if (!a)
        CHECK_OK(arena_open(64 << 20, &a));
    v = arena_new(a, jval);
    CHECK_OK(json_read(a, str_of(json), v));
    *to = (struct items){.list = {.at = NULL}};
    return items_read_input(a, v, 100, to);
}

/* The item without its id, which is new each time. */
static str
normal(const struct item *i)
{
    const ptrdiff_t from = str_find(i->json, STR(",\"id\":")),
                    to = str_find(i->json, STR("\",\"st"));
    CHECK(from > 0 && to > from);
    AUTO(buf) b = BUF(1 << 20);
    buf_add(&b, str_slice(i->json, 0, (size_t)from));
    buf_add(&b, str_slice(i->json, (size_t)to + 1, i->json.len));
    return arena_str(a, buf_str(&b));
}

TEST(items_come_to_their_normal_form)
{
    static const struct {
        const char *from, *to, *prefix;
    } cases[] = {
        {"\"hallo\"",
         "{\"type\":\"message\",\"status\":\"completed\",\"role\":\"user\",\"content\":[{\"type\":"
         "\"input_text\",\"text\":\"hallo\"}]}",
         "msg_"},
        {"[{\"role\":\"system\",\"content\":[{\"type\":\"input_text\",\"text\":\"x\"}]}]",
         "{\"type\":\"message\",\"status\":\"completed\",\"role\":\"system\",\"content\":[{"
         "\"type\":\"input_text\",\"text\":\"x\"}]}",
         "msg_"},
        {"[{\"type\":\"message\",\"id\":\"msg_old\",\"role\":\"assistant\",\"status\":"
         "\"completed\","
         "\"content\":[{\"type\":\"output_text\",\"text\":\"y\",\"annotations\":[]},{\"type\":"
         "\"refusal\",\"refusal\":\"nein\"}]}]",
         "{\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{"
         "\"type\":\"output_text\",\"text\":\"y\",\"annotations\":[],\"logprobs\":[]},{\"type\":"
         "\"refusal\",\"refusal\":\"nein\"}]}",
         "msg_"},
        {"[{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{}\"}]",
         "{\"type\":\"function_call\",\"status\":\"completed\",\"call_id\":\"c1\",\"name\":\"f\","
         "\"arguments\":\"{}\"}",
         "fc_"},
        {"[{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"o\"}]",
         "{\"type\":\"function_call_output\",\"status\":\"completed\",\"call_id\":\"c1\","
         "\"output\":\"o\"}",
         "fco_"},
        {"[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[]}]",
         "{\"type\":\"reasoning\",\"status\":\"completed\",\"summary\":[],\"content\":[]}", "rs_"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct items got;
        CHECK_OK(read_text(cases[i].from, &got));
        NEED(got.list.count == 1);
        CHECK_STR(normal(&got.list.at[0]), str_of(cases[i].to));
        CHECK(str_starts(got.list.at[0].id, str_of(cases[i].prefix)));
    }
}

/* What was put out is read in again the same. */
TEST(the_normal_form_of_an_item_is_its_own)
{
    static const char *const all[] = {
        "\"hallo\"", "[{\"role\":\"assistant\",\"content\":\"y\"}]",
        "[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"\"}]",
        ("[{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":[{\"type\":"
         "\"input_text\",\"text\":\"t\"}]}]"),
        "[{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"s\"}]}]"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct items once, twice;
        AUTO(buf) list = BUF(1 << 20);
        CHECK_OK(read_text(all[i], &once));
        buf_add_fmt(&list, "[%.*s]%c", STR_FMT(once.list.at[0].json), 0);
        CHECK_OK(read_text(list.at, &twice));
        CHECK_STR(normal(&twice.list.at[0]), normal(&once.list.at[0]));
    }
}

TEST(items_out_of_shape_are_refused_with_their_place)
{
    static const struct {
        const char *json, *param;
        enum err_code code;
    } cases[] = {
        {"7", "", ERR_ARGUMENT},
        {"[7]", "[0]", ERR_ARGUMENT},
        {"[{}]", "[0].role", ERR_ARGUMENT},
        {"[{\"role\":\"king\",\"content\":\"x\"}]", "[0].role", ERR_ARGUMENT},
        {"[{\"role\":\"user\"}]", "[0].content", ERR_ARGUMENT},
        {"[{\"role\":\"user\",\"content\":[{\"type\":\"output_text\",\"text\":\"x\"}]}]",
         "[0].content[0].type", ERR_ARGUMENT},
        {"[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":\"x\"}]}]",
         "[0].content[0].image_url", ERR_UNSUPPORTED},
        {"[{\"role\":\"user\",\"content\":\"x\",\"extra\":1}]", "[0].extra", ERR_ARGUMENT},
        {"[{\"type\":\"item_reference\",\"id\":\"x\"}]", "[0].type", ERR_UNSUPPORTED},
        {"[{\"type\":\"web_search_call\"}]", "[0].type", ERR_UNSUPPORTED},
        {"[{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\"}]", "[0].call_id",
         ERR_ARGUMENT},
        {"[{\"type\":\"function_call\",\"call_id\":\"\",\"name\":\"f\",\"arguments\":\"{}\"}]",
         "[0].call_id", ERR_ARGUMENT},
        {"[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"a b\",\"arguments\":\"{}\"}]",
         "[0].name", ERR_ARGUMENT},
        {"[{\"type\":\"function_call_output\",\"call_id\":\"c\"}]", "[0].output", ERR_ARGUMENT},
        {"[{\"type\":\"reasoning\",\"summary\":7}]", "[0].summary", ERR_ARGUMENT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct items got;
        const err e = read_text(cases[i].json, &got);
        CHECK_INT(e.code, ==, cases[i].code);
        CHECK_STR(str_of(err_param()), str_of(cases[i].param));
    }
}

static err
talk(const char *json, struct conv *c)
{
    struct items got;
    struct items_talk t;
    *c = (struct conv){.dimensions = 0};
    TRY(read_text(json, &got));
    items_begin(&t, a, c);
    err e = OK;
    for (size_t i = 0; i < got.list.count && !e.code; i++)
        e = items_put(&t, &got.list.at[i]);
    if (!e.code)
        e = items_end(&t);
    items_done(&t);
    return e;
}

#define CALL(id)                                                                                   \
    "{\"type\":\"function_call\",\"call_id\":\"" id "\",\"name\":\"f\",\"arguments\":\"{}\"}"
#define OUTPUT(id) "{\"type\":\"function_call_output\",\"call_id\":\"" id "\",\"output\":\"o\"}"
#define SAYS(who) "{\"role\":\"" who "\",\"content\":\"x\"}"

TEST(calls_of_one_turn_are_one_message)
{
    struct conv c;
    NEED_OK(talk(
        "[" SAYS("user") "," SAYS("assistant") "," CALL("1") "," CALL(
            "2") ",{\"type\":"
                 "\"reasoning\",\"summary\":[]}," OUTPUT("2") "," OUTPUT("1") "," SAYS("user") "]",
        &c));
    NEED(c.messages.count == 5);
    CHECK_INT(c.messages.at[1].role, ==, CONV_ASSISTANT);
    CHECK_INT(content_len(c.messages.at[1].text), ==, 1);
    CHECK(str_find(c.messages.at[1].tool_calls, STR("\"id\":\"1\"")) > 0);
    CHECK(str_find(c.messages.at[1].tool_calls, STR("\"id\":\"2\"")) > 0);
    CHECK_INT(c.messages.at[2].role, ==, CONV_TOOL);
    CHECK_STR(c.messages.at[2].tool_call_id, STR("2"));
    CHECK_INT(c.messages.at[4].role, ==, CONV_USER);
}

TEST(what_is_said_after_a_call_belongs_to_its_message)
{
    struct conv c;
    NEED_OK(talk("[" CALL("1") "," SAYS("assistant") "," OUTPUT("1") "]", &c));
    NEED(c.messages.count == 2);
    CHECK_INT(content_len(c.messages.at[0].text), ==, 1);
    CHECK(c.messages.at[0].tool_calls.len > 0);
}

TEST(turns_of_calls_that_do_not_fit_are_refused)
{
    static const char *const bad[] = {"[" CALL("1") "]",
                                      "[" OUTPUT("1") "]",
                                      "[" CALL("1") "," OUTPUT("2") "]",
                                      "[" CALL("1") "," OUTPUT("1") "," OUTPUT("1") "]",
                                      "[" CALL("1") "," CALL("1") "," OUTPUT("1") "]",
                                      "[" CALL("1") "," SAYS("user") "," OUTPUT("1") "]",
                                      "[" CALL("1") "," CALL("2") "," OUTPUT("1") "]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct conv c;
        CHECK_ERR(talk(bad[i], &c), ARGUMENT);
    }
    arena_free(TAKE(a));
}
