/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/bridge.h"

#include <math.h>

static const float bridge_least = 0.4f;

struct crowd {
    struct loaded *const *parts;
    size_t count, dims, rows;
    float *mean;    /* of all words */
    float *to_mean; /* each row's product with it */
    float square;   /* of the mean's length */
};

struct near_word {
    str text;
    float likeness;
};

static bool
has_words(const struct crowd *c, const struct loaded *l)
{
    return l->words.count && l->words.dims == c->dims;
}

static void
add_row(const struct vectors *v, size_t row, float *sum)
{
    for (size_t i = 0; i < v->dims; i++)
        sum[i] += v->factors[row] * (float)v->rows[row * v->dims + i];
}

static fallible
find_mean(arena *a, struct crowd *c)
{
    void *at = NULL;
    TRY(try_arena_get(a, c->dims, sizeof(float), &at));
    c->mean = (float *)at;
    for (size_t i = 0; i < c->count; i++)
        if (has_words(c, c->parts[i])) {
            for (size_t row = 0; row < c->parts[i]->words.count; row++)
                add_row(&c->parts[i]->words, row, c->mean);
            c->rows += c->parts[i]->words.count;
        }
    for (size_t i = 0; i < c->dims && c->rows; i++) {
        c->mean[i] /= (float)c->rows;
        c->square += c->mean[i] * c->mean[i];
    }
    return OK;
}

static fallible
measure_rows(arena *a, struct crowd *c)
{
    void *at = NULL;
    size_t n = 0;
    TRY(try_arena_get(a, c->rows + 1, sizeof(float), &at));
    c->to_mean = (float *)at;
    for (size_t i = 0; i < c->count; i++)
        for (size_t row = 0; has_words(c, c->parts[i]) && row < c->parts[i]->words.count; row++)
            c->to_mean[n++] = vectors_likeness(&c->parts[i]->words, row, c->mean);
    return OK;
}

/* A total order that does not know how segments lie; a word of two segments counts once. */
static void
offer(struct near_word best[BRIDGE_NEAREST], struct near_word w)
{
    for (size_t i = 0; i < BRIDGE_NEAREST; i++)
        if (str_eq(best[i].text, w.text) && w.text.len)
            return;
    for (size_t i = 0; i < BRIDGE_NEAREST; i++)
        if (!best[i].text.len || w.likeness > best[i].likeness ||
            (w.likeness == best[i].likeness && str_cmp(w.text, best[i].text) < 0)) {
            const struct near_word pushed = best[i];
            best[i] = w;
            w = pushed;
            if (!w.text.len)
                return;
        }
}

/* The row less the mean, against the word less the mean. */
static void
look(const struct crowd *c, const float *x, float x_to_mean, struct near_word *best)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct loaded *const l = c->parts[i];
        for (size_t row = 0; has_words(c, l) && row < l->words.count; row++, n++) {
            const float length = 1 - 2 * c->to_mean[n] + c->square;
            const float product = vectors_likeness(&l->words, row, x) - x_to_mean;
            const float likeness = length > 0 ? product / sqrtf(length) : 0;
            if (likeness >= bridge_least)
                offer(best, (struct near_word){
                                segment_text(&l->view, l->view.words[l->words.owners[row]].text),
                                likeness});
        }
    }
}

static void
put_nearest(const struct crowd *c, const float *vector, float *room, buf *b)
{
    struct near_word best[BRIDGE_NEAREST] = {0};
    float square = 0, to_mean = 0;
    for (size_t i = 0; i < c->dims; i++) {
        room[i] = vector[i] - c->mean[i];
        square += room[i] * room[i];
    }
    if (!(square > 0))
        return;
    for (size_t i = 0; i < c->dims; i++) {
        room[i] /= sqrtf(square);
        to_mean += room[i] * c->mean[i];
    }
    look(c, room, to_mean, best);
    for (size_t i = 0; i < BRIDGE_NEAREST && best[i].text.len; i++) {
        buf_add(b, best[i].text);
        buf_add_char(b, ' ');
    }
}

fallible
bridge_words(arena *a, struct loaded *const *parts, size_t count, const struct know_ask *ask,
             str *ret)
{
    AUTO(buf) b = BUF(64 * 1024);
    struct crowd c = {.parts = parts, .count = count, .dims = ask->dims};
    void *room = NULL;
    ASSERT(ask->dims && ask->dims <= VECTOR_DIMS_MAX);
    TRY(find_mean(a, &c));
    TRY(measure_rows(a, &c));
    TRY(try_arena_get(a, c.dims, sizeof(float), &room));
    for (size_t i = 0; c.rows && i < ask->bridge.count && i < KNOW_BRIDGE_MAX; i++)
        put_nearest(&c, ask->bridge.vectors + i * c.dims, (float *)room, &b);
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}
