/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/turns.h"

#include "unit/api/bedrock/wire.h"

#define USER(blocks) "{\"role\":\"user\",\"content\":[" blocks "]}"
#define MODEL(blocks) "{\"role\":\"assistant\",\"content\":[" blocks "]}"
#define TEXT(text) "{\"text\":\"" text "\"}"
#define USE(id) "{\"toolUse\":{\"toolUseId\":\"" id "\",\"name\":\"uhr\",\"input\":{\"a\":[1]}}}"
#define RESULT(id, more) "{\"toolResult\":{\"toolUseId\":\"" id "\",\"content\":[" more "]}}"

static const struct conv_message *
said(size_t i)
{
    return i < wire.conv.messages.count ? &wire.conv.messages.at[i]
                                        : &(const struct conv_message){.role = CONV_SYSTEM};
}

TEST(texts_of_a_message_are_joined)
{
    NEED_OK(bedrock_messages(
        "[" USER(TEXT("a") "," TEXT("b")) "," MODEL(TEXT("c")) "," USER(TEXT("d")) "]"));
    CHECK_INT(wire.conv.messages.count, ==, 3);
    CHECK_STR(bedrock_text(0), STR("a\nb"));
    CHECK_STR(bedrock_text(1), STR("c"));
    CHECK_INT(said(1)->role, ==, CONV_ASSISTANT);
    CHECK_STR(bedrock_text(2), STR("d"));
}

TEST(what_the_system_says_comes_first)
{
    NEED_OK(
        bedrock_with("\"system\":[{\"text\":\"s\"},{\"cachePoint\":{\"type\":\"default\"}},"
                     "{\"guardContent\":{\"text\":{\"text\":\"t\",\"qualifiers\":[\"query\"]}}}]"));
    CHECK_INT(said(0)->role, ==, CONV_SYSTEM);
    CHECK_STR(bedrock_text(0), STR("s\nt"));
    CHECK_INT(wire.conv.messages.count, ==, 2);
    NEED_OK(bedrock_with("\"system\":[]"));
    CHECK_INT(wire.conv.messages.count, ==, 1);
}

TEST(calls_and_their_answers_become_canonical)
{
    NEED_OK(bedrock_messages(
        "[" USER(TEXT("x")) "," MODEL(TEXT("so") "," USE("a") "," USE("b")) "," USER(
            RESULT("b", "{\"json\":{\"t\":21}},{\"text\":\"y\"}") "," RESULT("a", "") "," TEXT(
                "and")) "]"));
    CHECK_INT(wire.conv.messages.count, ==, 5);
    CHECK_STR(bedrock_text(1), STR("so"));
    CHECK_STR(said(1)->tool_calls,
              STR("[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"uhr\","
                  "\"arguments\":\"{\\\"a\\\":[1]}\"}},{\"id\":\"b\",\"type\":\"function\","
                  "\"function\":{\"name\":\"uhr\",\"arguments\":\"{\\\"a\\\":[1]}\"}}]"));
    CHECK_INT(said(2)->role, ==, CONV_TOOL);
    CHECK_STR(said(2)->tool_call_id, STR("b"));
    CHECK_STR(bedrock_text(2), STR("{\"t\":21}\ny"));
    CHECK_STR(said(3)->tool_call_id, STR("a"));
    CHECK_STR(bedrock_text(3), STR(""));
    CHECK_INT(said(4)->role, ==, CONV_USER);
    CHECK_STR(bedrock_text(4), STR("and"));
}

TEST(a_result_of_status_error_says_so)
{
#define STATUS(status, text)                                                                       \
    "[" USER(TEXT("x")) "," MODEL(USE("a")) "," USER(                                              \
        "{\"toolResult\":{\"toolUseId\":\"a\",\"status\":\"" status                                \
        "\",\"content\":[" TEXT(text) "]}}") "]"
    NEED_OK(bedrock_messages(STATUS("error", "no clock")));
    CHECK_STR(bedrock_text(2), STR("Error: no clock"));
    NEED_OK(bedrock_messages(STATUS("error", "Error 5")));
    CHECK_STR(bedrock_text(2), STR("Error 5"));
    NEED_OK(bedrock_messages(STATUS("success", "12")));
    CHECK_STR(bedrock_text(2), STR("12"));
    CHECK_PLACE(bedrock_messages(STATUS("maybe", "12")), ARGUMENT,
                "messages[2].content[0].toolResult.status");
}

TEST(a_document_of_text_becomes_text)
{
    NEED_OK(
        bedrock_messages("[" USER("{\"document\":{\"format\":\"md\",\"name\":\"n\",\"context\":"
                                  "\"c\",\"source\":{\"bytes\":\"YcOkYg==\"}}}," TEXT("q")) "]"));
    CHECK_STR(bedrock_text(0), STR("<document>\n<name>n</name>\n<context>c</context>\na\xc3\xa4"
                                   "b\n</document>\nq"));
    NEED_OK(bedrock_messages(
        "[" USER("{\"document\":{\"name\":\"n\",\"source\":{\"text\":\"t\"}}}") "]"));
    CHECK_STR(bedrock_text(0), STR("<document>\n<name>n</name>\nt\n</document>"));
}

TEST(what_the_model_reasoned_is_left_out)
{
    NEED_OK(bedrock_messages("[" USER(TEXT("x")) "," MODEL(
        "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"hm\",\"signature\":\"s\"}}}," TEXT(
            "y")) "," USER(TEXT("z")) "]"));
    CHECK_STR(bedrock_text(1), STR("y"));
}

