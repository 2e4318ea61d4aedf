/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/citizen/likeness.h"

#include <math.h>

#include "base/utf8.h"

struct liking {
    struct likeness_ask ask;
    struct conv conv; /* the text alone */
    float *vector;
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
    if (index || !(sum > 0) || !isfinite(sum) ||
        try_arena_get(k->ask.call->a, dims, sizeof(float), &at).code)
        return;
    k->vector = at;
    k->dims = dims;
    for (size_t i = 0; i < dims; i++)
        k->vector[i] = (float)((double)values[i] / sqrt(sum));
}

static void
on_start(void *ctx, const struct gate_start *s)
{
    (void)ctx, (void)s; /* the answer's label is made of what is found */
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
    k->ask.done(k->ask.ctx, e.code ? NULL : k->vector, k->dims);
}

fallible
likeness_run(const struct likeness_ask *ask)
{
    const struct keep_call *const c = ask->call;
    AUTO(buf) b = BUF(2 * LIKENESS_BYTES_MAX);
    struct liking *const k = arena_new(c->a, struct liking);
    str text;
    ASSERT(ask->done && ask->job);
    *k = (struct liking){.ask = *ask};
    const struct gate_hooks hooks = {.on_start = on_start,
                                     .on_vector = on_vector,
                                     .on_done = on_done,
                                     .on_end = on_end,
                                     .ctx = k};
    const struct gate_ask run = {.session = c->session,
                                 .op = OP_EMBED,
                                 .kind = ENGINE_EMBED,
                                 .label_text = ask->label_text,
                                 .conv = &k->conv,
                                 .request_id = c->request_id,
                                 .received_us = ask->received_us,
                                 .a = c->a};
    buf_add(&b, STR("query: ")); /* what embedders of passages are trained to hear */
    const str most = str_slice(ask->text, 0, LIKENESS_BYTES_MAX);
    buf_add(&b, str_slice(most, 0, utf8_whole_len(most)));
    TRY(buf_end(&b));
    TRY(try_arena_str(c->a, buf_str(&b), &text));
    const content input = content_of(text, LABEL_BOTTOM);
    conv_params_default(&k->conv.params);
    TRY(VEC_ADD(c->a, &k->conv.inputs, &input));
    return gate_run(c->gate, &run, hooks, ask->job);
}
