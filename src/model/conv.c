/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/conv.h"

#include "base/json.h"

static const char *const role_names[] = {
    [CONV_SYSTEM] = "system",
    [CONV_USER] = "user",
    [CONV_ASSISTANT] = "assistant",
    [CONV_TOOL] = "tool",
};

void
conv_params_default(struct conv_params *p)
{
    *p = (struct conv_params){.temperature = 1, .top_p = 1, .repeat = 1, .n = 1};
}

const char *
conv_role_name(enum conv_role r)
{
    ASSERT((size_t)r < sizeof role_names / sizeof *role_names);
    return role_names[r];
}

/* All or nothing: no byte is written before every one may be. */
static fallible
check_all(const struct conv *c, const grant *g)
{
    str unused;
    for (size_t i = 0; i < c->messages.count; i++)
        TRY(content_open(c->messages.at[i].text, g, &unused));
    return OK;
}

static fallible
put_message(const struct conv_message *m, const grant *g, buf *b)
{
    str text;
    TRY(content_open(m->text, g, &text));
    json_open(b, '{');
    json_member_str(b, "role", str_of(conv_role_name(m->role)));
    json_member_str(b, "content", text);
    if (m->name.len)
        json_member_str(b, "name", m->name);
    if (m->tool_calls.len) {
        json_key(b, "tool_calls");
        buf_add(b, m->tool_calls);
    }
    if (m->tool_call_id.len)
        json_member_str(b, "tool_call_id", m->tool_call_id);
    json_close(b, '}');
    return OK;
}

fallible
conv_put_messages(const struct conv *c, const grant *g, buf *b)
{
    TRY(check_all(c, g));
    json_open(b, '{');
    json_key(b, "messages");
    json_open(b, '[');
    for (size_t i = 0; i < c->messages.count; i++)
        TRY(put_message(&c->messages.at[i], g, b));
    json_close(b, ']');
    if (c->tools.json.len && c->tools.choice != CONV_TOOLS_NONE) {
        json_key(b, "tools");
        buf_add(b, c->tools.json);
    }
    json_close(b, '}');
    return buf_end(b);
}
