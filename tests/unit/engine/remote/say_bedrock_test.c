/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/remote/said.h"

/* ---- golden bytes */

TEST(a_plain_chat_says_no_more_than_it_must)
{
    SAYING(s, REMOTE_BEDROCK);
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK_STR(buf_str(&s.body),
              STR("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hallo\"}]}]}"));
}

TEST(messages_parameters_tools_and_form_have_their_own_names)
{
    SAYING(s, REMOTE_BEDROCK);
    struct conv *c = &s.conv.c;
    const str calls = STR("[{\"id\":\"x.y:1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
                          "\"arguments\":\"{\\\"a\\\":1}\"}}]");
    struct conv_message messages[] = {
        {.role = CONV_SYSTEM, .text = content_of(STR("S"), LABEL_BOTTOM)},
        {.role = CONV_USER, .text = content_of(STR("U"), LABEL_BOTTOM)},
        {.role = CONV_USER, .text = content_of(STR("V"), LABEL_BOTTOM)},
        {.role = CONV_ASSISTANT, .text = content_of(STR(""), LABEL_BOTTOM), .tool_calls = calls},
        {.role = CONV_TOOL,
         .text = content_of(STR("7"), LABEL_BOTTOM),
         .tool_call_id = STR("x.y:1")},
        {.role = CONV_TOOL, .text = content_of(STR(""), LABEL_BOTTOM), .tool_call_id = STR("z")}};
    c->messages.at = messages;
    c->messages.count = sizeof messages / sizeof *messages;
    c->params.temperature = 2;
    c->params.top_p = 0.5;
    c->params.tokens_max = 8;
    c->params.stops[0] = STR("#");
    c->params.stop_count = 1;
    c->format = (struct conv_format){.schema = STR("{\"type\":\"object\"}"), .name = STR("form")};
    c->tools.json = STR("[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":"
                        "\"d\",\"strict\":true,\"parameters\":{\"type\":\"object\"}}}]");
    c->tools.count = 1;
    c->tools.choice = CONV_TOOLS_REQUIRED;
    c->tools.name = STR("f");
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK_STR(buf_str(&s.body),
              STR("{\"system\":[{\"text\":\"S\"}],\"messages\":[{\"role\":\"user\",\"content\":[{"
                  "\"text\":\"U\"},{\"text\":\"V\"}]},{\"role\":\"assistant\",\"content\":[{"
                  "\"toolUse\":{\"toolUseId\":\"x.y:1\",\"name\":\"f\",\"input\":{\"a\":1}}}]},{"
                  "\"role\":\"user\",\"content\":[{\"toolResult\":{\"toolUseId\":\"x.y:1\","
                  "\"content\":[{\"text\":\"7\"}]}},{\"toolResult\":{\"toolUseId\":\"z\","
                  "\"content\":[]}}]}],\"inferenceConfig\":{\"maxTokens\":8,\"temperature\":1.0,"
                  "\"topP\":0.5,\"stopSequences\":[\"#\"]},\"toolConfig\":{\"tools\":[{"
                  "\"toolSpec\":{\"name\":\"f\",\"description\":\"d\",\"inputSchema\":{\"json\":{"
                  "\"type\":\"object\"}},\"strict\":true}}],\"toolChoice\":{\"tool\":{\"name\":"
                  "\"f\"}}},\"outputConfig\":{\"textFormat\":{\"type\":\"json_schema\","
                  "\"structure\":{\"jsonSchema\":{\"schema\":\"{\\\"type\\\":\\\"object\\\"}\","
                  "\"name\":\"form\"}}}}}"));
}

/* ---- what it has no word for */

TEST(what_has_no_word_is_refused_by_its_name)
{
    SAYING(s, REMOTE_BEDROCK);
    CHECK_NO_WORD(s, p->n = 2, "n");
    CHECK_NO_WORD(s, p->logprobs = true, "logprobs");
    CHECK_NO_WORD(s, p->has_seed = true, "seed");
    CHECK_NO_WORD(s, p->top_k = 1, "top_k");
    CHECK_NO_WORD(s, p->json_object = true, "response_format");
    CHECK_NO_WORD(s, c->messages.at[0].name = STR("Erika"), "messages[0].name");
    CHECK_NO_WORD(s, c->messages.count = 0, "messages");
}

TEST(tools_that_must_not_be_called_are_left_out_unless_a_message_speaks_of_them)
{
    SAYING(s, REMOTE_BEDROCK);
    s.conv.c.tools.json = STR("[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]");
    s.conv.c.tools.count = 1;
    s.conv.c.tools.choice = CONV_TOOLS_NONE;
    NEED_OK(saying(&s, ENGINE_CHAT));
    CHECK_STR(buf_str(&s.body),
              STR("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hallo\"}]}]}"));
    s.conv.message.role = CONV_TOOL;
    s.conv.message.tool_call_id = STR("x");
    CHECK_ERR(saying(&s, ENGINE_CHAT), UNSUPPORTED);
    CHECK_STR(str_of(err_param()), STR("tool_choice"));
}

