/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/turns.h"

#include "unit/api/anthropic/wire.h"

#define USER(content) "{\"role\":\"user\",\"content\":" content "}"
#define MODEL(content) "{\"role\":\"assistant\",\"content\":" content "}"
#define TEXT(t) "{\"type\":\"text\",\"text\":\"" t "\"}"
#define CALL(id) "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{\"a\":1}}"
#define GAVE(id, more) "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\"" more "}"
#define HI USER("\"x\"")

/* The messages that came of a list, each in its line. */
static str
turns_of(const char *list)
{
    AUTO(buf) b = BUF(WIRE_ROOM);
    const err e = wire_with_messages(list);
    if (e.code)
        return arena_fmt(wire_memory, "refused: %s", err_public(e));
    for (size_t i = 0; i < wire_ask.conv.messages.count; i++) {
        if (i)
            buf_add(&b, STR(" | "));
        buf_add(&b, wire_message(i));
    }
    return arena_str(wire_memory, buf_str(&b));
}
#define TURNS(list, want) CHECK_STR(turns_of(list), STR(want))
#define CALLED(id)                                                                                 \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{"      \
    "\\\"a\\\":1}\"}}"

/* ---- texts */
TEST(texts_and_blocks_of_text_are_the_same)
{
    TURNS("[" USER("\"a\\nb\"") "]", "user:a\nb");
    TURNS("[" USER("[" TEXT("a") "," TEXT("b") "]") "]", "user:a\nb");
    TURNS("[" USER("\"a\"") "," MODEL("\"b\"") "," USER("[" TEXT("c") "]") "]",
          "user:a | assistant:b | user:c");
    TURNS("[" USER("[{\"type\":\"text\",\"text\":\"a\",\"citations\":[{\"x\":1}]}]") "]", "user:a");
}

TEST(messages_of_one_role_in_a_row_are_one_turn)
{
    TURNS("[" USER("\"a\"") "," USER("[" TEXT("b") "]") "," MODEL("\"c\"") "," MODEL("\"d\"") "," HI
                                                                                              "]",
          "user:a\nb | assistant:c\nd | user:x");
    TURNS("[" HI "," MODEL("[" CALL("p") "]") "," MODEL("[" CALL("q") "]") "," USER(
              "[" GAVE("q", "") "]") "," USER("[" GAVE("p", "") "," TEXT("z") "]") "]",
          "user:x | assistant:[[" CALLED("p") "," CALLED("q") "]] | tool:[q] | tool:[p] | user:z");
}

TEST(system_goes_first_as_text_or_blocks_and_may_stand_among_the_messages)
{
    NEED_OK(wire_with("\"system\":[" TEXT("a") "," TEXT("b") "]"));
    CHECK_STR(wire_message(0), STR("system:a\nb"));
    NEED_OK(wire_with("\"system\":\"\""));
    CHECK_STR(wire_message(0), STR("user:x"));
    NEED_OK(wire_with("\"system\":[]"));
    CHECK_INT(wire_ask.conv.messages.count, ==, 1);
    TURNS("[" HI "," MODEL("\"a\"") ",{\"role\":\"system\",\"content\":\"s\"}," HI "]",
          "user:x | assistant:a | system:s | user:x");
    WRONG("\"system\":1", "system", "");
    WRONG("\"system\":[\"a\"]", "system[0]", "");
    WRONG("\"system\":[" TEXT("") "]", "system[0].text", "empty");
    CANNOT("\"system\":[{\"type\":\"image\"}]", "system[0].type", "\"image\"");
}

TEST(empty_content_is_refused_but_for_the_assistant_s_last)
{
    BAD_TURNS("[]", "messages", "");
    BAD_TURNS("[" USER("\"\"") "]", "messages[0].content", "empty");
    BAD_TURNS("[" USER("[]") "]", "messages[0].content", "empty");
    BAD_TURNS("[" USER("[" TEXT("") "]") "]", "messages[0].content[0].text", "empty");
    BAD_TURNS("[" HI "," MODEL("\"\"") "," HI "]", "messages[1].content", "empty");
    TURNS("[" HI "," MODEL("\"\"") "]", "user:x");
    BAD_TURNS("[" MODEL("\"\"") "]", "messages", "nothing to answer");
}

