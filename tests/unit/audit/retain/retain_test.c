/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/retain/retain.h"

#include "os/clock.h"
#include "test.h"

static const int64_t day = 86400000;

static int64_t
time_of(const char *text)
{
    int64_t ms = -1;
    CHECK_OK(retain_time_read(str_of(text), &ms));
    return ms;
}

TEST(times_are_read_as_the_clock_writes_them)
{
    for (int i = 0; i < 20000; i++) {
        AUTO(buf) b = BUF(64);
        const int64_t ms = (int64_t)(test_random() % 4102444800000); /* to the year 2100 */
        int64_t got = -1;
        clock_put(&b, ms);
        CHECK_OK(retain_time_read(buf_str(&b), &got));
        NEED(got == ms);
    }
    CHECK_INT(time_of("1970-01-01"), ==, 0);
    CHECK_INT(time_of("2026-03-01"), ==, time_of("2026-03-01T00:00:00Z"));
    CHECK_INT(time_of("2024-03-01") - time_of("2024-02-28"), ==, 2 * day);
}

TEST(what_is_no_time_is_not_read)
{
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-3-1",
                                      "2026-13-01",
                                      "2026-00-10",
                                      "2026-01-00",
                                      "2026-01-32",
                                      "1969-12-31",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01 10:00:00",
                                      "2026-01-01T10:00",
                                      "2026-01-01T10:00:00.1234Z",
                                      "2026-01-01x",
                                      "x026-01-01"};
    int64_t ms = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(retain_time_read(str_of(bad[i]), &ms), PARSE);
    CHECK_INT(ms, ==, 7);
}

TEST(nothing_goes_before_the_law_lets_it_however_the_configuration_came_to_be)
{
    struct params p;
    params_default(&p);
    for (int c = 0; c < RETAIN_CLASSES; c++) {
        CHECK_INT(retain_days(&p, (enum retain_class)c), >=,
                  retain_info((enum retain_class)c)->days_min);
        CHECK(strlen(retain_info((enum retain_class)c)->law) > 0);
    }
    p.retain_use_days = 1;
    CHECK_INT(retain_days(&p, RETAIN_USE), ==, 184);
    CHECK(!retain_is_over(&p, RETAIN_USE, 1000 * day, 1184 * day));
    CHECK(retain_is_over(&p, RETAIN_USE, 1000 * day - 1, 1184 * day));
}

TEST(too_late_a_time_is_refused_with_the_name_of_the_law)
{
    struct params p;
    params_default(&p);
    const int64_t now = 20000 * day;
    CHECK_ERR(retain_check(&p, now - 183 * day, now), ARGUMENT);
    CHECK(str_find(str_of(err_text()), STR("AI Act")) >= 0);
    CHECK_ERR(retain_check(&p, now - 189 * day, now), ARGUMENT);
    CHECK(str_find(str_of(err_text()), STR("retain.use_days")) >= 0);
    CHECK_OK(retain_check(&p, now - 190 * day, now));
}

TEST(events_have_classes_and_those_nobody_listed_the_shortest)
{
    CHECK_INT(retain_class_of(STR("decision")), ==, RETAIN_USE);
    CHECK_INT(retain_class_of(STR("of.tomorrow")), ==, RETAIN_USE);
    CHECK_INT(retain_class_of(STR("key.add")), ==, RETAIN_ACT);
    CHECK_INT(retain_class_of(STR("person.erase")), ==, RETAIN_PROOF);
    CHECK_INT(retain_class_of(STR("log.prune")), ==, RETAIN_PROOF);
}

TEST(the_front_of_a_record_is_read)
{
    struct retain_head h;
    CHECK_OK(retain_head_read(
        STR("{\"seq\":7,\"time\":\"2026-03-01T12:00:00.123Z\",\"event\":\"key.add\",\"x\":1}"),
        &h));
    CHECK_INT(h.seq, ==, 7);
    CHECK_INT(h.wall_ms, ==, time_of("2026-03-01T12:00:00.123Z"));
    CHECK(str_eq(h.event, STR("key.add")));
}

TEST(what_does_not_begin_as_a_record_is_none)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"seq\":7}",
                                      "{\"seq\":0,\"time\":\"2026-03-01\",\"event\":\"x\"}",
                                      "{\"seq\":7,\"event\":\"x\",\"time\":\"2026-03-01\"}",
                                      "{\"seq\":7,\"time\":\"soon\",\"event\":\"x\"}",
                                      "{\"seq\":7,\"time\":\"2026-03-01\",\"event\":\"x",
                                      " {\"seq\":7,\"time\":\"2026-03-01\""};
    struct retain_head h;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(retain_head_read(str_of(bad[i]), &h), CORRUPT);
}
