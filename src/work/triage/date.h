/* SPDX-License-Identifier: EUPL-1.2 */
/* date.h - days of the civil calendar as numbers, and the days on which an office is closed.
 *
 * A day is counted from 1970-01-01 (0); the calendar is the Gregorian one throughout (algorithm:
 * Howard Hinnant, "chrono-compatible low-level date algorithms").  Closed are Saturdays, Sundays
 * and the nine days that are holidays in all of Germany; what is one in some Länder only is not
 * known here, so a time limit may in truth end a day later.  Pure. */
#pragma once
#include "base/str.h"

typedef int32_t day;

enum { DAY_TEXT = 16, YEAR_FIRST = 1900, YEAR_LAST = 2199 };

/* False if there is no such day, or its year is not from YEAR_FIRST to YEAR_LAST. */
bool day_make(int year, int month, int of_month, day *ret);
void day_parts(day d, int *ret_year, int *ret_month, int *ret_of_month);
/* 0 is Monday. */
int day_weekday(day d);
/* The day of that number `months` later, or the month's last one (§ 188 (3) BGB). */
day day_add_months(day d, int months);
/* The last one of its month. */
day day_month_end(day d);
day day_of_wall_ms(int64_t wall_ms);
/* Why the office is closed ("Sonntag", "Karfreitag"); NULL: it is open. */
const char *day_closed(day d);
/* The day itself or the next one that is open (§ 193 BGB, § 31 (3) VwVfG). */
day day_open(day d);
/* "2026-12-01" */
str day_text(day d, char room[DAY_TEXT]);
