/* SPDX-License-Identifier: EUPL-1.2 */
/* OpenAI's chat completions, completions and embeddings.  top_k, min_p, repetition_penalty and
 * ignore_eos are what vLLM, SGLang and llama-server call them; OpenAI itself refuses them. */
#include "engine/remote/say.h"

#include "base/enc.h"

/* ---- messages */

static void
put_text_part(str text, buf *b)
{
    if (!text.len)
        return;
    json_open(b, '{');
    json_member_str(b, "type", STR("text"));
    json_member_str(b, "text", text);
    json_close(b, '}');
}

static fallible
put_image_part(const struct conv_image *i, const grant *g, buf *b)
{
    str bytes;
    TRY(content_open(i->bytes, g, &bytes));
    json_open(b, '{');
    json_member_str(b, "type", STR("image_url"));
    json_key(b, "image_url");
    json_open(b, '{');
    json_key(b, "url");
    buf_add_fmt(b, "\"data:%s;base64,", conv_image_type(i->form));
    base64_put(b, bytes.at, bytes.len);
    buf_add_char(b, '"');
    json_close(b, '}');
    json_close(b, '}');
    return OK;
}

static fallible
put_parts(const struct say *s, const struct conv_message *m, str text, buf *b)
{
    json_open(b, '[');
    for (size_t i = 0; i <= m->images.count; i++) {
        put_text_part(conv_text_between(m, text, i), b);
        if (i < m->images.count)
            TRY(put_image_part(&m->images.at[i], s->g, b));
    }
    json_close(b, ']');
    return OK;
}

static fallible
put_message(const struct say *s, const struct conv_message *m, buf *b)
{
    str text;
    TRY(content_open(m->text, s->g, &text));
    json_open(b, '{');
    json_member_str(b, "role", str_of(conv_role_name(m->role)));
    json_key(b, "content");
    if (m->images.count)
        TRY(put_parts(s, m, text, b));
    else if (text.len || !m->tool_calls.len)
        json_put_str(b, text);
    else
        json_put_null(b);
    if (m->name.len)
        json_member_str(b, "name", m->name);
    if (m->tool_calls.len) {
        json_key(b, "tool_calls");
        buf_add(b, m->tool_calls);
    }
    if (m->role == CONV_TOOL)
        json_member_str(b, "tool_call_id", m->tool_call_id);
    json_close(b, '}');
    return OK;
}

static fallible
put_messages(const struct say *s, buf *b)
{
    json_key(b, "messages");
    json_open(b, '[');
    for (size_t i = 0; i < s->c->messages.count; i++)
        TRY(put_message(s, &s->c->messages.at[i], b));
    json_close(b, ']');
    return OK;
}

/* ---- sampling */

static void
put_real(buf *b, const char *name, double value, double unless)
{
    if (value != unless)
        json_member_f64(b, name, value);
}

static void
put_bias(const struct conv_params *p, buf *b)
{
    if (!p->bias_count)
        return;
    json_key(b, "logit_bias");
    json_open(b, '{');
    for (uint32_t i = 0; i < p->bias_count; i++) {
        buf_add_fmt(b, "%s\"%d\":", i ? "," : "", (int)p->bias[i].token);
        json_put_f64(b, (double)p->bias[i].bias);
    }
    json_close(b, '}');
}

static void
put_sampling(const struct say *s, buf *b)
{
    const struct conv_params *p = &s->c->params;
    const bool is_new = s->t->says_completion_tokens && s->kind == ENGINE_CHAT;
    put_real(b, "temperature", p->temperature, 1);
    put_real(b, "top_p", p->top_p, 1);
    put_real(b, "min_p", p->min_p, 0);
    put_real(b, "presence_penalty", p->presence, 0);
    put_real(b, "frequency_penalty", p->frequency, 0);
    put_real(b, "repetition_penalty", p->repeat, 1);
    if (p->top_k > 0)
        json_member_i64(b, "top_k", p->top_k);
    if (p->has_seed)
        json_member_i64(b, "seed", (int64_t)p->seed);
    if (p->tokens_max)
        json_member_u64(b, is_new ? "max_completion_tokens" : "max_tokens", p->tokens_max);
    if (p->n > 1)
        json_member_u64(b, "n", p->n);
    say_put_stops(s->c, "stop", b);
    put_bias(p, b);
    if (p->ignore_eos)
        json_member_bool(b, "ignore_eos", true);
}

