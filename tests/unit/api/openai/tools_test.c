/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/tools.h"

#include <stdio.h>

#include "api/openai/decode.h"
#include "base/fault.h"
#include "engine/gbnf.h"
#include "test.h"

enum { ROOM = 256 * 1024 };

static arena *memory;
static struct openai_ask ask;
static char text_room[ROOM];

/* A chat with these members more; what is decoded stays until the next call. */
static err
with(const char *members)
{
    struct params params;
    jval body;
    arena_free(TAKE(memory));
    memset(&ask, 0, sizeof ask);
    params_default(&params);
    snprintf(text_room, ROOM, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],%s}", members);
    TRY(arena_open(64 * 1024 * 1024, &memory));
    TRY(json_read(memory, str_of(text_room), &body));
    return openai_decode_chat(&params, memory, &body, &ask);
}

static err
with_messages(const char *list)
{
    struct params params;
    jval body;
    arena_free(TAKE(memory));
    memset(&ask, 0, sizeof ask);
    params_default(&params);
    snprintf(text_room, ROOM, "{\"messages\":%s}", list);
    TRY(arena_open(16 * 1024 * 1024, &memory));
    TRY(json_read(memory, str_of(text_room), &body));
    return openai_decode_chat(&params, memory, &body, &ask);
}

static void
refused(err e, enum err_code code, const char *param, const char *word, int line)
{
    if (e.code != code || strcmp(err_param(), param) != 0 || !strstr(err_public(e), word))
        test_fail(__FILE__, line, "code %d at \"%s\": %s", e.code, err_param(), err_public(e));
}
#define WRONG(members, param, word) refused(with(members), ERR_ARGUMENT, param, word, __LINE__)
#define CANNOT(members, param, word) refused(with(members), ERR_UNSUPPORTED, param, word, __LINE__)
#define BAD_TURN(list, param, word)                                                                \
    refused(with_messages(list), ERR_ARGUMENT, param, word, __LINE__)

static bool
belongs(const char *text)
{
    struct gbnf *g = NULL;
    CHECK_OK(gbnf_read(memory, ask.conv.format.grammar, &g));
    return g && gbnf_matches(g, str_of(text));
}

#define F(name, more) "{\"type\":\"function\",\"function\":{\"name\":\"" name "\"" more "}}"
#define CITY                                                                                       \
    ",\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},"        \
    "\"required\":[\"city\"]}"
#define TWO "\"tools\":[" F("wetter", CITY) "," F("uhr", "") "]"

/* ---- what is offered */

TEST(tools_are_kept_as_they_came_and_the_choice_is_free)
{
    NEED_OK(with(TWO));
    CHECK_INT(ask.conv.tools.count, ==, 2);
    CHECK_STR(ask.conv.tools.names[0], STR("wetter"));
    CHECK_INT(ask.conv.tools.choice, ==, CONV_TOOLS_AUTO);
    CHECK(str_starts(ask.conv.tools.json, STR("[{\"type\":\"function\",\"function\":{\"name\":")));
    CHECK_INT(ask.conv.format.grammar.len, ==, 0);
}

TEST(an_empty_list_of_tools_offers_none)
{
    NEED_OK(with("\"tools\":[]"));
    CHECK_INT(ask.conv.tools.count, ==, 0);
    CHECK_INT(ask.conv.tools.json.len, ==, 0);
    CHECK_OK(with("\"tool_choice\":\"auto\""));
    CHECK_OK(with("\"tool_choice\":\"none\"," TWO));
    CHECK_INT(ask.conv.tools.choice, ==, CONV_TOOLS_NONE);
}

TEST(a_required_call_has_a_grammar_of_all_tools)
{
    NEED_OK(with("\"tool_choice\":\"required\"," TWO));
    CHECK(belongs("{\"name\": \"uhr\", \"arguments\": {}}"));
    CHECK(belongs("{\"name\": \"wetter\", \"arguments\": {\"city\": \"Köln\"}}"));
    CHECK(!belongs("{\"name\": \"wetter\", \"arguments\": {}}"));
    CHECK(!belongs("Hallo"));
}

TEST(a_named_call_has_a_grammar_of_that_tool)
{
    NEED_OK(with("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"uhr\"}}," TWO));
    CHECK_INT(ask.conv.tools.choice, ==, CONV_TOOLS_REQUIRED);
    CHECK_STR(ask.conv.tools.name, STR("uhr"));
    CHECK(belongs("{\"name\": \"uhr\", \"arguments\": {}}"));
    CHECK(!belongs("{\"name\": \"wetter\", \"arguments\": {\"city\": \"Köln\"}}"));
}

TEST(several_forced_calls_only_where_they_are_asked_for)
{
    const char *two =
        "{\"name\": \"uhr\", \"arguments\": {}}\n{\"name\": \"uhr\", \"arguments\": {}}";
    NEED_OK(with("\"tool_choice\":\"required\"," TWO));
    CHECK(!belongs(two));
    NEED_OK(with("\"tool_choice\":\"required\",\"parallel_tool_calls\":true," TWO));
    CHECK(belongs(two));
}

