/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/date.h"

#include "test.h"

static day
of(int year, int month, int of_month)
{
    day d = 0;
    CHECK(day_make(year, month, of_month, &d));
    return d;
}

static bool
is_text(day d, const char *text)
{
    char room[DAY_TEXT];
    return str_eq(day_text(d, room), str_of(text));
}

TEST(every_day_of_three_centuries_follows_the_one_before_and_reads_back)
{
    int year = 0, month = 0, of_month = 0;
    day d = of(YEAR_FIRST, 1, 1);
    CHECK_INT(day_weekday(d), ==, 0); /* a Monday */
    CHECK_INT(of(1970, 1, 1), ==, 0);
    for (int weekday = 0; d <= of(YEAR_LAST, 12, 31); d++, weekday = (weekday + 1) % 7) {
        day again = 0;
        day_parts(d, &year, &month, &of_month);
        NEED(day_make(year, month, of_month, &again) && again == d);
        NEED(day_weekday(d) == weekday);
    }
    CHECK_INT(year, ==, YEAR_LAST);
}

TEST(a_day_that_is_not_in_the_calendar_is_none)
{
    day d = 7;
    CHECK(!day_make(2026, 2, 29, &d));
    CHECK(!day_make(1900, 2, 29, &d));
    CHECK(!day_make(2026, 13, 1, &d));
    CHECK(!day_make(2026, 0, 1, &d));
    CHECK(!day_make(2026, 4, 31, &d));
    CHECK(!day_make(2026, 4, 0, &d));
    CHECK(!day_make(YEAR_LAST + 1, 1, 1, &d));
    CHECK(!day_make(-5, 1, 1, &d));
    CHECK_INT(d, ==, 7);
    CHECK(day_make(2024, 2, 29, &d));
}

TEST(months_end_at_their_last_day_when_they_are_shorter)
{
    CHECK(is_text(day_add_months(of(2026, 1, 31), 1), "2026-02-28"));
    CHECK(is_text(day_add_months(of(2023, 11, 30), 3), "2024-02-29"));
    CHECK(is_text(day_add_months(of(2026, 11, 7), 2), "2027-01-07"));
    CHECK(is_text(day_month_end(of(2026, 2, 3)), "2026-02-28"));
}

TEST(offices_are_closed_on_the_holidays_of_all_laender)
{
    CHECK_STR(str_of(day_closed(of(2026, 4, 3))), STR("Karfreitag"));
    CHECK_STR(str_of(day_closed(of(2026, 4, 6))), STR("Ostermontag"));
    CHECK_STR(str_of(day_closed(of(2026, 5, 14))), STR("Christi Himmelfahrt"));
    CHECK_STR(str_of(day_closed(of(2026, 5, 25))), STR("Pfingstmontag"));
    CHECK_STR(str_of(day_closed(of(2038, 4, 26))), STR("Ostermontag")); /* the latest Easter */
    CHECK_STR(str_of(day_closed(of(2026, 10, 3))), STR("Tag der Deutschen Einheit"));
    CHECK_STR(str_of(day_closed(of(2026, 11, 22))), STR("Sonntag"));
    CHECK(!day_closed(of(2026, 11, 23)));
    CHECK(!day_closed(of(2025, 10, 31))); /* Reformation Day: some Länder only */
}

TEST(what_ends_on_a_closed_day_ends_on_the_next_open_one)
{
    CHECK(is_text(day_open(of(2026, 4, 3)), "2026-04-07"));
    CHECK(is_text(day_open(of(2026, 12, 25)), "2026-12-28"));
    CHECK(is_text(day_open(of(2026, 11, 23)), "2026-11-23"));
}

TEST(the_clock_gives_the_day_and_never_leaves_the_calendar)
{
    CHECK(is_text(day_of_wall_ms(1795392000000), "2026-11-23"));
    CHECK_INT(day_of_wall_ms(-1), ==, -1);
    CHECK(is_text(day_of_wall_ms(INT64_MAX), "2199-12-31"));
    CHECK(is_text(day_of_wall_ms(INT64_MIN), "1900-01-01"));
}
