/* SPDX-License-Identifier: EUPL-1.2 */
/* A search over several stores and collections: each is read on record, then the search is allowed,
 * then all are searched at once. */
#include "work/stores/stores.h"

enum { QUERY_BYTES_MAX = 16384, SCRATCH_BYTES = 1 << 20 };

/* Half of the scale: most good hits of the lexical leg score between 4 and 30. */
static const double half_score = 8;

struct searching {
    const struct stores *s;
    struct stores_ask ask;
    struct keep_call call;
    struct kept rows[STORES_ASK_MAX], leave;
    size_t at; /* the next to be read */
    stores_found_fn *fn;
    void *ctx;
    struct stores_found found;
    arena *scratch;
    const struct kept *store; /* whose files are looked at */
};

/* ---- files of a store */
static fallible
find_file(const struct keep_call *c, str store, str doc, struct store_file *ret)
{
    const struct keep_name n = {
        .kind = OBJECT_STORE_FILE, .id = stores_row(c->a, store, doc), .parent = store};
    struct kept k;
    TRY(keep_resume(c, &n, &k));
    if (!str_eq(k.head.state, STR("completed")))
        FAIL(NOT_FOUND, "the file is not ready");
    return store_file_load(c->a, k.meta, ret);
}

/* For filters: what cannot be read does not answer. */
static bool
file_fits(void *ctx, str doc)
{
    const struct searching *w = ctx;
    struct keep_call c = w->call;
    struct store_file f;
    jval attributes;
    c.a = w->scratch;
    const bool fits = !find_file(&c, w->store->head.id, doc, &f).code &&
                      !json_read(c.a, f.attributes, &attributes).code &&
                      filter_fits(w->ask.filter, &attributes);
    arena_reset(w->scratch);
    return fits;
}

