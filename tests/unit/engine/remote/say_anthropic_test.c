/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/remote/said.h"

/* ---- golden bytes */

TEST(a_plain_chat_always_has_max_tokens)
{
    SAYING(s, REMOTE_ANTHROPIC);
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK_STR(buf_str(&s.body),
              STR("{\"model\":\"m\",\"max_tokens\":4096,\"messages\":[{\"role\":\"user\","
                  "\"content\":[{\"type\":\"text\",\"text\":\"Hallo\"}]}],\"stream\":true}"));
    s.target.tokens_max = 9;
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK(str_find(buf_str(&s.body), STR("\"max_tokens\":9,")) > 0);
    s.conv.c.params.tokens_max = 8;
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK(str_find(buf_str(&s.body), STR("\"max_tokens\":8,")) > 0);
}

TEST(messages_become_blocks_and_the_first_system_stands_apart)
{
    SAYING(s, REMOTE_ANTHROPIC);
    const str calls = STR("[{\"id\":\"x\",\"type\":\"function\",\"function\":{\"name\":\"f\","
                          "\"arguments\":\" {\\\"a\\\": 1.0}\"}},{\"id\":\"functions.g:1\","
                          "\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]");
    struct conv_message messages[] = {
        {.role = CONV_SYSTEM, .text = content_of(STR("S1"), LABEL_BOTTOM)},
        {.role = CONV_SYSTEM, .text = content_of(STR("S2"), LABEL_BOTTOM)},
        {.role = CONV_USER, .text = content_of(STR("U"), LABEL_BOTTOM)},
        {.role = CONV_ASSISTANT, .text = content_of(STR("A"), LABEL_BOTTOM), .tool_calls = calls},
        {.role = CONV_TOOL,
         .text = content_of(STR("7"), LABEL_BOTTOM),
         .tool_call_id = STR("x"),
         .name = STR("f")},
        {.role = CONV_TOOL,
         .text = content_of(STR(""), LABEL_BOTTOM),
         .tool_call_id = STR("functions.g:1")},
        {.role = CONV_USER, .text = content_of(STR("V"), LABEL_BOTTOM)},
        {.role = CONV_SYSTEM, .text = content_of(STR("S3"), LABEL_BOTTOM)}};
    s.conv.c.messages.at = messages;
    s.conv.c.messages.count = sizeof messages / sizeof *messages;
    NEED_OK(saying(&s, ENGINE_CHAT));
    const ptrdiff_t at = str_find(buf_str(&s.body), STR("call_"));
    NEED(at > 0);
    const str id = str_slice(buf_str(&s.body), (size_t)at, (size_t)at + 21);
    AUTO(buf) want = BUF(4096);
    buf_add_fmt(&want,
                "{\"model\":\"m\",\"max_tokens\":4096,\"system\":[{\"type\":\"text\",\"text\":"
                "\"S1\"},{\"type\":\"text\",\"text\":\"S2\"}],\"messages\":[{\"role\":\"user\","
                "\"content\":[{\"type\":\"text\",\"text\":\"U\"}]},{\"role\":\"assistant\","
                "\"content\":[{\"type\":\"text\",\"text\":\"A\"},{\"type\":\"tool_use\",\"id\":"
                "\"x\",\"name\":\"f\",\"input\":{\"a\": 1.0}},{\"type\":\"tool_use\",\"id\":"
                "\"%.*s\",\"name\":\"g\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":"
                "\"tool_result\",\"tool_use_id\":\"x\",\"content\":\"7\"},{\"type\":"
                "\"tool_result\",\"tool_use_id\":\"%.*s\",\"content\":\"\"},{\"type\":\"text\","
                "\"text\":\"V\"}]},{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":"
                "\"S3\"}]}],\"stream\":true}",
                STR_FMT(id), STR_FMT(id));
    CHECK_STR(buf_str(&s.body), buf_str(&want));
}

