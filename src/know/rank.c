/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/rank.h"

#include <math.h>

enum { CITING_MAX = 100, LIKENESS_FROM = 1000, MEASURE_LEAST = 100 };

static const float k1 = 1.2f, length_share = 0.75f, other_share = 0.5f, citing_share = 0.35f,
                   least_range = 0.05f; /* few or equal rows must not all count nothing */

struct ranker {
    struct cleared c;
    size_t *base; /* first unit of each segment, in all */
    size_t total;
    float average; /* words of a unit */
    float *score, *best, *sum;
    uint32_t *touched;
    size_t touched_count;
    float mean, deviation; /* of the best likenesses */
};

size_t
rank_unit_count(struct cleared c)
{
    size_t n = 0;
    for (size_t i = 0; i < c.count; i++)
        n += c.at[i]->unit_count;
    return n;
}

static fallible
get_floats(arena *a, size_t count, float **ret)
{
    void *at = NULL;
    TRY(try_arena_get(a, count + 1, sizeof(float), &at));
    *ret = (float *)at;
    return OK;
}

static fallible
prepare(arena *a, struct cleared c, struct ranker *r)
{
    void *at = NULL;
    uint64_t words = 0;
    *r = (struct ranker){.c = c};
    TRY(try_arena_get(a, c.count + 1, sizeof(size_t), &at));
    r->base = (size_t *)at;
    for (size_t i = 0; i < c.count; i++) {
        r->base[i] = r->total;
        r->total += c.at[i]->unit_count;
        words += c.at[i]->words_all;
    }
    r->base[c.count] = r->total;
    r->average = r->total && words ? (float)((double)words / (double)r->total) : 1;
    TRY(get_floats(a, r->total, &r->score));
    TRY(get_floats(a, r->total, &r->best));
    TRY(get_floats(a, r->total, &r->sum));
    TRY(try_arena_get(a, r->total + 1, sizeof(uint32_t), &at));
    r->touched = (uint32_t *)at;
    return OK;
}

/* ---- BM25 */

static float
rarity(const struct ranker *r, str term)
{
    uint64_t n = 0;
    for (size_t i = 0; i < r->c.count; i++) {
        const struct seg_term *const t = segment_term(r->c.at[i], term);
        n += t ? t->posting_count : 0;
    }
    return (float)log(1 + ((double)r->total - (double)n + 0.5) / ((double)n + 0.5));
}

static float
saturate(const struct ranker *r, const struct seg_unit *u, const struct seg_posting *p)
{
    const float norm = 1 - length_share + length_share * (float)u->words / r->average;
    const float x = ((float)p->head + (float)p->body / norm) / SEGMENT_TENTH;
    return x * (k1 + 1) / (x + k1);
}

static void
add_postings(struct ranker *r, size_t segment, const struct seg_term *t, float weight)
{
    const struct segment *const s = r->c.at[segment];
    ASSERT(r->sum && r->best && r->touched && s->postings && s->units);
    const struct seg_posting *const p = s->postings + t->posting_first;
    for (uint32_t i = 0; i < t->posting_count; i++) {
        const size_t at = r->base[segment] + p[i].unit;
        const float v = weight * saturate(r, &s->units[p[i].unit], &p[i]);
        if (v <= 0)
            continue;
        if (r->sum[at] == 0)
            r->touched[r->touched_count++] = (uint32_t)at;
        r->sum[at] += v;
        r->best[at] = v > r->best[at] ? v : r->best[at];
    }
}

static void
add_group(struct ranker *r, const struct question_group *g)
{
    r->touched_count = 0;
    for (size_t i = 0; i < g->count; i++) {
        const float weight = g->at[i].weight * rarity(r, g->at[i].text);
        for (size_t k = 0; k < r->c.count; k++) {
            const struct seg_term *const t = segment_term(r->c.at[k], g->at[i].text);
            if (t)
                add_postings(r, k, t, weight);
        }
    }
    for (size_t i = 0; i < r->touched_count; i++) {
        const uint32_t at = r->touched[i];
        r->score[at] += r->best[at] + other_share * (r->sum[at] - r->best[at]);
        r->best[at] = r->sum[at] = 0;
    }
}

/* ---- the best */

struct place {
    const struct segment *s;
    uint32_t segment, unit;
};

static struct place
place_of(const struct ranker *r, size_t at)
{
    size_t i = 0;
    while (at >= r->base[i + 1])
        i++;
    return (struct place){r->c.at[i], (uint32_t)i, (uint32_t)(at - r->base[i])};
}

static str
doc_name(const struct place *p)
{
    return segment_text(p->s, p->s->docs[p->s->units[p->unit].doc].name);
}

/* A total order that does not know how segments lie. */
static int
compare(const struct ranker *r, const float *score, size_t a, size_t b)
{
    if (score[a] != score[b])
        return score[a] > score[b] ? -1 : 1;
    const struct place x = place_of(r, a), y = place_of(r, b);
    const int c = str_cmp(doc_name(&x), doc_name(&y));
    if (c)
        return c;
    const uint32_t in_x = x.unit - x.s->docs[x.s->units[x.unit].doc].unit_first;
    const uint32_t in_y = y.unit - y.s->docs[y.s->units[y.unit].doc].unit_first;
    if (in_x != in_y)
        return in_x < in_y ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* The worst of the heap lies on top. */
static void
sift(const struct ranker *r, const float *score, uint32_t *heap, size_t count)
{
    for (size_t i = 0;;) {
        size_t worst = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < count; k++)
            if (compare(r, score, heap[k], heap[worst]) > 0)
                worst = k;
        if (worst == i)
            return;
        const uint32_t moved = heap[i];
        heap[i] = heap[worst];
        heap[worst] = moved;
        i = worst;
    }
}

