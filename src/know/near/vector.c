/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/near/vector.h"

#include <math.h>

#include "know/near/nearest.h"

#define VECTOR_MAGIC 0x3163657677006e6bu
#define ROTATION_SEED 0x6b6e6f7762697473u

enum { ROUNDS = 3, HITS_MAX = 1 << 20, AHEAD = 8 };

struct vector_head {
    uint64_t magic, count, dims, code_len;
};

static size_t
padded(size_t len)
{
    return (len + 7) & ~(size_t)7;
}

/* ---- rotation */

struct rotation {
    size_t dims;
    uint32_t order[ROUNDS][VECTOR_DIMS_MAX];
    uint8_t flips[ROUNDS][VECTOR_DIMS_MAX];
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t
next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void
rotation_init(struct rotation *r, size_t dims)
{
    uint64_t state = ROTATION_SEED;
    r->dims = dims;
    for (int n = 0; n < ROUNDS; n++) {
        for (size_t i = 0; i < dims; i++) {
            r->order[n][i] = (uint32_t)i;
            r->flips[n][i] = next_random(&state) & 1;
        }
        for (size_t i = dims; i > 1; i--) {
            const size_t k = (size_t)(next_random(&state) % i);
            const uint32_t kept = r->order[n][i - 1];
            r->order[n][i - 1] = r->order[n][k];
            r->order[n][k] = kept;
        }
    }
}

/* In place, `n` a power of two; lengths grow by its root, which signs do not notice. */
static void
hadamard(float *x, size_t n)
{
    for (size_t half = 1; half < n; half *= 2)
        for (size_t i = 0; i < n; i += 2 * half)
            for (size_t k = i; k < i + half; k++) {
                const float a = x[k], b = x[k + half];
                x[k] = a + b;
                x[k + half] = a - b;
            }
}

/* One transform for each power of two in `dims`, brought to one scale. */
static void
mix(float *x, size_t dims)
{
    for (size_t at = 0; at < dims;) {
        size_t n = 1;
        while (2 * n <= dims - at)
            n *= 2;
        hadamard(x + at, n);
        const float scale = 1 / sqrtf((float)n);
        for (size_t i = at; i < at + n; i++)
            x[i] *= scale;
        at += n;
    }
}

static void
rotate(const struct rotation *r, float *x)
{
    float room[VECTOR_DIMS_MAX];
    for (int n = 0; n < ROUNDS; n++) {
        for (size_t i = 0; i < r->dims; i++) {
            const float v = x[r->order[n][i]];
            room[i] = r->flips[n][i] ? -v : v;
        }
        mix(room, r->dims);
        memcpy(x, room, r->dims * sizeof *x);
    }
}

/* Signs of a turned vector less the turned mean: turning is linear. */
static void
encode(const float *turned, const float *mean, size_t dims, uint8_t *code)
{
    for (size_t i = 0; i < dims; i++)
        if (turned[i] > mean[i])
            code[i / 8] = (uint8_t)(code[i / 8] | 1u << (i % 8));
}

/* ---- making */

static float
quantise(const float *v, size_t dims, int8_t *row)
{
    float most = 1e-20f;
    for (size_t i = 0; i < dims; i++)
        most = fabsf(v[i]) > most ? fabsf(v[i]) : most;
    for (size_t i = 0; i < dims; i++)
        row[i] = (int8_t)lrintf(v[i] / most * 127);
    return most / 127;
}

static void
find_mean(const float *rows, size_t count, size_t dims, float *mean)
{
    for (size_t k = 0; k < dims; k++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += (double)rows[i * dims + k];
        mean[k] = count ? (float)(sum / (double)count) : 0;
    }
}

/* Zeroed room for `count` numbers of `size` bytes, padded. */
static void *
add_room(buf *out, size_t count, size_t size)
{
    const size_t len = padded(count * size);
    char *const at = buf_add_room(out, len);
    if (at)
        memset(at, 0, len);
    return at;
}

static fallible
fill(const float *rows, size_t count, const struct vectors *v)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(sizeof(struct rotation) + 1024, &a));
    struct rotation *const r = arena_new(a, struct rotation);
    union {
        const uint8_t *from;
        uint8_t *to;
    } codes = {v->codes};
    union {
        const int8_t *from;
        int8_t *to;
    } bytes = {v->rows};
    union {
        const float *from;
        float *to;
    } factors = {v->factors};
    union {
        const float *from;
        float *to;
    } mean = {v->mean};
    rotation_init(r, v->dims);
    rotate(r, mean.to);
    for (size_t i = 0; i < count; i++) {
        float turned[VECTOR_DIMS_MAX];
        memcpy(turned, rows + i * v->dims, v->dims * sizeof *turned);
        rotate(r, turned);
        factors.to[i] = quantise(rows + i * v->dims, v->dims, bytes.to + i * v->dims);
        encode(turned, v->mean, v->dims, codes.to + i * v->code_len);
    }
    return OK;
}

