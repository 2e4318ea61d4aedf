/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/know.h"

#include "know/bridge.h"
#include "know/day.h"
#include "know/inside.h"
#include "know/quote.h"
#include "know/rank.h"
#include "os/clock.h"
#include "os/log.h"

enum { LIKE_MAX = 4000, LIKE_LEAST = 32 };
#define SEARCH_BYTES ((size_t)2 << 30)

static const float default_weight = 0.7f, least_known = 0.2f, crossed_known = 0.7f;
static const double most_shared = 0.999; /* of one piece, or all alike, nothing can be said */

struct search {
    know *k;
    arena *work, *out;
    const struct know_ask *ask;
    struct loaded **parts;
    size_t count;
    struct cleared c;
    const struct question *q;
    bool is_crossed; /* `q` is of words that were found for those of another language */
    const struct vector_query *vq; /* set while likeness is found */
    float domain, nearest;         /* know_hits */
    uint32_t day;
};

/* ---- likeness */

static fallible
add_likeness(const struct search *s, const struct loaded *l, size_t all, float *likeness)
{
    void *at = NULL;
    /* Each segment's share of what is ranked, and a few for the smallest. */
    const size_t share = LIKE_MAX * l->vectors.count / all + LIKE_LEAST;
    const bool by_codes = all > VECTOR_EXACT;
    const struct vector_bounds b = {
        .most = by_codes ? share : LIKE_MAX, .rescore = share, .by_codes = by_codes};
    TRY(try_arena_get(s->work, LIKE_MAX + LIKE_LEAST, sizeof(struct vector_hit), &at));
    struct vector_hits hits = {.at = (struct vector_hit *)at};
    TRY(vectors_search(s->work, &l->vectors, s->vq, &b, &hits));
    for (size_t i = 0; i < hits.count; i++) {
        float *const to = &likeness[l->vectors.owners[hits.at[i].row]];
        *to = hits.at[i].likeness > *to ? hits.at[i].likeness : *to;
    }
    return OK;
}

/* By the embedder that made the question's, as far as both are known. */
static bool
has_vectors(const struct search *s, const struct loaded *l)
{
    const str by = str_of(l->part.embedder);
    return l->vectors.count && l->vectors.dims == s->ask->dims &&
           (!by.len || !s->ask->embedder.len || str_eq(by, s->ask->embedder));
}

/* What all pieces have in common is no sign of anything; turned like the question, whose products
 * stay what they were. */
static fallible
measure(struct search *s, size_t all, float best)
{
    void *at = NULL;
    double shared = 0, to_mean = 0;
    TRY(try_arena_get(s->work, s->ask->dims, sizeof(double), &at));
    double *const mean = (double *)at;
    for (size_t i = 0; i < s->count; i++) {
        const struct vectors *const v = &s->parts[i]->vectors;
        for (size_t k = 0; has_vectors(s, s->parts[i]) && k < v->dims; k++)
            mean[k] += (double)v->mean[k] * (double)v->count / (double)all;
    }
    for (size_t k = 0; k < s->ask->dims; k++) {
        shared += mean[k] * mean[k];
        to_mean += mean[k] * (double)s->vq->turned[k];
    }
    if (shared > most_shared)
        return OK;
    s->domain = (float)((to_mean - shared) / (1 - shared));
    s->nearest = (float)(((double)best - shared) / (1 - shared));
    return OK;
}

/* One number for each unit; NULL if there are no vectors to compare with. */
static fallible
find_likeness(struct search *s, const float **ret)
{
    void *at = NULL;
    size_t base = 0, all = 0;
    float best = RANK_NONE;
    *ret = NULL;
    if (!s->ask->vector)
        return OK;
    TRY(try_arena_get(s->work, rank_unit_count(s->c) + 1, sizeof(float), &at));
    float *const likeness = (float *)at;
    if (!s->ask->dims || s->ask->dims > VECTOR_DIMS_MAX)
        REFUSE(ARGUMENT, "vector", "a vector has 1 to %d dimensions", VECTOR_DIMS_MAX);
    TRY(vectors_ask(s->work, s->ask->vector, s->ask->dims, &s->vq));
    for (size_t i = 0; i < rank_unit_count(s->c); i++)
        likeness[i] = RANK_NONE;
    for (size_t i = 0; i < s->count; i++)
        all += has_vectors(s, s->parts[i]) ? s->parts[i]->vectors.count : 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct loaded *const l = s->parts[i];
        if (has_vectors(s, l))
            TRY(add_likeness(s, l, all, likeness + base));
        base += l->view.unit_count;
    }
    if (!all)
        return OK;
    for (size_t i = 0; i < rank_unit_count(s->c); i++)
        best = likeness[i] > best ? likeness[i] : best;
    *ret = likeness;
    return measure(s, all, best);
}

/* ---- which documents may answer */

static bool
may_answer(void *ctx, const struct segment *from, const struct seg_doc *d)
{
    const struct search *const s = ctx;
    const bool is_valid = s->day == DAY_ANY || ((!d->valid_from || d->valid_from <= s->day) &&
                                                (!d->valid_to || s->day <= d->valid_to));
    return is_valid && (!s->ask->fits || s->ask->fits(s->ask->ctx, segment_text(from, d->name)));
}

/* ---- answers */

static fallible
copy(const struct search *s, const struct segment *from, struct seg_text t, str *ret)
{
    return try_arena_str(s->out, segment_text(from, t), ret);
}

