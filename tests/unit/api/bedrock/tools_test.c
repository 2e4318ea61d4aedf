/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/tools.h"

#include "unit/api/bedrock/wire.h"

#define SPEC(name, schema, more)                                                                   \
    "{\"toolSpec\":{\"name\":\"" name "\",\"inputSchema\":{\"json\":" schema "}" more "}}"
#define CITY                                                                                       \
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]" \
    "}"
#define CONFIG(tools, more) "\"toolConfig\":{\"tools\":[" tools "]" more "}"
#define CHOICE(choice) ",\"toolChoice\":{" choice "}"

TEST(tools_are_offered_in_their_canonical_spelling)
{
    NEED_OK(bedrock_with(
        CONFIG(SPEC("wetter", CITY, ",\"description\":\"d\"") ",{\"cachePoint\":{"
                                                              "\"type\":\"default\"}}," SPEC(
                                                                  "uhr", "{}", ",\"strict\":false"),
               "")));
    const struct conv_tools *t = &wire.conv.tools;
    CHECK_INT(t->count, ==, 2);
    CHECK_STR(t->names[1], STR("uhr"));
    CHECK_STR(t->json, STR("[{\"type\":\"function\",\"function\":{\"name\":\"wetter\","
                           "\"description\":\"d\",\"parameters\":" CITY "}},{\"type\":\"function\","
                           "\"function\":{\"name\":\"uhr\",\"parameters\":{}}}]"));
    CHECK_INT(t->choice, ==, CONV_TOOLS_AUTO);
    CHECK(!wire.conv.format.grammar.len);
}

TEST(a_forced_call_is_bound_by_a_grammar)
{
    NEED_OK(bedrock_with(CONFIG(SPEC("wetter", CITY, ""), CHOICE("\"any\":{}"))));
    CHECK_INT(wire.conv.tools.choice, ==, CONV_TOOLS_REQUIRED);
    CHECK_INT(wire.conv.tools.most, ==, 1);
    CHECK(!wire.conv.tools.name.len && wire.conv.format.grammar.len > 0);
    NEED_OK(bedrock_with(CONFIG(SPEC("wetter", CITY, "") "," SPEC("uhr", "{}", ""),
                                CHOICE("\"tool\":{\"name\":\"uhr\"}"))));
    CHECK_STR(wire.conv.tools.name, STR("uhr"));
    CHECK(str_find(wire.conv.format.grammar, STR("uhr")) >= 0);
    CHECK(str_find(wire.conv.format.grammar, STR("wetter")) < 0);
    NEED_OK(bedrock_with(CONFIG(SPEC("uhr", "{}", ""), CHOICE("\"auto\":{}"))));
    CHECK_INT(wire.conv.tools.choice, ==, CONV_TOOLS_AUTO);
}

