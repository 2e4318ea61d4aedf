/* SPDX-License-Identifier: EUPL-1.2 */
/* Vectors of one text or several: they come in any order, the answer has them in the order of the
 * inputs. */
#include "api/ollama/decode.h"
#include "api/ollama/ollama.h"
#include "api/ratelimit.h"
#include "os/clock.h"

struct vector {
    float *values;
    size_t dims;
};

struct embed {
    struct api_call *call;
    struct ollama_ask ask;
    bool is_one; /* /api/embeddings */
    struct vector *list;
    str model, label_text;
    struct gate_limits limits;
    struct engine_usage usage;
    struct err_kept failure; /* of the arena, when a vector found no room */
};

static void
on_start(void *ctx, const struct gate_start *s)
{
    struct embed *w = ctx;
    w->label_text = arena_str(w->call->a, s->label_text);
    w->limits = s->limits;
    if (!w->model.len)
        w->model = s->model->name;
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
    w->list[index] = (struct vector){room, dims};
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct embed *w = ctx;
    w->usage = *u;
}

static void
put_vector(const struct vector *v, buf *b)
{
    json_open(b, '[');
    for (size_t i = 0; i < v->dims; i++)
        json_put_f64(b, (double)v->values[i]);
    json_close(b, ']');
}

static void
put_several(const struct embed *w, buf *b)
{
    json_member_str(b, "model", w->model);
    json_key(b, "embeddings");
    json_open(b, '[');
    for (size_t i = 0; i < w->ask.conv.inputs.count; i++)
        put_vector(&w->list[i], b);
    json_close(b, ']');
    json_member_u64(b, "total_duration", (clock_us() - http_received_us(w->call->x)) * 1000);
    json_member_u64(b, "load_duration", w->usage.queued_us * 1000);
    json_member_u64(b, "prompt_eval_count", w->usage.prompt_tokens);
}

static fallible
put_answer(const struct embed *w, buf *b)
{
    TRY(err_again(&w->failure));
    for (size_t i = 0; i < w->ask.conv.inputs.count; i++)
        if (!w->list[i].values)
            FAIL(INTERNAL, "the engine left out a vector");
    json_open(b, '{');
    if (w->is_one) {
        json_key(b, "embedding");
        put_vector(&w->list[0], b);
    } else
        put_several(w, b);
    json_close(b, '}');
    return buf_end(b);
}

static void
on_end(void *ctx, err e)
{
    struct embed *w = ctx;
    AUTO(buf) b = BUF(gate_parts_of(w->call->gate)->params->gate_request_memory_bytes_max);
    w->call->job = NULL;
    if (!e.code)
        e = put_answer(w, &b);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    struct http_field fields[2 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("application/json")}, {STR("x-hoheit-label"), w->label_text}};
    const size_t count = 2 + ratelimit_openai(w->call->a, &w->limits, &fields[2]);
    http_answer(w->call->x, 200, fields, count, buf_str(&b));
}

static fallible
decode(struct embed *w)
{
    const enum ollama_route route = w->is_one ? OLLAMA_EMBEDDINGS : OLLAMA_EMBED;
    jval body;
    void *room;
    TRY(api_body(w->call, &body));
    TRY(ollama_decode(gate_parts_of(w->call->gate)->params, w->call->a, &body, route, &w->ask));
    TRY(try_arena_get(w->call->a, w->ask.conv.inputs.count, sizeof *w->list, &room));
    w->list = room;
    w->model = w->ask.model;
    w->ask.model = ollama_model(w->call, w->model, MODEL_EMBED);
    return OK;
}

static fallible
run(struct embed *w)
{
    struct api_call *c = w->call;
    TRY(decode(w));
    const struct gate_ask ask = api_ask(c, OP_EMBED, ENGINE_EMBED, w->ask.model, &w->ask.conv);
    const struct gate_hooks hooks = {.on_start = on_start,
                                     .on_vector = on_vector,
                                     .on_done = on_done,
                                     .on_end = on_end,
                                     .ctx = w};
    return gate_run(c->gate, &ask, hooks, &c->job);
}

static void
start(struct api_call *c, bool is_one)
{
    struct embed *w = arena_new(c->a, struct embed);
    w->call = c;
    w->is_one = is_one;
    const err e = run(w);
    if (e.code)
        api_fail(c, e);
}

void
ollama_embed(struct api_call *c)
{
    start(c, false);
}

void
ollama_embeddings(struct api_call *c)
{
    start(c, true);
}
