/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/rerank/rerank.h"

#include <math.h>
#include <stdlib.h>

#include "api/read.h"
#include "base/vec.h"

enum { TEXT_BYTES_MAX = 16 * 1024 * 1024, NAME_BYTES_MAX = 256 };

/* routes: 1 for both versions */
static const struct read_field fields[] = {
    {1, "model", MAPPED},
    {1, "query", MAPPED},
    {1, "documents", MAPPED},
    {1, "top_n", MAPPED},
    {1, "return_documents", MAPPED},
    {1, "max_tokens_per_doc", REFUSED}, /* would cut */
    {1, "max_chunks_per_doc", REFUSED},
    {1, "rank_fields", REFUSED},
    {1, "truncation", REFUSED},
    {1, "priority", ACCEPTED},
    {1, "user", ACCEPTED},
};

struct vector {
    float *values; /* of length 1 */
    size_t dims;
};

struct hit {
    size_t index;
    double score;
};

struct rerank {
    struct api_call *call;
    struct conv conv; /* inputs: the question, then the texts */
    str wanted, model, label_text;
    int64_t top_n;
    bool returns_texts;
    VEC(str) texts;
    struct vector *vectors; /* of the inputs */
    uint32_t tokens;
    struct err_kept failure; /* of the arena, when a vector found no room */
};

/* ---- the request */

static fallible
add_input(struct rerank *r, const jval *v, str *ret)
{
    str text;
    char path[READ_PATH_ROOM];
    TRY(json_str(v, TEXT_BYTES_MAX, &text));
    if (!text.len)
        REFUSE(ARGUMENT, json_path(v, path, sizeof path), "%s must not be empty", path);
    const content input = content_of(text, LABEL_BOTTOM);
    TRY(VEC_ADD(r->call->a, &r->conv.inputs, &input));
    *ret = text;
    return OK;
}

/* Text, or an object that holds it. */
static fallible
add_text(struct rerank *r, const jval *v)
{
    static const char *const known[] = {"text", NULL};
    str text;
    if (json_type(*v) != J_OBJECT)
        TRY(add_input(r, v, &text));
    else {
        const jval inner = json_get(v, "text");
        TRY(read_members(v, known));
        TRY(add_input(r, &inner, &text));
    }
    return VEC_ADD(r->call->a, &r->texts, &text);
}

static fallible
add_texts(struct rerank *r, const jval *body)
{
    const struct params *p = gate_parts_of(r->call->gate)->params;
    const jval list = json_get(body, "documents");
    const size_t most = p->gate_embed_inputs_max > 1 ? p->gate_embed_inputs_max - 1 : 1;
    struct jwalk w = {.next = NULL};
    jval v;
    TRY(json_array(&list, 1, most));
    while (json_each(&list, &w, &v))
        TRY(add_text(r, &v));
    return OK;
}

static fallible
decode(struct rerank *r)
{
    jval body;
    str unused;
    void *room;
    TRY(api_body(r->call, &body));
    TRY(read_fields(&body, fields, sizeof fields / sizeof *fields, 1));
    const jval model = json_get(&body, "model"), query = json_get(&body, "query");
    const jval top_n = json_get(&body, "top_n"), returns = json_get(&body, "return_documents");
    conv_params_default(&r->conv.params);
    TRY(opt_json_str(&model, NAME_BYTES_MAX, &r->wanted));
    TRY(add_input(r, &query, &unused));
    TRY(add_texts(r, &body));
    r->top_n = (int64_t)r->texts.count;
    TRY(opt_json_i64(&top_n, 1, INT64_MAX, &r->top_n));
    TRY(opt_json_bool(&returns, &r->returns_texts));
    TRY(try_arena_get(r->call->a, r->conv.inputs.count, sizeof *r->vectors, &room));
    r->vectors = room;
    return OK;
}

/* ---- what comes */

static void
on_start(void *ctx, const struct gate_start *s)
{
    struct rerank *r = ctx;
    r->label_text = arena_str(r->call->a, s->label_text);
    r->model = r->wanted.len ? r->wanted : s->model->name;
}

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct rerank *r = ctx;
    void *room;
    if (index >= r->conv.inputs.count)
        return;
    const err e = try_arena_get(r->call->a, dims, sizeof *values, &room);
    if (e.code) {
        err_keep(&r->failure, e);
        return;
    }
    memcpy(room, values, dims * sizeof *values);
    r->vectors[index] = (struct vector){room, dims};
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct rerank *r = ctx;
    r->tokens = u->prompt_tokens;
}

/* ---- the order */

/* Of vectors that need not have length 1: other engines may not see to it. */
static double
cosine(const struct vector *a, const struct vector *b)
{
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a->dims; i++) {
        dot += (double)a->values[i] * (double)b->values[i];
        aa += (double)a->values[i] * (double)a->values[i];
        bb += (double)b->values[i] * (double)b->values[i];
    }
    const double c = dot / sqrt(aa * bb);
    return isfinite(c) && c > 0 ? fmin(c, 1) : 0;
}