TEST(turns_of_tools_that_do_not_fit_are_refused_with_the_place)
{
    CHECK_PLACE(bedrock_messages("[" USER(TEXT("x")) "," MODEL(USE("a")) "]"), ARGUMENT,
                "messages");
    CHECK_PLACE(bedrock_messages("[" USER(TEXT("x")) "," MODEL(USE("a")) "," USER(TEXT("y")) "]"),
                ARGUMENT, "messages[2]");
    CHECK_PLACE(bedrock_messages("[" USER(TEXT("x")) "," MODEL(USE("a")) "," MODEL(TEXT("y")) "]"),
                ARGUMENT, "messages[2]");
    CHECK_PLACE(bedrock_messages("[" USER(TEXT("x")) "," MODEL(USE("a") "," USE("a")) "]"),
                ARGUMENT, "messages[1].content[1].toolUse.toolUseId");
    CHECK_PLACE(bedrock_messages("[" USER(RESULT("a", "")) "]"), ARGUMENT,
                "messages[0].content[0].toolResult.toolUseId");
    CHECK_PLACE(bedrock_messages("[" USER(TEXT("x")) "," MODEL(USE("a")) "," USER(
                    RESULT("a", "") "," RESULT("a", "")) "]"),
                ARGUMENT, "messages[2].content[1].toolResult.toolUseId");
}

TEST(messages_out_of_shape_are_refused_with_the_place)
{
    static const struct {
        const char *list, *place;
        enum err_code code;
    } bad[] = {
        {"[]", "messages", ERR_ARGUMENT},
        {"{}", "messages", ERR_ARGUMENT},
        {"[" MODEL(TEXT("x")) "]", "messages", ERR_ARGUMENT},
        {"[7]", "messages[0]", ERR_ARGUMENT},
        {"[{\"role\":\"system\",\"content\":[" TEXT("x") "]}]", "messages[0].role", ERR_ARGUMENT},
        {"[{\"role\":\"user\",\"content\":\"x\"}]", "messages[0].content", ERR_ARGUMENT},
        {"[{\"role\":\"user\",\"content\":[]}]", "messages[0].content", ERR_ARGUMENT},
        {"[{\"role\":\"user\",\"content\":[" TEXT("x") "],\"name\":\"y\"}]", "messages[0].name",
         ERR_ARGUMENT},
        {"[" USER("{}") "]", "messages[0].content[0]", ERR_ARGUMENT},
        {"[" USER("{\"text\":\"a\",\"image\":{}}") "]", "messages[0].content[0]", ERR_ARGUMENT},
        {"[" USER(TEXT("")) "]", "messages[0].content[0].text", ERR_ARGUMENT},
        {"[" USER("{\"text\":5}") "]", "messages[0].content[0].text", ERR_ARGUMENT},
        {"[" USER("{\"geheimer Inhalt\":5}") "]", "messages[0].content[0]", ERR_ARGUMENT},
        {"[" USER("{\"image\":{\"format\":\"png\"}}") "]", "messages[0].content[0].image.source",
         ERR_ARGUMENT},
        {"[" USER("{\"video\":{}}") "]", "messages[0].content[0]", ERR_UNSUPPORTED},
        {"[" USER(USE("a")) "]", "messages[0].content[0]", ERR_UNSUPPORTED},
        {"[" USER("{\"document\":{\"format\":\"pdf\",\"source\":{\"bytes\":\"\"}}}") "]",
         "messages[0].content[0].document.format", ERR_UNSUPPORTED},
        {"[" USER("{\"document\":{\"source\":{\"bytes\":\"/w==\"}}}") "]",
         "messages[0].content[0].document.source.bytes", ERR_ARGUMENT},
        {"[" USER("{\"document\":{\"source\":{\"bytes\":\"!\"}}}") "]",
         "messages[0].content[0].document.source.bytes", ERR_ARGUMENT},
        {"[" USER("{\"document\":{\"source\":{\"s3Location\":{\"uri\":\"s3://x\"}}}}") "]",
         "messages[0].content[0].document.source.s3Location", ERR_ARGUMENT},
        {"[" USER(
             "{\"document\":{\"citations\":{\"enabled\":true},\"source\":{\"text\":\"t\"}}}") "]",
         "messages[0].content[0].document.citations", ERR_UNSUPPORTED},
        {"[" USER(TEXT("x")) "," MODEL("{\"toolUse\":{\"toolUseId\":\"a b\",\"name\":\"f\","
                                       "\"input\":{}}}") "]",
         "messages[1].content[0].toolUse.toolUseId", ERR_ARGUMENT},
        {"[" USER(TEXT("x")) "," MODEL("{\"toolUse\":{\"toolUseId\":\"a\",\"name\":\"f\","
                                       "\"input\":\"{}\"}}") "]",
         "messages[1].content[0].toolUse.input", ERR_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_INT(bedrock_messages(bad[i].list).code, ==, bad[i].code);
        CHECK_STR(str_of(err_param()), str_of(bad[i].place));
        CHECK(!strstr(err_text(), "Inhalt"));
    }
}

TEST(no_more_messages_than_the_operator_allows)
{
    struct params p;
    AUTO(buf) b = BUF(BEDROCK_ROOM);
    params_default(&p);
    for (uint64_t i = 0; i < p.gate_messages_max; i++)
        buf_add_fmt(&b, "%c" USER(TEXT("x")), i ? ',' : '[');
    buf_add(&b, ((str){"]", 2}));
    NEED_OK(bedrock_messages(b.at));
    snprintf(bedrock_room, sizeof bedrock_room, "{\"system\":[" TEXT("s") "],\"messages\":%s}",
             b.at);
    CHECK_ERR(wire_decode_as(BEDROCK_CONVERSE, str_of(bedrock_room)), ARGUMENT);
    arena_free(TAKE(wire_a));
}