TEST(parameters_tools_and_form_have_their_own_names)
{
    SAYING(s, REMOTE_ANTHROPIC);
    struct conv *c = &s.conv.c;
    c->params.temperature = 1.7;
    c->params.top_p = 0.5;
    c->params.top_k = 5;
    c->params.stops[0] = STR("###");
    c->params.stop_count = 1;
    c->format.schema = STR("{\"type\":\"object\"}");
    c->tools.json = STR("[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":"
                        "\"d\",\"strict\":true,\"parameters\":{\"type\":\"object\"}}},"
                        "{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]");
    c->tools.count = 2;
    c->tools.choice = CONV_TOOLS_REQUIRED;
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK_STR(buf_str(&s.body),
              STR("{\"model\":\"m\",\"max_tokens\":4096,\"messages\":[{\"role\":\"user\","
                  "\"content\":[{\"type\":\"text\",\"text\":\"Hallo\"}]}],\"temperature\":1.0,"
                  "\"top_p\":0.5,\"top_k\":5,\"stop_sequences\":[\"###\"],\"output_config\":{"
                  "\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}},"
                  "\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"type\":"
                  "\"object\"},\"strict\":true},{\"name\":\"g\",\"input_schema\":{\"type\":"
                  "\"object\",\"properties\":{}}}],\"tool_choice\":{\"type\":\"any\","
                  "\"disable_parallel_tool_use\":true},\"stream\":true}"));
}

/* ---- what it has no word for */

TEST(what_has_no_word_is_refused_by_its_name)
{
    SAYING(s, REMOTE_ANTHROPIC);
    CHECK_NO_WORD(s, p->n = 2, "n");
    CHECK_NO_WORD(s, p->logprobs = true, "logprobs");
    CHECK_NO_WORD(s, p->has_seed = true, "seed");
    CHECK_NO_WORD(s, p->presence = 0.1, "presence_penalty");
    CHECK_NO_WORD(s, p->frequency = 0.1, "frequency_penalty");
    CHECK_NO_WORD(s, p->repeat = 1.1, "repetition_penalty");
    CHECK_NO_WORD(s, p->min_p = 0.1, "min_p");
    CHECK_NO_WORD(s, p->bias_count = 1, "logit_bias");
    CHECK_NO_WORD(s, p->json_object = true, "response_format");
    CHECK_NO_WORD(s, c->format.grammar = STR("root ::= \"a\""), "response_format");
    CHECK_NO_WORD(s, p->ignore_eos = true, "ignore_eos");
    CHECK_NO_WORD(s, c->messages.at[0].name = STR("Erika"), "messages[0].name");
    CHECK_NO_WORD(s, c->messages.at[0].text = content_of(STR(""), LABEL_BOTTOM),
                  "messages[0].content");
    CHECK_NO_WORD(s, c->messages.at[0].role = CONV_SYSTEM, "messages");
}

TEST(arguments_that_are_no_object_are_refused_by_their_place)
{
    static const char *const bad[] = {"7", "[]", "{", "{\\\"a\\\":1,\\\"a\\\":2}", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) calls = BUF(4096);
        SAYING(s, REMOTE_ANTHROPIC);
        buf_add_fmt(&calls, "[{\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"%s\"}}]",
                    bad[i]);
        s.conv.message.role = CONV_ASSISTANT;
        s.conv.message.tool_calls = buf_str(&calls);
        CHECK_ERR(saying(&s, ENGINE_CHAT), UNSUPPORTED);
        CHECK_STR(str_of(err_param()), STR("messages[0].tool_calls"));
    }
}

TEST(what_the_grant_does_not_cover_is_not_said)
{
    SAYING(s, REMOTE_ANTHROPIC);
    s.conv.message.text = content_of(STR("x"), label_of_level(3));
    CHECK_ERR(saying(&s, ENGINE_CHAT), DENIED);
}

TEST(memory_that_runs_out_is_a_limit)
{
    bool fired = true;
    for (long n = 1; fired && n < 100; n++) {
        SAYING(s, REMOTE_ANTHROPIC);
        s.conv.c.tools.json = STR("[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]");
        s.conv.c.tools.count = 1;
        fault_arm(n);
        const err e = saying(&s, ENGINE_CHAT);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
    }
    CHECK(!fired);
}

/* ---- there and back */

static void
add_use(arena *a, const jval *block, struct conv_message *m)
{
    AUTO(buf) b = BUF(TALK_BYTES);
    buf_add(&b, m->tool_calls.len ? str_slice(m->tool_calls, 0, m->tool_calls.len - 1) : STR("["));
    put_call(&b, get_str(block, "id"), get_str(block, "name"), get_json(a, block, "input"));
    json_close(&b, ']');
    m->tool_calls = arena_str(a, buf_str(&b));
}

