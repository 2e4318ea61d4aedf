/* SPDX-License-Identifier: EUPL-1.2 */
#include "load/hist.h"

#include <math.h>
#include <stdlib.h>

#include "test.h"

enum { MANY = 20000 };

static int
by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

TEST(an_empty_histogram_is_zero_everywhere)
{
    static struct hist h;
    CHECK_INT(hist_at(&h, 0.5), ==, 0);
    CHECK_INT(hist_at(&h, 1), ==, 0);
    CHECK_INT(hist_mean(&h), ==, 0);
}

TEST(small_values_are_exact)
{
    static struct hist h;
    for (uint64_t i = 1; i <= 100; i++)
        hist_add(&h, i);
    CHECK_INT(hist_at(&h, 0.5), ==, 50);
    CHECK_INT(hist_at(&h, 0.9), ==, 90);
    CHECK_INT(hist_at(&h, 0.99), ==, 99);
    CHECK_INT(hist_at(&h, 1), ==, 100);
    CHECK_INT(hist_at(&h, 0), ==, 1);
    CHECK_INT(hist_mean(&h), ==, 50);
}

TEST(each_value_comes_back_at_most_one_part_in_128_larger)
{
    for (int bit = 0; bit < HIST_MAX_BITS; bit++)
        for (int i = 0; i < 50; i++) {
            static struct hist h;
            memset(&h, 0, sizeof h);
            const uint64_t v = (UINT64_C(1) << bit) + test_random() % (UINT64_C(1) << bit);
            hist_add(&h, v);
            hist_add(&h, HIST_MAX); /* so that the maximum does not help */
            const uint64_t got = hist_at(&h, 0.5);
            CHECK(got >= v && got - v <= v / 128);
        }
}

/* Times as they come: many small, few huge. */
static uint64_t
draw(void)
{
    const double u = (double)(test_random() >> 11) * 0x1p-53;
    return (uint64_t)exp(u * 20);
}

TEST(quantiles_agree_with_the_sorted_truth)
{
    static uint64_t truth[MANY];
    static struct hist h;
    for (size_t i = 0; i < MANY; i++) {
        truth[i] = draw();
        hist_add(&h, truth[i]);
    }
    qsort(truth, MANY, sizeof *truth, by_value);
    for (double q = 0.001; q <= 1; q += 0.001) {
        const uint64_t want = truth[(size_t)ceil(q * MANY) - 1], got = hist_at(&h, q);
        if (got < want || got - want > want / 128)
            test_fail(__FILE__, __LINE__, "at %g: %llu, want %llu", q, (unsigned long long)got,
                      (unsigned long long)want);
    }
    CHECK_INT(hist_at(&h, 1), ==, truth[MANY - 1]);
    CHECK_INT(h.total, ==, MANY);
}

TEST(values_beyond_the_range_count_as_the_largest)
{
    static struct hist h;
    hist_add(&h, UINT64_MAX);
    hist_add(&h, HIST_MAX + 1);
    CHECK_INT(h.total, ==, 2);
    CHECK_INT(hist_at(&h, 1), ==, HIST_MAX);
}
