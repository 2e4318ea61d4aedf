/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/near/vector.h"

#include <math.h>

#include "unit/know/rig.h"

enum { DIMS = 384, ROWS = 12000, QUERIES = 40, TOP = 10 };

/* A search with the question turned just for it. */
static err
search(arena *a, const struct vectors *v, const float *q, const struct vector_bounds *b,
       struct vector_hits *ret)
{
    const struct vector_query *asked = NULL;
    TRY(vectors_ask(a, q, v->dims, &asked));
    return vectors_search(a, v, asked, b, ret);
}

static double
gauss(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (double)(test_random() >> 11) / 9007199254740992.0;
    return sum - 6;
}

static void
normalise(float *v)
{
    double sum = 0;
    for (size_t i = 0; i < DIMS; i++)
        sum += (double)v[i] * (double)v[i];
    for (size_t i = 0; i < DIMS; i++)
        v[i] = (float)((double)v[i] / sqrt(sum + 1e-30));
}

/* Vectors around `centres` points with a common direction, as embedders make them; 0: no centres.
 */
static void
make_rows(float *rows, size_t count, size_t centres)
{
    static float centre[200][DIMS];
    for (size_t c = 0; c < centres; c++)
        for (size_t i = 0; i < DIMS; i++)
            centre[c][i] = (float)gauss() + 2;
    for (size_t n = 0; n < count; n++) {
        const float *const from = centres ? centre[test_random() % centres] : NULL;
        for (size_t i = 0; i < DIMS; i++)
            rows[n * DIMS + i] = (float)gauss() * (from ? 0.7f : 1) + (from ? from[i] : 0);
        normalise(rows + n * DIMS);
    }
}

