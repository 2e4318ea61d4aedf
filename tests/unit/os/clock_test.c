/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/clock.h"

#include <time.h>

#include "base/json.h"
#include "test.h"

static str
shown(buf *b, int64_t wall_ms)
{
    buf_clear(b);
    clock_put(b, wall_ms);
    return buf_str(b);
}

TEST(the_monotonic_clock_never_goes_back)
{
    uint64_t last = clock_ns();
    for (int i = 0; i < 10000; i++) {
        const uint64_t now = clock_ns();
        CHECK(now >= last);
        last = now;
    }
}

TEST(the_wall_clock_agrees_with_the_system)
{
    const int64_t s = (int64_t)time(NULL);
    const int64_t ms = clock_wall_ms();
    CHECK_INT(ms / 1000 - s, >=, -1);
    CHECK_INT(ms / 1000 - s, <=, 2);
}

TEST(a_fixed_clock_stands_still_until_it_is_freed)
{
    clock_fix(5000000, 1234);
    CHECK_INT(clock_ns(), ==, 5000000);
    CHECK_INT(clock_us(), ==, 5000);
    CHECK_INT(clock_ms(), ==, 5);
    CHECK_INT(clock_wall_ms(), ==, 1234);
    clock_fix(7, -1);
    CHECK_INT(clock_ns(), ==, 7);
    CHECK_INT(clock_wall_ms(), ==, -1);
    clock_free();
    CHECK(clock_ns() != 7);
    CHECK(clock_wall_ms() > 1700000000000);
}

TEST(times_are_written_as_rfc_3339_has_them)
{
    static const struct {
        int64_t ms;
        str text;
    } rows[] = {
        {0, STR_INIT("1970-01-01T00:00:00.000Z")},
        {1772366400123, STR_INIT("2026-03-01T12:00:00.123Z")},
        {951782400000, STR_INIT("2000-02-29T00:00:00.000Z")},
        {4107542400000, STR_INIT("2100-03-01T00:00:00.000Z")},
        {1735689599999, STR_INIT("2024-12-31T23:59:59.999Z")},
        {-1, STR_INIT("1969-12-31T23:59:59.999Z")},
        {-86400000, STR_INIT("1969-12-31T00:00:00.000Z")},
    };
    AUTO(buf) b = BUF(64);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(shown(&b, rows[i].ms), rows[i].text);
}

TEST(times_as_text_sort_as_they_follow)
{
    AUTO(buf) a = BUF(64);
    AUTO(buf) b = BUF(64);
    for (int i = 0; i < 1000; i++) {
        const int64_t x = (int64_t)(test_random() % 4102444800000);
        const int64_t y = (int64_t)(test_random() % 4102444800000);
        const int order = str_cmp(shown(&a, x), shown(&b, y));
        CHECK_INT((order > 0) - (order < 0), ==, (x > y) - (x < y));
    }
}

TEST(a_member_without_a_time_is_null)
{
    AUTO(buf) b = BUF(200);
    json_open(&b, '{');
    clock_put_member(&b, "from", 1767225600123);
    clock_put_member(&b, "to", 0);
    json_close(&b, '}');
    CHECK_STR(buf_str(&b), STR("{\"from\":\"2026-01-01T00:00:00.123Z\",\"to\":null}"));
}

TEST(a_time_that_does_not_fit_the_room_is_not_half_written_unnoticed)
{
    AUTO(buf) b = BUF(10);
    clock_put(&b, 0);
    CHECK_ERR(buf_end(&b), LIMIT);
}
