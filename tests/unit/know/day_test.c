/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/day.h"

#include "test.h"

TEST(a_day_is_read_and_put_back)
{
    uint32_t day = 0;
    AUTO(buf) b = BUF(32);
    CHECK_OK(day_read(STR("2026-03-01"), &day));
    CHECK_INT(day, ==, 20260301);
    day_put(&b, day);
    CHECK_STR(buf_str(&b), STR("2026-03-01"));
}

TEST(days_that_do_not_exist_are_refused_and_leave_the_result_alone)
{
    static const char *const bad[] = {"",           "2026-02-29",  "2026-13-01", "2026-00-10",
                                      "2026-04-31", "0000-01-01",  "26-01-01",   "2026/01/01",
                                      "2026-01-1x", "2026-01-012", "1900-02-29"};
    uint32_t day = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(day_read(str_of(bad[i]), &day), PARSE);
    CHECK_INT(day, ==, 7);
    CHECK_OK(day_read(STR("2024-02-29"), &day));
    CHECK_OK(day_read(STR("2000-02-29"), &day));
}

/* Every day of 130 years: the next is read back and follows the one before. */
TEST(days_follow_each_other)
{
    uint32_t before = day_at(0);
    CHECK_INT(before, ==, 19700101);
    CHECK_INT(day_at(INT64_C(1767225600000)), ==, 20260101);
    CHECK_INT(day_at(-5), ==, 19700101);
    for (int64_t n = 1; n < 130 * 366; n++) {
        AUTO(buf) b = BUF(32);
        uint32_t same = 0;
        const uint32_t day = day_at(n * 86400000 + 86399999);
        day_put(&b, day);
        CHECK_OK(day_read(buf_str(&b), &same));
        CHECK(day > before && same == day);
        before = day;
    }
}
