/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/energy.h"

#include "test.h"

TEST(who_is_alone_pays_all_of_it)
{
    struct energy e = {0};
    energy_tick(&e, 5000000);
    const uint64_t a = energy_begin(&e);
    energy_tick(&e, 7500000);
    CHECK_INT(energy_end(&e, a, 10), ==, 2500);
    CHECK_INT(e.running, ==, 0);
}

TEST(who_is_there_at_the_same_time_shares)
{
    struct energy e = {0};
    const uint64_t a = energy_begin(&e);
    energy_tick(&e, 1000000); /* a alone */
    const uint64_t b = energy_begin(&e);
    energy_tick(&e, 3000000); /* both */
    CHECK_INT(energy_end(&e, a, 1), ==, 1000 + 1000);
    energy_tick(&e, 3500000); /* b alone */
    CHECK_INT(energy_end(&e, b, 1), ==, 1000 + 500);
}

TEST(what_nobody_asked_for_is_nobody_s)
{
    struct energy e = {0};
    energy_tick(&e, 9000000);
    const uint64_t a = energy_begin(&e);
    energy_tick(&e, 9000000);
    CHECK_INT(energy_end(&e, a, 1), ==, 0);
    energy_tick(&e, 19000000);
    CHECK_INT(e.ended_mj, ==, 0);
}

TEST(a_part_of_a_millijoule_is_rounded_up)
{
    struct energy e = {0};
    const uint64_t a = energy_begin(&e);
    energy_tick(&e, 1);
    CHECK_INT(energy_end(&e, a, 1), ==, 1);
}

/* In nanojoules: what all get is never more than there was, and less by rounding alone. */
TEST(the_parts_add_up_to_the_whole)
{
    enum { MANY = 50, STEPS = 20000 };
    struct energy e = {0};
    uint64_t begun[MANY] = {0}, given_nj = 0, used_uj = 0, total = 0, seed = 1;
    bool runs[MANY] = {false};
    for (int i = 0; i < STEPS; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        const uint64_t more = seed >> 44;
        const size_t k = (seed >> 20) % MANY;
        used_uj += e.running ? more : 0;
        total += more;
        energy_tick(&e, total);
        if (runs[k]) {
            given_nj += e.shared_nj - begun[k];
            (void)energy_end(&e, begun[k], 1);
        } else {
            begun[k] = energy_begin(&e);
        }
        runs[k] = !runs[k];
    }
    for (size_t k = 0; k < MANY; k++)
        if (runs[k])
            given_nj += e.shared_nj - begun[k];
    CHECK(given_nj <= used_uj * 1000);
    CHECK(used_uj * 1000 - given_nj <= (uint64_t)STEPS * MANY);
}

TEST(the_sum_may_begin_anew)
{
    struct energy e = {.shared_nj = UINT64_MAX - 1999999};
    const uint64_t a = energy_begin(&e);
    energy_tick(&e, 5000);
    CHECK_INT(energy_end(&e, a, 1), ==, 5);
}

TEST(an_estimate_is_the_mean_of_what_was_and_never_nothing)
{
    struct energy e = {0};
    CHECK_INT(energy_estimate(&e, 1000), ==, 1);
    const uint64_t a = energy_begin(&e);
    energy_tick(&e, 50000000); /* 50 J for 100 tokens */
    (void)energy_end(&e, a, 100);
    CHECK_INT(energy_estimate(&e, 1000), ==, 500);
    CHECK_INT(energy_estimate(&e, 1), ==, 1);
    CHECK_INT(energy_estimate(&e, 0), ==, 1);
}
