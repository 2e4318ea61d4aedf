/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/remote/said.h"

/* ---- golden bytes */

TEST(a_plain_chat_says_no_more_than_it_must)
{
    SAYING(s, REMOTE_OPENAI);
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK_STR(buf_str(&s.body),
              STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hallo\"}],"
                  "\"stream\":true,\"stream_options\":{\"include_usage\":true}}"));
}

TEST(every_parameter_has_its_name)
{
    SAYING(s, REMOTE_OPENAI);
    struct conv_params *p = &s.conv.c.params;
    *p = (struct conv_params){.temperature = 0,
                              .top_p = 0.5,
                              .min_p = 0.1,
                              .top_k = 7,
                              .presence = -1,
                              .frequency = 2,
                              .repeat = 1.2,
                              .seed = (uint64_t)-9,
                              .has_seed = true,
                              .tokens_max = 8,
                              .n = 2,
                              .logprobs = true,
                              .top_logprobs = 3,
                              .ignore_eos = true,
                              .stops = {STR("a"), STR("\n")},
                              .stop_count = 2,
                              .bias = {{5, -100}, {6, 0.5F}},
                              .bias_count = 2};
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK_STR(buf_str(&s.body),
              STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hallo\"}],"
                  "\"temperature\":0.0,\"top_p\":0.5,\"min_p\":0.1,\"presence_penalty\":-1.0,"
                  "\"frequency_penalty\":2.0,\"repetition_penalty\":1.2,\"top_k\":7,\"seed\":-9,"
                  "\"max_tokens\":8,\"n\":2,\"stop\":[\"a\",\"\\n\"],"
                  "\"logit_bias\":{\"5\":-100.0,\"6\":0.5},\"ignore_eos\":true,\"logprobs\":true,"
                  "\"top_logprobs\":3,\"stream\":true,"
                  "\"stream_options\":{\"include_usage\":true}}"));
    s.target.says_completion_tokens = true;
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK(str_find(buf_str(&s.body), STR(",\"max_completion_tokens\":8,")) > 0);
    CHECK(str_find(buf_str(&s.body), STR("\"max_tokens\"")) < 0);
}

TEST(calls_and_tools_go_as_they_came)
{
    SAYING(s, REMOTE_OPENAI);
    const str calls = STR("[{\"id\":\"x\",\"type\":\"function\",\"function\":{\"name\":\"f\","
                          "\"arguments\":\"{}\"}}]");
    struct conv_message messages[] = {
        {.role = CONV_ASSISTANT, .text = content_of(STR(""), LABEL_BOTTOM), .tool_calls = calls},
        {.role = CONV_TOOL,
         .text = content_of(STR("7"), LABEL_BOTTOM),
         .tool_call_id = STR("x"),
         .name = STR("f")}};
    s.conv.c.messages.at = messages;
    s.conv.c.messages.count = 2;
    s.conv.c.tools.json = STR("[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]");
    s.conv.c.tools.count = 1;
    s.conv.c.tools.choice = CONV_TOOLS_REQUIRED;
    s.conv.c.tools.name = STR("f");
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK_STR(buf_str(&s.body),
              STR("{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,"
                  "\"tool_calls\":[{\"id\":\"x\",\"type\":\"function\",\"function\":{\"name\":"
                  "\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"content\":\"7\",\"name\":"
                  "\"f\",\"tool_call_id\":\"x\"}],\"tools\":[{\"type\":\"function\",\"function\":{"
                  "\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":"
                  "\"f\"}},\"parallel_tool_calls\":false,\"stream\":true,"
                  "\"stream_options\":{\"include_usage\":true}}"));
}

TEST(the_form_of_the_answer_is_said)
{
    SAYING(s, REMOTE_OPENAI);
    s.conv.c.params.json_object = true;
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK(str_find(buf_str(&s.body), STR("\"response_format\":{\"type\":\"json_object\"}")) > 0);
    s.conv.c.params.json_object = false;
    s.conv.c.format = (struct conv_format){.schema = STR("{\"type\":\"object\"}"), .strict = true};
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK(str_find(buf_str(&s.body),
                   STR("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":"
                       "\"answer\",\"strict\":true,\"schema\":{\"type\":\"object\"}}}")) > 0);
}

TEST(a_completion_has_its_own_words)
{
    SAYING(s, REMOTE_OPENAI);
    s.conv.c.params.logprobs = true;
    s.conv.c.params.echo = true;
    s.conv.c.params.tokens_max = 3;
    s.target.says_completion_tokens = true; /* chats only */
    NEED_OK(saying(&s, ENGINE_COMPLETE));
    CHECK_STR(buf_str(&s.body),
              STR("{\"model\":\"m\",\"prompt\":\"Hallo\",\"max_tokens\":3,\"logprobs\":0,"
                  "\"echo\":true,\"stream\":true,\"stream_options\":{\"include_usage\":true}}"));
}

TEST(texts_to_embed_go_as_a_list)
{
    static const char *const texts[] = {"a\"", "b"};
    SAYING(s, REMOTE_OPENAI);
    rig_inputs(&s.conv, texts, 2);
    s.conv.c.dimensions = 64;
    NEED_OK(saying(&s, ENGINE_EMBED));
    CHECK_STR(buf_str(&s.body), STR("{\"model\":\"m\",\"input\":[\"a\\\"\",\"b\"],"
                                    "\"dimensions\":64,\"encoding_format\":\"base64\"}"));
}

