/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/schema_range.h"

enum { ROOM = SCHEMA_DIGITS_MAX + 1 };

static const int64_t most = 999999999999999; /* 15 digits */

/* What stands behind the digits of a run. */
enum tail { TAIL_NONE, TAIL_FREE, TAIL_NOT_ZERO };

struct out {
    buf *b;
    const char *sign; /* "" or "-" */
    uint32_t decimals;
    bool is_number, has_any;
};

/* A number of `len` digits, each within its own range. */
struct run {
    char low[ROOM], high[ROOM];
    size_t len;
};

/* ---- one run */

static void
put_digits(buf *b, char low, char high, size_t count)
{
    if (low == high && count == 1)
        buf_add_fmt(b, "\"%c\" ", low);
    else if (count == 1)
        buf_add_fmt(b, "[%c-%c] ", low, high);
    else
        buf_add_fmt(b, "[%c-%c]{%zu} ", low, high, count);
}

static void
put_run_part(buf *b, const struct run *r, size_t from, size_t to)
{
    for (size_t i = from; i < to;) {
        size_t count = 1;
        while (i + count < to && r->low[i + count] == r->low[i] && r->high[i + count] == r->high[i])
            count++;
        put_digits(b, r->low[i], r->high[i], count);
        i += count;
    }
}

/* Digits of which one is not zero. */
static void
put_not_zero(buf *b, size_t room)
{
    for (size_t zeros = 0; zeros < room; zeros++) {
        buf_add(b, zeros ? STR("| \"") : STR("("));
        for (size_t i = 0; i < zeros; i++)
            buf_add_char(b, '0');
        buf_add(b, zeros ? STR("\" [1-9] ") : STR("[1-9] "));
        if (zeros + 1 < room)
            buf_add_fmt(b, "[0-9]{0,%zu} ", room - 1 - zeros);
    }
    buf_add(b, STR(") "));
}

/* Decimals beyond those of the bounds, as many as a double holds. */
static void
put_tail(struct out *o, enum tail tail, size_t digits)
{
    size_t room = SCHEMA_DIGITS_MAX - digits;
    room = room < SCHEMA_DECIMALS_MAX ? room : SCHEMA_DECIMALS_MAX;
    if (!room || tail == TAIL_NONE)
        return;
    if (tail == TAIL_FREE && o->decimals)
        buf_add_fmt(o->b, "[0-9]{0,%zu} ", room);
    else if (tail == TAIL_FREE)
        buf_add_fmt(o->b, "(\".\" [0-9]{1,%zu})? ", room);
    else {
        buf_add(o->b, o->decimals ? STR("") : STR("\".\" "));
        put_not_zero(o->b, room);
    }
}

static void
put_run(struct out *o, const struct run *r, enum tail tail)
{
    const size_t whole = r->len - o->decimals;
    if (tail == TAIL_NOT_ZERO && r->len >= SCHEMA_DIGITS_MAX)
        return; /* no room for one more */
    buf_add(o->b, o->has_any ? STR("| ") : STR(""));
    o->has_any = true;
    if (o->sign[0])
        buf_add_fmt(o->b, "\"%s\" ", o->sign);
    put_run_part(o->b, r, 0, whole);
    if (o->decimals)
        buf_add(o->b, STR("\".\" "));
    put_run_part(o->b, r, whole, r->len);
    put_tail(o, tail, r->len);
}

/* ---- runs between two numbers of the same length */

static void
fill(struct run *r, size_t from, char low, char high)
{
    for (size_t i = from; i < r->len; i++) {
        r->low[i] = low;
        r->high[i] = high;
    }
}

/* The numbers from `digits` up (or down) to the end of those that share its first `keep` digits. */
static void
put_side(struct out *o, str number, size_t keep, bool is_up, enum tail tail)
{
    const char *digits = number.at;
    const size_t len = number.len;
    struct run r = {.len = len};
    for (size_t i = len; i-- > keep;) {
        const char low = (char)(is_up ? digits[i] + 1 : '0');
        const char high = (char)(is_up ? '9' : digits[i] - 1);
        if (low > high)
            continue;
        memcpy(r.low, digits, i);
        memcpy(r.high, digits, i);
        r.low[i] = low;
        r.high[i] = high;
        fill(&r, i + 1, '0', '9');
        put_run(o, &r, tail);
    }
    memcpy(r.low, digits, len);
    memcpy(r.high, digits, len);
    put_run(o, &r, tail);
}

