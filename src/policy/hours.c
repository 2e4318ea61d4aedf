/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/hours.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"

enum {
    DAY = 24 * 60,
    ZONE_MAX = 32,
    LAND_MAX = 32,
    CLOSED_MAX = 1024,
    DAYS_AHEAD_MAX = 2 * 366,
    DAYS_MAX = 32,
    CLOCK_MAX = 8,
    WORDS_MAX = 4096,
    MINUTE_MS = 60000,
    BERLIN_WINTER = 60, /* minutes east */
    BERLIN_SUMMER = 120,
    EPOCH_DAY = 3 /* 1970-01-01 was a Thursday */
};

#define TEXT_AS(flags, type, key, max)                                                             \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | (flags), struct type, key, 1, max)
#define TEXT(type, key, max) TEXT_AS(0, type, key, max)
#define OPTION(type, key, max) TEXT_AS(CYAML_FLAG_OPTIONAL, type, key, max)
static const cyaml_schema_field_t time_fields[] = {
    TEXT(hours_time_entry, days, DAYS_MAX), TEXT(hours_time_entry, from, CLOCK_MAX),
    TEXT(hours_time_entry, to, CLOCK_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t time_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct hours_time_entry, time_fields)};
const cyaml_schema_field_t hours_fields[] = {
    TEXT(hours_entry, zone, ZONE_MAX),
    CYAML_FIELD_SEQUENCE("times", CYAML_FLAG_POINTER, struct hours_entry, times, &time_schema, 1,
                         HOURS_TIMES_MAX),
    OPTION(hours_entry, holidays, LAND_MAX), OPTION(hours_entry, closed, CLOSED_MAX),
    CYAML_FIELD_END};

static const char *const days[7] = {"mo", "tu", "we", "th", "fr", "sa", "su"};
static const char *const day_names[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                         "Friday", "Saturday", "Sunday"};

/* ---- zones */
static int64_t
last_sunday(int64_t day)
{
    return day - (day + EPOCH_DAY + 1) % 7;
}

/* Minutes from midnight UTC to the switch. */
enum { SWITCH_AT = 60 };

static bool
is_summer(int64_t minute)
{
    /* A day or two wrong about New Year, where it is winter either way. */
    const int64_t year = 1970 + minute / DAY * 400 / 146097, past = year - 1;
    const int64_t leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int64_t first = past * 365 + past / 4 - past / 100 + past / 400 - 719162;
    const int64_t march_31 = first + 89 + leap, october_31 = first + 303 + leap;
    return minute >= last_sunday(march_31) * DAY + SWITCH_AT &&
           minute < last_sunday(october_31) * DAY + SWITCH_AT;
}

/* Since 1970, as clocks show it there. */
static int64_t
local_minute(const struct hours *h, int64_t wall_ms)
{
    const int64_t minute = wall_ms > 0 ? wall_ms / MINUTE_MS : 0;
    if (!h->is_berlin)
        return minute;
    return minute + (is_summer(minute) ? BERLIN_SUMMER : BERLIN_WINTER);
}

static int
of_week(int64_t local)
{
    return (int)((local + EPOCH_DAY * DAY) % HOURS_MINUTES);
}

int
hours_minute(const struct hours *h, int64_t wall_ms)
{
    return of_week(local_minute(h, wall_ms));
}

/* ---- days without */
static bool
has_closed_days(const struct hours *h)
{
    return h->land || h->closed_count;
}

static const char *
closed_on(const struct hours *h, int64_t day)
{
    const char *name = h->land ? holidays_name(h->land, day) : NULL;
    const struct date d = h->closed_count ? date_of_day(day) : (struct date){.year = 0};
    for (size_t i = 0; !name && i < h->closed_count; i++)
        if (h->closed[i].month == d.month && h->closed[i].day == d.day &&
            (!h->closed[i].year || h->closed[i].year == d.year))
            name = "closed by the policy";
    return name;
}

const char *
hours_closed(const struct hours *h, int64_t wall_ms)
{
    return has_closed_days(h) ? closed_on(h, local_minute(h, wall_ms) / DAY) : NULL;
}

/* ---- the week */
static bool
is_open(const struct hours *h, int minute)
{
    ASSERT(minute >= 0 && minute < HOURS_MINUTES);
    return h->open[minute / 64] >> (minute % 64) & 1;
}

static int
next_open(const struct hours *h, int minute)
{
    for (int i = 0; i < HOURS_WORDS + 2 * 64 && !is_open(h, minute); i++) {
        /* A word without an open minute is passed over as a whole. */
        minute = h->open[minute / 64] ? minute + 1 : (minute / 64 + 1) * 64;
        minute = minute < HOURS_MINUTES ? minute : 0;
    }
    return minute;
}