TEST(a_grammar_that_is_no_schema_is_refused)
{
    SAYING(s, REMOTE_OPENAI);
    CHECK_NO_WORD(s, c->format.grammar = STR("root ::= \"a\""), "response_format");
    s.conv.c.tools.choice = CONV_TOOLS_REQUIRED; /* then it is that of the calls */
    CHECK_OK(saying(&s, ENGINE_CHAT));
    CHECK_ERR(saying(&s, ENGINE_COMPLETE), UNSUPPORTED);
}

TEST(what_the_grant_does_not_cover_is_not_said)
{
    SAYING(s, REMOTE_OPENAI);
    s.conv.message.text = content_of(STR("x"), label_of_level(3));
    s.conv.c.prompt = s.conv.inputs[0] = s.conv.message.text;
    s.conv.c.inputs.at = s.conv.inputs;
    s.conv.c.inputs.count = 1;
    CHECK_ERR(saying(&s, ENGINE_CHAT), DENIED);
    CHECK_ERR(saying(&s, ENGINE_COMPLETE), DENIED);
    CHECK_ERR(saying(&s, ENGINE_EMBED), DENIED);
}

/* ---- there and back */

static void
read_params(const jval *body, struct conv_params *p)
{
    const jval bias = json_get(body, "logit_bias"), format = json_get(body, "response_format");
    struct jwalk w = {0};
    jval v;
    p->temperature = get_real(body, "temperature", 1);
    p->top_p = get_real(body, "top_p", 1);
    p->min_p = get_real(body, "min_p", 0);
    p->presence = get_real(body, "presence_penalty", 0);
    p->frequency = get_real(body, "frequency_penalty", 0);
    p->repeat = get_real(body, "repetition_penalty", 1);
    p->top_k = (int32_t)get_whole(body, "top_k", 0);
    p->has_seed = json_get(body, "seed").v != NULL;
    p->seed = (uint64_t)get_whole(body, "seed", 0);
    p->tokens_max = (uint32_t)get_whole(body, "max_tokens", 0);
    p->n = (uint32_t)get_whole(body, "n", 1);
    p->logprobs = get_bool(body, "logprobs", false);
    p->top_logprobs = (uint32_t)get_whole(body, "top_logprobs", 0);
    p->ignore_eos = get_bool(body, "ignore_eos", false);
    p->json_object = str_eq(get_str(&format, "type"), STR("json_object"));
    get_stops(body, "stop", p);
    while (json_each(&bias, &w, &v)) {
        double d = 0;
        uint64_t token = 0;
        for (const char *c = v.name; *c; c++)
            token = token * 10 + (uint64_t)(*c - '0');
        CHECK_OK(json_f64(&v, -100, 100, &d));
        p->bias[p->bias_count++] = (struct conv_bias){(int32_t)token, (float)d};
    }
}

static void
read_tools(arena *a, const jval *body, struct conv *c)
{
    const jval choice = json_get(body, "tool_choice"), f = json_get(&choice, "function");
    const jval format = json_get(body, "response_format"), s = json_get(&format, "json_schema");
    c->tools.json = get_json(a, body, "tools");
    if (json_type(choice) == J_OBJECT)
        c->tools.name = get_str(&f, "name");
    const str word = json_type(choice) == J_STRING ? get_str(body, "tool_choice") : STR_NONE;
    c->tools.choice = c->tools.name.len || str_eq(word, STR("required")) ? CONV_TOOLS_REQUIRED
                      : str_eq(word, STR("none"))                        ? CONV_TOOLS_NONE
                                                                         : CONV_TOOLS_AUTO;
    c->tools.most = get_bool(body, "parallel_tool_calls", false) ? TALK_MANY : 1;
    c->format.name = get_str(&s, "name");
    c->format.strict = get_bool(&s, "strict", false);
    c->format.schema = get_json(a, &s, "schema");
}

static void
read_body(arena *a, const jval *body, struct conv *c)
{
    const jval list = json_get(body, "messages");
    struct jwalk w = {0};
    jval v;
    CHECK(get_bool(body, "stream", false));
    while (json_each(&list, &w, &v)) {
        const str role = get_str(&v, "role");
        struct conv_message m = {.role = str_eq(role, STR("system"))      ? CONV_SYSTEM
                                         : str_eq(role, STR("user"))      ? CONV_USER
                                         : str_eq(role, STR("assistant")) ? CONV_ASSISTANT
                                                                          : CONV_TOOL,
                                 .text = content_of(get_str(&v, "content"), LABEL_BOTTOM),
                                 .name = get_str(&v, "name"),
                                 .tool_calls = get_json(a, &v, "tool_calls"),
                                 .tool_call_id = get_str(&v, "tool_call_id")};
        add_message(a, c, &m);
    }
    read_params(body, &c->params);
    read_tools(a, body, c);
}

TEST(ten_thousand_conversations_come_back_as_they_went)
{
    const struct talk_limits all = {.has_names = true,
                                    .has_openai_params = true,
                                    .has_top_k = true,
                                    .has_none = true,
                                    .has_most = true,
                                    .has_form_name = true,
                                    .temperature_max = 2};
    talk_check(REMOTE_OPENAI, &all, read_body);
}
