/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/near/nearest.h"

#include <stdlib.h>

#include "base/fault.h"
#include "test.h"

enum { ROWS = 20000, LEN = 16 };

static uint8_t codes[ROWS * LEN], asked[LEN];

static struct vectors
view(size_t count)
{
    return (struct vectors){
        .count = count, .dims = 8 * LEN, .code_len = LEN, .codes = codes, .kernel = kernel_best()};
}

struct row {
    uint32_t at;
    uint16_t distance;
};

static int
by_distance(const void *a, const void *b)
{
    const struct row *const x = a, *const y = b;
    return x->distance != y->distance ? x->distance - y->distance
                                      : (x->at > y->at) - (x->at < y->at);
}

static int
by_row(const void *a, const void *b)
{
    const struct row *const x = a, *const y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* All rows sorted, cut, and put back into their order. */
static void
check_against_sorting(size_t count, size_t most)
{
    static struct row rows[ROWS];
    AUTO(arena) *a = NULL;
    const struct vectors v = view(count);
    struct nearest n = {0};
    for (size_t i = 0; i < count; i++) {
        rows[i].at = (uint32_t)i;
        kernel_plain.scan(codes + i * LEN, LEN, 1, asked, &rows[i].distance);
    }
    const size_t want = most < count ? most : count;
    qsort(rows, count, sizeof *rows, by_distance);
    qsort(rows, want, sizeof *rows, by_row);
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(nearest_find(a, &v, asked, most, &n));
    CHECK_INT(n.count, ==, want);
    for (size_t i = 0; i < want && i < n.count; i++)
        CHECK_INT(n.rows[i], ==, rows[i].at);
}

static void
fill(unsigned bits)
{
    for (size_t i = 0; i < sizeof codes; i++)
        codes[i] = (uint8_t)(test_random() & bits);
    for (size_t i = 0; i < LEN; i++)
        asked[i] = (uint8_t)(test_random() & bits);
}

TEST(they_are_those_that_sorting_finds)
{
    for (int round = 0; round < 20; round++) {
        fill(0xff);
        check_against_sorting(1 + (size_t)(test_random() % ROWS),
                              1 + (size_t)(test_random() % 500));
    }
}

TEST(of_equal_distances_the_lower_rows_are_taken)
{
    fill(0x01); /* hardly any distance differs */
    check_against_sorting(ROWS, 100);
    fill(0x00); /* none does */
    check_against_sorting(ROWS, 7);
    check_against_sorting(ROWS, 5000);
}

TEST(fewer_rows_than_wanted_are_all_found)
{
    fill(0xff);
    check_against_sorting(10, 10);
    check_against_sorting(10, 11);
    check_against_sorting(0, 5);
    check_against_sorting(ROWS, (size_t)2 * ROWS);
}

TEST(none_wanted_is_none_found)
{
    fill(0xff);
    check_against_sorting(ROWS, 0);
}

TEST(too_little_memory_is_a_limit)
{
    AUTO(arena) *a = NULL;
    const struct vectors v = view(ROWS);
    struct nearest n = {0};
    CHECK_OK(arena_open(4096, &a));
    CHECK_ERR(nearest_find(a, &v, asked, 1000, &n), LIMIT);
}
