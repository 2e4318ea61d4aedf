/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/num.h"

#include <inttypes.h>
#include <yyjson.h>

/* Digits at the start of *rest, taken off.  False when there is none; *ret_over when the
 * number is beyond 64 bits. */
static bool
take_digits(str *rest, uint64_t *ret, bool *ret_over)
{
    uint64_t n = 0;
    size_t i = 0;
    bool over = false;
    for (; i < rest->len && rest->at[i] >= '0' && rest->at[i] <= '9'; i++)
        over |= __builtin_mul_overflow(n, 10u, &n) ||
                __builtin_add_overflow(n, (uint64_t)(rest->at[i] - '0'), &n);
    if (!i)
        return false;
    *rest = str_slice(*rest, i, rest->len);
    *ret = n;
    *ret_over = over;
    return true;
}

static fallible
bounded(uint64_t n, bool over, uint64_t min, uint64_t max, uint64_t *ret)
{
    if (over || n < min || n > max)
        REFUSE(ARGUMENT, "", "the number must be from %" PRIu64 " to %" PRIu64, min, max);
    *ret = n;
    return OK;
}

fallible
num_u64(str s, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t n;
    bool over;
    if (!take_digits(&s, &n, &over) || s.len)
        REFUSE(PARSE, "", "a whole number in digits is expected");
    return bounded(n, over, min, max, ret);
}

fallible
num_i64(str s, int64_t min, int64_t max, int64_t *ret)
{
    uint64_t n;
    bool over;
    const bool minus = str_starts(s, STR("-"));
    str digits = str_slice(s, minus, s.len);
    if (!take_digits(&digits, &n, &over) || digits.len)
        REFUSE(PARSE, "", "a whole number in digits is expected");
    over |= n > (uint64_t)INT64_MAX + minus;
    const int64_t value = (int64_t)(minus ? 0 - n : n);
    if (over || value < min || value > max)
        REFUSE(ARGUMENT, "", "the number must be from %" PRId64 " to %" PRId64, min, max);
    *ret = value;
    return OK;
}

/* yyjson reads numbers exactly and without locale; JSON's grammar is the one we want. */
static bool
read_number(str s, double *ret)
{
    char room[64];
    yyjson_val v;
    if (!str_copy(s, room, sizeof room))
        return false;
    const char *end = yyjson_read_number(room, &v, YYJSON_READ_NOFLAG, NULL, NULL);
    if (!end || end != room + s.len)
        return false;
    *ret = yyjson_get_num(&v);
    return true;
}

fallible
num_f64(str s, double min, double max, double *ret)
{
    double d;
    if (!read_number(s, &d))
        REFUSE(PARSE, "", "a number is expected");
    if (!(d >= min && d <= max))
        REFUSE(ARGUMENT, "", "the number must be from %g to %g", min, max);
    *ret = d;
    return OK;
}

struct unit {
    str name;
    uint64_t factor;
};

static bool
find_unit(const struct unit *units, str name, uint64_t *ret)
{
    for (; units->factor; units++)
        if (str_eq(units->name, name)) {
            *ret = units->factor;
            return true;
        }
    return false;
}

static fallible
with_unit(str s, const struct unit *units, const char *form, uint64_t *ret, bool *ret_over)
{
    uint64_t n, factor;
    bool over;
    if (!take_digits(&s, &n, &over) || !find_unit(units, s, &factor))
        REFUSE(PARSE, "", "%s is expected", form);
    *ret_over = __builtin_mul_overflow(n, factor, ret) || over;
    return OK;
}

fallible
num_bytes(str s, uint64_t min, uint64_t max, uint64_t *ret)
{
    static const struct unit units[] = {{STR_INIT(""), 1},
                                        {STR_INIT("K"), 1u << 10},
                                        {STR_INIT("M"), 1u << 20},
                                        {STR_INIT("G"), 1u << 30},
                                        {STR_INIT(""), 0}};
    uint64_t n = 0;
    bool over = false;
    TRY(with_unit(s, units, "a size as 4096, 64K, 16M or 2G", &n, &over));
    return bounded(n, over, min, max, ret);
}

fallible
num_ms(str s, uint64_t min, uint64_t max, uint64_t *ret)
{
    static const struct unit units[] = {{STR_INIT("ms"), 1},       {STR_INIT("s"), 1000},
                                        {STR_INIT("min"), 60000},  {STR_INIT("h"), 3600000},
                                        {STR_INIT("d"), 86400000}, {STR_INIT(""), 0}};
    uint64_t n = 0;
    bool over = false;
    TRY(with_unit(s, units, "a duration as 500ms, 30s, 5min, 2h or 90d", &n, &over));
    return bounded(n, over, min, max, ret);
}
