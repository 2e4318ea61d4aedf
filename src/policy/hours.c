/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/hours.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"

enum {
    DAY = 24 * 60,
    ZONE_MAX = 32,
    DAYS_MAX = 32,
    CLOCK_MAX = 8,
    WORDS_MAX = 4096,
    MINUTE_MS = 60000,
    BERLIN_WINTER = 60, /* minutes east */
    BERLIN_SUMMER = 120,
    EPOCH_DAY = 3 /* 1970-01-01 was a Thursday */
};

#define TEXT(type, key, max)                                                                       \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct type, key, 1, max)
static const cyaml_schema_field_t time_fields[] = {
    TEXT(hours_time_entry, days, DAYS_MAX), TEXT(hours_time_entry, from, CLOCK_MAX),
    TEXT(hours_time_entry, to, CLOCK_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t time_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct hours_time_entry, time_fields)};
const cyaml_schema_field_t hours_fields[] = {TEXT(hours_entry, zone, ZONE_MAX),
                                             CYAML_FIELD_SEQUENCE("times", CYAML_FLAG_POINTER,
                                                                  struct hours_entry, times,
                                                                  &time_schema, 1, HOURS_TIMES_MAX),
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

int
hours_minute(const struct hours *h, int64_t wall_ms)
{
    const int64_t minute = wall_ms > 0 ? wall_ms / MINUTE_MS : 0;
    int64_t east = 0;
    if (h->is_berlin)
        east = is_summer(minute) ? BERLIN_SUMMER : BERLIN_WINTER;
    return (int)((minute + east + EPOCH_DAY * DAY) % HOURS_MINUTES);
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
    if (label_eq(h->limited, LABEL_BOTTOM) || is_open(h, hours_minute(h, wall_ms)))
        return may;
    for (int i = 0; i < 4; i++)
        may.w[i] = ~h->limited.w[i];
    return may;
}

void
hours_opens(const struct hours *h, int64_t wall_ms, char room[HOURS_TEXT_MAX])
{
    const int at = next_open(h, hours_minute(h, wall_ms));
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
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
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

fallible
hours_example(const struct hours *h, str text, int64_t *ret_wall_ms)
{
    int minute = next_open(h, 0), day, at;
    if (text.len) {
        if (text.len != 8 || text.at[2] != ' ' || !find_day(str_slice(text, 0, 2), &day) ||
            !read_clock(str_slice(text, 3, 8), &at) || at == DAY)
            REFUSE(ARGUMENT, "at", "\"at\" is a day and a time of the policy's zone: mo 06:00");
        minute = day * DAY + at;
    }
    /* Of the second week of 1970, so that it is not before its beginning. */
    const int64_t east = h->is_berlin ? BERLIN_WINTER : 0;
    const int64_t monday = (7 + 7 - EPOCH_DAY) * (int64_t)DAY;
    *ret_wall_ms = (monday + minute - east) * MINUTE_MS;
    ASSERT(hours_minute(h, *ret_wall_ms) == minute);
    return OK;
}
