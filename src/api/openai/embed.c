/* SPDX-License-Identifier: EUPL-1.2 */
/* Embeddings: vectors come in any order, the answer has them in the order of the inputs. */
#include "api/openai/openai.h"

#include "api/openai/decode.h"
#include "api/ratelimit.h"
#include "base/enc.h"

struct embedding {
    float *values;
    size_t dims;
};

struct embed {
    struct api_call *call;
    struct openai_ask ask;
    struct embedding *list;
    str model, label_text;
    struct gate_limits limits;
    uint32_t prompt_tokens;
    jval body;
    bool passes;
    str whole;               /* then the provider's own answer, just before its end */
    struct err_kept failure; /* of the arena, when a vector found no room */
};

static void
on_start(void *ctx, const struct gate_start *s)
{
    struct embed *w = ctx;
    w->label_text = arena_str(w->call->a, s->label_text);
    w->limits = s->limits;
    w->model = w->ask.model.len ? w->ask.model : s->model->name;
}

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct embed *w = ctx;
    void *room;
    if (index >= w->ask.conv.inputs.count)
        return;
    const err e = try_arena_get(w->call->a, dims, sizeof *values, &room);
    if (e.code) {
        err_keep(&w->failure, e);
        return;
    }
    memcpy(room, values, dims * sizeof *values);
    w->list[index] = (struct embedding){room, dims};
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct embed *w = ctx;
    w->prompt_tokens = u->prompt_tokens;
}

static void
on_pass(void *ctx, const struct gate_start *s, bool is_stream)
{
    struct embed *w = ctx;
    ASSERT(!is_stream);
    on_start(ctx, s);
    w->passes = true;
}

static void
on_frames(void *ctx, str raw)
{
    struct embed *w = ctx;
    w->whole = raw;
}

static void
put_vector(const struct embed *w, const struct embedding *v, buf *b)
{
    json_key(b, "embedding");
    if (w->ask.base64) {
        buf_add_char(b, '"');
        base64_put(b, v->values, v->dims * sizeof *v->values);
        buf_add_char(b, '"');
        return;
    }
    json_open(b, '[');
    for (size_t i = 0; i < v->dims; i++)
        json_put_f64(b, (double)v->values[i]);
    json_close(b, ']');
}

static fallible
put_answer(const struct embed *w, buf *b)
{
    TRY(err_again(&w->failure));
    json_open(b, '{');
    json_member_str(b, "object", STR("list"));
    json_key(b, "data");
    json_open(b, '[');
    for (size_t i = 0; i < w->ask.conv.inputs.count; i++) {
        if (!w->list[i].values)
            FAIL(INTERNAL, "the engine left out a vector");
        json_open(b, '{');
        json_member_str(b, "object", STR("embedding"));
        json_member_u64(b, "index", i);
        put_vector(w, &w->list[i], b);
        json_close(b, '}');
    }
    json_close(b, ']');
    json_member_str(b, "model", w->model);
    json_key(b, "usage");
    json_open(b, '{');
    json_member_u64(b, "prompt_tokens", w->prompt_tokens);
    json_member_u64(b, "total_tokens", w->prompt_tokens);
    json_close(b, '}');
    json_close(b, '}');
    return buf_end(b);
}

static void
on_end(void *ctx, err e)
{
    struct embed *w = ctx;
    AUTO(buf) b = BUF(gate_parts_of(w->call->gate)->params->gate_request_memory_bytes_max);
    w->call->job = NULL;
    if (!e.code && !w->passes)
        e = put_answer(w, &b);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    struct http_field fields[2 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("application/json")}, {STR("x-hoheit-label"), w->label_text}};
    const size_t count = 2 + ratelimit_openai(w->call->a, &w->limits, &fields[2]);
    http_answer(w->call->x, 200, fields, count, w->passes ? w->whole : buf_str(&b));
}

static fallible
decode(struct embed *w)
{
    void *room;
    TRY(api_body(w->call, &w->body));
    TRY(openai_decode_embed(gate_parts_of(w->call->gate)->params, w->call->a, &w->body, &w->ask));
    TRY(try_arena_get(w->call->a, w->ask.conv.inputs.count, sizeof *w->list, &room));
    w->list = room;
    return OK;
}

static fallible
run(struct embed *w)
{
    struct api_call *c = w->call;
    TRY(decode(w));
    struct gate_ask ask = api_ask(c, OP_EMBED, ENGINE_EMBED, w->ask.model, &w->ask.conv);
    ask.raw = openai_raw(c->body, &w->body, &w->ask);
    const struct gate_hooks hooks = {.on_start = on_start,
                                     .on_vector = on_vector,
                                     .on_pass = on_pass,
                                     .on_frames = on_frames,
                                     .on_done = on_done,
                                     .on_end = on_end,
                                     .ctx = w};
    return gate_run(c->gate, &ask, hooks, &c->job);
}

void
openai_embeddings(struct api_call *c)
{
    struct embed *w = arena_new(c->a, struct embed);
    w->call = c;
    w->ask.keeps_unknown = true;
    const err e = run(w);
    if (e.code)
        api_fail(c, e);
}