/* Of the installation's collections documents have a name, and that is all. */
static err
put_name(arena *a, str doc, str *ret)
{
    AUTO(buf) b = BUF(8 * DOC_NAME_MAX);
    json_open(&b, '{');
    json_member_str(&b, "name", doc);
    json_close(&b, '}');
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

static bool
name_fits(void *ctx, str doc)
{
    const struct searching *w = ctx;
    str text;
    jval attributes;
    const bool fits = !put_name(w->scratch, doc, &text).code &&
                      !json_read(w->scratch, text, &attributes).code &&
                      filter_fits(w->ask.filter, &attributes);
    arena_reset(w->scratch);
    return fits;
}

/* ---- hits */
/* By score, then by the order of what was asked for. */
static err
add_hit(struct searching *w, const struct stores_hit *h)
{
    struct stores_found *f = &w->found;
    size_t i = f->count;
    if (h->score < w->ask.least || (i == w->ask.most && f->at[i - 1].score >= h->score))
        return OK;
    if (i == w->ask.most)
        i--;
    else
        f->count++;
    for (; i && f->at[i - 1].score < h->score; i--)
        f->at[i] = f->at[i - 1];
    f->at[i] = *h;
    return OK;
}

static fallible
take_hit(struct searching *w, str id, const struct know_hit *hit)
{
    const double raw = (double)hit->score;
    struct stores_hit h = {.store = id, .hit = hit, .score = raw / (raw + half_score)};
    struct store_file f = {.file = hit->doc, .name = hit->doc};
    if (w->store) {
        const err e = find_file(&w->call, id, hit->doc, &f);
        if (e.code == ERR_NOT_FOUND)
            return OK;
        TRY(e);
    } else {
        TRY(put_name(w->call.a, hit->doc, &f.attributes));
    }
    h.file = f.file;
    h.name = f.name;
    h.attributes = f.attributes;
    return add_hit(w, &h);
}

static fallible
search_one(struct searching *w, str id, know *k)
{
    struct know_hits hits;
    const struct know_ask q = {.text = content_of(w->ask.query, w->leave.head.label),
                               .most = w->ask.most,
                               .fits = !w->ask.filter ? NULL
                                       : w->store     ? file_fits
                                                      : name_fits,
                               .ctx = w};
    TRY(know_search(k, w->leave.grant, &q, w->call.a, &hits));
    w->found.label = label_join(w->found.label, hits.read);
    for (size_t i = 0; i < hits.count; i++)
        TRY(take_hit(w, id, &hits.at[i]));
    return OK;
}

static fallible
search_all(struct searching *w)
{
    for (size_t i = 0; i < w->ask.id_count; i++) {
        const str id = w->ask.ids[i];
        know *k;
        w->store = stores_is_own(id) ? &w->rows[i] : NULL;
        const err e = library_find(w->store ? w->s->own : w->s->house, id, &k);
        if (w->store && e.code == ERR_NOT_FOUND)
            continue; /* nothing was put in yet */
        TRY(e);
        TRY(search_one(w, id, k));
        if (w->store)
            TRY(store_touch(w->s, w->call.a, &w->rows[i]));
    }
    return OK;
}

static fallible
search(struct searching *w)
{
    char room[LABEL_TEXT_MAX];
    void *at = NULL;
    TRY(arena_open(SCRATCH_BYTES, &w->scratch));
    TRY(try_arena_get(w->call.a, w->ask.most, sizeof(struct stores_hit), &at));
    w->found = (struct stores_found){
        .at = (struct stores_hit *)at, .grant = w->leave.grant, .label = w->leave.head.label};
    for (size_t i = 0; i < w->ask.id_count; i++)
        if (stores_is_own(w->ask.ids[i]))
            w->found.label = label_join(w->found.label, w->rows[i].head.label);
    TRY(search_all(w));
    const struct label_names *names = policy_names(gate_parts_of(w->s->gate)->policy);
    return try_arena_str(w->call.a, label_text(names, w->found.label, room), &w->found.label_text);
}

/* ---- its way */
static fallible
step(struct searching *w)
{
    str text;
    for (; w->at < w->ask.id_count; w->at++) {
        const struct keep_name n = {.kind = OBJECT_STORE, .id = w->ask.ids[w->at]};
        if (stores_is_own(n.id))
            return keep_get(&w->call, &n, &w->rows[w->at++]);
    }
    w->at++;
    TRY(keep_label(&w->call, w->ask.label_text, w->ask.floor, &text));
    return keep_allow(&w->call, OP_KNOW_SEARCH, text, &w->leave);
}

static void
on_step(void *ctx, err e)
{
    struct searching *w = ctx;
    if (!e.code && w->at > w->ask.id_count) {
        e = search(w);
        arena_free(TAKE(w->scratch));
        w->fn(w->ctx, e.code ? NULL : &w->found, e);
        return;
    }
    if (!e.code)
        e = step(w);
    if (e.code)
        w->fn(w->ctx, NULL, e);
}

static fallible
check(const struct stores *s, const struct stores_ask *ask)
{
    know *k;
    ASSERT(ask->most >= 1 && ask->most <= STORES_HITS_MAX);
    if (ask->id_count < 1 || ask->id_count > STORES_ASK_MAX)
        REFUSE(ARGUMENT, "vector_store_ids", "1 to %d stores are searched at once", STORES_ASK_MAX);
    if (!ask->query.len || ask->query.len > QUERY_BYTES_MAX)
        REFUSE(ARGUMENT, "query", "a query has 1 to %d bytes", QUERY_BYTES_MAX);
    for (size_t i = 0; i < ask->id_count; i++)
        if (!stores_is_own(ask->ids[i]))
            TRY(library_find(s->house, ask->ids[i], &k));
    return OK;
}

fallible
stores_search(const struct stores *s, const struct stores_ask *ask, stores_found_fn *fn, void *ctx)
{
    void *at = NULL;
    TRY(check(s, ask));
    TRY(try_arena_get(ask->call->a, 1, sizeof(struct searching), &at));
    struct searching *w = at;
    *w = (struct searching){.s = s, .ask = *ask, .call = *ask->call, .fn = fn, .ctx = ctx};
    w->call.done = on_step;
    w->call.ctx = w;
    return step(w);
}
