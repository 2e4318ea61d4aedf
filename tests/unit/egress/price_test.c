/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/price.h"

#include "test.h"

static const struct price some = {
    .is_known = true, .in = 3000000, .cached = 300000, .out = 15000000};

static uint64_t
cost(const struct price *p, uint64_t in, uint64_t cached, uint64_t out)
{
    const struct price_usage u = {in, cached, out};
    return price_of(p, &u);
}

TEST(tokens_cost_what_the_table_says)
{
    CHECK_INT(cost(&some, 7, 0, 8), ==, 7 * 3 + 8 * 15);
    CHECK_INT(cost(&some, 1000000, 0, 0), ==, 3000000);
    CHECK_INT(cost(&some, 1000000, 1000000, 0), ==, 300000);
    CHECK_INT(cost(&some, 100, 40, 1), ==, 60 * 3 + 12 + 15);
    CHECK_INT(cost(&some, 0, 0, 0), ==, 0);
}

TEST(a_request_is_rounded_up_once_and_never_down)
{
    const struct price cheap = {true, 1, 1, 1};
    CHECK_INT(cost(&cheap, 1, 0, 0), ==, 1);
    CHECK_INT(cost(&cheap, 1, 0, 1), ==, 1); /* the sum, not each part */
    CHECK_INT(cost(&cheap, 1000000, 0, 0), ==, 1);
    CHECK_INT(cost(&cheap, 1000000, 0, 1), ==, 2);
    const struct price free = {.is_known = true};
    CHECK_INT(cost(&free, 1000, 10, 1000), ==, 0);
}

/* With 128 bits, which is slow and cannot overflow here. */
TEST(every_sum_is_exact)
{
    uint64_t seed = 4711;
    for (int i = 0; i < 20000; i++) {
        uint64_t r[6];
        for (int k = 0; k < 6; k++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            r[k] = (seed >> 20) >> (seed >> 59);
        }
        const struct price p = {true, r[0] % (PRICE_MAX + 1), r[1] % (PRICE_MAX + 1),
                                r[2] % (PRICE_MAX + 1)};
        const uint64_t in = r[3] % PRICE_TOKENS_MAX, cached = in ? r[4] % in : 0;
        const uint64_t out = r[5] % PRICE_TOKENS_MAX;
        const unsigned __int128 sum = (unsigned __int128)(in - cached) * p.in +
                                      (unsigned __int128)cached * p.cached +
                                      (unsigned __int128)out * p.out;
        CHECK(cost(&p, in, cached, out) == (uint64_t)((sum + 999999) / 1000000));
    }
}

TEST(what_cannot_be_counts_as_the_most_there_is)
{
    const struct price dear = {true, PRICE_MAX, PRICE_MAX, PRICE_MAX};
    const uint64_t most = cost(&dear, PRICE_TOKENS_MAX, 0, PRICE_TOKENS_MAX);
    CHECK(most > 0 && most < UINT64_MAX / 4);
    CHECK(cost(&dear, UINT64_MAX, 0, UINT64_MAX) == most);
    CHECK_INT(cost(&some, 10, 20, 0), ==, 3); /* no more is cached than there is */
}

TEST(a_price_in_another_currency_is_rounded_up)
{
    uint64_t n = 0;
    CHECK_OK(price_convert(3000000, 920000, &n));
    CHECK_INT(n, ==, 2760000);
    CHECK_OK(price_convert(1, 920000, &n));
    CHECK_INT(n, ==, 1);
    CHECK_OK(price_convert(0, 920000, &n));
    CHECK_INT(n, ==, 0);
    CHECK_OK(price_convert(PRICE_MAX, 1000000, &n));
    CHECK(n == PRICE_MAX);
    CHECK_ERR(price_convert(PRICE_MAX, 1000001, &n), LIMIT);
    CHECK(n == PRICE_MAX);
}
