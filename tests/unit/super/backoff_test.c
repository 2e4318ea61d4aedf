/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/backoff.h"

#include "test.h"

TEST(the_first_pause_is_short)
{
    struct backoff b = {.wait_ms = 0};
    CHECK_INT(backoff_next(&b, 0, 30000), ==, BACKOFF_FIRST_MS);
}

TEST(each_pause_is_twice_the_last_up_to_the_longest)
{
    struct backoff b = {.wait_ms = 0};
    static const uint64_t want[] = {50, 100, 200, 400, 800, 1000, 1000, 1000};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK_INT(backoff_next(&b, 10, 1000), ==, want[i]);
}

TEST(what_lived_long_enough_begins_anew)
{
    struct backoff b = {.wait_ms = 0};
    for (int i = 0; i < 5; i++)
        backoff_next(&b, 0, 30000);
    CHECK_INT(backoff_next(&b, BACKOFF_STEADY_MS - 1, 30000), ==, 1600);
    CHECK_INT(backoff_next(&b, BACKOFF_STEADY_MS, 30000), ==, BACKOFF_FIRST_MS);
    CHECK_INT(backoff_next(&b, 0, 30000), ==, 2 * BACKOFF_FIRST_MS);
}

TEST(the_longest_may_be_shorter_than_the_first)
{
    struct backoff b = {.wait_ms = 0};
    CHECK_INT(backoff_next(&b, 0, 10), ==, 10);
    CHECK_INT(backoff_next(&b, 0, 10), ==, 10);
}

TEST(however_often_it_dies_the_pause_stays_in_its_bounds)
{
    struct backoff b = {.wait_ms = 0};
    for (uint64_t i = 0; i < 10000; i++) {
        const uint64_t lived_ms = test_random() % (2 * BACKOFF_STEADY_MS), max = 100 + i % 600000;
        const uint64_t wait_ms = backoff_next(&b, lived_ms, max);
        CHECK(wait_ms >= BACKOFF_FIRST_MS && wait_ms <= max);
    }
}