TEST(the_schema_of_a_tool_counts_where_calls_are_promised_to_follow_it)
{
#define ODD ",\"parameters\":{\"type\":\"object\",\"not\":{}}"
    CHECK_OK(with("\"tools\":[" F("a", ODD) "]"));
    CANNOT("\"tools\":[" F("a", ",\"strict\":true" ODD) "]", "tools[0].function.parameters.not",
           "\"not\"");
    CANNOT("\"tool_choice\":\"required\",\"tools\":[" F("b", "") "," F("a", ODD) "]",
           "tools[1].function.parameters.not", "\"not\"");
    CHECK_OK(with("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"b\"}},\"tools\":"
                  "[" F("b", "") "," F("a", ODD) "]"));
#undef ODD
}

TEST(malformed_tools_are_refused_with_their_place)
{
    WRONG("\"tools\":{}", "tools", "array");
    WRONG("\"tools\":[1]", "tools[0]", "object");
    CANNOT("\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"x\"}}]", "tools[0].type",
           "\"function\"");
    WRONG("\"tools\":[{\"type\":\"function\"}]", "tools[0].function", "");
    WRONG("\"tools\":[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name", "");
    WRONG("\"tools\":[" F("", "") "]", "tools[0].function.name", "characters");
    WRONG("\"tools\":[" F("a b", "") "]", "tools[0].function.name", "characters");
    WRONG("\"tools\":[" F("ä", "") "]", "tools[0].function.name", "characters");
    WRONG("\"tools\":[" F("a", "") "," F("a", "") "]", "tools[1].function.name", "twice");
    WRONG("\"tools\":[" F("a", ",\"parameters\":[]") "]", "tools[0].function.parameters", "object");
    WRONG("\"tools\":[" F("a", ",\"params\":{\"a\":1}") "]", "tools[0].function.params",
          "not known");
    WRONG("\"tools\":[" F("a", ",\"strict\":\"yes\"") "]", "tools[0].function.strict", "");
    WRONG("\"tools\":[" F("a", ",\"strict\":true,\"parameters\":{\"type\":\"string\"}") "]",
          "tools[0].function.parameters", "type \"object\"");
}

TEST(a_name_has_at_most_64_characters_and_a_list_128_tools)
{
    char name[80], members[64 * 200] = "\"tools\":[";
    memset(name, 'a', sizeof name);
    snprintf(members, sizeof members, "\"tools\":[" F("%.65s", "") "]", name);
    WRONG(members, "tools[0].function.name", "1 to 64");
    snprintf(members, sizeof members, "\"tools\":[" F("%.64s", "") "]", name);
    CHECK_OK(with(members));
    for (int count = 128; count <= 129; count++) {
        size_t len = (size_t)snprintf(members, sizeof members, "\"tools\":[");
        for (int i = 0; i < count; i++)
            len += (size_t)snprintf(members + len, sizeof members - len, "%s" F("t%d", ""),
                                    i ? "," : "", i);
        snprintf(members + len, sizeof members - len, "]");
        if (count == 128)
            CHECK_OK(with(members));
        else
            WRONG(members, "tools", "128");
    }
}

TEST(a_choice_that_cannot_be_kept_is_refused)
{
    WRONG("\"tool_choice\":\"required\"", "tool_choice", "no tools");
    WRONG("\"tool_choice\":\"any\"," TWO, "tool_choice", "\"required\"");
    WRONG("\"tool_choice\":3," TWO, "tool_choice", "");
    WRONG("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"tod\"}}," TWO,
          "tool_choice.function.name", "none of the tools");
    WRONG("\"tool_choice\":{\"type\":\"function\",\"function\":{}}," TWO,
          "tool_choice.function.name", "");
    CANNOT(
        "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\"}}," TWO,
        "tool_choice.type", "\"function\"");
    WRONG("\"parallel_tool_calls\":1," TWO, "parallel_tool_calls", "");
    CANNOT("\"logprobs\":true," TWO, "logprobs", "beside tools");
}

/* ---- the form of the answer */

#define SCHEMA(more) "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{" more "}}"

TEST(a_schema_for_the_answer_becomes_its_grammar)
{
    NEED_OK(with(SCHEMA("\"name\":\"p\",\"strict\":true,\"schema\":{\"type\":\"integer\"}")));
    CHECK(ask.conv.format.strict && !ask.conv.params.json_object);
    CHECK_STR(ask.conv.format.name, STR("p"));
    CHECK_STR(ask.conv.format.schema, STR("{\"type\":\"integer\"}"));
    CHECK(belongs("12") && !belongs("\"12\""));
    NEED_OK(with(SCHEMA("\"name\":\"p\"")));
    CHECK(ask.conv.params.json_object && !ask.conv.format.grammar.len);
}