TEST(who_wants_the_model_to_go_on_with_words_of_its_own_is_told_no)
{
    NO_TURNS("[" HI "," MODEL("\"Die Antwort ist (\"") "]", "messages", "prefill");
    NO_TURNS("[" HI "," MODEL("[" TEXT("a") "]") "]", "messages", "prefill");
}

TEST(malformed_messages_are_refused_with_their_place)
{
    BAD_TURNS("{}", "messages", "");
    BAD_TURNS("[1]", "messages[0]", "");
    BAD_TURNS("[{\"content\":\"x\"}]", "messages[0].role", "");
    BAD_TURNS("[{\"role\":\"tool\",\"content\":\"x\"}]", "messages[0].role", "one of user");
    BAD_TURNS("[{\"role\":\"user\"}]", "messages[0].content", "");
    BAD_TURNS("[{\"role\":\"user\",\"content\":1}]", "messages[0].content", "");
    BAD_TURNS("[{\"role\":\"user\",\"content\":\"x\",\"name\":\"y\"}]", "messages[0].name",
              "not known");
    BAD_TURNS("[" USER("[\"x\"]") "]", "messages[0].content[0]", "");
    BAD_TURNS("[" USER("[{}]") "]", "messages[0].content[0].type", "");
    BAD_TURNS("[" USER("[{\"type\":\"text\"}]") "]", "messages[0].content[0].text", "");
    BAD_TURNS("[" USER("[{\"type\":\"text\",\"text\":\"x\",\"t\":1}]") "]",
              "messages[0].content[0].t", "not known");
}

/* ---- other blocks */
TEST(blocks_that_no_model_here_can_read_are_refused_by_name)
{
    NO_TURNS("[" USER("[{\"type\":\"image\",\"source\":{\"type\":\"file\"}}]") "]",
             "messages[0].content[0].source.type", "base64");
    NO_TURNS("[" USER("[" TEXT("a") ",{\"type\":\"search_result\"}]") "]",
             "messages[0].content[1].type", "\"search_result\"");
    NO_TURNS("[" HI "," MODEL("[{\"type\":\"server_tool_use\",\"id\":\"x\"}]") "," HI "]",
             "messages[1].content[0].type", "\"server_tool_use\"");
    NO_TURNS("[" USER("[{\"type\":\"Herr M\xc3\xbcller\"}]") "]", "messages[0].content[0].type",
             "not known");
    CHECK(!strstr(err_public((err){ERR_UNSUPPORTED}), "ller"));
}

TEST(blocks_of_the_other_side_are_refused)
{
    NO_TURNS("[" USER("[" CALL("a") "]") "]", "messages[0].content[0].type", "\"tool_use\"");
    NO_TURNS("[" USER("[{\"type\":\"thinking\",\"thinking\":\"a\"}]") "]",
             "messages[0].content[0].type", "\"thinking\"");
    NO_TURNS("[" HI "," MODEL("[" GAVE("a", "") "]") "," HI "]", "messages[1].content[0].type",
             "\"tool_result\"");
    NO_TURNS("[" HI "," MODEL("[{\"type\":\"document\"}]") "," HI "]",
             "messages[1].content[0].type", "\"document\"");
}

TEST(thoughts_of_the_past_are_read_and_left_out)
{
    TURNS("[" HI
          "," MODEL("[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s\"},{\"type\":"
                    "\"redacted_thinking\",\"data\":\"d\"}," TEXT("a") "]") "," HI "]",
          "user:x | assistant:a | user:x");
    TURNS("[" HI "," MODEL("[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"s\"}]") "," HI
                                                                                              "]",
          "user:x | assistant: | user:x");
    BAD_TURNS("[" HI "," MODEL("[{\"type\":\"thinking\"}]") "," HI "]",
              "messages[1].content[0].thinking", "");
    BAD_TURNS("[" HI "," MODEL("[{\"type\":\"redacted_thinking\",\"data\":1}]") "," HI "]",
              "messages[1].content[0].data", "");
    BAD_TURNS("[" HI "," MODEL("[{\"type\":\"thinking\",\"thinking\":\"a\",\"x\":1}]") "," HI "]",
              "messages[1].content[0].x", "not known");
}

