/* SPDX-License-Identifier: EUPL-1.2 */
/* A model gives the passages of a collection their vectors, a batch after the other, each under the
 * label of its passages.  Passages that have one by this model are left alone; at the end all take
 * effect together, also in place of another model's, which serve until then.  A document that was
 * changed in the meantime keeps its words alone: a vector speaks for the text it was made from.
 *
 * What is ready is kept on the way (know_vectors_keep): whoever hangs up, or is killed, loses
 * KEEP_EVERY vectors at most and asks again.  With "most" one call embeds so many, keeps them and
 * says how many are missing still: a large collection in many calls. */
#include <math.h>

#include "api/know/know_api.h"
#include "api/responses/kept.h"
#include "base/fault.h"
#include "work/library/library.h"

enum { EMBED_PIECES_MAX = 40000, KEEP_EVERY = 1024, BATCH = 32, NAME_BYTES = 256 };
#define PIECES_BYTES ((size_t)1 << 30)

struct embedding {
    struct kept_work *w;
    arena *own;
    VEC(struct know_piece) pieces;
    size_t missing;     /* of all, when it began */
    size_t next, batch; /* of the batch that runs: its first, and how many */
    size_t unkept;
    know_vectors *v; /* NULL: none yet */
    size_t dims, count, waiting;
    int64_t most;
    struct conv conv;
    str model, embedder;
    err failure;
};

static void
embedding_done(void *p)
{
    struct embedding *const m = p;
    know_vectors_free(TAKE(m->v));
    arena_free(m->own);
}

static fallible
find(const struct embedding *m, know **ret)
{
    return library_find(api_library(m->w->call->api), m->w->call->args[0], ret);
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
    json_member_str(b, "embedder", m->embedder);
    json_member_u64(b, "embedded", m->pieces.count);
    json_member_u64(b, "missing", m->missing - m->pieces.count);
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

static fallible
tell_state(struct embedding *m, know *k)
{
    struct know_stat stat;
    TRY(know_stat(k, m->w->one.grant, &stat));
    m->count = stat.vectors;
    m->dims = stat.dims;
    return record(m);
}

/* All are there, if not in the collection then beside it. */
static fallible
commit(struct embedding *m)
{
    const grant *const g = m->w->one.grant;
    know *k;
    TRY(find(m, &k));
    if (m->missing > m->pieces.count) {
        if (m->v)
            TRY(know_vectors_keep(k, g, m->v));
        return tell_state(m, k);
    }
    if (!m->v)
        TRY(know_vectors_resume(k, g, m->embedder, &m->v));
    if (m->v)
        TRY(know_vectors_commit(k, g, m->v, &m->count));
    return tell_state(m, k);
}

/* ---- batches */

/* A name may stand for several models; one collection's vectors are by one. */
static void
on_start(void *ctx, const struct gate_start *s)
{
    struct embedding *const m = ctx;
    char room[MODEL_EMBEDDER_MAX];
    if (!str_eq(model_embedder(s->model, room), m->embedder))
        m->failure = err_start_public(ERR_CONFLICT, "model", __FILE__, __LINE__, __func__,
                                      "the name stands for several models: name one of them");
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    (void)ctx, (void)u;
}

static fallible
take_vector(struct embedding *m, uint32_t index, const float *values, size_t dims)
{
    float row[KNOW_DIMS_MAX];
    double sum = 0;
    if (!m->v && dims && dims <= KNOW_DIMS_MAX) {
        TRY(know_vectors_new(dims, &m->v));
        TRY(know_vectors_by(m->v, m->embedder));
        m->dims = dims;
    }
    if (index >= m->batch || !m->v || m->dims != dims)
        FAIL(INTERNAL, "the engine gave a vector of another kind");
    for (size_t i = 0; i < dims; i++)
        sum += (double)values[i] * (double)values[i];
    if (!isfinite(sum))
        FAIL(INTERNAL, "the engine gave a vector that is none");
    const double length = sum > 0 ? sqrt(sum) : 1; /* 0: it says nothing to the model */
    for (size_t i = 0; i < dims; i++)
        row[i] = (float)((double)values[i] / length);
    return know_vectors_add_piece(m->v, &m->pieces.at[m->next + index], row);
}

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct embedding *const m = ctx;
    if (!m->failure.code)
        m->failure = take_vector(m, index, values, dims);
}

static fallible run_batch(struct embedding *m);

static fallible
keep_some(struct embedding *m)
{
    know *k;
    m->unkept += m->batch;
    if (m->unkept < KEEP_EVERY || !m->v)
        return OK;
    m->unkept = 0;
    TRY(find(m, &k));
    return know_vectors_keep(k, m->w->one.grant, m->v);
}

static void
on_end(void *ctx, err e)
{
    struct embedding *const m = ctx;
    m->w->call->job = NULL;
    if (!e.code)
        e = m->failure;
    if (!e.code)
        e = keep_some(m);
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
        buf_add(&b, m->pieces.at[m->next + m->batch].is_word ? STR("query: ") : STR("passage: "));
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
    struct gate_ask ask = api_ask(c, OP_EMBED, ENGINE_EMBED, m->model, &m->conv);
    ask.floor = m->pieces.at[m->next].label;
    ask.priority_text = STR("batch");
    ask.label_text = STR_NONE; /* the pieces have theirs */
    TRY(add_inputs(m));
    conv_params_default(&m->conv.params);
    return gate_run(c->gate, &ask, hooks, &c->job);
}

/* ---- the beginning */
static err
hold(void *ctx, const struct know_piece *p)
{
    struct embedding *const m = ctx;
    struct know_piece h = *p;
    m->missing++;
    if (m->most && m->pieces.count == (size_t)m->most)
        return OK; /* another call's */
    if (m->pieces.count == EMBED_PIECES_MAX)
        REFUSE(TOO_LARGE, "", "more than %d passages are embedded in several calls, with \"most\"",
               EMBED_PIECES_MAX);
    TRY(try_arena_str(m->own, p->id, &h.id));
    TRY(try_arena_str(m->own, p->text, &h.text));
    return VEC_ADD(m->own, &m->pieces, &h);
}

static fallible
start(struct embedding *m)
{
    const struct gate_parts *const parts = gate_parts_of(m->w->call->gate);
    const struct model *model;
    char room[MODEL_EMBEDDER_MAX];
    know *k;
    TRY(registry_find(parts->registry, m->model, MODEL_EMBED, &model));
    TRY(try_arena_str(m->own, model_embedder(model, room), &m->embedder));
    TRY(find(m, &k));
    TRY(know_missing(k, m->w->one.grant, m->embedder, hold, m));
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
    static const char *const known[] = {"model", "most", NULL};
    struct api_call *const c = m->w->call;
    know *k;
    jval body;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    const jval model = json_get(&body, "model"), most = json_get(&body, "most");
    TRY(opt_json_str(&model, NAME_BYTES, &m->model));
    TRY(opt_json_i64(&most, 1, EMBED_PIECES_MAX, &m->most));
    TRY(find(m, &k));
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