static void
rise(const struct ranker *r, const float *score, uint32_t *heap, size_t i)
{
    while (i && compare(r, score, heap[i], heap[(i - 1) / 2]) > 0) {
        const uint32_t moved = heap[i];
        heap[i] = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = moved;
        i = (i - 1) / 2;
    }
}

/* Up to `most` units with a score above `floor`, best first. */
static size_t
take_best(const struct ranker *r, const float *score, float floor, uint32_t *heap, size_t most)
{
    size_t count = 0;
    ASSERT(most);
    for (size_t i = 0; i < r->total; i++) {
        if (score[i] <= floor)
            continue;
        if (count < most) {
            heap[count] = (uint32_t)i;
            rise(r, score, heap, count++);
        } else if (score[i] >= score[heap[0]] && compare(r, score, i, heap[0]) < 0) {
            heap[0] = (uint32_t)i;
            sift(r, score, heap, count);
        }
    }
    for (size_t left = count; left > 1; left--) {
        const uint32_t worst = heap[0];
        heap[0] = heap[left - 1];
        heap[left - 1] = worst;
        sift(r, score, heap, left - 1);
    }
    return count;
}

/* ---- what the best point to */

static void
add_cited(struct ranker *r)
{
    uint32_t best[CITING_MAX] = {0};
    const size_t n = take_best(r, r->score, 0, best, CITING_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct place p = place_of(r, best[i]);
        const struct seg_unit *const u = &p.s->units[p.unit];
        const float share = r->score[best[i]] / sqrtf((float)(u->ref_count ? u->ref_count : 1));
        for (uint32_t k = 0; k < u->ref_count; k++) {
            const size_t to = r->base[p.segment] + p.s->refs[u->ref_first + k];
            r->best[to] = share > r->best[to] ? share : r->best[to];
        }
    }
    for (size_t i = 0; i < r->total; i++) {
        if (r->score[i] > 0)
            r->score[i] += citing_share * r->best[i];
        r->best[i] = 0;
    }
}

/* ---- both legs */

/* Likenesses differ little and from model to model: what says something is how far one stands out
 * among the best. */
static void
measure(struct ranker *r, const float *likeness, const uint32_t *best, size_t count)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)likeness[best[i]];
    const double mean = count ? sum / (double)count : 0;
    for (size_t i = 0; i < count; i++)
        squares += pow((double)likeness[best[i]] - mean, 2);
    r->mean = (float)mean;
    r->deviation = count >= MEASURE_LEAST ? (float)sqrt(squares / (double)count) : 0;
}

static void
add_likeness(struct ranker *r, const float *likeness, float weight)
{
    uint32_t best[LIKENESS_FROM] = {0};
    float top = 0;
    const size_t n = take_best(r, likeness, RANK_NONE, best, LIKENESS_FROM);
    measure(r, likeness, best, n);
    for (size_t i = 0; i < r->total; i++)
        top = r->score[i] > top ? r->score[i] : top;
    const float high = n ? likeness[best[0]] : 0, last = n ? likeness[best[n - 1]] : 0;
    const float least = n < LIKENESS_FROM ? least_range : 1e-6f;
    const float range = high - last > least ? high - last : least;
    const float low = high - range;
    for (size_t i = 0; i < r->total; i++) {
        const float near = likeness[i] > low ? (likeness[i] - low) / range : 0;
        r->sum[i] = r->score[i]; /* what the words made, for who asks */
        r->score[i] = (top > 0 ? r->score[i] / top : 0) + weight * near;
    }
}

/* Last of all: what they scored counted for the others. */
static void
drop_unfit(struct ranker *r, const struct rank_ask *in)
{
    for (size_t i = 0; i < r->c.count; i++)
        for (size_t d = 0; d < r->c.at[i]->doc_count; d++) {
            const struct seg_doc *const doc = &r->c.at[i]->docs[d];
            if (in->fits(in->ctx, r->c.at[i], doc))
                continue;
            for (uint32_t u = 0; u < doc->unit_count; u++)
                r->score[r->base[i] + doc->unit_first + u] = 0;
        }
}

fallible
rank_units(arena *a, const struct rank_ask *in, size_t most, struct ranked *ret, size_t *ret_count)
{
    struct ranker r;
    uint32_t best[RANK_HITS_MAX] = {0};
    ASSERT(in->q && most <= RANK_HITS_MAX);
    TRY(prepare(a, in->c, &r));
    for (size_t i = 0; i < in->q->count; i++)
        add_group(&r, &in->q->at[i]);
    add_cited(&r);
    if (in->likeness)
        add_likeness(&r, in->likeness, in->weight);
    if (in->fits)
        drop_unfit(&r, in);
    const size_t n = most ? take_best(&r, r.score, 0, best, most) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct place p = place_of(&r, best[i]);
        const bool is_near = in->likeness && r.deviation > 0 && in->likeness[best[i]] > RANK_NONE;
        ret[i] = (struct ranked){
            .segment = p.segment,
            .unit = p.unit,
            .score = r.score[best[i]],
            .words = in->likeness ? r.sum[best[i]] : r.score[best[i]],
            .near = is_near ? (in->likeness[best[i]] - r.mean) / r.deviation : 0,
        };
    }
    *ret_count = n;
    return OK;
}