#define DOCUMENT(source, more) "{\"type\":\"document\",\"source\":" source more "}"
#define PLAIN(t) "{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"" t "\"}"

TEST(documents_of_text_are_text_with_their_title)
{
    TURNS("[" USER("[" DOCUMENT(PLAIN("eins\\nzwei"), "") "," TEXT("?") "]") "]",
          "user:<document>\neins\nzwei\n</document>\n?");
    TURNS("[" USER("[" DOCUMENT(PLAIN("eins"), ",\"title\":\"T\",\"context\":\"C\",\"citations\":"
                                               "{\"enabled\":false}") "]") "]",
          "user:<document>\n<title>T</title>\n<context>C</context>\neins\n</document>");
    TURNS("[" USER("[" DOCUMENT("{\"type\":\"content\",\"content\":[" TEXT("a") "," TEXT("b") "]}",
                                "") "]") "]",
          "user:<document>\na\nb\n</document>");
    TURNS("[" USER(
              "[" DOCUMENT("{\"type\":\"content\",\"content\":\"a\"}", ",\"title\":null") "]") "]",
          "user:<document>\na\n</document>");
}

TEST(other_documents_are_refused_with_what_is_wrong)
{
#define D "messages[0].content[0]"
    NO_TURNS("[" USER("[" DOCUMENT("{\"type\":\"base64\",\"media_type\":\"application/pdf\","
                                   "\"data\":\"aa\"}",
                                   "") "]") "]",
             D ".source.type", "text");
    NO_TURNS("[" USER("[" DOCUMENT("{\"type\":\"url\",\"url\":\"http://x\"}", "") "]") "]",
             D ".source.type", "text");
    NO_TURNS("[" USER("[" DOCUMENT(PLAIN("a"), ",\"citations\":{\"enabled\":true}") "]") "]",
             D ".citations.enabled", "citations");
    NO_TURNS("[" USER("[" DOCUMENT("{\"type\":\"content\",\"content\":[{\"type\":\"image\"}]}",
                                   "") "]") "]",
             D ".source.content[0].type", "\"image\"");
    BAD_TURNS("[" USER("[" DOCUMENT("{\"type\":\"text\",\"media_type\":\"text/html\",\"data\":"
                                    "\"a\"}",
                                    "") "]") "]",
              D ".source.media_type", "text/plain");
    BAD_TURNS("[" USER("[" DOCUMENT("1", "") "]") "]", D ".source", "");
    BAD_TURNS("[" USER("[" DOCUMENT(PLAIN("a"), ",\"titel\":\"T\"") "]") "]", D ".titel",
              "not known");
#undef D
}

/* ---- turns of tools */
TEST(what_a_tool_gave_is_a_message_of_its_own)
{
    TURNS("[" HI "," MODEL("[" TEXT("a") "," CALL("t1") "]") "," USER(
              "[" GAVE("t1", ",\"content\":\"21\"") "," TEXT("und?") "]") "]",
          "user:x | assistant:a[[" CALLED("t1") "]] | tool:21[t1] | user:und?");
    TURNS("[" HI "," MODEL("[" CALL("t1") "]") "," USER(
              "[" GAVE("t1", ",\"content\":[" TEXT("a") "," TEXT("b") "]") "]") "]",
          "user:x | assistant:[[" CALLED("t1") "]] | tool:a\nb[t1]");
    TURNS("[" HI "," MODEL("[" CALL("t1") "]") "," USER(
              "[" GAVE("t1", ",\"content\":[" DOCUMENT(PLAIN("d"), "") "]") "]") "]",
          "user:x | assistant:[[" CALLED("t1") "]] | tool:<document>\nd\n</document>[t1]");
    TURNS("[" HI
          "," MODEL("[" CALL("t1") "]") "," USER("[" GAVE("t1", "") "]") "," MODEL("\"gut\"") "," HI
                                                                                              "]",
          "user:x | assistant:[[" CALLED("t1") "]] | tool:[t1] | assistant:gut | user:x");
}

