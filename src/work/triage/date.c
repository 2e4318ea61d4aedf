/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/date.h"

#include <stdio.h>

#include "base/err.h"

enum { DAYS_OF_ERA = 146097, DAY_MS = 86400000, EPOCH_SHIFT = 719468, CLOSED_RUN_MAX = 14 };

static bool
is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    ASSERT(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && is_leap(year));
}

static day
count_days(int year, int month, int of_month)
{
    const int y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
    const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + of_month - 1;
    return era * DAYS_OF_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_SHIFT;
}

bool
day_make(int year, int month, int of_month, day *ret)
{
    if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || of_month < 1 ||
        of_month > month_days(year, month))
        return false;
    *ret = count_days(year, month, of_month);
    return true;
}

void
day_parts(day d, int *ret_year, int *ret_month, int *ret_of_month)
{
    const int n = d + EPOCH_SHIFT, era = n / DAYS_OF_ERA, of_era = n - era * DAYS_OF_ERA;
    const int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int of_year = of_era - (365 * year + year / 4 - year / 100);
    const int shifted = (5 * of_year + 2) / 153;
    ASSERT(n >= 0);
    *ret_of_month = of_year - (153 * shifted + 2) / 5 + 1;
    *ret_month = shifted < 10 ? shifted + 3 : shifted - 9;
    *ret_year = year + era * 400 + (*ret_month <= 2);
}

int
day_weekday(day d)
{
    return (int)(((d + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

day
day_add_months(day d, int months)
{
    int year, month, of_month;
    day_parts(d, &year, &month, &of_month);
    const int all = year * 12 + month - 1 + months;
    year = all / 12;
    month = all % 12 + 1;
    const int last = month_days(year, month);
    return count_days(year, month, of_month < last ? of_month : last);
}

day
day_month_end(day d)
{
    int year, month, of_month;
    day_parts(d, &year, &month, &of_month);
    return d + month_days(year, month) - of_month;
}

day
day_of_wall_ms(int64_t wall_ms)
{
    const int64_t whole = wall_ms / DAY_MS - (wall_ms % DAY_MS < 0);
    const day least = count_days(YEAR_FIRST, 1, 1), most = count_days(YEAR_LAST, 12, 31);
    return whole < least ? least : whole > most ? most : (day)whole;
}

/* Gauss' rule as Lichtenberg completed it (Historia Mathematica 24, 1997). */
static day
easter(int year)
{
    const int k = year / 100, m = 15 + (3 * k + 3) / 4 - (8 * k + 13) / 25;
    const int s = 2 - (3 * k + 3) / 4, a = year % 19, d = (19 * a + m) % 30;
    const int r = (d + a / 11) / 29, og = 21 + d - r;
    const int sz = 7 - (year + year / 4 + s) % 7, oe = 7 - (og - sz) % 7;
    return count_days(year, 3, 1) + og + oe - 1;
}

const char *
day_closed(day d)
{
    static const struct {
        int month, of_month;
        const char *name;
    } fixed[] = {{1, 1, "Neujahr"},
                 {5, 1, "Tag der Arbeit"},
                 {10, 3, "Tag der Deutschen Einheit"},
                 {12, 25, "1. Weihnachtstag"},
                 {12, 26, "2. Weihnachtstag"}};
    static const struct {
        int after;
        const char *name;
    } moving[] = {
        {-2, "Karfreitag"}, {1, "Ostermontag"}, {39, "Christi Himmelfahrt"}, {50, "Pfingstmontag"}};
    int year, month, of_month;
    day_parts(d, &year, &month, &of_month);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (fixed[i].month == month && fixed[i].of_month == of_month)
            return fixed[i].name;
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++)
        if (d == easter(year) + moving[i].after)
            return moving[i].name;
    const int weekday = day_weekday(d);
    return weekday == 5 ? "Samstag" : weekday == 6 ? "Sonntag" : NULL;
}

day
day_open(day d)
{
    for (int i = 0; i < CLOSED_RUN_MAX && day_closed(d); i++)
        d++;
    return d;
}

str
day_text(day d, char room[DAY_TEXT])
{
    int year, month, of_month;
    day_parts(d, &year, &month, &of_month);
    const int n = snprintf(room, DAY_TEXT, "%04d-%02d-%02d", year, month, of_month);
    ASSERT(n == 10);
    return (str){room, (size_t)n};
}
