/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/holidays.h"

#include "base/num.h"

enum {
    CYCLE = 146097,     /* days of 400 years */
    TO_1970 = 719468,   /* days from 1 March of the year 0 */
    MARCH_TO_JUNE = 153 /* days of any five months from March or August on */
};

static const char *const lands[] = {
    "",
#define LAND(id, name) name,
#include "policy/holidays.def"
#undef LAND
};

bool
holidays_find_land(str name, enum land *ret)
{
    for (int i = LAND_NONE + 1; i < LAND_COUNT; i++)
        if (str_eq(name, str_of(lands[i]))) {
            *ret = (enum land)i;
            return true;
        }
    return false;
}

/* ---- dates; years begin in March, so that a leap day is the last */
struct date
date_of_day(int64_t day)
{
    const int64_t all = day + TO_1970;
    const int64_t cycle = (all >= 0 ? all : all - CYCLE + 1) / CYCLE;
    const int64_t in_cycle = all - cycle * CYCLE;
    const int64_t year =
        (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / (CYCLE - 1)) / 365;
    const int64_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
    const int64_t from_march = (5 * in_year + 2) / MARCH_TO_JUNE;
    const int month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    return (struct date){.year = (int)(cycle * 400 + year + (month <= 2)),
                         .month = month,
                         .day = (int)(in_year - (MARCH_TO_JUNE * from_march + 2) / 5 + 1)};
}

int64_t
date_day(struct date d)
{
    const int64_t year = d.year - (d.month <= 2);
    const int64_t cycle = (year >= 0 ? year : year - 399) / 400, in_cycle = year - cycle * 400;
    const int64_t from_march = d.month > 2 ? d.month - 3 : d.month + 9;
    const int64_t in_year = (MARCH_TO_JUNE * from_march + 2) / 5 + d.day - 1;
    return cycle * CYCLE + in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + in_year - TO_1970;
}

static bool
read_part(str text, size_t at, size_t len, int *ret)
{
    uint64_t n;
    if (num_u64(str_slice(text, at, at + len), 0, 9999, &n).code)
        return false;
    *ret = (int)n;
    return true;
}

bool
date_read(str text, struct date *ret)
{
    enum { LEAP_YEAR = 2000 };
    struct date d = {.year = 0};
    const size_t from = text.len == 10 ? 5 : 0;
    if (text.len != from + 5 || text.at[from + 2] != '-' || (from && text.at[4] != '-'))
        return false;
    if ((from && (!read_part(text, 0, 4, &d.year) || d.year < 1970)) ||
        !read_part(text, from, 2, &d.month) || !read_part(text, from + 3, 2, &d.day))
        return false;
    if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31)
        return false;
    const struct date asked = {d.year ? d.year : LEAP_YEAR, d.month, d.day};
    const struct date same = date_of_day(date_day(asked));
    if (same.month != d.month || same.day != d.day)
        return false;
    *ret = d;
    return true;
}

/* ---- rules */
/* The Gregorian computus (Meeus, Astronomical Algorithms, ch. 8), as days since 1970. */
static int64_t
easter(int year)
{
    const int golden = year % 19, century = year / 100, rest = year % 100;
    const int moon =
        (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    const int week = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    const int late = (golden + 11 * moon + 22 * week) / 451;
    const int from_march = moon + week - 7 * late + 114;
    return date_day((struct date){year, from_march / 31, from_march % 31 + 1});
}

enum rule_kind { KIND_ON, KIND_EASTER, KIND_REPENTANCE };

struct holiday {
    uint32_t lands;
    int first, last;
    enum rule_kind kind;
    int a, b;
    const char *name;
};

#define ON(month, day) KIND_ON, month, day
#define EASTER(days) KIND_EASTER, days, 0
#define REPENTANCE KIND_REPENTANCE, 0, 0
#define ALL UINT32_MAX
#define EVER INT32_MAX
enum {
#define LAND(id, name) id = 1 << LAND_##id,
#include "policy/holidays.def"
#undef LAND
};
static const struct holiday holidays[] = {
#define HOLIDAY(lands, first, last, rule, name) {lands, first, last, rule, name},
#include "policy/holidays.def"
#undef HOLIDAY
};

static bool
is_rules_day(const struct holiday *h, struct date d, int64_t day, int64_t easter_day)
{
    enum { THURSDAY = 3 }; /* 1 January 1970, counted from Monday */
    if (h->kind == KIND_ON)
        return d.month == h->a && d.day == h->b;
    if (h->kind == KIND_EASTER)
        return day == easter_day + h->a;
    return d.month == 11 && d.day >= 16 && d.day <= 22 && (day + THURSDAY) % 7 == 2;
}

const char *
holidays_name(enum land land, int64_t day)
{
    ASSERT(land > LAND_NONE && land < LAND_COUNT);
    const struct date d = date_of_day(day);
    const int64_t easter_day = easter(d.year);
    for (size_t i = 0; i < sizeof holidays / sizeof *holidays; i++) {
        const struct holiday *h = &holidays[i];
        if ((h->lands >> land & 1) && d.year >= h->first && d.year <= h->last &&
            is_rules_day(h, d, day, easter_day))
            return h->name;
    }
    return NULL;
}