static double
likeness(const float *a, const float *b)
{
    double sum = 0;
    for (size_t i = 0; i < DIMS; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Share of the true best TOP that are found. */
static double
recall(const struct vectors *v, const float *rows, size_t count, size_t rescore)
{
    static double true_ones[ROWS];
    double found = 0;
    for (int n = 0; n < QUERIES; n++) {
        AUTO(arena) *a = NULL;
        struct vector_hit at[TOP];
        struct vector_hits hits = {.at = at};
        float q[DIMS];
        memcpy(q, rows + (test_random() % count) * DIMS, sizeof q);
        for (size_t i = 0; i < DIMS; i++)
            q[i] += 0.03f * (float)gauss();
        normalise(q);
        CHECK_OK(arena_open(16 << 20, &a));
        CHECK_OK(search(a, v, q, &(struct vector_bounds){TOP, rescore, false}, &hits));
        CHECK_INT(hits.count, ==, TOP);
        for (size_t i = 0; i < count; i++)
            true_ones[i] = likeness(rows + i * DIMS, q);
        for (size_t k = 0; k < TOP; k++) {
            size_t better = 0;
            for (size_t i = 0; i < count; i++)
                better += true_ones[i] > true_ones[hits.at[k].row] + 2e-3;
            found += better < TOP;
        }
    }
    return found / (QUERIES * TOP);
}

static void
check_recall(size_t count, size_t centres, size_t rescore, double least)
{
    AUTO(buf) b = BUF((size_t)64 << 20);
    struct vectors v;
    float *const rows = malloc(count * DIMS * sizeof *rows);
    uint32_t *const owners = malloc(count * sizeof *owners);
    NEED(rows && owners);
    make_rows(rows, count, centres);
    for (size_t i = 0; i < count; i++)
        owners[i] = (uint32_t)i;
    CHECK_OK(vectors_make(rows, owners, count, DIMS, &b));
    CHECK_OK(vectors_view(buf_str(&b), &v));
    const double got = recall(&v, rows, count, rescore);
    CHECK_INT(got * 1000, >=, least * 1000);
    free(rows);
    free(owners);
}

TEST(few_rows_are_ranked_exactly)
{
    check_recall(2000, 0, 0, 1.0);
    check_recall(2000, 50, 0, 1.0);
}

TEST(many_rows_are_found_by_their_codes)
{
    check_recall(ROWS, 200, VECTOR_RESCORE, 0.99);
    /* Without any structure all are equally far from each other: the worst there is. */
    check_recall(ROWS, 0, VECTOR_RESCORE, 0.70);
    check_recall(ROWS, 0, 4000, 0.97);
}

TEST(a_row_is_most_like_itself)
{
    AUTO(buf) b = BUF((size_t)16 << 20);
    AUTO(arena) *a = NULL;
    static float rows[500 * DIMS];
    static uint32_t owners[500];
    struct vectors v;
    make_rows(rows, 500, 0);
    for (uint32_t i = 0; i < 500; i++)
        owners[i] = 1000 + i;
    NEED_OK(vectors_make(rows, owners, 500, DIMS, &b));
    NEED_OK(vectors_view(buf_str(&b), &v));
    NEED_OK(arena_open(16 << 20, &a));
    for (uint32_t i = 0; i < 500; i++) {
        struct vector_hit at[3];
        struct vector_hits hits = {.at = at};
        NEED_OK(search(a, &v, rows + i * DIMS, &(struct vector_bounds){3, 0, false}, &hits));
        CHECK_INT(hits.at[0].row, ==, i);
        CHECK_INT(v.owners[hits.at[0].row], ==, 1000 + i);
        CHECK(fabsf(hits.at[0].likeness - 1) < 0.02f);
        CHECK(hits.at[0].likeness >= hits.at[1].likeness);
    }
}

TEST(kernels_find_the_same_rows)
{
    AUTO(buf) b = BUF((size_t)64 << 20);
    AUTO(arena) *a = NULL;
    float *const rows = malloc((size_t)ROWS * DIMS * sizeof *rows);
    uint32_t *const owners = calloc(ROWS, sizeof *owners);
    struct vectors v;
    NEED(rows && owners);
    make_rows(rows, ROWS, 100);
    NEED_OK(vectors_make(rows, owners, ROWS, DIMS, &b));
    NEED_OK(vectors_view(buf_str(&b), &v));
    NEED_OK(arena_open(64 << 20, &a));
    for (int n = 0; n < 20; n++) {
        struct vector_hit x[TOP], y[TOP];
        struct vector_hits one = {.at = x}, two = {.at = y};
        const float *const q = rows + (test_random() % ROWS) * DIMS;
        v.kernel = &kernel_plain;
        NEED_OK(search(a, &v, q, &(struct vector_bounds){TOP, 400, false}, &one));
        v.kernel = kernel_best();
        NEED_OK(search(a, &v, q, &(struct vector_bounds){TOP, 400, false}, &two));
        NEED(one.count == two.count);
        for (size_t i = 0; i < one.count; i++)
            CHECK(fabsf(x[i].likeness - y[i].likeness) < 1e-4f);
    }
    free(rows);
    free(owners);
}

TEST(few_rows_can_be_searched_by_codes_as_part_of_many)
{
    AUTO(buf) b = BUF((size_t)16 << 20);
    AUTO(arena) *a = NULL;
    static float rows[1000 * DIMS];
    static uint32_t owners[1000];
    struct vectors v;
    make_rows(rows, 1000, 30);
    NEED_OK(vectors_make(rows, owners, 1000, DIMS, &b));
    NEED_OK(vectors_view(buf_str(&b), &v));
    NEED_OK(arena_open(16 << 20, &a));
    for (uint32_t i = 0; i < 100; i++) {
        struct vector_hit at[3];
        struct vector_hits hits = {.at = at};
        const struct vector_bounds few = {.most = 3, .rescore = 40, .by_codes = true};
        NEED_OK(search(a, &v, rows + i * DIMS, &few, &hits));
        NEED(hits.count == 3);
        CHECK_INT(hits.at[0].row, ==, i);
    }
}

TEST(no_rows_and_no_hits_are_fine)
{
    AUTO(buf) b = BUF(1 << 16);
    AUTO(arena) *a = NULL;
    struct vectors v;
    struct vector_hits hits = {.at = NULL, .count = 5};
    const float q[8] = {1};
    NEED_OK(vectors_make(NULL, NULL, 0, 8, &b));
    NEED_OK(vectors_view(buf_str(&b), &v));
    NEED_OK(arena_open(1 << 16, &a));
    CHECK_OK(search(a, &v, q, &(struct vector_bounds){0, 0, false}, &hits));
    CHECK_INT(hits.count, ==, 0);
}

TEST(cut_or_foreign_bytes_are_refused)
{
    AUTO(buf) b = BUF(1 << 16);
    struct vectors v;
    const float rows[16] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const uint32_t owners[2] = {0, 1};
    NEED_OK(vectors_make(rows, owners, 2, 8, &b));
    for (size_t len = 0; len < b.len; len += 8)
        CHECK_ERR(vectors_view((str){b.at, len}, &v), CORRUPT);
    CHECK_OK(vectors_view(buf_str(&b), &v));
    b.at[0] ^= 1;
    CHECK_ERR(vectors_view(buf_str(&b), &v), CORRUPT);
}
