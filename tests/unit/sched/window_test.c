/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/window.h"

#include <time.h>

#include "test.h"

static const int64_t day_ms = 86400000;

static int64_t
at(int year, int month, int day)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return (int64_t)timegm(&tm) * 1000;
}

TEST(a_day_begins_at_midnight_utc_also_before_1970)
{
    static const struct {
        int64_t ms, day;
    } cases[] = {{0, 0},          {-1, -1},        {86399999, 0},    {86400000, 1},
                 {-86400000, -1}, {-86400001, -2}, {1e15, 11574074}, {-1e15, -11574075}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(day_of(cases[i].ms), ==, cases[i].day);
        CHECK(day_end_ms(cases[i].day) > cases[i].ms);
        CHECK(day_end_ms(cases[i].day) - cases[i].ms <= day_ms);
    }
}

/* Against the C library, for every day of 800 years. */
TEST(a_month_has_the_days_the_calendar_says)
{
    for (int64_t day = -146097; day < 146097; day++) {
        const time_t s = (time_t)(day * 86400);
        struct tm tm;
        NEED(gmtime_r(&s, &tm));
        const int64_t month = month_of(day * day_ms);
        NEED(month == ((int64_t)tm.tm_year + 1900) * 12 + tm.tm_mon);
        tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1, .tm_mday = 1};
        NEED(month_end_ms(month) == (int64_t)timegm(&tm) * 1000);
    }
}

TEST(the_last_millisecond_of_a_month_is_in_it)
{
    static const int years[] = {1900, 1999, 2000, 2023, 2024, 2100};
    for (size_t i = 0; i < sizeof years / sizeof *years; i++)
        for (int m = 1; m <= 12; m++) {
            const int64_t first = at(years[i], m, 1);
            CHECK_INT(month_of(first), ==, month_of(first - 1) + 1);
            CHECK_INT(month_end_ms(month_of(first - 1)), ==, first);
        }
}

/* ---- minutes */
TEST(what_was_added_counts_for_a_minute_and_then_no_longer)
{
    struct minute m = {.slot = 0};
    minute_turn(&m, 7000);
    minute_add(&m, 5);
    for (uint64_t now = 7000; now < 67000; now += 100) {
        minute_turn(&m, now);
        CHECK_INT(m.sum, ==, 5);
    }
    minute_turn(&m, 72000);
    CHECK_INT(m.sum, ==, 0);
}

TEST(a_clock_that_goes_back_changes_nothing)
{
    struct minute m = {.slot = 0};
    minute_turn(&m, 100000);
    minute_add(&m, 5);
    minute_turn(&m, 0);
    minute_add(&m, 1);
    CHECK_INT(m.sum, ==, 6);
    minute_turn(&m, 100000 + 59999);
    CHECK_INT(m.sum, ==, 6);
}

TEST(a_long_rest_forgets_all)
{
    struct minute m = {.slot = 0};
    for (uint64_t i = 0; i < 13; i++) {
        minute_turn(&m, i * 5000);
        minute_add(&m, 1);
    }
    CHECK_INT(m.sum, ==, 13);
    minute_turn(&m, UINT64_MAX);
    CHECK_INT(m.sum, ==, 0);
}

TEST(what_is_taken_back_is_gone_from_its_own_slot_only)
{
    struct minute m = {.slot = 0};
    minute_turn(&m, 10000);
    minute_add(&m, 5);
    minute_turn(&m, 20000);
    minute_add(&m, 7);
    minute_take_back(&m, 2, 2);
    CHECK_INT(m.sum, ==, 10);
    minute_take_back(&m, 2, 100); /* never more than is there */
    CHECK_INT(m.sum, ==, 7);
    minute_take_back(&m, 9, 1); /* a slot to come */
    minute_turn(&m, 80000);
    minute_take_back(&m, 2, 1); /* one long gone */
    CHECK_INT(m.sum, ==, 7);
}

TEST(the_wait_is_until_enough_is_forgotten)
{
    struct minute m = {.slot = 0};
    minute_turn(&m, 0);
    minute_add(&m, 3);
    minute_turn(&m, 12000);
    minute_add(&m, 4);
    CHECK_INT(minute_wait_ms(&m, 0, 12000), ==, 0);
    CHECK_INT(minute_wait_ms(&m, 3, 12000), ==, 65000 - 12000);
    CHECK_INT(minute_wait_ms(&m, 4, 12000), ==, 75000 - 12000);
    CHECK_INT(minute_wait_ms(&m, 999, 12000), ==, 75000 - 12000);
    minute_turn(&m, 65000);
    CHECK_INT(m.sum, ==, 4);
    minute_turn(&m, 75000);
    CHECK_INT(m.sum, ==, 0);
    CHECK_INT(minute_wait_ms(&m, 1, 75000), ==, 0);
}

/* Against a list of all that was added: the sum is never less than the last 60 s, nor more than the
 * last 65 s held. */
TEST(the_sum_covers_the_last_minute_whatever_comes_when)
{
    static uint64_t when[2000], what[2000];
    struct minute m = {.slot = 0};
    uint64_t now = test_random() % 1000000;
    for (size_t i = 0; i < 2000; i++) {
        uint64_t least = 0, most = 0;
        now += test_random() % (i % 50 ? 900 : 70000);
        minute_turn(&m, now);
        when[i] = now;
        what[i] = test_random() % 100;
        minute_add(&m, what[i]);
        for (size_t j = 0; j <= i; j++) {
            least += when[j] + 60000 > now ? what[j] : 0;
            most += when[j] + 65000 > now ? what[j] : 0;
        }
        NEED(m.sum >= least && m.sum <= most);
    }
}

TEST(sums_stay_at_their_bounds)
{
    struct minute m = {.slot = 0};
    minute_add(&m, UINT64_MAX);
    minute_add(&m, 5);
    CHECK(m.sum == UINT64_MAX);
    CHECK(add_capped(UINT64_MAX - 1, 1) == UINT64_MAX && add_capped(UINT64_MAX, 1) == UINT64_MAX);
    CHECK(less(1, 2) == 0 && less(2, 1) == 1);
}
