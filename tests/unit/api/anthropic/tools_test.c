/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/tools.h"

#include "engine/gbnf.h"
#include "unit/api/anthropic/wire.h"

#define CITY                                                                                       \
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]" \
    "}"
#define TOOL(name, more) "{\"name\":\"" name "\",\"input_schema\":{\"type\":\"object\"}" more "}"
#define WEATHER "{\"name\":\"wetter\",\"description\":\"Das Wetter\",\"input_schema\":" CITY "}"
#define TWO "\"tools\":[" WEATHER "," TOOL("uhr", "") "]"
#define CHOICE(type) ",\"tool_choice\":{\"type\":\"" type "\"}"

static bool
belongs(const char *text)
{
    struct gbnf *g = NULL;
    CHECK_OK(gbnf_read(wire_memory, wire_ask.conv.format.grammar, &g));
    return g && gbnf_matches(g, str_of(text));
}

TEST(an_offer_is_spelt_as_templates_know_it)
{
    const struct conv_tools *t = &wire_ask.conv.tools;
    NEED_OK(wire_with(TWO));
    CHECK_INT(t->count, ==, 2);
    CHECK_INT(t->choice, ==, CONV_TOOLS_AUTO);
    CHECK_STR(t->json,
              STR("[{\"type\":\"function\",\"function\":{\"name\":\"wetter\",\"description\":"
                  "\"Das Wetter\",\"parameters\":" CITY "}},{\"type\":\"function\",\"function\":{"
                  "\"name\":\"uhr\",\"parameters\":{\"type\":\"object\"}}}]"));
    CHECK(!wire_ask.conv.format.grammar.len);
    NEED_OK(wire_with("\"tools\":[]"));
    CHECK(!t->count && !t->json.len);
}

TEST(a_forced_call_cannot_be_anything_else)
{
    NEED_OK(wire_with(TWO CHOICE("any")));
    CHECK(belongs("{\"name\": \"uhr\", \"arguments\": {}}"));
    CHECK(belongs("{\"name\": \"wetter\", \"arguments\": {\"city\":\"Ulm\"}}"));
    CHECK(!belongs("{\"name\": \"wetter\", \"arguments\": {}}"));
    CHECK(!belongs("Guten Tag"));
    NEED_OK(wire_with(TWO ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"uhr\"}"));
    CHECK(belongs("{\"name\": \"uhr\", \"arguments\": {}}"));
    CHECK(!belongs("{\"name\": \"wetter\", \"arguments\": {\"city\":\"Ulm\"}}"));
    CHECK_STR(wire_ask.conv.tools.name, STR("uhr"));
}