/* A text begins a message; a call belongs to the text before it. */
static void
read_blocks(arena *a, const jval *list, enum conv_role role, struct conv *c)
{
    struct jwalk w = {0};
    jval v;
    bool is_fresh = true;
    while (json_each(list, &w, &v)) {
        const str type = get_str(&v, "type");
        struct conv_message m = {.role = role, .text = content_of(STR(""), LABEL_BOTTOM)};
        if (str_eq(type, STR("text"))) {
            m.text = content_of(get_str(&v, "text"), LABEL_BOTTOM);
        } else if (str_eq(type, STR("tool_result"))) {
            m.role = CONV_TOOL;
            m.tool_call_id = get_str(&v, "tool_use_id");
            m.text = content_of(get_str(&v, "content"), LABEL_BOTTOM);
        } else if (!is_fresh) {
            add_use(a, &v, &c->messages.at[c->messages.count - 1]);
            continue;
        } else {
            add_use(a, &v, &m);
        }
        is_fresh = false;
        add_message(a, c, &m);
    }
}

static void
read_messages(arena *a, const jval *body, struct conv *c)
{
    const jval system = json_get(body, "system"), list = json_get(body, "messages");
    struct jwalk w = {0};
    jval v;
    read_blocks(a, &system, CONV_SYSTEM, c);
    while (json_each(&list, &w, &v)) {
        const jval blocks = json_get(&v, "content");
        const str role = get_str(&v, "role");
        read_blocks(a, &blocks,
                    str_eq(role, STR("user"))        ? CONV_USER
                    : str_eq(role, STR("assistant")) ? CONV_ASSISTANT
                                                     : CONV_SYSTEM,
                    c);
    }
}

static void
read_tools(arena *a, const jval *body, struct conv *c)
{
    AUTO(buf) b = BUF(TALK_BYTES);
    const jval list = json_get(body, "tools"), choice = json_get(body, "tool_choice");
    const str type = get_str(&choice, "type");
    struct jwalk w = {0};
    jval v;
    json_open(&b, '[');
    while (json_each(&list, &w, &v)) {
        json_open(&b, '{');
        json_member_str(&b, "type", STR("function"));
        json_key(&b, "function");
        json_open(&b, '{');
        json_member_str(&b, "name", get_str(&v, "name"));
        if (json_get(&v, "description").v)
            json_member_str(&b, "description", get_str(&v, "description"));
        json_key(&b, "parameters");
        buf_add(&b, get_json(a, &v, "input_schema"));
        if (get_bool(&v, "strict", false))
            json_member_bool(&b, "strict", true);
        buf_add(&b, STR("}}"));
    }
    json_close(&b, ']');
    if (list.v)
        c->tools.json = arena_str(a, buf_str(&b));
    c->tools.name = get_str(&choice, "name");
    c->tools.choice = str_eq(type, STR("none"))                ? CONV_TOOLS_NONE
                      : !type.len || str_eq(type, STR("auto")) ? CONV_TOOLS_AUTO
                                                               : CONV_TOOLS_REQUIRED;
    c->tools.most = get_bool(&choice, "disable_parallel_tool_use", true) ? 1 : TALK_MANY;
}

static void
read_body(arena *a, const jval *body, struct conv *c)
{
    const jval config = json_get(body, "output_config"), format = json_get(&config, "format");
    CHECK(get_bool(body, "stream", false));
    read_messages(a, body, c);
    read_tools(a, body, c);
    c->params.temperature = get_real(body, "temperature", 1);
    c->params.top_p = get_real(body, "top_p", 1);
    c->params.top_k = (int32_t)get_whole(body, "top_k", 0);
    c->params.tokens_max = (uint32_t)get_whole(body, "max_tokens", 0);
    get_stops(body, "stop_sequences", &c->params);
    c->format.schema = get_json(a, &format, "schema");
    c->format.strict = c->format.schema.len > 0;
}

TEST(ten_thousand_conversations_come_back_as_they_went)
{
    const struct talk_limits some = {
        .has_top_k = true, .has_none = true, .has_most = true, .temperature_max = 1};
    talk_check(REMOTE_ANTHROPIC, &some, read_body);
}
