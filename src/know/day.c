/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/day.h"

#include "base/num.h"

enum { DAY_MS = 86400000, ERA_DAYS = 146097, YEAR_MIN = 1, YEAR_MAX = 9999 };

static uint64_t
month_days(uint64_t year, uint64_t month)
{
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month == 2)
        return is_leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

fallible
day_read(str text, uint32_t *ret)
{
    uint64_t year, month, day;
    const bool fits = text.len == 10 && text.at[4] == '-' && text.at[7] == '-' &&
                      !num_u64(str_slice(text, 0, 4), YEAR_MIN, YEAR_MAX, &year).code &&
                      !num_u64(str_slice(text, 5, 7), 1, 12, &month).code &&
                      !num_u64(str_slice(text, 8, 10), 1, 31, &day).code;
    if (!fits || day > month_days(year, month))
        REFUSE(PARSE, "", "a day of validity is written YYYY-MM-DD");
    *ret = (uint32_t)(year * 10000 + month * 100 + day);
    return OK;
}

void
day_put(buf *b, uint32_t day)
{
    buf_add_fmt(b, "%04u-%02u-%02u", day / 10000, day / 100 % 100, day % 100);
}

/* Years that begin in March, eras of 400 years (H. Hinnant, "chrono-compatible low-level date
 * algorithms"). */
uint32_t
day_at(int64_t wall_ms)
{
    const int64_t since = (wall_ms < 0 ? 0 : wall_ms) / DAY_MS + 719468;
    const int64_t era = since / ERA_DAYS, of_era = since % ERA_DAYS;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t m = (5 * of_year + 2) / 153;
    const int64_t day = of_year - (153 * m + 2) / 5 + 1, month = m < 10 ? m + 3 : m - 9;
    return (uint32_t)((year + 400 * era + (month <= 2)) * 10000 + month * 100 + day);
}
