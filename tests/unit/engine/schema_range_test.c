/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/schema_range.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/gbnf.h"
#include "test.h"

typedef bool put_fn(buf *, const struct schema_bound *, const struct schema_bound *);

struct range {
    arena *a;
    struct gbnf *g;
};

static bool
open_range(struct range *r, put_fn *put, struct schema_bound low, struct schema_bound high)
{
    AUTO(buf) b = BUF(1 << 16);
    *r = (struct range){0};
    buf_add(&b, STR("root ::= "));
    if (!put(&b, &low, &high))
        return false;
    buf_add(&b, STR("\n"));
    CHECK_OK(arena_open(1 << 22, &r->a));
    CHECK_OK(gbnf_read(r->a, buf_str(&b), &r->g));
    return r->g != NULL;
}

static struct schema_bound
at(int64_t n, uint32_t decimals, bool is_open)
{
    return (struct schema_bound){.is_set = true, .is_open = is_open, .n = n, .decimals = decimals};
}

static const struct schema_bound none;

static bool
has(const struct range *r, const char *text)
{
    return gbnf_matches(r->g, str_of(text));
}

TEST(a_range_holds_its_integers_and_no_others)
{
    uint64_t state = test_random();
    for (int round = 0; round < 120; round++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const int low = (int)(state >> 33) % 3000 - 1500, width = (int)(state >> 40) % 1700;
        struct range r;
        NEED(open_range(&r, schema_put_integers, at(low, 0, false), at(low + width, 0, false)));
        for (int n = low - 15; n <= low + width + 15; n++) {
            char text[32];
            snprintf(text, sizeof text, "%d", n);
            CHECK_INT(has(&r, text), ==, n >= low && n <= low + width);
        }
        arena_free(r.a);
    }
}

TEST(digits_have_no_leading_zeros_and_zero_no_sign)
{
    struct range r;
    NEED(open_range(&r, schema_put_integers, at(-10, 0, false), at(100, 0, false)));
    CHECK(has(&r, "0") && has(&r, "-1") && has(&r, "100"));
    CHECK(!has(&r, "-0") && !has(&r, "00") && !has(&r, "01") && !has(&r, "-01") && !has(&r, ""));
    arena_free(r.a);
}

TEST(a_side_without_a_bound_goes_on_for_fifteen_digits)
{
    struct range r;
    NEED(open_range(&r, schema_put_integers, at(7, 0, true), none));
    CHECK(has(&r, "8") && has(&r, "999999999999999"));
    CHECK(!has(&r, "7") && !has(&r, "1000000000000000") && !has(&r, "-8"));
    arena_free(r.a);
    NEED(open_range(&r, schema_put_integers, none, at(-7, 0, true)));
    CHECK(has(&r, "-8") && has(&r, "-999999999999999") && !has(&r, "-7") && !has(&r, "8"));
    arena_free(r.a);
}

TEST(an_empty_range_is_told)
{
    struct range r;
    CHECK(!open_range(&r, schema_put_integers, at(3, 0, false), at(2, 0, false)));
    CHECK(!open_range(&r, schema_put_integers, at(2, 0, true), at(3, 0, true)));
    CHECK(!open_range(&r, schema_put_integers, at(0, 0, true), at(0, 0, false)));
    CHECK(!open_range(&r, schema_put_numbers, at(25, 1, true), at(25, 1, false)));
    CHECK(!open_range(&r, schema_put_integers, at(21, 1, false), at(29, 1, false)));
}

/* Every text of the grammar lies within; those at the edges are there. */
static void
check_numbers(struct schema_bound low, struct schema_bound high)
{
    struct range r;
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    const double from = (double)low.n / powers[low.decimals];
    const double to = (double)high.n / powers[high.decimals];
    if (!open_range(&r, schema_put_numbers, low, high)) {
        CHECK(from > to || (from == to && (low.is_open || high.is_open)));
        return;
    }
    for (uint64_t seed = 0; seed < 300; seed++) {
        AUTO(buf) b = BUF(64);
        CHECK_OK(gbnf_sample(r.g, seed, 64, &b));
        buf_add_char(&b, '\0');
        const double d = strtod(b.at, NULL);
        CHECK(low.is_open ? d > from : d >= from);
        CHECK(high.is_open ? d < to : d <= to);
    }
    arena_free(r.a);
}

TEST(numbers_lie_between_their_bounds)
{
    static const int64_t ends[][4] = {{0, 0, 1, 0},      {0, 0, 0, 0},     {-5, 1, 25, 2},
                                      {-250, 2, -1, 1},  {1, 6, 2, 6},     {0, 0, 999999999, 0},
                                      {-1000, 3, 99, 0}, {999, 1, 1000, 0}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (int open = 0; open < 4; open++)
            check_numbers(at(ends[i][0], (uint32_t)ends[i][1], open & 1),
                          at(ends[i][2], (uint32_t)ends[i][3], open & 2));
}

TEST(open_bounds_let_in_what_lies_next_to_them)
{
    struct range r;
    NEED(open_range(&r, schema_put_numbers, at(0, 0, true), at(1, 0, true)));
    CHECK(has(&r, "0.5") && has(&r, "0.01") && has(&r, "0.999999"));
    CHECK(!has(&r, "0") && !has(&r, "1") && !has(&r, "0.0") && !has(&r, "1.0") && !has(&r, "-0.5"));
    arena_free(r.a);
    NEED(open_range(&r, schema_put_numbers, at(-1, 0, true), at(0, 0, true)));
    CHECK(has(&r, "-0.5") && !has(&r, "-1") && !has(&r, "0") && !has(&r, "0.5"));
    arena_free(r.a);
}

TEST(bounds_with_decimals_are_written_with_as_many)
{
    struct range r;
    NEED(open_range(&r, schema_put_numbers, at(5, 2, false), at(125, 2, false)));
    CHECK(has(&r, "0.05") && has(&r, "1.25") && has(&r, "1.249") && has(&r, "1.00"));
    CHECK(!has(&r, "0.04") && !has(&r, "1.26") && !has(&r, "1.251") && !has(&r, ".05"));
    arena_free(r.a);
}
