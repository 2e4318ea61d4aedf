/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/turns.h"

#include "unit/api/ollama/wire.h"

#define CALL(name) "{\"function\":{\"name\":\"" name "\",\"arguments\":{\"o\":\"B\"}}}"
#define ASKED(calls) "{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[" calls "]}"
#define GAVE(more) "{\"role\":\"tool\",\"content\":\"21\"" more "}"
#define HI "{\"role\":\"user\",\"content\":\"x\"}"

TEST(messages_of_all_roles_come_in_their_order)
{
    NEED_OK(wire_with_messages("[{\"role\":\"system\",\"content\":\"s\"}," HI
                               ",{\"role\":\"assistant\",\"content\":\"a\",\"thinking\":\"hm\"},"
                               "{\"role\":\"user\",\"content\":\"y\",\"images\":[]}]"));
    CHECK_STR(wire_message(0), STR("system:s"));
    CHECK_STR(wire_message(1), STR("user:x"));
    CHECK_STR(wire_message(2), STR("assistant:a"));
    CHECK_STR(wire_message(3), STR("user:y"));
    CHECK_STR(wire_message(4), STR("(none)"));
}

TEST(calls_without_ids_are_given_some_and_their_arguments_become_text)
{
    NEED_OK(wire_with_messages(
        "[" HI "," ASKED(CALL("uhr") "," CALL("wetter")) "," GAVE("") "," GAVE("") "]"));
    CHECK_STR(wire_message(1),
              STR("assistant:[[{\"id\":\"call_1_0\",\"type\":\"function\",\"function\":{\"name\":"
                  "\"uhr\",\"arguments\":\"{\\\"o\\\":\\\"B\\\"}\"}},{\"id\":\"call_1_1\",\"type\":"
                  "\"function\",\"function\":{\"name\":\"wetter\",\"arguments\":\"{\\\"o\\\":"
                  "\\\"B\\\"}\"}}]]"));
    CHECK_STR(wire_message(2), STR("tool:21[call_1_0]"));
    CHECK_STR(wire_message(3), STR("tool:21[call_1_1]"));
}

TEST(an_answer_finds_its_call_by_id_else_by_name_else_by_order)
{
    NEED_OK(wire_with_messages("[" ASKED(CALL("uhr") "," CALL(
        "wetter") ",{\"id\":\"c9\",\"type\":\"function\","
                  "\"function\":{\"index\":2,\"name\":\"uhr\"}}") "," GAVE(",\"tool_call_id\":"
                                                                           "\"c9\"") "," GAVE(",\"t"
                                                                                              "ool_"
                                                                                              "name"
                                                                                              "\":"
                                                                                              "\"we"
                                                                                              "tter"
                                                                                              "\"") "," GAVE("") "]"));
    CHECK_STR(wire_message(1), STR("tool:21[c9]"));
    CHECK_STR(wire_message(2), STR("tool:21[call_0_1]"));
    CHECK_STR(wire_message(3), STR("tool:21[call_0_0]"));
}

TEST(two_calls_of_one_tool_are_answered_in_their_order)
{
    NEED_OK(wire_with_messages("[" ASKED(CALL("uhr") "," CALL("uhr")) "," GAVE(
        ",\"tool_name\":\"uhr\"") "," GAVE(",\"tool_name\":\"uhr\"") "]"));
    CHECK_STR(wire_message(1), STR("tool:21[call_0_0]"));
    CHECK_STR(wire_message(2), STR("tool:21[call_0_1]"));
}

TEST(turns_that_do_not_fit_together_are_refused_by_their_place)
{
    WRONG(wire_with_messages("[" HI "," GAVE("") "]"), "messages[1]", "no tool call");
    WRONG(wire_with_messages("[" ASKED(CALL("uhr")) "," GAVE(",\"tool_name\":\"wetter\"") "]"),
          "messages[1]", "no tool call");
    WRONG(wire_with_messages("[" ASKED(CALL("uhr")) "," GAVE(",\"tool_call_id\":\"x\"") "]"),
          "messages[1]", "no tool call");
    WRONG(wire_with_messages("[" ASKED(CALL("uhr")) "," GAVE("") "," GAVE("") "]"), "messages[2]",
          "no tool call");
    WRONG(wire_with_messages("[" ASKED(CALL("uhr")) "]"), "messages[0].tool_calls", "1 calls");
    WRONG(wire_with_messages("[" HI "," ASKED(CALL("uhr") "," CALL("uhr")) "," GAVE("") "," HI "]"),
          "messages[1].tool_calls", "1 calls");
    WRONG(wire_with_messages("[" ASKED("{\"id\":\"a\",\"function\":{\"name\":\"u\"}},"
                                       "{\"id\":\"a\",\"function\":{\"name\":\"u\"}}") "]"),
          "messages[0].tool_calls[1]", "twice");
}

TEST(messages_out_of_shape_are_refused_by_their_place)
{
    WRONG(wire_decode(OLLAMA_CHAT, "{\"messages\":1}"), "messages", "");
    WRONG(wire_with_messages("[1]"), "messages[0]", "");
    WRONG(wire_with_messages("[{}]"), "messages[0].role", "");
    WRONG(wire_with_messages("[{\"role\":\"king\"}]"), "messages[0].role", "one of");
    WRONG(wire_with_messages("[{\"role\":\"user\",\"content\":[]}]"), "messages[0].content", "");
    WRONG(wire_with_messages("[{\"role\":\"user\",\"foo\":1}]"), "messages[0].foo", "not known");
    WRONG(wire_with_messages("[{\"role\":\"user\",\"thinking\":1}]"), "messages[0].thinking", "");
    WRONG(wire_with_messages("[{\"role\":\"user\",\"images\":[\"aGk=\"]}]"),
          "messages[0].images[0]", "is no image");
    WRONG(wire_with_messages("[{\"role\":\"user\",\"tool_name\":\"u\"}]"), "messages[0].tool_name",
          "only");
    WRONG(wire_with_messages("[{\"role\":\"user\",\"tool_calls\":[" CALL("u") "]}]"),
          "messages[0].tool_calls", "only");
}

TEST(calls_out_of_shape_are_refused_by_their_place)
{
    WRONG(wire_with_messages("[" ASKED("1") "]"), "messages[0].tool_calls[0]", "");
    WRONG(wire_with_messages("[" ASKED("{}") "]"), "messages[0].tool_calls[0].function", "");
    WRONG(wire_with_messages("[" ASKED("{\"function\":{\"name\":\"a b\"}}") "]"),
          "messages[0].tool_calls[0].function.name", "characters");
    WRONG(wire_with_messages("[" ASKED("{\"function\":{\"name\":\"u\",\"arguments\":\"{}\"}}") "]"),
          "messages[0].tool_calls[0].function.arguments", "");
    WRONG(wire_with_messages("[" ASKED("{\"function\":{\"name\":\"u\",\"foo\":1}}") "]"),
          "messages[0].tool_calls[0].function.foo", "not known");
    WRONG(wire_with_messages("[" ASKED("{\"id\":1,\"function\":{\"name\":\"u\"}}") "]"),
          "messages[0].tool_calls[0].id", "");
}
