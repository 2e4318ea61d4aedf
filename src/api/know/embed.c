/* SPDX-License-Identifier: EUPL-1.2 */
/* A model gives the passages of a collection their vectors, a batch after the other, each under the
 * label of its passages; at the end all take effect together.  A document that was changed in the
 * meantime keeps its words alone: a vector speaks for the text it was made from.
 *
 * Whoever hangs up ends it; then nothing has changed.  For collections beyond EMBED_PIECES_MAX
 * there is `hoheit know vectors`. */
#include <math.h>

#include "api/know/know_api.h"
#include "api/responses/kept.h"
#include "base/fault.h"
#include "base/map.h"
#include "work/library/library.h"

enum { EMBED_PIECES_MAX = 40000, BATCH = 32, NAME_BYTES = 256 };
#define PIECES_BYTES ((size_t)1 << 30)

struct held {
    str id, text;
    label label;
    float *vector; /* NULL: none yet */
};

struct embedding {
    struct kept_work *w;
    arena *own;
    VEC(struct held) pieces;
    size_t next, batch; /* of the batch that runs: its first, and how many */
    size_t words_from;  /* of `pieces`: the rest are words */
    size_t dims, count;
    struct conv conv;
    str model, label_text;
    err failure;
};

static void
embedding_done(void *p)
{
    struct embedding *const m = p;
    arena_free(m->own);
}

/* ---- the end */
static void
on_recorded(void *ctx, err e)
{
    struct embedding *const m = ctx;
    buf *const b = &m->w->body;
    if (e.code) {
        api_fail(m->w->call, e);
        return;
    }
    json_open(b, '{');
    json_member_u64(b, "vectors", m->count);
    json_member_u64(b, "dimensions", m->dims);
    json_close(b, '}');
    kept_answer(m->w, STR_NONE);
}

static void
forget(void *p)
{
    const struct embedding *const m = p;
    audit_forget(gate_parts_of(m->w->call->gate)->audit, p);
}

static fallible
record(struct embedding *m)
{
    const struct api_call *const c = m->w->call;
    const struct audit_record r = {.event = EVENT_KNOW_EMBED,
                                   .request_id = http_request_id(c->x),
                                   .key_id = c->session->key_id,
                                   .tenant = c->session->tenant,
                                   .person = c->session->person,
                                   .purpose = c->session->purpose,
                                   .label_text = m->w->one.label_text,
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok",
                                   .object = c->args[0]};
    arena_on_end(c->a, forget, m);
    return audit_append(gate_parts_of(c->gate)->audit, &r, on_recorded, m);
}

struct matching {
    map by_id;
    know_vectors *v;
};

/* Only of passages that read as they did. */
static err
match(void *ctx, const struct know_piece *p)
{
    struct matching *const t = ctx;
    const struct held *const h = map_get(&t->by_id, p->id);
    if (!h || !h->vector || !str_eq(h->text, p->text))
        return OK;
    return know_vectors_add(t->v, p->id, h->vector);
}

static fallible
gather(struct embedding *m, know *k, struct matching *t)
{
    for (size_t i = 0; i < m->pieces.count; i++)
        TRY(map_put(&t->by_id, m->pieces.at[i].id, &m->pieces.at[i]));
    TRY(know_pieces(k, m->w->one.grant, match, t));
    return know_words(k, m->w->one.grant, match, t);
}

static fallible
commit(struct embedding *m)
{
    AUTO(know_vectors) *v = NULL;
    struct matching t = {.v = NULL};
    know *k;
    if (m->dims) {
        TRY(know_vectors_new(m->dims, &v));
        TRY(library_find(api_library(m->w->call->api), m->w->call->args[0], &k));
        t.v = v;
        const err e = gather(m, k, &t);
        map_done(&t.by_id);
        TRY(e);
        TRY(know_vectors_commit(k, m->w->one.grant, v, &m->count));
    }
    return record(m);
}

/* ---- batches */
static void
on_start(void *ctx, const struct gate_start *s)
{
    (void)ctx, (void)s; /* the answer comes at the end */
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    (void)ctx, (void)u;
}

static fallible
take_vector(struct embedding *m, uint32_t index, const float *values, size_t dims)
{
    double sum = 0;
    void *at = NULL;
    for (size_t i = 0; i < dims; i++)
        sum += (double)values[i] * (double)values[i];
    if (index >= m->batch || (m->dims && m->dims != dims) || !isfinite(sum))
        FAIL(INTERNAL, "the engine gave a vector of another kind");
    m->dims = dims;
    if (!(sum > 0))
        return OK; /* of a passage that says nothing to it */
    TRY(try_arena_get(m->own, dims, sizeof(float), &at));
    float *const v = at;
    for (size_t i = 0; i < dims; i++)
        v[i] = (float)((double)values[i] / sqrt(sum));
    m->pieces.at[m->next + index].vector = v;
    return OK;
}

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct embedding *const m = ctx;
    if (!m->failure.code)
        m->failure = take_vector(m, index, values, dims);
}