static fallible
fill_hit(const struct search *s, const struct ranked *r, struct know_hit *h)
{
    const struct segment *const v = s->c.at[r->segment];
    const struct seg_unit *const u = &v->units[r->unit];
    const struct seg_doc *const d = &v->docs[u->doc];
    const label l = s->parts[r->segment]->part.label;
    str text;
    TRY(copy(s, v, d->name, &h->doc));
    TRY(copy(s, v, d->title, &h->title));
    TRY(copy(s, v, d->edition, &h->edition));
    TRY(copy(s, v, u->section, &h->section));
    TRY(copy(s, v, u->heading, &h->heading));
    TRY(copy(s, v, u->path, &h->path));
    TRY(copy(s, v, u->text, &text));
    if (!s->ask->without_quotes)
        quote_find(s->c, s->q, text, &h->quote_from, &h->quote_to);
    h->text = content_of(text, l);
    h->quote = content_of(str_slice(text, h->quote_from, h->quote_to), l);
    h->source_from = u->from;
    h->source_to = u->to;
    h->page = u->page;
    h->page_to = u->page_to;
    h->valid_from = d->valid_from;
    h->valid_to = d->valid_to;
    h->score = r->score;
    h->words = r->words;
    h->near = r->near;
    return OK;
}

static float
known_share(const struct search *s)
{
    return s->q->words ? (float)s->q->known / (float)s->q->words : 0;
}

/* A question whose words nobody here wrote, as one in another language, is better answered by
 * likeness: the less is known, the more that counts.  Words that were found for
 * another language's are worth what parts of a compound are (question.h). */
static float
weight_of(const struct search *s)
{
    const float weight = s->ask->weight > 0 ? s->ask->weight : default_weight;
    const float known = s->is_crossed ? crossed_known : known_share(s);
    return weight / (known > least_known ? known : least_known);
}

static fallible
answer(struct search *s, struct know_hits *ret)
{
    void *at = NULL;
    const float *likeness = NULL;
    const size_t most = s->ask->most;
    TRY(find_likeness(s, &likeness));
    const struct rank_ask in = {.c = s->c,
                                .q = s->q,
                                .likeness = likeness,
                                .weight = weight_of(s),
                                .fits = may_answer,
                                .ctx = s};
    TRY(try_arena_get(s->work, most, sizeof(struct ranked), &at));
    struct ranked *const best = (struct ranked *)at;
    TRY(rank_units(s->work, &in, most, best, &ret->count));
    TRY(try_arena_get(s->out, ret->count + 1, sizeof *ret->at, &at));
    ret->at = (struct know_hit *)at;
    for (size_t i = 0; i < ret->count; i++)
        TRY(fill_hit(s, &best[i], &ret->at[i]));
    ret->domain = s->domain;
    ret->nearest = s->nearest;
    return OK;
}

static fallible
open_segments(struct search *s, const grant *g, struct know_hits *ret)
{
    void *at = NULL;
    TRY(know_cleared(s->k, g, s->work, &s->parts, &s->count));
    TRY(try_arena_get(s->work, s->count + 1, sizeof(struct segment *), &at));
    const struct segment **const views = (const struct segment **)at;
    for (size_t i = 0; i < s->count; i++) {
        views[i] = &s->parts[i]->view;
        ret->read = label_join(ret->read, s->parts[i]->part.label);
        ret->documents += views[i]->doc_count;
        ret->units += views[i]->unit_count;
    }
    ret->segments = s->count;
    s->c = (struct cleared){views, s->count};
    return OK;
}

/* What another language's words mean here takes the question's place; `known` stays its own. */
static fallible
cross(struct search *s)
{
    str words = STR_NONE;
    TRY(bridge_words(s->work, s->parts, s->count, s->ask, &words));
    s->is_crossed = words.len > 0;
    return words.len ? question_read(s->work, s->k->e, s->c, words, &s->q) : OK;
}

/* Once a list: every question would say the same. */
static void
warn(const struct search *s, const struct know_hits *hits)
{
    if (!hits->not_compared || s->k->has_warned)
        return;
    s->k->has_warned = true;
    LOG(WARNING, "know.other_embedder", LOG_N("segments", hits->not_compared),
        LOG_S("question_by", s->ask->embedder), LOG_Z("then", "words alone"),
        LOG_Z("remedy", "hoheit know embed"));
}

fallible
know_search(know *k, const grant *g, const struct know_ask *ask, arena *a, struct know_hits *ret)
{
    AUTO(arena) *work = NULL;
    struct know_hits hits = {0};
    str text;
    if (ask->most < 1 || ask->most > RANK_HITS_MAX)
        REFUSE(ARGUMENT, "most", "a search gives 1 to %d hits", RANK_HITS_MAX);
    TRY(content_open(ask->text, g, &text));
    TRY(arena_open(SEARCH_BYTES, &work));
    struct search s = {.k = k,
                       .work = work,
                       .out = a,
                       .ask = ask,
                       .day = ask->day ? ask->day : day_at(clock_wall_ms())};
    TRY(open_segments(&s, g, &hits));
    for (size_t i = 0; ask->vector && i < s.count; i++)
        hits.not_compared += s.parts[i]->vectors.count && !has_vectors(&s, s.parts[i]);
    warn(&s, &hits);
    TRY(question_read(work, k->e, s.c, text, &s.q));
    hits.known = known_share(&s);
    if (ask->bridge.count && ask->vector)
        TRY(cross(&s));
    TRY(answer(&s, &hits));
    *ret = hits;
    return OK;
}