TEST(several_calls_are_forced_only_where_they_are_asked_for)
{
    const char *two = "{\"name\": \"uhr\", \"arguments\": {}}\n{\"name\": \"uhr\", \"arguments\": "
                      "{}}";
    NEED_OK(wire_with(TWO CHOICE("any")));
    CHECK(!belongs(two));
    NEED_OK(
        wire_with(TWO ",\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}"));
    CHECK(!belongs(two));
    NEED_OK(
        wire_with(TWO ",\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":false}"));
    CHECK(belongs(two));
}

TEST(none_and_auto_force_nothing)
{
    NEED_OK(wire_with(TWO CHOICE("none")));
    CHECK_INT(wire_ask.conv.tools.choice, ==, CONV_TOOLS_NONE);
    CHECK(!wire_ask.conv.format.grammar.len);
    NEED_OK(wire_with(TWO CHOICE("auto")));
    CHECK(!wire_ask.conv.format.grammar.len);
    CHECK_OK(wire_with("\"tool_choice\":{\"type\":\"none\"}"));
    CHECK_OK(wire_with("\"tool_choice\":{\"type\":\"auto\"}"));
}

TEST(the_schema_of_a_tool_counts_where_calls_are_promised_to_follow_it)
{
#define ODD "{\"type\":\"object\",\"not\":{}}"
    CHECK_OK(wire_with("\"tools\":[{\"name\":\"a\",\"input_schema\":" ODD "}]"));
    CANNOT("\"tools\":[{\"name\":\"a\",\"strict\":true,\"input_schema\":" ODD "}]",
           "tools[0].input_schema.not", "\"not\"");
    CANNOT("\"tools\":[" TOOL("b", "") ",{\"name\":\"a\",\"input_schema\":" ODD "}]" CHOICE("any"),
           "tools[1].input_schema.not", "\"not\"");
#undef ODD
}

TEST(tools_that_a_provider_would_run_are_refused_by_their_type)
{
    static const char *const types[] = {"web_search_20250305", "bash_20250124", "computer_20250124",
                                        "code_execution_20250825", "mcp_toolset"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char member[256];
        snprintf(member, sizeof member, "\"tools\":[%s,{\"type\":\"%s\",\"name\":\"x\"}]",
                 TOOL("a", ""), types[i]);
        CANNOT(member, "tools[1].type", types[i]);
    }
    CANNOT("\"tools\":[{\"type\":\"ein Werkzeug\",\"name\":\"x\"}]", "tools[0].type", "custom");
    CHECK_OK(wire_with(
        "\"tools\":[" TOOL("a", ",\"type\":\"custom\"") "," TOOL("b", ",\"type\":null") "]"));
}

TEST(hints_are_taken_and_what_changes_the_meaning_is_not)
{
    CHECK_OK(wire_with("\"tools\":[" TOOL(
        "a", ",\"eager_input_streaming\":true,\"input_examples\":[{\"a\":1}],\"defer_loading\":"
             "false,\"allowed_callers\":[\"direct\"]") "]"));
    CANNOT("\"tools\":[" TOOL("a", ",\"defer_loading\":true") "]", "tools[0].defer_loading", "");
    CANNOT("\"tools\":[" TOOL("a", ",\"allowed_callers\":[\"code_execution_20250825\"]") "]",
           "tools[0].allowed_callers[0]", "direct");
    WRONG("\"tools\":[" TOOL("a", ",\"allowed_callers\":\"direct\"") "]",
          "tools[0].allowed_callers", "");
    WRONG("\"tools\":[" TOOL("a", ",\"input_examples\":1") "]", "tools[0].input_examples", "");
}

TEST(malformed_tools_are_refused_with_their_place)
{
    WRONG("\"tools\":{}", "tools", "array");
    WRONG("\"tools\":[1]", "tools[0]", "object");
    WRONG("\"tools\":[{\"input_schema\":{}}]", "tools[0].name", "");
    WRONG("\"tools\":[" TOOL("a b", "") "]", "tools[0].name", "characters");
    WRONG("\"tools\":[{\"name\":\"a\"}]", "tools[0].input_schema", "");
    WRONG("\"tools\":[{\"name\":\"a\",\"input_schema\":[]}]", "tools[0].input_schema", "object");
    WRONG("\"tools\":[" TOOL("a", ",\"parameters\":{\"b\":1}") "]", "tools[0].parameters",
          "not known");
    WRONG("\"tools\":[" TOOL("a", ",\"strict\":1") "]", "tools[0].strict", "");
    WRONG("\"tools\":[" TOOL("a", "") "," TOOL("a", "") "]", "tools[1].name", "twice");
    WRONG("\"tools\":[" TOOL("a", ",\"cache_control\":{\"type\":\"x\"}") "]",
          "tools[0].cache_control.type", "");
}

TEST(a_list_has_at_most_128_tools)
{
    static char members[64 * 1024];
    for (int count = 128; count <= 129; count++) {
        size_t len = (size_t)snprintf(members, sizeof members, "\"tools\":[");
        for (int i = 0; i < count; i++)
            len += (size_t)snprintf(members + len, sizeof members - len,
                                    "%s{\"name\":\"t%d\",\"input_schema\":{}}", i ? "," : "", i);
        snprintf(members + len, sizeof members - len, "]");
        if (count == 128)
            CHECK_OK(wire_with(members));
        else
            WRONG(members, "tools", "128");
    }
}

TEST(a_choice_that_cannot_be_kept_is_refused)
{
    WRONG("\"tool_choice\":{\"type\":\"any\"}", "tool_choice", "no tools");
    WRONG("\"tool_choice\":{\"type\":\"tool\",\"name\":\"x\"}", "tool_choice", "no tools");
    WRONG(TWO ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"tod\"}", "tool_choice.name",
          "none of the tools");
    WRONG(TWO ",\"tool_choice\":{\"type\":\"tool\"}", "tool_choice.name", "");
    WRONG(TWO ",\"tool_choice\":{\"type\":\"required\"}", "tool_choice.type", "\"any\"");
    WRONG(TWO ",\"tool_choice\":\"any\"", "tool_choice", "object");
    WRONG(TWO ",\"tool_choice\":{\"type\":\"any\",\"name\":\"uhr\"}", "tool_choice.name",
          "not known");
    WRONG(TWO ",\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":1}",
          "tool_choice.disable_parallel_tool_use", "");
}