static int
compare_hits(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static fallible
rank(const struct rerank *r, struct hit **ret)
{
    void *room;
    const struct vector *question = &r->vectors[0];
    TRY(try_arena_get(r->call->a, r->texts.count, sizeof **ret, &room));
    struct hit *hits = room;
    for (size_t i = 0; i < r->texts.count; i++) {
        const struct vector *v = &r->vectors[i + 1];
        if (!question->values || !v->values || v->dims != question->dims)
            FAIL(INTERNAL, "the engine left out a vector");
        hits[i] = (struct hit){i, cosine(question, v)};
    }
    qsort(hits, r->texts.count, sizeof *hits, compare_hits);
    *ret = hits;
    return OK;
}

/* ---- the answer */

static void
put_hit(const struct rerank *r, const struct hit *h, buf *b)
{
    json_open(b, '{');
    json_member_u64(b, "index", h->index);
    json_member_f64(b, "relevance_score", h->score);
    if (r->returns_texts) {
        json_key(b, "document");
        json_open(b, '{');
        json_member_str(b, "text", r->texts.at[h->index]);
        json_close(b, '}');
    }
    json_close(b, '}');
}

/* Jina's clients look into usage, Cohere's into meta. */
static void
put_counts(const struct rerank *r, buf *b)
{
    json_key(b, "usage");
    json_open(b, '{');
    json_member_u64(b, "prompt_tokens", r->tokens);
    json_member_u64(b, "total_tokens", r->tokens);
    json_close(b, '}');
    json_key(b, "meta");
    json_open(b, '{');
    json_key(b, "tokens");
    json_open(b, '{');
    json_member_u64(b, "input_tokens", r->tokens);
    json_member_u64(b, "output_tokens", 0);
    json_close(b, '}');
    json_close(b, '}');
}

static fallible
put_answer(const struct rerank *r, buf *b)
{
    struct hit *hits;
    TRY(err_again(&r->failure));
    TRY(rank(r, &hits));
    AUTO(buf) model = BUF(2 * NAME_BYTES_MAX);
    buf_add(&model, r->model);
    buf_add(&model, STR(" (cosine of embeddings)"));
    TRY(buf_end(&model));
    json_open(b, '{');
    json_member_str(b, "id", http_request_id(r->call->x));
    json_member_str(b, "model", buf_str(&model));
    json_key(b, "results");
    json_open(b, '[');
    for (size_t i = 0; i < r->texts.count && (int64_t)i < r->top_n; i++)
        put_hit(r, &hits[i], b);
    json_close(b, ']');
    put_counts(r, b);
    json_close(b, '}');
    return buf_end(b);
}

static void
on_end(void *ctx, err e)
{
    struct rerank *r = ctx;
    AUTO(buf) b = BUF(gate_parts_of(r->call->gate)->params->gate_request_memory_bytes_max);
    r->call->job = NULL;
    if (!e.code)
        e = put_answer(r, &b);
    if (e.code) {
        api_fail(r->call, e);
        return;
    }
    const struct http_field head[] = {{STR("content-type"), STR("application/json")},
                                      {STR("x-hoheit-label"), r->label_text}};
    http_answer(r->call->x, 200, head, sizeof head / sizeof *head, buf_str(&b));
}

static fallible
run(struct rerank *r)
{
    struct api_call *c = r->call;
    TRY(decode(r));
    const struct gate_ask ask = api_ask(c, OP_EMBED, ENGINE_EMBED, r->wanted, &r->conv);
    const struct gate_hooks hooks = {.on_start = on_start,
                                     .on_vector = on_vector,
                                     .on_done = on_done,
                                     .on_end = on_end,
                                     .ctx = r};
    return gate_run(c->gate, &ask, hooks, &c->job);
}

static void
rerank(struct api_call *c)
{
    struct rerank *r = arena_new(c->a, struct rerank);
    r->call = c;
    const err e = run(r);
    if (e.code)
        api_fail(c, e);
}

static void
put_error(buf *b, const struct api_error *e)
{
    json_open(b, '{');
    json_member_str(b, "id", e->request_id);
    json_member_str(b, "message", e->sentence); /* Cohere's name for it */
    json_member_str(b, "detail", e->sentence);  /* Jina's */
    json_member_str(b, "code", str_of(err_info(e->e)->name));
    json_close(b, '}');
}

static const struct dialect dialect = {.name = "rerank", .put_error = put_error};

static const struct route routes[] = {
    {HTTP_POST, "/v1/rerank", rerank, AUTH_LOCAL, &dialect, NULL, NULL},
    {HTTP_POST, "/v2/rerank", rerank, AUTH_LOCAL, &dialect, NULL, NULL},
};

const struct route_table rerank_table = {routes, sizeof routes / sizeof *routes};
