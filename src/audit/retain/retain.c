/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/retain/retain.h"

#include "base/num.h"

enum { DAY_MS = 86400000 };

static const struct retain_info classes[] = {
#define CLASS(id, name, param, days_min, law, doc) {name, #param, law, doc, days_min},
#include "audit/retain/retain.def"
};
_Static_assert(sizeof classes / sizeof *classes == RETAIN_CLASSES, "one row per class");

static const struct {
    enum retain_class class;
    const char *event;
} events[] = {
#define IN(class, event) {RETAIN_##class, event},
#include "audit/retain/retain.def"
};

const struct retain_info *
retain_info(enum retain_class c)
{
    ASSERT(c < RETAIN_CLASSES);
    return &classes[c];
}

enum retain_class
retain_class_of(str event)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (str_eq(event, str_of(events[i].event)))
            return events[i].class;
    return RETAIN_USE;
}

uint64_t
retain_days(const struct params *p, enum retain_class c)
{
    const uint64_t days[] = {
#define CLASS(id, name, param, days_min, law, doc) p->param,
#include "audit/retain/retain.def"
    };
    ASSERT(c < RETAIN_CLASSES);
    return days[c] > classes[c].days_min ? days[c] : classes[c].days_min;
}

bool
retain_is_over(const struct params *p, enum retain_class c, int64_t time_wall_ms,
               int64_t now_wall_ms)
{
    return time_wall_ms < now_wall_ms - (int64_t)retain_days(p, c) * DAY_MS;
}

fallible
retain_check(const struct params *p, int64_t before_wall_ms, int64_t now_wall_ms)
{
    const struct retain_info *const use = retain_info(RETAIN_USE);
    const uint64_t days = retain_days(p, RETAIN_USE);
    if (before_wall_ms > now_wall_ms - (int64_t)use->days_min * DAY_MS)
        REFUSE(ARGUMENT, "before", "%s: entries stay at least six months (%llu days)", use->law,
               (unsigned long long)use->days_min);
    if (before_wall_ms > now_wall_ms - (int64_t)days * DAY_MS)
        REFUSE(ARGUMENT, "before", "retain.use_days has entries stay %llu days",
               (unsigned long long)days);
    return OK;
}

/* ---- times */
static bool
number(str s, size_t at, size_t len, int64_t max, int64_t *ret)
{
    return at + len <= s.len && !num_i64(str_slice(s, at, at + len), 0, max, ret).code;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar: years begin in March, so that the day
 * that is sometimes missing is the last. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool
fits_form(str s)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.ddd";
    for (size_t i = 0; i < s.len; i++)
        if (i >= sizeof form - 1 ||
            (form[i] == 'd' ? s.at[i] < '0' || s.at[i] > '9' : s.at[i] != form[i]))
            return false;
    return s.len == 10 || s.len == 19 || s.len == 23;
}

fallible
retain_time_read(str s, int64_t *ret_wall_ms)
{
    int64_t y = 0, mo = 0, d = 0, h = 0, mi = 0, sec = 0, ms = 0;
    if (str_ends(s, STR("Z")) && s.len > 10)
        s.len--;
    const bool fits = fits_form(s) && number(s, 0, 4, 9999, &y) && number(s, 5, 2, 12, &mo) &&
                      number(s, 8, 2, 31, &d) && mo && d &&
                      (s.len < 19 || number(s, 11, 2, 23, &h)) &&
                      (s.len < 19 || (number(s, 14, 2, 59, &mi) && number(s, 17, 2, 60, &sec))) &&
                      (s.len < 23 || number(s, 20, 3, 999, &ms));
    if (!fits || y < 1970)
        FAIL(PARSE, "this is no time in UTC, as 2026-03-01 or 2026-03-01T12:00:00Z");
    *ret_wall_ms = ((days_of(y, mo, d) * 24 + h) * 60 + mi) * 60000 + sec * 1000 + ms;
    return OK;
}

/* ---- the front of a record */
static bool
take(str *rest, str what)
{
    if (!str_starts(*rest, what))
        return false;
    *rest = str_slice(*rest, what.len, rest->len);
    return true;
}

static bool
take_to(str *rest, char end, str *ret)
{
    const ptrdiff_t at = str_find_char(*rest, end);
    if (at < 0)
        return false;
    *ret = str_slice(*rest, 0, (size_t)at);
    *rest = str_slice(*rest, (size_t)at + 1, rest->len);
    return true;
}

fallible
retain_head_read(str line, struct retain_head *ret)
{
    str seq, time, event;
    struct retain_head h = {.seq = 0};
    const bool fits = take(&line, STR("{\"seq\":")) && take_to(&line, ',', &seq) &&
                      take(&line, STR("\"time\":\"")) && take_to(&line, '"', &time) &&
                      take(&line, STR(",\"event\":\"")) && take_to(&line, '"', &event) &&
                      !num_u64(seq, 1, INT64_MAX, &h.seq).code &&
                      !retain_time_read(time, &h.wall_ms).code;
    if (!fits)
        FAIL(CORRUPT, "a line of the log does not begin as a record does");
    h.event = event;
    *ret = h;
    return OK;
}