fallible
vectors_make(const float *rows, const uint32_t *owners, size_t count, size_t dims, buf *out)
{
    const struct vector_head h = {VECTOR_MAGIC, count, dims, padded((dims + 7) / 8)};
    struct vectors v;
    ASSERT(out->len == 0 && dims && dims <= VECTOR_DIMS_MAX);
    buf_add(out, (str){(const char *)&h, sizeof h});
    float *const mean = (float *)add_room(out, dims, sizeof(float));
    if (mean)
        find_mean(rows, count, dims, mean);
    (void)add_room(out, count, sizeof(float));
    uint32_t *const own = (uint32_t *)add_room(out, count, sizeof(uint32_t));
    if (own && count)
        memcpy(own, owners, count * sizeof *own);
    (void)add_room(out, count, h.code_len);
    (void)add_room(out, count, dims);
    TRY(buf_end(out));
    TRY(vectors_view(buf_str(out), &v));
    return fill(rows, count, &v);
}

/* ---- view */

struct cutter {
    str bytes;
    size_t at;
};

static const void *
cut(struct cutter *c, size_t count, size_t size)
{
    const size_t len = padded(count * size);
    const char *const at = c->bytes.at + c->at;
    if (len > c->bytes.len - c->at)
        return NULL;
    c->at += len;
    return at;
}

fallible
vectors_view(str bytes, struct vectors *ret)
{
    struct cutter c = {.bytes = bytes};
    ASSERT(((uintptr_t)bytes.at & 7) == 0);
    const struct vector_head *const h = (const struct vector_head *)cut(&c, 1, sizeof *h);
    if (!h || h->magic != VECTOR_MAGIC || !h->dims || h->dims > VECTOR_DIMS_MAX || h->dims % 8 ||
        h->count > UINT32_MAX || h->code_len != padded((h->dims + 7) / 8))
        FAIL(CORRUPT, "no vectors");
    struct vectors v = {.count = h->count, .dims = h->dims, .code_len = h->code_len};
    v.mean = (const float *)cut(&c, v.dims, sizeof *v.mean);
    v.factors = (const float *)cut(&c, v.count, sizeof *v.factors);
    v.owners = (const uint32_t *)cut(&c, v.count, sizeof *v.owners);
    v.codes = (const uint8_t *)cut(&c, v.count, v.code_len);
    v.rows = (const int8_t *)cut(&c, v.count, v.dims);
    v.kernel = kernel_best();
    v.len = c.at;
    if (!v.mean || !v.factors || !v.owners || !v.codes || !v.rows)
        FAIL(CORRUPT, "vectors end too early");
    *ret = v;
    return OK;
}

/* ---- search */

float
vectors_likeness(const struct vectors *v, size_t row, const float *q)
{
    ASSERT(row < v->count);
    return v->factors[row] * v->kernel->dot(v->rows + row * v->dims, q, v->dims);
}

