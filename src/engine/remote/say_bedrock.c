/* SPDX-License-Identifier: EUPL-1.2 */
/* Bedrock's Converse. */
#include "engine/remote/say.h"

#include "base/enc.h"

enum { TOOLS_BYTES = 64 << 20, ID_MAX = 64 };

/* ---- blocks */

static void
put_text(buf *b, str text)
{
    json_open(b, '{');
    json_member_str(b, "text", text);
    json_close(b, '}');
}

static void
put_image(buf *b, enum conv_image_form form, str bytes)
{
    json_open(b, '{');
    json_key(b, "image");
    json_open(b, '{');
    json_member_str(b, "format", form == CONV_PNG ? STR("png") : STR("jpeg"));
    json_key(b, "source");
    json_open(b, '{');
    json_key(b, "bytes");
    buf_add_char(b, '"');
    base64_put(b, bytes.at, bytes.len);
    buf_add_char(b, '"');
    json_close(b, '}');
    json_close(b, '}');
    json_close(b, '}');
}

static void
put_call(buf *b, const struct say_call *c)
{
    json_open(b, '{');
    json_key(b, "toolUse");
    json_open(b, '{');
    json_member_str(b, "toolUseId", c->id);
    json_member_str(b, "name", c->name);
    json_key(b, "input");
    buf_add(b, str_trim(c->arguments));
    buf_add(b, STR("}}"));
}

static void
put_result(buf *b, str id, str text)
{
    json_open(b, '{');
    json_key(b, "toolResult");
    json_open(b, '{');
    json_member_str(b, "toolUseId", id);
    json_key(b, "content");
    json_open(b, '[');
    if (text.len)
        put_text(b, text);
    buf_add(b, STR("]}}"));
}

static const struct say_blocks blocks = {ID_MAX, ".:", put_text, put_image, put_call, put_result};

/* ---- tools */

static void
put_choice(const struct conv_tools *t, buf *b)
{
    if (t->choice != CONV_TOOLS_REQUIRED)
        return;
    json_key(b, "toolChoice");
    json_open(b, '{');
    if (t->name.len) {
        json_key(b, "tool");
        json_open(b, '{');
        json_member_str(b, "name", t->name);
        json_close(b, '}');
    } else {
        json_key(b, "any");
        buf_add(b, STR("{}"));
    }
    json_close(b, '}');
}

static void
put_tool(const struct say_tool *t, buf *b)
{
    json_open(b, '{');
    json_key(b, "toolSpec");
    json_open(b, '{');
    json_member_str(b, "name", t->name);
    if (t->description.len)
        json_member_str(b, "description", t->description);
    json_key(b, "inputSchema");
    json_open(b, '{');
    json_key(b, "json");
    say_put_schema(&t->parameters, b);
    json_close(b, '}');
    if (t->strict)
        json_member_bool(b, "strict", true);
    buf_add(b, STR("}}"));
}

static bool
has_calls(const struct conv *c)
{
    for (size_t i = 0; i < c->messages.count; i++)
        if (c->messages.at[i].tool_calls.len || c->messages.at[i].role == CONV_TOOL)
            return true;
    return false;
}

/* Converse has no choice "none": the tools are left out, which it allows only while no message
 * speaks of them.  Nor can it be told how many calls at a time. */
static fallible
check_choice(const struct conv *c)
{
    if (c->tools.choice == CONV_TOOLS_NONE && has_calls(c))
        REFUSE(UNSUPPORTED, "tool_choice",
               "tool_choice: the model's provider cannot be told to call none after calls");
    return OK;
}

static fallible
put_tools(const struct say *s, arena *a, buf *b)
{
    say_tools tools = {0};
    if (!s->c->tools.json.len)
        return OK;
    TRY(check_choice(s->c));
    if (s->c->tools.choice == CONV_TOOLS_NONE)
        return OK;
    TRY(say_read_tools(s, a, &tools));
    json_key(b, "toolConfig");
    json_open(b, '{');
    json_key(b, "tools");
    json_open(b, '[');
    for (size_t i = 0; i < tools.count; i++)
        put_tool(&tools.at[i], b);
    json_close(b, ']');
    put_choice(&s->c->tools, b);
    json_close(b, '}');
    return OK;
}

/* ---- the rest */

static void
put_params(const struct conv *c, buf *b)
{
    const struct conv_params *p = &c->params;
    if (!p->tokens_max && p->temperature == 1 && p->top_p == 1 && !p->stop_count)
        return;
    json_key(b, "inferenceConfig");
    json_open(b, '{');
    if (p->tokens_max)
        json_member_u64(b, "maxTokens", p->tokens_max);
    if (p->temperature != 1)
        json_member_f64(b, "temperature", p->temperature < 1 ? p->temperature : 1);
    if (p->top_p != 1)
        json_member_f64(b, "topP", p->top_p);
    say_put_stops(c, "stopSequences", b);
    json_close(b, '}');
}

static void
put_format(const struct conv_format *f, buf *b)
{
    if (!f->schema.len)
        return;
    json_key(b, "outputConfig");
    buf_add(b, STR("{\"textFormat\":{\"type\":\"json_schema\",\"structure\":{\"jsonSchema\":"));
    json_open(b, '{');
    json_member_str(b, "schema", f->schema);
    if (f->name.len)
        json_member_str(b, "name", f->name);
    buf_add(b, STR("}}}}"));
}

fallible
say_bedrock(const struct say *s, buf *b)
{
    AUTO(arena) *a = NULL;
    TRY(say_check_params(s));
    if (s->c->params.top_k > 0)
        REFUSE(UNSUPPORTED, "top_k", "top_k: the model's provider has nothing like it");
    TRY(arena_open(TOOLS_BYTES, &a));
    json_open(b, '{');
    TRY(say_messages(s, &blocks, a, b));
    put_params(s->c, b);
    TRY(put_tools(s, a, b));
    put_format(&s->c->format, b);
    json_close(b, '}');
    return buf_end(b);
}
