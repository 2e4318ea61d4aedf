/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/citizen/likeness.h"

#include <math.h>

#include "base/utf8.h"

struct liking {
    struct likeness_ask ask;
    struct conv conv; /* the texts alone */
    const float *vectors[LIKENESS_TEXTS_MAX];
    size_t dims;
};

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct liking *const k = ctx;
    double sum = 0;
    void *at = NULL;
    for (size_t i = 0; i < dims; i++)
        sum += (double)values[i] * (double)values[i];
    if (index >= k->ask.count || !(sum > 0) || !isfinite(sum) || (k->dims && k->dims != dims) ||
        try_arena_get(k->ask.call->a, dims, sizeof(float), &at).code)
        return;
    float *const v = at;
    for (size_t i = 0; i < dims; i++)
        v[i] = (float)((double)values[i] / sqrt(sum));
    k->vectors[index] = v;
    k->dims = dims;
}

/* The answer's label is made of what is found. */
static void
on_start(void *ctx, const struct gate_start *s)
{
    struct liking *const k = ctx;
    char room[MODEL_EMBEDDER_MAX];
    if (k->ask.embedder &&
        try_arena_str(k->ask.call->a, model_embedder(s->model, room), k->ask.embedder).code)
        *k->ask.embedder = STR_NONE;
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    (void)ctx, (void)u; /* on_end follows */
}

static void
on_end(void *ctx, err e)
{
    struct liking *const k = ctx;
    *k->ask.job = NULL;
    k->ask.done(k->ask.ctx, e.code || !k->vectors[0] ? NULL : k->vectors, k->dims);
}

static fallible
add_input(struct liking *k, str text)
{
    AUTO(buf) b = BUF(2 * LIKENESS_BYTES_MAX);
    const str most = str_slice(text, 0, LIKENESS_BYTES_MAX);
    str kept;
    buf_add(&b, STR("query: ")); /* what embedders of passages are trained to hear */
    buf_add(&b, str_slice(most, 0, utf8_whole_len(most)));
    TRY(buf_end(&b));
    TRY(try_arena_str(k->ask.call->a, buf_str(&b), &kept));
    const content input = content_of(kept, LABEL_BOTTOM);
    return VEC_ADD(k->ask.call->a, &k->conv.inputs, &input);
}

fallible
likeness_run(const struct likeness_ask *ask)
{
    const struct keep_call *const c = ask->call;
    struct liking *const k = arena_new(c->a, struct liking);
    ASSERT(ask->done && ask->job && ask->count && ask->count <= LIKENESS_TEXTS_MAX);
    *k = (struct liking){.ask = *ask};
    const struct gate_hooks hooks = {.on_start = on_start,
                                     .on_vector = on_vector,
                                     .on_done = on_done,
                                     .on_end = on_end,
                                     .ctx = k};
    const struct gate_ask run = {.session = c->session,
                                 .case_name = c->case_name,
                                 .op = OP_EMBED,
                                 .kind = ENGINE_EMBED,
                                 .label_text = ask->label_text,
                                 .conv = &k->conv,
                                 .request_id = c->request_id,
                                 .received_us = ask->received_us,
                                 .a = c->a};
    for (size_t i = 0; i < ask->count; i++)
        TRY(add_input(k, ask->texts[i]));
    conv_params_default(&k->conv.params);
    return gate_run(c->gate, &run, hooks, ask->job);
}