static bool
is_better(struct vector_hit a, struct vector_hit b)
{
    return a.likeness != b.likeness ? a.likeness > b.likeness : a.row < b.row;
}

static void
sift(struct vector_hit *heap, size_t count)
{
    for (size_t i = 0;;) {
        size_t worst = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < count; k++)
            if (is_better(heap[worst], heap[k]))
                worst = k;
        if (worst == i)
            return;
        const struct vector_hit moved = heap[i];
        heap[i] = heap[worst];
        heap[worst] = moved;
        i = worst;
    }
}

/* The worst of the heap lies on top. */
static void
offer(struct vector_hit *heap, size_t *count, size_t most, struct vector_hit h)
{
    if (*count == most) {
        if (!most || !is_better(h, heap[0]))
            return;
        heap[0] = h;
        sift(heap, *count);
        return;
    }
    size_t i = (*count)++;
    heap[i] = h;
    for (; i && is_better(heap[(i - 1) / 2], heap[i]); i = (i - 1) / 2) {
        const struct vector_hit moved = heap[i];
        heap[i] = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = moved;
    }
}

static void
put_in_order(struct vector_hit *heap, size_t count)
{
    for (size_t left = count; left > 1; left--) {
        const struct vector_hit worst = heap[0];
        heap[0] = heap[left - 1];
        heap[left - 1] = worst;
        sift(heap, left - 1);
    }
}

fallible
vectors_ask(arena *a, const float *q, size_t dims, const struct vector_query **ret)
{
    AUTO(arena) *work = NULL;
    void *at = NULL;
    ASSERT(dims && dims <= VECTOR_DIMS_MAX);
    TRY(arena_open(sizeof(struct rotation) + 1024, &work));
    TRY(try_arena_get(a, 1, sizeof(struct vector_query), &at));
    struct rotation *const r = arena_new(work, struct rotation);
    struct vector_query *const v = (struct vector_query *)at;
    v->dims = dims;
    v->at = q;
    memcpy(v->turned, q, dims * sizeof *q);
    rotation_init(r, dims);
    rotate(r, v->turned);
    *ret = v;
    return OK;
}

struct heap {
    struct vector_hit *at;
    size_t count, most;
};

/* Rows lie anywhere in memory: those to come are asked for early. */
static void
fetch(const struct vectors *v, const struct nearest *n, size_t i)
{
    const int8_t *const row = v->rows + n->rows[i < n->count ? i : n->count - 1] * v->dims;
    for (size_t k = 0; k < v->dims; k += 64)
        __builtin_prefetch(row + k);
}

static fallible
search_codes(arena *a, const struct vectors *v, const struct vector_query *q, size_t rescore,
             struct heap *h)
{
    uint8_t code[VECTOR_DIMS_MAX / 8 + 8] = {0};
    struct nearest n = {0};
    encode(q->turned, v->mean, v->dims, code);
    TRY(nearest_find(a, v, code, rescore, &n));
    for (size_t i = 0; i < n.count; i++) {
        fetch(v, &n, i + AHEAD);
        offer(h->at, &h->count, h->most,
              (struct vector_hit){n.rows[i], vectors_likeness(v, n.rows[i], q->at)});
    }
    return OK;
}

fallible
vectors_search(arena *a, const struct vectors *v, const struct vector_query *q,
               const struct vector_bounds *b, struct vector_hits *ret)
{
    struct heap h = {.at = ret->at, .most = b->most};
    ASSERT(b->most <= HITS_MAX && q->dims == v->dims);
    if (v->count > VECTOR_EXACT || (b->by_codes && v->count > b->rescore))
        TRY(search_codes(a, v, q, b->rescore > b->most ? b->rescore : b->most, &h));
    else
        for (size_t i = 0; i < v->count; i++)
            offer(h.at, &h.count, h.most,
                  (struct vector_hit){(uint32_t)i, vectors_likeness(v, i, q->at)});
    put_in_order(h.at, h.count);
    ret->count = h.count;
    return OK;
}