static void
put_same_length(struct out *o, const char *low, const char *high, size_t len, enum tail tail)
{
    struct run r = {.len = len};
    size_t at = 0;
    while (at < len && low[at] == high[at])
        at++;
    memcpy(r.low, low, len);
    memcpy(r.high, high, len);
    bool is_box = true;
    for (size_t i = at + 1; i < len; i++)
        is_box = is_box && low[i] == '0' && high[i] == '9';
    if (at == len || is_box) {
        put_run(o, &r, tail);
        return;
    }
    put_side(o, (str){low, len}, at + 1, true, tail);
    if (low[at] + 1 < high[at]) {
        r.low[at] = (char)(low[at] + 1);
        r.high[at] = (char)(high[at] - 1);
        fill(&r, at + 1, '0', '9');
        put_run(o, &r, tail);
    }
    put_side(o, (str){high, len}, at + 1, false, tail);
}

static int64_t
power(size_t digits)
{
    int64_t p = 1;
    for (size_t i = 0; i < digits; i++)
        p *= 10;
    return p;
}

static void
write_digits(char room[ROOM], int64_t n, size_t len)
{
    for (size_t i = len; i-- > 0; n /= 10)
        room[i] = (char)('0' + n % 10);
}

/* low … high, not negative, with at least one digit before the point. */
static void
put_range(struct out *o, int64_t low, int64_t high, enum tail tail)
{
    for (size_t len = o->decimals + 1; len <= SCHEMA_DIGITS_MAX; len++) {
        const int64_t first = len == o->decimals + 1 ? 0 : power(len - 1), last = power(len) - 1;
        const int64_t from = low > first ? low : first, to = high < last ? high : last;
        char a[ROOM], b[ROOM];
        if (from > to)
            continue;
        write_digits(a, from, len);
        write_digits(b, to, len);
        put_same_length(o, a, b, len, tail);
    }
}

/* ---- bounds */

/* The numbers of one sign: magnitudes between two bounds. */
struct side {
    int64_t low, high;
    bool low_open, high_open;
};

static void
put_side_of_zero(struct out *o, const struct side *s)
{
    const int64_t low = s->low + s->low_open;
    if (!o->is_number) {
        const int64_t high = s->high - s->high_open;
        if (low <= high)
            put_range(o, low, high, TAIL_NONE);
        return;
    }
    if (s->low_open && s->low < s->high)
        put_range(o, s->low, s->low, TAIL_NOT_ZERO);
    if (low < s->high)
        put_range(o, low, s->high - 1, TAIL_FREE);
    if (!s->high_open && low <= s->high)
        put_range(o, s->high, s->high, TAIL_NONE);
}

static bool
put_both(struct out *o, int64_t low, bool low_open, int64_t high, bool high_open)
{
    if (high > 0 || (high == 0 && !high_open))
        if (low <= high)
            put_side_of_zero(o, &(struct side){.low = low > 0 ? low : 0,
                                               .low_open = low >= 0 && low_open,
                                               .high = high,
                                               .high_open = high_open});
    if (low < 0 && low <= high) {
        o->sign = "-";
        put_side_of_zero(o, &(struct side){.low = high < 0 ? -high : 0,
                                           .low_open = high >= 0 || high_open,
                                           .high = -low,
                                           .high_open = low_open});
    }
    return o->has_any;
}

/* `b` in units of 10^-decimals. */
static int64_t
scaled(const struct schema_bound *b, uint32_t decimals)
{
    ASSERT(b->decimals <= decimals && decimals <= SCHEMA_DECIMALS_MAX);
    const int64_t factor = power(decimals - b->decimals);
    if (b->n > most / factor)
        return most;
    return b->n < -most / factor ? -most : b->n * factor;
}

/* Towards `up` to a whole number; then an open bound that was no whole number is closed. */
static int64_t
whole(const struct schema_bound *b, bool up, bool *ret_open)
{
    const int64_t factor = power(b->decimals);
    int64_t n = b->n / factor;
    const int64_t rest = b->n % factor;
    *ret_open = b->is_open && !rest;
    if (up && rest > 0)
        n++;
    if (!up && rest < 0)
        n--;
    return n;
}

bool
schema_put_integers(buf *out, const struct schema_bound *low, const struct schema_bound *high)
{
    struct out o = {.b = out, .sign = ""};
    bool low_open = false, high_open = false;
    const int64_t from = low->is_set ? whole(low, true, &low_open) : -most;
    const int64_t to = high->is_set ? whole(high, false, &high_open) : most;
    return put_both(&o, from, low_open, to, high_open);
}

bool
schema_put_numbers(buf *out, const struct schema_bound *low, const struct schema_bound *high)
{
    struct out o = {.b = out, .sign = "", .is_number = true};
    if (low->is_set)
        o.decimals = low->decimals;
    if (high->is_set && high->decimals > o.decimals)
        o.decimals = high->decimals;
    const int64_t from = low->is_set ? scaled(low, o.decimals) : -most;
    const int64_t to = high->is_set ? scaled(high, o.decimals) : most;
    return put_both(&o, from, low->is_set && low->is_open, to, high->is_set && high->is_open);
}
