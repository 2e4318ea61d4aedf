/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/decode.h"

#include <stdio.h>

#include "test.h"

#define SEARCH "{\"type\":\"file_search\",\"vector_store_ids\":[\"vs_a\"]}"

static struct params params;

static err
decode(arena *a, const char *json, struct response_ask *ret)
{
    jval *v = arena_new(a, jval);
    params_default(&params);
    *ret = (struct response_ask){.model = STR_NONE};
    CHECK_OK(json_read(a, str_of(json), v));
    return response_decode(&params, a, v, ret);
}

TEST(a_plain_request_has_the_defaults_of_the_api)
{
    AUTO(arena) *a = NULL;
    struct response_ask r;
    NEED_OK(arena_open(64 << 20, &a));
    NEED_OK(decode(a, "{\"input\":\"hallo\"}", &r));
    CHECK(r.store && !r.stream && !r.background && !r.truncates);
    CHECK_INT(r.input.list.count, ==, 1);
    CHECK(str_find(r.echo, STR("\"tool_choice\":\"auto\",\"tools\":[]")) > 0);
    CHECK(str_find(r.echo, STR("\"text\":{\"format\":{\"type\":\"text\"},")) > 0);
    CHECK(str_find(r.echo, STR("\"metadata\":{}")) > 0);
    CHECK(str_starts(r.echo, STR(",")));
}

TEST(what_a_request_says_is_in_the_conversation_and_in_the_echo)
{
    AUTO(arena) *a = NULL;
    struct response_ask r;
    NEED_OK(arena_open(64 << 20, &a));
    NEED_OK(decode(
        a,
        "{\"model\":\"m\",\"input\":[],\"previous_response_id\":\"resp_1\",\"instructions\":\"i\","
        "\"temperature\":0.5,\"max_output_tokens\":7,\"top_logprobs\":2,\"store\":false,"
        "\"stream\":true,\"stream_options\":{\"include_obfuscation\":false},\"truncation\":"
        "\"auto\",\"reasoning\":{\"effort\":\"low\"},\"metadata\":{\"a\":\"b\"},\"include\":["
        "\"message.output_text.logprobs\"],\"text\":{\"format\":{\"type\":\"json_object\"}}}",
        &r));
    CHECK_STR(r.model, STR("m"));
    CHECK_STR(r.previous, STR("resp_1"));
    CHECK_STR(r.instructions, STR("i"));
    CHECK(r.conv.params.json_object && r.conv.params.logprobs);
    CHECK_INT(r.conv.params.tokens_max, ==, 7);
    CHECK_INT(r.conv.params.top_logprobs, ==, 2);
    CHECK(!r.store && r.stream && r.truncates);
    CHECK(str_find(r.echo, STR("\"temperature\":0.5")) > 0);
    CHECK(str_find(r.echo, STR("\"reasoning\":{\"effort\":\"low\",\"summary\":null}")) > 0);
    CHECK(str_find(r.echo, STR("\"metadata\":{\"a\":\"b\"}")) > 0);
}

TEST(tools_are_offered_in_the_canonical_spelling_and_repeated_in_theirs)
{
    AUTO(arena) *a = NULL;
    struct response_ask r;
    NEED_OK(arena_open(64 << 20, &a));
    NEED_OK(decode(a,
                   "{\"input\":\"x\",\"tools\":[{\"type\":\"function\",\"name\":\"f\","
                   "\"parameters\":{\"type\":\"object\",\"properties\":{},\"required\":[],"
                   "\"additionalProperties\":false},\"strict\":true},{\"type\":\"function\","
                   "\"name\":\"g\"}],\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"}}",
                   &r));
    CHECK_INT(r.conv.tools.count, ==, 2);
    CHECK_INT(r.conv.tools.choice, ==, CONV_TOOLS_REQUIRED);
    CHECK_STR(r.conv.tools.name, STR("f"));
    CHECK(r.conv.format.grammar.len > 0);
    CHECK(str_starts(r.conv.tools.json, STR("[{\"type\":\"function\",\"function\":{\"name\":")));
    CHECK(str_find(r.echo, STR("{\"type\":\"function\",\"name\":\"g\",\"description\":null,"
                               "\"parameters\":null,\"strict\":null}")) > 0);
}