TEST(a_schema_that_cannot_be_kept_is_refused_with_keyword_and_place)
{
    CANNOT(SCHEMA("\"name\":\"p\",\"schema\":{\"properties\":{\"a\":{\"multipleOf\":3}}}"),
           "response_format.json_schema.schema.properties.a.multipleOf", "\"multipleOf\"");
    WRONG(SCHEMA("\"schema\":{}"), "response_format.json_schema.name", "");
    WRONG(SCHEMA("\"name\":\"a b\",\"schema\":{}"), "response_format.json_schema.name",
          "characters");
    WRONG(SCHEMA("\"name\":\"p\",\"schemas\":{\"a\":1}"), "response_format.json_schema.schemas",
          "not known");
    WRONG("\"response_format\":{\"type\":\"json_schema\"}", "response_format.json_schema", "");
    WRONG("\"response_format\":{\"type\":\"yaml\"}", "response_format.type", "\"json_schema\"");
    WRONG("\"response_format\":{\"type\":\"text\",\"json_schema\":{\"name\":\"p\"}}",
          "response_format.json_schema", "not known");
}

TEST(a_form_beside_tools_is_refused_unless_none_may_be_called)
{
    CANNOT("\"response_format\":{\"type\":\"json_object\"}," TWO, "response_format.type", "tools");
    CANNOT(SCHEMA("\"name\":\"p\",\"schema\":{}") "," TWO, "response_format.type", "tools");
    CHECK_OK(with(SCHEMA("\"name\":\"p\",\"schema\":{}") ",\"tool_choice\":\"none\"," TWO));
}

/* ---- turns */

#define USER "{\"role\":\"user\",\"content\":\"x\"}"
#define CALL(id)                                                                                   \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"
#define CALLS(list) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" list "]}"
#define GAVE(id) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"21\"}"

TEST(turns_of_tools_are_kept)
{
    NEED_OK(with_messages("[" USER "," CALLS(CALL("a") "," CALL("b")) "," GAVE("b") "," GAVE(
        "a") ","
             "{\"role\":\"assistant\",\"content\":\"21 Grad\"}]"));
    CHECK_INT(ask.conv.messages.count, ==, 5);
    CHECK_STR(ask.conv.messages.at[1].tool_calls, STR("[" CALL("a") "," CALL("b") "]"));
    CHECK_STR(ask.conv.messages.at[2].tool_call_id, STR("b"));
    CHECK_OK(
        with_messages("[" CALLS(CALL("a")) "," GAVE("a") "," CALLS(CALL("a")) "," GAVE("a") "]"));
}

TEST(unfinished_turns_are_refused)
{
    BAD_TURN("[" USER "," CALLS(CALL("a")) "]", "messages[1].tool_calls", "1 calls");
    BAD_TURN("[" CALLS(CALL("a") "," CALL("b")) "," GAVE("a") "," USER "]",
             "messages[0].tool_calls", "no message");
    BAD_TURN("[" CALLS(CALL("a")) "," USER "," GAVE("a") "]", "messages[0].tool_calls", "");
}

TEST(answers_to_calls_that_nobody_made_are_refused)
{
    BAD_TURN("[" USER "," GAVE("a") "]", "messages[1].tool_call_id", "answers no tool call");
    BAD_TURN("[" CALLS(CALL("a")) "," GAVE("b") "]", "messages[1].tool_call_id", "answers no");
    BAD_TURN("[" CALLS(CALL("a")) "," GAVE("a") "," GAVE("a") "]", "messages[2].tool_call_id", "");
    BAD_TURN("[" CALLS(CALL("a") "," CALL("a")) "]", "messages[0].tool_calls[1].id", "twice");
    BAD_TURN("[{\"role\":\"tool\",\"content\":\"x\"}]", "messages[0].tool_call_id", "");
    BAD_TURN("[{\"role\":\"user\",\"content\":\"x\",\"tool_call_id\":\"a\"}]",
             "messages[0].tool_call_id", "role");
}

TEST(malformed_calls_are_refused)
{
    BAD_TURN("[{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[" CALL("a") "]}]",
             "messages[0].tool_calls", "assistant");
    BAD_TURN("[" CALLS("1") "]", "messages[0].tool_calls[0]", "");
    BAD_TURN(
        "[" CALLS("{\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}") "]",
        "messages[0].tool_calls[0].id", "");
    BAD_TURN(
        "[" CALLS("{\"id\":\"\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
                  "\"\"}}") "]",
        "messages[0].tool_calls[0].id", "empty");
    BAD_TURN(
        "[" CALLS("{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
                  "{}}}") "]",
        "messages[0].tool_calls[0].function.arguments", "");
    BAD_TURN("[" CALLS("{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f g\","
                       "\"arguments\":\"\"}}") "]",
             "messages[0].tool_calls[0].function.name", "characters");
}

TEST(memory_may_end_at_any_allocation)
{
    long n = 0;
    for (bool fired = true; fired && n < 5000;) {
        fault_arm(++n);
        const err e = with("\"tool_choice\":\"required\"," TWO);
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired || !e.code);
        if (e.code && e.code != ERR_PARSE) /* the JSON's own memory */
            CHECK_ERR(e, LIMIT);
    }
    CHECK_INT(n, >, 10);
    CHECK_INT(n, <, 5000);
    arena_free(TAKE(memory));
}