static fallible run_batch(struct embedding *m);

static void
on_end(void *ctx, err e)
{
    struct embedding *const m = ctx;
    m->w->call->job = NULL;
    if (!e.code)
        e = m->failure;
    m->next += m->batch;
    if (!e.code)
        e = run_batch(m);
    if (e.code)
        api_fail(m->w->call, e);
}

static fallible
add_inputs(struct embedding *m)
{
    const label l = m->pieces.at[m->next].label;
    m->conv.inputs.count = m->batch = 0;
    while (m->batch < BATCH && m->next + m->batch < m->pieces.count &&
           label_eq(m->pieces.at[m->next + m->batch].label, l)) {
        AUTO(buf) b = BUF(64 * 1024);
        str text;
        /* As questions begin with "query: "; a word of the documents is met by a question's word.
         */
        buf_add(&b, m->next + m->batch < m->words_from ? STR("passage: ") : STR("query: "));
        buf_add(&b, m->pieces.at[m->next + m->batch].text);
        TRY(buf_end(&b));
        TRY(try_arena_str(m->own, buf_str(&b), &text));
        const content input = content_of(text, LABEL_BOTTOM);
        TRY(VEC_ADD(m->own, &m->conv.inputs, &input));
        m->batch++;
    }
    return OK;
}

static fallible
run_batch(struct embedding *m)
{
    struct api_call *const c = m->w->call;
    if (m->next == m->pieces.count)
        return commit(m);
    const struct gate_hooks hooks = {.on_start = on_start,
                                     .on_vector = on_vector,
                                     .on_done = on_done,
                                     .on_end = on_end,
                                     .ctx = m};
    const struct gate_ask ask = {.session = c->session,
                                 .case_name = c->case_name,
                                 .op = OP_EMBED,
                                 .kind = ENGINE_EMBED,
                                 .model = m->model,
                                 .priority_text = STR("batch"),
                                 .floor = m->pieces.at[m->next].label,
                                 .conv = &m->conv,
                                 .request_id = http_request_id(c->x),
                                 .traceparent = http_header(c->x, STR("traceparent")),
                                 .received_us = http_received_us(c->x),
                                 .a = c->a,
                                 .refused_by = &c->limits};
    TRY(add_inputs(m));
    conv_params_default(&m->conv.params);
    return gate_run(c->gate, &ask, hooks, &c->job);
}

/* ---- the beginning */
static err
hold(void *ctx, const struct know_piece *p)
{
    struct embedding *const m = ctx;
    struct held h = {.label = p->label};
    if (m->pieces.count == EMBED_PIECES_MAX)
        REFUSE(TOO_LARGE, "", "a collection of more than %d passages is embedded offline",
               EMBED_PIECES_MAX);
    TRY(try_arena_str(m->own, p->id, &h.id));
    TRY(try_arena_str(m->own, p->text, &h.text));
    return VEC_ADD(m->own, &m->pieces, &h);
}

static fallible
start(struct embedding *m)
{
    know *k;
    TRY(library_find(api_library(m->w->call->api), m->w->call->args[0], &k));
    TRY(know_pieces(k, m->w->one.grant, hold, m));
    m->words_from = m->pieces.count;
    TRY(know_words(k, m->w->one.grant, hold, m));
    return run_batch(m);
}

static void
start_then(struct kept_work *w)
{
    kept_go(w, start(w->own));
}

static fallible
read_wish(struct embedding *m)
{
    static const char *const known[] = {"model", NULL};
    struct api_call *const c = m->w->call;
    know *k;
    jval body;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    const jval model = json_get(&body, "model");
    TRY(opt_json_str(&model, NAME_BYTES, &m->model));
    TRY(library_find(api_library(c->api), c->args[0], &k));
    TRY(arena_open(PIECES_BYTES, &m->own));
    arena_on_end(c->a, embedding_done, m);
    return keep_allow(&m->w->keep, OP_KNOW_ADD, STR_NONE, &m->w->one);
}

void
know_embed(struct api_call *c)
{
    struct embedding *const m = arena_new(c->a, struct embedding);
    m->w = kept_begin(c, start_then);
    m->w->own = m;
    kept_go(m->w, read_wish(m));
}
