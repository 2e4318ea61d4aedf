/* SPDX-License-Identifier: EUPL-1.2 */
/* Anthropic's messages, version 2023-06-01. */
#include "engine/remote/say.h"

#include "base/enc.h"

enum { TOOLS_BYTES = 64 << 20, ID_MAX = 256 };

/* ---- blocks */

static void
put_text(buf *b, str text)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("text"));
    json_member_str(b, "text", text);
    json_close(b, '}');
}

static void
put_image(buf *b, enum conv_image_form form, str bytes)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("image"));
    json_key(b, "source");
    json_open(b, '{');
    json_member_str(b, "type", STR("base64"));
    json_member_str(b, "media_type", str_of(conv_image_type(form)));
    json_key(b, "data");
    buf_add_char(b, '"');
    base64_put(b, bytes.at, bytes.len);
    buf_add_char(b, '"');
    json_close(b, '}');
    json_close(b, '}');
}

static void
put_call(buf *b, const struct say_call *c)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("tool_use"));
    json_member_str(b, "id", c->id);
    json_member_str(b, "name", c->name);
    json_key(b, "input");
    buf_add(b, str_trim(c->arguments));
    json_close(b, '}');
}

static void
put_result(buf *b, str id, str text)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("tool_result"));
    json_member_str(b, "tool_use_id", id);
    json_member_str(b, "content", text);
    json_close(b, '}');
}

static const struct say_blocks blocks = {ID_MAX, "", put_text, put_image, put_call, put_result};

/* ---- tools */

static void
put_choice(const struct conv_tools *t, buf *b)
{
    if (t->choice == CONV_TOOLS_AUTO && t->most <= 1)
        return;
    json_key(b, "tool_choice");
    json_open(b, '{');
    json_member_str(b, "type",
                    t->choice == CONV_TOOLS_NONE   ? STR("none")
                    : t->choice == CONV_TOOLS_AUTO ? STR("auto")
                    : t->name.len                  ? STR("tool")
                                                   : STR("any"));
    if (t->choice == CONV_TOOLS_REQUIRED && t->name.len)
        json_member_str(b, "name", t->name);
    if (t->choice != CONV_TOOLS_NONE)
        json_member_bool(b, "disable_parallel_tool_use", t->most <= 1);
    json_close(b, '}');
}

static void
put_tool(const struct say_tool *t, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "name", t->name);
    if (t->description.len)
        json_member_str(b, "description", t->description);
    json_key(b, "input_schema");
    say_put_schema(&t->parameters, b);
    if (t->strict)
        json_member_bool(b, "strict", true);
    json_close(b, '}');
}

static fallible
put_tools(const struct say *s, arena *a, buf *b)
{
    say_tools tools = {0};
    if (!s->c->tools.json.len)
        return OK;
    TRY(say_read_tools(s, a, &tools));
    json_key(b, "tools");
    json_open(b, '[');
    for (size_t i = 0; i < tools.count; i++)
        put_tool(&tools.at[i], b);
    json_close(b, ']');
    put_choice(&s->c->tools, b);
    return OK;
}

/* ---- the rest */

static void
put_params(const struct say *s, buf *b)
{
    const struct conv_params *p = &s->c->params;
    if (p->temperature != 1)
        json_member_f64(b, "temperature", p->temperature < 1 ? p->temperature : 1);
    if (p->top_p != 1)
        json_member_f64(b, "top_p", p->top_p);
    if (p->top_k > 0)
        json_member_i64(b, "top_k", p->top_k);
    say_put_stops(s->c, "stop_sequences", b);
    if (s->c->format.schema.len) {
        json_key(b, "output_config");
        buf_add(b, STR("{\"format\":{\"type\":\"json_schema\",\"schema\":"));
        buf_add(b, s->c->format.schema);
        buf_add(b, STR("}}"));
    }
}

static uint32_t
tokens_max_of(const struct say *s)
{
    if (s->c->params.tokens_max)
        return s->c->params.tokens_max;
    return s->t->tokens_max ? s->t->tokens_max : SAY_TOKENS_DEFAULT;
}

fallible
say_anthropic(const struct say *s, buf *b)
{
    AUTO(arena) *a = NULL;
    TRY(say_check_params(s));
    TRY(arena_open(TOOLS_BYTES, &a));
    json_open(b, '{');
    json_member_str(b, "model", s->t->model);
    json_member_u64(b, "max_tokens", tokens_max_of(s));
    TRY(say_messages(s, &blocks, a, b));
    put_params(s, b);
    TRY(put_tools(s, a, b));
    json_member_bool(b, "stream", true);
    json_close(b, '}');
    return buf_end(b);
}
