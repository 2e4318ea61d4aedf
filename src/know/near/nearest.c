/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/near/nearest.h"

#include <string.h>

enum { BLOCK = 512, DISTANCE_MAX = VECTOR_DIMS_MAX };

struct pick {
    uint32_t *rows;
    uint16_t *distances;
    size_t count, most;
    uint32_t bound; /* only what is nearer can still be among the nearest */
};

/* The greatest distance among the nearest `most`, and how many rows of just that distance belong.
 */
static uint32_t
find_bound(const struct pick *p, size_t *ret_on_bound)
{
    uint32_t histogram[DISTANCE_MAX + 1];
    size_t nearer = 0;
    uint32_t d = 0;
    ASSERT(p->count >= p->most && p->bound <= DISTANCE_MAX + 1);
    memset(histogram, 0, p->bound * sizeof *histogram);
    for (size_t i = 0; i < p->count; i++)
        histogram[p->distances[i]]++;
    for (; nearer + histogram[d] < p->most; d++)
        nearer += histogram[d];
    *ret_on_bound = p->most - nearer;
    return d;
}

static void
keep_nearest(struct pick *p)
{
    size_t on_bound = 0, kept = 0;
    p->bound = find_bound(p, &on_bound);
    for (size_t i = 0; i < p->count; i++) {
        const uint16_t d = p->distances[i];
        if (d > p->bound || (d == p->bound && !on_bound))
            continue;
        on_bound -= d == p->bound;
        p->rows[kept] = p->rows[i];
        p->distances[kept++] = d;
    }
    p->count = kept;
}

static void
add_block(struct pick *p, const uint16_t *distances, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        p->rows[p->count] = (uint32_t)(from + i);
        p->distances[p->count] = distances[i];
        p->count += distances[i] < p->bound;
    }
    if (p->count > 2 * p->most)
        keep_nearest(p);
}

static fallible
pick_open(arena *a, size_t most, size_t code_len, struct pick *ret)
{
    void *rows = NULL, *distances = NULL;
    const size_t room = 2 * most + BLOCK + 1; /* a block is added before the better half is kept */
    TRY(try_arena_get(a, room, sizeof(uint32_t), &rows));
    TRY(try_arena_get(a, room, sizeof(uint16_t), &distances));
    *ret = (struct pick){rows, distances, 0, most, 8 * (uint32_t)code_len + 1};
    return OK;
}

fallible
nearest_find(arena *a, const struct vectors *v, const uint8_t *code, size_t most,
             struct nearest *ret)
{
    struct pick p;
    uint16_t distances[BLOCK];
    ASSERT(v->count <= UINT32_MAX);
    TRY(pick_open(a, most < v->count ? most : v->count + 1, v->code_len, &p));
    for (size_t at = 0; at < v->count; at += BLOCK) {
        const size_t n = v->count - at < BLOCK ? v->count - at : BLOCK;
        v->kernel->scan(v->codes + at * v->code_len, v->code_len, n, code, distances);
        add_block(&p, distances, at, n);
    }
    if (p.count > p.most)
        keep_nearest(&p);
    *ret = (struct nearest){p.rows, p.count};
    return OK;
}
