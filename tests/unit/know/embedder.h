/* SPDX-License-Identifier: EUPL-1.2 */
/* embedder.h - for the tests of know/: an embedder that is played.  Each text has a vector of its
 * own, by its digest; another name gives other vectors. */
#pragma once
#include "unit/know/rig.h"

enum { EMBEDDER_DIMS = 64 };

struct embedder {
    const char *name;
    know_vectors *v;
    size_t pieces, words; /* that it was given */
    size_t most;          /* pieces and words it takes; 0: all */
    char last[256];
};

static inline void
embedder_vector(const char *name, str text, float v[EMBEDDER_DIMS])
{
    uint64_t h = 1469598103934665603u ^ (uint64_t)(unsigned char)*name;
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (uint8_t)text.at[i]) * 1099511628211u;
    memset(v, 0, EMBEDDER_DIMS * sizeof *v);
    v[h % EMBEDDER_DIMS] = 0.8f;
    v[(h / EMBEDDER_DIMS) % EMBEDDER_DIMS] += 0.6f;
}

static inline err
embedder_take(void *ctx, const struct know_piece *p)
{
    struct embedder *const e = ctx;
    float v[EMBEDDER_DIMS];
    if (e->most && e->pieces + e->words == e->most)
        return OK;
    e->pieces += !p->is_word;
    e->words += p->is_word;
    (void)str_copy(str_slice(p->text, 0, sizeof e->last - 1), e->last, sizeof e->last);
    embedder_vector(e->name, p->text, v);
    return e->v ? know_vectors_add_piece(e->v, p, v) : OK;
}

/* What it would be given now. */
static inline struct embedder
embedder_missing(know *k, const grant *g, const char *name)
{
    struct embedder e = {.name = name};
    CHECK_OK(know_missing(k, g, str_of(name), embedder_take, &e));
    return e;
}

/* What is missing, into the collection; what it was given. */
static inline struct embedder
embedder_run(know *k, const grant *g, const char *name)
{
    struct embedder e = {.name = name};
    size_t count = 0;
    CHECK_OK(know_vectors_new(EMBEDDER_DIMS, &e.v));
    CHECK_OK(know_vectors_by(e.v, str_of(name)));
    CHECK_OK(know_missing(k, g, str_of(name), embedder_take, &e));
    CHECK_OK(know_vectors_commit(k, g, e.v, &count));
    know_vectors_free(TAKE(e.v));
    return e;
}

/* What is like the vector of `text`, by an embedder of that name, and has none of its words. */
static inline struct know_hits
embedder_ask(struct rig *r, know *k, const grant *g, const char *name, str text)
{
    struct know_hits hits = {0};
    float v[EMBEDDER_DIMS];
    embedder_vector(name, text, v);
    const struct know_ask q = {.text = content_of(STR("xyzzy"), LABEL_BOTTOM),
                               .most = 10,
                               .vector = v,
                               .dims = EMBEDDER_DIMS,
                               .embedder = str_of(name)};
    CHECK_OK(know_search(k, g, &q, r->a, &hits));
    return hits;
}

static inline know *
embedder_collection(struct rig *r, const char **ret_dir)
{
    AUTO(secret) key = rig_key();
    know *k = NULL;
    *ret_dir = rig_dir(r, "know");
    CHECK_OK(know_create(*ret_dir, &key));
    CHECK_OK(know_open(*ret_dir, &key, &k));
    return k;
}