TEST(what_the_grant_does_not_cover_is_not_said)
{
    SAYING(s, REMOTE_BEDROCK);
    s.conv.message.text = content_of(STR("x"), label_of_level(3));
    CHECK_ERR(saying(&s, ENGINE_CHAT), DENIED);
}

/* ---- there and back */

static void
add_use(arena *a, const jval *use, struct conv_message *m)
{
    AUTO(buf) b = BUF(TALK_BYTES);
    buf_add(&b, m->tool_calls.len ? str_slice(m->tool_calls, 0, m->tool_calls.len - 1) : STR("["));
    put_call(&b, get_str(use, "toolUseId"), get_str(use, "name"), get_json(a, use, "input"));
    json_close(&b, ']');
    m->tool_calls = arena_str(a, buf_str(&b));
}

static void
read_blocks(arena *a, const jval *list, enum conv_role role, struct conv *c)
{
    struct jwalk w = {0};
    jval v;
    bool is_fresh = true;
    while (json_each(list, &w, &v)) {
        const jval use = json_get(&v, "toolUse"), result = json_get(&v, "toolResult");
        const jval inner = json_get(&result, "content"), first = json_at(&inner, 0);
        struct conv_message m = {.role = role, .text = content_of(STR(""), LABEL_BOTTOM)};
        if (result.v) {
            m.role = CONV_TOOL;
            m.tool_call_id = get_str(&result, "toolUseId");
            m.text = content_of(get_str(&first, "text"), LABEL_BOTTOM);
        } else if (!use.v) {
            m.text = content_of(get_str(&v, "text"), LABEL_BOTTOM);
        } else if (!is_fresh) {
            add_use(a, &use, &c->messages.at[c->messages.count - 1]);
            continue;
        } else {
            add_use(a, &use, &m);
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
    str before = STR_NONE;
    read_blocks(a, &system, CONV_SYSTEM, c);
    while (json_each(&list, &w, &v)) {
        const jval blocks = json_get(&v, "content");
        const str role = get_str(&v, "role");
        CHECK(!str_eq(role, before)); /* Converse wants them to alternate */
        before = role;
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
    const jval config = json_get(body, "toolConfig"), list = json_get(&config, "tools");
    const jval choice = json_get(&config, "toolChoice"), tool = json_get(&choice, "tool");
    struct jwalk w = {0};
    jval v;
    json_open(&b, '[');
    while (json_each(&list, &w, &v)) {
        const jval spec = json_get(&v, "toolSpec"), schema = json_get(&spec, "inputSchema");
        json_open(&b, '{');
        json_member_str(&b, "type", STR("function"));
        json_key(&b, "function");
        json_open(&b, '{');
        json_member_str(&b, "name", get_str(&spec, "name"));
        if (json_get(&spec, "description").v)
            json_member_str(&b, "description", get_str(&spec, "description"));
        json_key(&b, "parameters");
        buf_add(&b, get_json(a, &schema, "json"));
        if (get_bool(&spec, "strict", false))
            json_member_bool(&b, "strict", true);
        buf_add(&b, STR("}}"));
    }
    json_close(&b, ']');
    if (list.v)
        c->tools.json = arena_str(a, buf_str(&b));
    c->tools.name = get_str(&tool, "name");
    c->tools.choice = choice.v ? CONV_TOOLS_REQUIRED : CONV_TOOLS_AUTO;
}

static void
read_body(arena *a, const jval *body, struct conv *c)
{
    const jval config = json_get(body, "inferenceConfig"), out = json_get(body, "outputConfig");
    const jval form = json_get(&out, "textFormat"), inner = json_get(&form, "structure");
    const jval schema = json_get(&inner, "jsonSchema");
    read_messages(a, body, c);
    read_tools(a, body, c);
    c->params.temperature = get_real(&config, "temperature", 1);
    c->params.top_p = get_real(&config, "topP", 1);
    c->params.tokens_max = (uint32_t)get_whole(&config, "maxTokens", 0);
    get_stops(&config, "stopSequences", &c->params);
    c->format.schema = get_str(&schema, "schema");
    c->format.strict = c->format.schema.len > 0;
}

TEST(ten_thousand_conversations_come_back_as_they_went)
{
    const struct talk_limits few = {.temperature_max = 1};
    talk_check(REMOTE_BEDROCK, &few, read_body);
}