TEST(what_cannot_be_offered_is_refused_with_the_place)
{
    static const struct {
        const char *members, *place;
        enum err_code code;
    } bad[] = {
        {"\"toolConfig\":{}", "toolConfig.tools", ERR_ARGUMENT},
        {"\"toolConfig\":{\"tools\":[]}", "toolConfig.tools", ERR_ARGUMENT},
        {CONFIG("7", ""), "toolConfig.tools[0]", ERR_ARGUMENT},
        {CONFIG("{\"systemTool\":{\"name\":\"nova_grounding\"}}", ""),
         "toolConfig.tools[0].systemTool", ERR_ARGUMENT},
        {CONFIG(SPEC("a b", "{}", ""), ""), "toolConfig.tools[0].toolSpec.name", ERR_ARGUMENT},
        {CONFIG(SPEC("a", "{}", "") "," SPEC("a", "{}", ""), ""),
         "toolConfig.tools[1].toolSpec.name", ERR_ARGUMENT},
        {CONFIG("{\"toolSpec\":{\"name\":\"a\"}}", ""), "toolConfig.tools[0].toolSpec.inputSchema",
         ERR_ARGUMENT},
        {CONFIG("{\"toolSpec\":{\"name\":\"a\",\"inputSchema\":{}}}", ""),
         "toolConfig.tools[0].toolSpec.inputSchema.json", ERR_ARGUMENT},
        {CONFIG(SPEC("a", "{}", ",\"x\":1"), ""), "toolConfig.tools[0].toolSpec.x", ERR_ARGUMENT},
        {CONFIG(SPEC("a", "{\"type\":\"object\",\"minProperties\":1}", ",\"strict\":true"), ""),
         "toolConfig.tools[0].toolSpec.inputSchema.json.minProperties", ERR_UNSUPPORTED},
        {CONFIG(SPEC("a", "{}", ""), CHOICE("")), "toolConfig.toolChoice", ERR_ARGUMENT},
        {CONFIG(SPEC("a", "{}", ""), CHOICE("\"any\":{},\"auto\":{}")), "toolConfig.toolChoice",
         ERR_ARGUMENT},
        {CONFIG(SPEC("a", "{}", ""), CHOICE("\"none\":{\"x\":1}")), "toolConfig.toolChoice.none",
         ERR_ARGUMENT},
        {CONFIG(SPEC("a", "{}", ""), CHOICE("\"tool\":{\"name\":\"b\"}")),
         "toolConfig.toolChoice.tool.name", ERR_ARGUMENT},
        {CONFIG(SPEC("a", "{}", ""), ",\"x\":1"), "toolConfig.x", ERR_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_INT(bedrock_with(bad[i].members).code, ==, bad[i].code);
        CHECK_STR(str_of(err_param()), str_of(bad[i].place));
    }
}

TEST(more_tools_than_there_is_room_for_are_refused)
{
    AUTO(buf) b = BUF(BEDROCK_ROOM);
    for (int i = 0; i < CONV_TOOLS_MAX; i++)
        buf_add_fmt(&b,
                    "%s"
                    "{\"toolSpec\":{\"name\":\"t%d\",\"inputSchema\":{\"json\":{}}}}",
                    i ? "," : "\"toolConfig\":{\"tools\":[", i);
    buf_add(&b, ((str){"]}", 3}));
    CHECK_OK(bedrock_with(b.at));
    b.len -= 3;
    buf_add(&b, STR(",{\"toolSpec\":{\"name\":\"last\",\"inputSchema\":{\"json\":{}}}}]}"));
    buf_add_char(&b, '\0');
    CHECK_ERR(bedrock_with(b.at), ARGUMENT);
}

/* ---- the form of the answer */
#define OUTPUT(schema, more)                                                                       \
    "\"outputConfig\":{\"textFormat\":{\"type\":\"json_schema\",\"structure\":{\"jsonSchema\":{"   \
    "\"schema\":" schema more "}}}}"

TEST(a_form_of_the_answer_is_compiled)
{
    NEED_OK(
        bedrock_with(OUTPUT("\"{\\\"type\\\":\\\"object\\\"}\"", ",\"name\":\"n\",\"description\":"
                                                                 "\"d\"")));
    CHECK(wire.conv.format.grammar.len > 0 && wire.conv.format.strict);
    CHECK_STR(wire.conv.format.schema, STR("{\"type\":\"object\"}"));
    CHECK_STR(wire.conv.format.name, STR("n"));
    NEED_OK(bedrock_with("\"outputConfig\":{}"));
    CHECK(!wire.conv.format.grammar.len);
}

TEST(a_form_that_cannot_be_is_refused_with_the_place)
{
#define SCHEMA_AT "outputConfig.textFormat.structure.jsonSchema.schema"
    CHECK_PLACE(bedrock_with(OUTPUT("{}", "")), ARGUMENT, SCHEMA_AT);
    CHECK_PLACE(bedrock_with(OUTPUT("\"{\"", "")), ARGUMENT, SCHEMA_AT);
    CHECK_ERR(bedrock_with(OUTPUT("\"{\\\"type\\\":\\\"object\\\",\\\"minProperties\\\":1}\"", "")),
              UNSUPPORTED);
    CHECK_PLACE(bedrock_with("\"outputConfig\":{\"textFormat\":{\"type\":\"text\"}}"), ARGUMENT,
                "outputConfig.textFormat.type");
    CHECK_PLACE(bedrock_with("\"outputConfig\":{\"x\":1}"), ARGUMENT, "outputConfig.x");
    CHECK_PLACE(bedrock_with(CONFIG(SPEC("a", "{}", ""), "") "," OUTPUT("\"{}\"", "")), UNSUPPORTED,
                "outputConfig.textFormat.type");
    arena_free(TAKE(wire_a));
}
