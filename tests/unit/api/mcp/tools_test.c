/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/mcp/tools.h"

#include "base/fault.h"
#include "test.h"

static arena *
room(void)
{
    static arena *a;
    if (!a)
        CHECK_OK(arena_open(8 << 20, &a));
    return a;
}

static err
request(const char *tool, const char *arguments, struct mcp_request *ret)
{
    jval *v = arena_new(room(), jval);
    CHECK_OK(json_read(room(), str_of(arguments), v));
    return mcp_tool_request(room(), str_of(tool), v, ret);
}

TEST(each_call_is_a_request_of_this_api)
{
    static const struct {
        const char *tool, *arguments, *path, *body, *marked;
    } cases[] = {
        {"ask", "{\"message\":\"Wie?\"}", "/v1/chat/completions",
         "{\"messages\":[{\"role\":\"user\",\"content\":\"Wie?\"}]}", ""},
        {"ask",
         "{\"message\":\"a\",\"system\":\"s\",\"model\":\"toy\",\"max_tokens\":3,\"label\":"
         "\"intern\"}",
         "/v1/chat/completions",
         "{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":"
         "\"a\"}],\"model\":\"toy\",\"max_tokens\":3}",
         "intern"},
        {"search_knowledge", "{\"collection\":\"a/b ä\",\"query\":\"x\",\"max_num_results\":2}",
         "/v1/vector_stores/a%2Fb%20%C3%A4/search", "{\"query\":\"x\",\"max_num_results\":2}", ""},
        {"ask_citizen", "{\"question\":\"q\",\"rewrite\":false}", "/v1/citizen/ask",
         "{\"question\":\"q\",\"rewrite\":false}", ""},
        {"route_decision", "{\"model\":\"a&b\",\"label\":\"offen\"}",
         "/admin/v1/route?model=a%26b&label=offen", "", "offen"},
        {"route_decision", "{}", "/admin/v1/route", "", ""},
        {"explain_request", "{\"request\":\"req_1\"}", "/admin/v1/explain/req_1", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcp_request r;
        NEED_OK(request(cases[i].tool, cases[i].arguments, &r));
        CHECK_STR(r.path, str_of(cases[i].path));
        CHECK_STR(r.body, str_of(cases[i].body));
        CHECK_STR(r.label, str_of(cases[i].marked));
        CHECK_INT(r.is_post, ==, *cases[i].body != 0);
    }
}

TEST(what_a_tool_does_not_take_is_refused)
{
    static const struct {
        const char *tool, *arguments;
        enum err_code code;
    } cases[] = {
        {"rm", "{}", ERR_NOT_FOUND},
        {"", "{}", ERR_NOT_FOUND},
        {"ask", "[]", ERR_ARGUMENT},
        {"ask", "{}", ERR_ARGUMENT},
        {"ask", "{\"message\":7}", ERR_ARGUMENT},
        {"ask", "{\"message\":\"x\",\"tools\":[]}", ERR_ARGUMENT},
        {"ask", "{\"message\":\"x\",\"label\":7}", ERR_ARGUMENT},
        {"search_knowledge", "{\"query\":\"x\"}", ERR_ARGUMENT},
        {"search_knowledge", "{\"collection\":\"\",\"query\":\"x\"}", ERR_ARGUMENT},
        {"search_knowledge", "{\"collection\":{},\"query\":\"x\"}", ERR_ARGUMENT},
        {"route_decision", "{\"model\":[1]}", ERR_ARGUMENT},
        {"explain_request", "{}", ERR_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcp_request r;
        if (request(cases[i].tool, cases[i].arguments, &r).code != cases[i].code)
            test_fail(__FILE__, __LINE__, "%s %s: %s", cases[i].tool, cases[i].arguments,
                      err_trail());
    }
}

/* Of every tool: what it says it takes is a schema, and what it needs is among it. */
TEST(every_tool_is_listed_with_a_schema_that_names_what_it_needs)
{
    AUTO(buf) b = BUF(1 << 20);
    struct jwalk w = {0};
    jval o, tool;
    size_t count = 0;
    json_open(&b, '{');
    mcp_put_tools(&b);
    json_close(&b, '}');
    NEED_OK(json_read(room(), buf_str(&b), &o));
    const jval list = json_get(&o, "tools");
    for (; json_each(&list, &w, &tool); count++) {
        const jval schema = json_get(&tool, "inputSchema"), name = json_get(&tool, "name"),
                   properties = json_get(&schema, "properties"),
                   required = json_get(&schema, "required");
        struct jwalk r = {0};
        jval need;
        str text;
        CHECK_OK(json_str(&name, 64, &text));
        CHECK(json_get(&properties, "label").v != NULL);
        while (json_each(&required, &r, &need)) {
            NEED_OK(json_str(&need, 64, &text));
            CHECK(json_get(&properties, arena_str(room(), text).at).v != NULL);
        }
    }
    CHECK_INT(count, ==, 5);
}

TEST(a_chat_says_its_words_and_all_else_what_it_is)
{
    str text;
    NEED_OK(mcp_tool_text(room(), STR("ask"),
                          STR("{\"choices\":[{\"message\":{\"content\":\"Ja.\"}}]}"), &text));
    CHECK_STR(text, STR("Ja."));
    NEED_OK(mcp_tool_text(room(), STR("ask"),
                          STR("{\"choices\":[{\"message\":{\"content\":null}}]}"), &text));
    CHECK_INT(text.len, ==, 0);
    NEED_OK(mcp_tool_text(room(), STR("search_knowledge"), STR("{\"data\":[]}"), &text));
    CHECK_STR(text, STR("{\"data\":[]}"));
    CHECK(mcp_tool_text(room(), STR("ask"), STR("{}"), &text).code != 0);
    CHECK(mcp_tool_text(room(), STR("ask"), STR("nichts"), &text).code != 0);
}