TEST(what_is_out_of_place_is_refused_with_its_name)
{
    static const struct {
        const char *json, *param;
        enum err_code code;
    } cases[] = {
        {"{}", "input", ERR_ARGUMENT},
        {"{\"input\":7}", "input", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"unknown\":1}", "unknown", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"prompt\":{\"id\":\"p\"}}", "prompt", ERR_UNSUPPORTED},
        {"{\"input\":\"x\",\"temperature\":3}", "temperature", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"max_output_tokens\":0}", "max_output_tokens", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"background\":true,\"store\":false}", "background", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"stream_options\":{}}", "stream_options", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"truncation\":\"middle\"}", "truncation", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"previous_response_id\":\"a\",\"conversation\":\"b\"}",
         "previous_response_id", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"conversation\":{\"id\":\"b\",\"x\":1}}", "conversation.x",
         ERR_ARGUMENT},
        {"{\"input\":\"x\",\"include\":[\"everything\"]}", "include[0]", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"reasoning\":{\"effort\":7}}", "reasoning.effort", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"metadata\":{\"a\":7}}", "metadata.a", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tools\":[{\"type\":\"file_search\"}]}", "tools[0].vector_store_ids",
         ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tools\":[" SEARCH "," SEARCH "]}", "tools[1]", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tool_choice\":{\"type\":\"file_search\"}}", "tool_choice",
         ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tools\":[{\"type\":\"web_search\"}]}", "tools[0].type",
         ERR_UNSUPPORTED},
        {"{\"input\":\"x\",\"tools\":[{\"type\":\"mcp\"}]}", "tools[0].type", ERR_UNSUPPORTED},
        {"{\"input\":\"x\",\"tools\":[{\"type\":\"spass\"}]}", "tools[0].type", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tools\":[{\"type\":\"function\"}]}", "tools[0].name", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":"
         "\"function\",\"name\":\"f\"}]}",
         "tools[1].name", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tool_choice\":\"required\"}", "tool_choice", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],\"tool_choice\":{"
         "\"type\":\"function\",\"name\":\"g\"}}",
         "tool_choice.name", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"text\":{\"format\":{\"type\":\"xml\"}}}", "text.format.type",
         ERR_ARGUMENT},
        {"{\"input\":\"x\",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"p\"}}}",
         "text.format.schema", ERR_ARGUMENT},
        {"{\"input\":\"x\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],\"text\":{"
         "\"format\":{\"type\":\"json_object\"}}}",
         "text.format.type", ERR_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(arena) *a = NULL;
        struct response_ask r;
        NEED_OK(arena_open(64 << 20, &a));
        const err e = decode(a, cases[i].json, &r);
        if (e.code != cases[i].code || strcmp(err_param(), cases[i].param) != 0)
            test_fail(__FILE__, __LINE__, "%s: %s, \"%s\"", cases[i].json, err_trail(),
                      err_param());
    }
}

TEST(a_search_is_read_and_is_a_call_of_its_own)
{
    AUTO(arena) *a = NULL;
    struct response_ask r;
    NEED_OK(arena_open(64 << 20, &a));
    NEED_OK(decode(a, "{\"input\":\"x\",\"tools\":[" SEARCH "],\"tool_choice\":\"required\"}", &r));
    CHECK_INT(r.search.id_count, ==, 1);
    CHECK_INT(r.search.most, ==, 20);
    CHECK(!r.search.shows_results);
    CHECK_INT(r.conv.tools.choice, ==, CONV_TOOLS_AUTO);
    NEED_OK(decode(a,
                   "{\"input\":\"x\",\"include\":[\"file_search_call.results\"],\"tools\":["
                   "{\"type\":\"function\",\"name\":\"f\"}," SEARCH
                   "],\"tool_choice\":\"required\"}",
                   &r));
    CHECK(r.search.shows_results);
    CHECK_INT(r.conv.tools.choice, ==, CONV_TOOLS_REQUIRED);
    CHECK_INT(r.conv.tools.count, ==, 1);
    NEED_OK(decode(a, "{\"input\":\"x\",\"tools\":[" SEARCH "],\"tool_choice\":\"none\"}", &r));
    CHECK_INT(r.search.id_count, ==, 0);
    CHECK(str_find(r.echo, STR("\"type\":\"file_search\"")) >= 0);
}