label
hours_may(const struct hours *h, int64_t wall_ms)
{
    label may = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    const bool is_limited = !label_eq(h->limited, LABEL_BOTTOM);
    const int64_t local = is_limited ? local_minute(h, wall_ms) : 0;
    if (!is_limited ||
        (is_open(h, of_week(local)) && (!has_closed_days(h) || !closed_on(h, local / DAY))))
        return may;
    for (int i = 0; i < 4; i++)
        may.w[i] = ~h->limited.w[i];
    return may;
}

/* With its date: the next such day of the week may have none again. */
static void
put_next_day(const struct hours *h, int64_t local, char room[HOURS_TEXT_MAX])
{
    const int64_t last = local / DAY + DAYS_AHEAD_MAX;
    for (int64_t day = local / DAY; day < last; day++) {
        const int from = of_week(day == local / DAY ? local : day * DAY), at = next_open(h, from);
        if (at < from || at / DAY != from / DAY || closed_on(h, day))
            continue;
        const struct date d = date_of_day(day);
        (void)snprintf(room, HOURS_TEXT_MAX, "%s %04d-%02d-%02d %02d:%02d", day_names[at / DAY],
                       d.year % 10000, d.month, d.day, at % DAY / 60, at % 60);
        return;
    }
    (void)snprintf(room, HOURS_TEXT_MAX, "no day of the next two years");
}

void
hours_opens(const struct hours *h, int64_t wall_ms, char room[HOURS_TEXT_MAX])
{
    const int64_t local = local_minute(h, wall_ms);
    const int at = next_open(h, of_week(local));
    if (has_closed_days(h))
        put_next_day(h, local, room);
    else
        (void)snprintf(room, HOURS_TEXT_MAX, "%s %02d:%02d", day_names[at / DAY], at % DAY / 60,
                       at % 60);
}

/* ---- reading */
static bool
find_day(str name, int *ret)
{
    for (int i = 0; i < 7; i++)
        if (str_eq(name, str_of(days[i]))) {
            *ret = i;
            return true;
        }
    return false;
}

/* "mo" or "mo-fr"; "sa-mo" goes over the end of the week.  One bit for each day. */
static bool
read_range(str text, uint32_t *ret)
{
    const ptrdiff_t dash = str_find_char(text, '-');
    const size_t end = dash < 0 ? text.len : (size_t)dash;
    int from, to;
    if (!find_day(str_slice(text, 0, end), &from) ||
        !find_day(dash < 0 ? text : str_slice(text, end + 1, text.len), &to))
        return false;
    for (int i = 0; i <= (to - from + 7) % 7; i++)
        *ret |= 1u << (from + i) % 7;
    return true;
}

static fallible
read_days(const char *text, uint32_t *ret)
{
    str rest = str_of(text), one;
    *ret = 0;
    while (str_next(&rest, ',', &one))
        if (!read_range(str_trim(one), ret))
            REFUSE(CONFIG, "",
                   "policy file: \"%s\" under hours are no days: mo tu we th fr sa su, with commas "
                   "or as mo-fr",
                   text);
    return OK;
}

static bool
read_clock(str text, int *ret)
{
    uint64_t hour, minute;
    if (text.len != 5 || text.at[2] != ':' || num_u64(str_slice(text, 0, 2), 0, 24, &hour).code ||
        num_u64(str_slice(text, 3, 5), 0, hour == 24 ? 0 : 59, &minute).code)
        return false;
    *ret = (int)(hour * 60 + minute);
    return true;
}

static fallible
read_end(const char *text, int max, int *ret)
{
    if (!read_clock(str_of(text), ret) || *ret > max)
        REFUSE(CONFIG, "", "policy file: \"%s\" under hours is no time of day: 00:00 to %s", text,
               max == DAY ? "24:00" : "23:59");
    return OK;
}

static fallible
read_time(const struct hours_time_entry *e, struct hours *h)
{
    uint32_t on;
    int from, to;
    TRY(read_days(e->days, &on));
    TRY(read_end(e->from, DAY - 1, &from));
    TRY(read_end(e->to, DAY, &to));
    if (from == to)
        REFUSE(CONFIG, "",
               "policy file: hours from %s to %s are none; a whole day is from 00:00 to 24:00",
               e->from, e->to);
    const int end = to > from ? to : to + DAY; /* over midnight */
    for (int day = 0; day < 7; day++)
        for (int i = from; (on >> day & 1) && i < end; i++) {
            const int minute = (day * DAY + i) % HOURS_MINUTES;
            h->open[minute / 64] |= (uint64_t)1 << (minute % 64);
        }
    return OK;
}