TEST(a_tool_that_failed_says_so_once)
{
#define FAILED(text)                                                                               \
    "[" HI "," MODEL("[" CALL("t") "]") "," USER(                                                  \
        "[" GAVE("t", ",\"is_error\":true,\"content\":\"" text "\"") "]") "]"
#define BEFORE "user:x | assistant:[[" CALLED("t") "]] | tool:"
    TURNS(FAILED("kein Netz"), BEFORE "Error: kein Netz[t]");
    TURNS(FAILED("Error: x"), BEFORE "Error: x[t]");
    TURNS(FAILED(""), BEFORE "Error: [t]");
    TURNS("[" HI "," MODEL("[" CALL("t") "]") "," USER(
              "[" GAVE("t", ",\"is_error\":false,\"content\":\"x\"") "]") "]",
          BEFORE "x[t]");
#undef FAILED
#undef BEFORE
}

TEST(unfinished_turns_name_the_call)
{
    BAD_TURNS("[" HI "," MODEL("[" CALL("toolu_9") "]") "]", "messages", "\"toolu_9\"");
    BAD_TURNS("[" HI "," MODEL("[" CALL("toolu_9") "]") "," HI "]", "messages[2]", "\"toolu_9\"");
    BAD_TURNS("[" HI "," MODEL("[" CALL("a") "," CALL("b") "]") "," USER("[" GAVE("a", "") "]") "]",
              "messages[2]", "\"b\"");
    BAD_TURNS("[" HI "," MODEL("[" CALL("a") "," CALL("b") "]") "," USER(
                  "[" GAVE("a", "") "]") "," MODEL("\"c\"") "," HI "]",
              "messages[2]", "\"b\"");
    BAD_TURNS("[" HI
              "," MODEL("[" CALL("a") "]") "," USER("[" TEXT("erst") "," GAVE("a", "") "]") "]",
              "messages[2]", "\"a\"");
    BAD_TURNS("[" HI "," MODEL("[" CALL("a") "]") ",{\"role\":\"system\",\"content\":\"s\"}," USER(
                  "[" GAVE("a", "") "]") "]",
              "messages[2]", "\"a\"");
}

TEST(answers_to_calls_that_nobody_made_name_the_id)
{
#define T ".tool_use_id"
    BAD_TURNS("[" USER("[" GAVE("toolu_9", "") "]") "]", "messages[0].content[0]" T, "\"toolu_9\"");
    BAD_TURNS("[" HI
              "," MODEL("[" CALL("a") "]") "," USER("[" GAVE("a", "") "," GAVE("b", "") "]") "]",
              "messages[2].content[1]" T, "\"b\"");
    BAD_TURNS("[" HI
              "," MODEL("[" CALL("a") "]") "," USER("[" GAVE("a", "") "," GAVE("a", "") "]") "]",
              "messages[2].content[1]" T, "\"a\"");
    BAD_TURNS("[" HI "," MODEL("[" CALL("a") "]") "," USER("[" GAVE("a", "") "]") "," MODEL(
                  "\"b\"") "," USER("[" GAVE("a", "") "]") "]",
              "messages[4].content[0]" T, "\"a\"");
#undef T
}

