/* SPDX-License-Identifier: EUPL-1.2 */
/* write.h - canonical conversations as a client of the Messages API would write them: a text now as
 * a string, now as blocks; a turn now whole, now in several messages. */
#pragma once
#include "unit/api/anthropic/talk.h"

static inline void
put_text_block(buf *b, str text)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("text"));
    json_member_str(b, "text", text);
    if (!pick(4)) {
        json_key(b, "cache_control");
        buf_add(b, STR("{\"type\":\"ephemeral\"}"));
    }
    json_close(b, '}');
}

/* One block, or two where a line ends between two texts. */
static inline void
put_blocks(buf *b, str text)
{
    const ptrdiff_t at = str_find_char(text, '\n');
    if (pick(2) && at > 0 && (size_t)at + 1 < text.len) {
        put_text_block(b, str_slice(text, 0, (size_t)at));
        text = str_slice(text, (size_t)at + 1, text.len);
    }
    if (text.len)
        put_text_block(b, text);
}

static inline void
put_content(buf *b, str text)
{
    json_key(b, "content");
    if (text.len && pick(2)) {
        json_put_str(b, text);
        return;
    }
    json_open(b, '[');
    put_blocks(b, text);
    json_close(b, ']');
}

static inline void
put_uses(arena *a, buf *b, str calls)
{
    struct jwalk w = {0};
    jval list, call;
    CHECK_OK(json_read(a, calls, &list));
    while (json_each(&list, &w, &call)) {
        const jval id = json_get(&call, "id"), f = json_get(&call, "function");
        const jval name = json_get(&f, "name"), arguments = json_get(&f, "arguments");
        str text;
        json_open(b, '{');
        json_member_str(b, "type", STR("tool_use"));
        json_key(b, "id");
        json_put_value(b, &id);
        json_key(b, "name");
        json_put_value(b, &name);
        CHECK_OK(json_str(&arguments, WIRE_ROOM, &text));
        json_key(b, "input");
        buf_add(b, text);
        json_close(b, '}');
    }
}

static inline void
put_result(buf *b, const struct conv_message *m)
{
    const str text = wire_open(m->text);
    json_open(b, '{');
    json_member_str(b, "type", STR("tool_result"));
    json_member_str(b, "tool_use_id", m->tool_call_id);
    if (text.len || pick(2))
        put_content(b, text);
    json_close(b, '}');
}

/* The messages from i on that are one of the wire; returns the next.  A user's turn may come in
 * several. */
static inline size_t
put_wire_message(arena *a, buf *b, const struct conv *c, size_t i)
{
    const struct conv_message *m = &c->messages.at[i];
    const str role = m->role == CONV_TOOL ? STR("user") : str_of(conv_role_name(m->role));
    json_open(b, '{');
    json_member_str(b, "role", role);
    if (m->role == CONV_USER || m->role == CONV_SYSTEM) {
        put_content(b, wire_open(m->text));
        json_close(b, '}');
        return i + 1;
    }
    json_key(b, "content");
    json_open(b, '[');
    if (m->role == CONV_ASSISTANT) {
        put_blocks(b, wire_open(m->text));
        if (m->tool_calls.len)
            put_uses(a, b, m->tool_calls);
        i++;
    }
    while (m->role == CONV_TOOL && i < c->messages.count && c->messages.at[i].role == CONV_TOOL &&
           str_eq(role, STR("user"))) {
        put_result(b, &c->messages.at[i++]);
        if (!pick(4))
            break;
    }
    json_close(b, ']');
    json_close(b, '}');
    return i;
}

static inline void
put_messages(arena *a, buf *b, const struct conv *c)
{
    size_t i = 0;
    if (c->messages.at[0].role == CONV_SYSTEM) {
        json_key(b, "system");
        json_open(b, '[');
        put_blocks(b, wire_open(c->messages.at[i++].text));
        json_close(b, ']');
    }
    json_key(b, "messages");
    json_open(b, '[');
    while (i < c->messages.count)
        i = put_wire_message(a, b, c, i);
    json_close(b, ']');
}

static inline void
put_tools(arena *a, buf *b, const struct conv_tools *t)
{
    static const char *const choices[] = {[CONV_TOOLS_AUTO] = "auto", [CONV_TOOLS_NONE] = "none"};
    struct jwalk w = {0};
    jval list, tool;
    if (!t->count)
        return;
    CHECK_OK(json_read(a, t->json, &list));
    json_key(b, "tools");
    json_open(b, '[');
    while (json_each(&list, &w, &tool)) {
        static const char *const from[] = {"name", "description", "parameters", "strict"};
        static const char *const to[] = {"name", "description", "input_schema", "strict"};
        const jval f = json_get(&tool, "function");
        json_open(b, '{');
        for (size_t i = 0; i < 4; i++) {
            const jval v = json_get(&f, from[i]);
            if (v.v) {
                json_key(b, to[i]);
                json_put_value(b, &v);
            }
        }
        json_close(b, '}');
    }
    json_close(b, ']');
    json_key(b, "tool_choice");
    json_open(b, '{');
    const char *forced = t->name.len ? "tool" : "any";
    json_member_str(b, "type",
                    str_of(t->choice == CONV_TOOLS_REQUIRED ? forced : choices[t->choice]));
    if (t->name.len)
        json_member_str(b, "name", t->name);
    json_member_bool(b, "disable_parallel_tool_use", t->most == 1);
    json_close(b, '}');
}

static inline void
put_request(arena *a, buf *b, const struct conv *c)
{
    const struct conv_params *p = &c->params;
    json_open(b, '{');
    json_member_str(b, "model", STR("m"));
    json_member_u64(b, "max_tokens", p->tokens_max);
    json_member_f64(b, "temperature", p->temperature);
    json_member_f64(b, "top_p", p->top_p);
    json_member_i64(b, "top_k", p->top_k);
    json_key(b, "stop_sequences");
    json_open(b, '[');
    for (uint32_t i = 0; i < p->stop_count; i++)
        json_put_str(b, p->stops[i]);
    json_close(b, ']');
    put_messages(a, b, c);
    put_tools(a, b, &c->tools);
    json_close(b, '}');
}