static fallible
read_words(arena *a, const struct hours_entry *e, str *ret)
{
    AUTO(buf) b = BUF(WORDS_MAX);
    for (uint32_t i = 0; i < e->times_count; i++)
        buf_add_fmt(&b, "%s%s %s-%s", i ? "; " : "", e->times[i].days, e->times[i].from,
                    e->times[i].to);
    buf_add_fmt(&b, " (%s)", e->zone);
    if (e->holidays)
        buf_add_fmt(&b, ", not on public holidays of %s", e->holidays);
    if (e->closed)
        buf_add_fmt(&b, ", not on %s", e->closed);
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

static fallible
read_closed(const struct hours_entry *e, struct hours *h)
{
    str rest = str_of(e->closed), one;
    while (str_next(&rest, ',', &one)) {
        const str text = str_trim(one);
        if (h->closed_count == HOURS_CLOSED_MAX)
            REFUSE(CONFIG, "", "policy file: more than %d days are closed under hours",
                   HOURS_CLOSED_MAX);
        if (!date_read(text, &h->closed[h->closed_count++]))
            REFUSE(CONFIG, "",
                   "policy file: \"%.*s\" under hours is no day: 12-24 of every year, or "
                   "2027-05-07",
                   STR_FMT(str_slice(text, 0, DAYS_MAX)));
    }
    return OK;
}

static fallible
read_days_without(const struct hours_entry *e, struct hours *h)
{
    if (e->holidays && !holidays_find_land(str_of(e->holidays), &h->land))
        REFUSE(CONFIG, "",
               "policy file: holidays \"%s\" under hours is no Land: BAYERN, BERLIN, … or "
               "DEUTSCHLAND",
               e->holidays);
    return e->closed ? read_closed(e, h) : OK;
}

fallible
hours_read(arena *a, const struct hours_entry *e, struct hours *ret)
{
    struct hours h = {.zone = STR_NONE};
    if (e) {
        h.is_berlin = strcmp(e->zone, "Europe/Berlin") == 0;
        if (!h.is_berlin && strcmp(e->zone, "UTC") != 0)
            REFUSE(CONFIG, "", "policy file: zone \"%s\" under hours is not Europe/Berlin or UTC",
                   e->zone);
        h.zone = h.is_berlin ? STR("Europe/Berlin") : STR("UTC");
        for (uint32_t i = 0; i < e->times_count; i++)
            TRY(read_time(&e->times[i], &h));
        TRY(read_days_without(e, &h));
        TRY(read_words(a, e, &h.words));
    }
    *ret = h;
    return OK;
}

fallible
hours_limit(struct hours *h, const struct hours_flag *f)
{
    const bool is_set = strcmp(f->value, "true") == 0;
    if (!is_set && strcmp(f->value, "false") != 0)
        REFUSE(CONFIG, "", "policy file: %s %s: hours is true or false", f->what, f->id);
    if (!is_set)
        return OK;
    if (f->bit < 0)
        REFUSE(CONFIG, "", "policy file: %s %s cannot be for office hours only", f->what, f->id);
    if (!h->zone.len)
        REFUSE(CONFIG, "", "policy file: %s %s is for office hours, but there is no section hours",
               f->what, f->id);
    h->limited = label_with(h->limited, f->bit);
    return OK;
}

/* ---- examples */
/* Of that local minute; ARGUMENT where the clock goes past it. */
static fallible
put_wall(const struct hours *h, int64_t local, int64_t *ret_wall_ms)
{
    const int64_t east[] = {h->is_berlin ? BERLIN_WINTER : 0, h->is_berlin ? BERLIN_SUMMER : 0};
    for (int i = 0; i < 2; i++) {
        *ret_wall_ms = (local - east[i]) * MINUTE_MS;
        if (local_minute(h, *ret_wall_ms) == local)
            return OK;
    }
    REFUSE(ARGUMENT, "at", "\"at\" is a time that summer time leaves out");
}

static fallible
example_of_week(const struct hours *h, int minute, int64_t *ret_wall_ms)
{
    enum { WEEKS_TRIED = 9 }; /* from the second of 1970 on, so that it is winter and not before */
    int64_t day = 7 + 7 - EPOCH_DAY + minute / DAY;
    for (int i = 0; i < WEEKS_TRIED && closed_on(h, day); i++)
        day += 7;
    return put_wall(h, day * DAY + minute % DAY, ret_wall_ms);
}

fallible
hours_example(const struct hours *h, str text, int64_t *ret_wall_ms)
{
    enum { DATE = 10, TIME = 5 };
    struct date d;
    int day, at;
    if (!text.len)
        return example_of_week(h, next_open(h, 0), ret_wall_ms);
    const size_t gap = text.len == DATE + 1 + TIME ? DATE : 2;
    if (text.len == gap + 1 + TIME && text.at[gap] == ' ' &&
        read_clock(str_slice(text, gap + 1, text.len), &at) && at < DAY) {
        if (gap == DATE && date_read(str_slice(text, 0, gap), &d))
            return put_wall(h, date_day(d) * DAY + at, ret_wall_ms);
        if (gap == 2 && find_day(str_slice(text, 0, gap), &day))
            return example_of_week(h, day * DAY + at, ret_wall_ms);
    }
    REFUSE(ARGUMENT, "at",
           "\"at\" is a day and a time of the policy's zone: mo 06:00, or 2026-04-06 06:00");
}