TEST(malformed_calls_are_refused)
{
#define C "messages[1].content[0]"
#define USE(members) "[" HI "," MODEL("[{\"type\":\"tool_use\"," members "}]") "," HI "]"
    BAD_TURNS(USE("\"name\":\"f\",\"input\":{}"), C ".id", "");
    BAD_TURNS(USE("\"id\":\"\",\"name\":\"f\",\"input\":{}"), C ".id", "characters");
    BAD_TURNS(USE("\"id\":\"a b\",\"name\":\"f\",\"input\":{}"), C ".id", "characters");
    BAD_TURNS(USE("\"id\":\"a\",\"name\":\"f g\",\"input\":{}"), C ".name", "characters");
    BAD_TURNS(USE("\"id\":\"a\",\"name\":\"f\""), C ".input", "");
    BAD_TURNS(USE("\"id\":\"a\",\"name\":\"f\",\"input\":\"{}\""), C ".input", "");
    BAD_TURNS(USE("\"id\":\"a\",\"name\":\"f\",\"input\":{},\"index\":1"), C ".index", "not known");
    BAD_TURNS("[" HI "," MODEL("[" CALL("a") "," CALL("a") "]") "," HI "]",
              "messages[1].content[1].id", "twice");
    BAD_TURNS("[" USER("[" GAVE("a b", "") "]") "]", "messages[0].content[0].tool_use_id",
              "characters");
    BAD_TURNS("[" HI
              "," MODEL("[" CALL("a") "]") "," USER("[" GAVE("a", ",\"is_error\":1") "]") "]",
              "messages[2].content[0].is_error", "");
    NO_TURNS("[" HI "," MODEL("[" CALL("a") "]") "," USER(
                 "[" GAVE("a", ",\"content\":[{\"type\":\"image\",\"source\":{"
                               "\"type\":\"file\"}}]") "]") "]",
             "messages[2].content[0].content[0].source.type", "base64");
#undef C
#undef USE
}

/* A turn of `count` calls, the first with `padding` bytes of input, in two messages. */
static str
many_calls(size_t count, size_t padding, buf *b)
{
    buf_clear(b);
    buf_add(b, STR("{" WIRE_BASE ",\"messages\":[" HI ",{\"role\":\"assistant\",\"content\":["));
    for (size_t i = 0; i < count; i++) {
        if (i == count / 2 && i)
            buf_add(b, STR("]},{\"role\":\"assistant\",\"content\":["));
        buf_add_fmt(b,
                    "%s{\"type\":\"tool_use\",\"id\":\"t%zu\",\"name\":\"f\",\"input\":{\"a\":\"",
                    i && i != count / 2 ? "," : "", i);
        for (size_t k = 0; !i && k < padding; k++)
            buf_add_char(b, 'x');
        buf_add(b, STR("\"}}"));
    }
    buf_add(b, STR("]},{\"role\":\"user\",\"content\":["));
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(b, "%s" GAVE("t%zu", ""), i ? "," : "", i);
    buf_add(b, STR("]}]}"));
    return buf_str(b);
}

TEST(a_turn_has_at_most_128_calls_and_a_mebibyte_of_them)
{
    AUTO(buf) b = BUF(8 << 20);
    CHECK_OK(wire_decode(ROUTE_M, many_calls(128, 1, &b)));
    CHECK_INT(wire_ask.conv.messages.count, ==, 130);
    wire_refused(wire_decode(ROUTE_M, many_calls(129, 1, &b)), ERR_ARGUMENT,
                 "messages[2].content[64]", "128", __LINE__);
    CHECK_OK(wire_decode(ROUTE_M, many_calls(1, 1000000, &b)));
    wire_refused(wire_decode(ROUTE_M, many_calls(1, 1 << 20, &b)), ERR_ARGUMENT,
                 "messages[1].content[0]", "bytes", __LINE__);
}

TEST(an_id_may_be_used_again_once_it_is_answered)
{
    TURNS("[" HI "," MODEL("[" CALL("a") "]") "," USER("[" GAVE("a", "") "]") "," MODEL(
              "[" CALL("a") "]") "," USER("[" GAVE("a", "") "]") "]",
          "user:x | assistant:[[" CALLED("a") "]] | tool:[a] | assistant:[[" CALLED(
              "a") "]] | tool:[a]");
}

TEST(a_zero_byte_in_a_text_is_kept)
{
    NEED_OK(wire_with_messages("[" USER("\"a\\u0000b\"") "]"));
    CHECK_STR(wire_message(0), STR("user:a\0b"));
    NEED_OK(
        wire_with_messages("[" USER("[" DOCUMENT(PLAIN("x"), ",\"title\":\"a\\u0000b\"") "]") "]"));
    CHECK_STR(wire_message(0), STR("user:<document>\n<title>a\0b</title>\nx\n</document>"));
}