static void
put_stream(buf *b)
{
    json_member_bool(b, "stream", true);
    json_key(b, "stream_options");
    buf_add(b, STR("{\"include_usage\":true}"));
}

/* ---- tools and form */

static void
put_choice(const struct conv_tools *t, buf *b)
{
    if (t->choice == CONV_TOOLS_AUTO)
        return;
    json_key(b, "tool_choice");
    if (t->choice == CONV_TOOLS_NONE) {
        json_put_str(b, STR("none"));
    } else if (!t->name.len) {
        json_put_str(b, STR("required"));
    } else {
        buf_add(b, STR("{\"type\":\"function\",\"function\":{\"name\":"));
        json_put_str(b, t->name);
        buf_add(b, STR("}}"));
    }
}

static void
put_tools(const struct conv_tools *t, buf *b)
{
    if (!t->json.len)
        return;
    json_key(b, "tools");
    buf_add(b, t->json);
    put_choice(t, b);
    /* What was not asked for is left to the provider, but for a call that is forced. */
    if (t->most > 1 || t->choice == CONV_TOOLS_REQUIRED)
        json_member_bool(b, "parallel_tool_calls", t->most > 1);
}

static fallible
put_format(const struct conv *c, buf *b)
{
    const struct conv_format *f = &c->format;
    if (f->grammar.len && !f->schema.len && c->tools.choice != CONV_TOOLS_REQUIRED)
        REFUSE(UNSUPPORTED, "response_format", "the model's provider takes no grammar");
    if (c->params.json_object) {
        json_key(b, "response_format");
        buf_add(b, STR("{\"type\":\"json_object\"}"));
        return OK;
    }
    if (!f->schema.len)
        return OK;
    json_key(b, "response_format");
    buf_add(b, STR("{\"type\":\"json_schema\",\"json_schema\":"));
    json_open(b, '{');
    json_member_str(b, "name", f->name.len ? f->name : STR("answer"));
    json_member_bool(b, "strict", f->strict);
    json_key(b, "schema");
    buf_add(b, f->schema);
    buf_add(b, STR("}}"));
    return OK;
}

/* ---- the three routes */

static fallible
put_chat(const struct say *s, buf *b)
{
    const struct conv_params *p = &s->c->params;
    TRY(put_messages(s, b));
    put_sampling(s, b);
    if (p->logprobs) {
        json_member_bool(b, "logprobs", true);
        json_member_u64(b, "top_logprobs", p->top_logprobs);
    }
    put_tools(&s->c->tools, b);
    TRY(put_format(s->c, b));
    put_stream(b);
    return OK;
}

static fallible
put_text(const struct say *s, buf *b)
{
    const struct conv_params *p = &s->c->params;
    str prompt;
    if (p->json_object || s->c->format.schema.len || s->c->format.grammar.len)
        REFUSE(UNSUPPORTED, "response_format", "response_format is only for chats");
    TRY(content_open(s->c->prompt, s->g, &prompt));
    json_member_str(b, "prompt", prompt);
    put_sampling(s, b);
    if (p->logprobs)
        json_member_u64(b, "logprobs", p->top_logprobs);
    if (p->echo)
        json_member_bool(b, "echo", true);
    put_stream(b);
    return OK;
}

/* base64 is exact and a third of the length; who does not know it sends numbers. */
static fallible
put_inputs(const struct say *s, buf *b)
{
    json_key(b, "input");
    json_open(b, '[');
    for (size_t i = 0; i < s->c->inputs.count; i++) {
        str text;
        TRY(content_open(s->c->inputs.at[i], s->g, &text));
        json_put_str(b, text);
    }
    json_close(b, ']');
    if (s->c->dimensions)
        json_member_u64(b, "dimensions", s->c->dimensions);
    json_member_str(b, "encoding_format", STR("base64"));
    return OK;
}

fallible
say_openai(const struct say *s, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "model", s->t->model);
    if (s->kind == ENGINE_EMBED)
        TRY(put_inputs(s, b));
    else if (s->kind == ENGINE_COMPLETE)
        TRY(put_text(s, b));
    else
        TRY(put_chat(s, b));
    json_close(b, '}');
    return buf_end(b);
}
