/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

static const char two[] =
    "{\"records\":[{\"seq\":7,\"time\":\"2026-03-01T12:00:00.123Z\",\"event\":\"decision\","
    "\"request\":\"req_1\",\"key\":\"key_1\",\"rule\":\"default\"},{\"seq\":8,\"time\":"
    "\"2026-03-01T12:00:01.000Z\",\"event\":\"file.add\",\"object\":\"a\\u001bb\"}],"
    "\"complete\":true}";

TEST(records_are_asked_for_by_what_was_given_and_shown)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f,
              "GET /admin/v1/log/records?limit=20&object=a%20b&since=2026-03-01T00%3A00%3A00.000Z",
              200, two);
    RUN(&r, &f, "log", "find", "--object", "a b", "--since", "2026-03-01");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "2026-03-01T12:00:00.123Z decision  request req_1  key key_1  rule default\n");
    CHECK_OUT(&r, "file.add  object a");
    CHECK_NOT_IN(r.out, "\x1b");
    RUN(&r, &f, "log", "find", "--object", "a b", "--since", "2026-03-01", "--json");
    CHECK_OUT(&r, "{\"records\":[{\"seq\":7");
    fake_end(&f);
}

TEST(times_are_made_whole)
{
    static const char *const given[][2] = {
        {"2026-03-01", "2026-03-01T00%3A00%3A00.000Z"},
        {"2026-03-01T12:30", "2026-03-01T12%3A30%3A00.000Z"},
        {"2026-03-01T12:30:15", "2026-03-01T12%3A30%3A15.000Z"},
        {"2026-03-01T12:30:15Z", "2026-03-01T12%3A30%3A15.000Z"},
        {"2026-03-01T12:30:15.250Z", "2026-03-01T12%3A30%3A15.250Z"},
    };
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        char want[128];
        RUN(&r, &f, "log", "find", "--by", "key_1", "--until", given[i][0]);
        snprintf(want, sizeof want, "key=key_1&until=%s ", given[i][1]);
        CHECK_IN(fake_asked(&f), want);
    }
    fake_end(&f);
}

TEST(what_is_no_time_or_number_is_not_sent)
{
    static const char *const bad[] = {"2026", "yesterday", "2026-03-01T1", "2026-03-01T12:00:00.0"};
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        RUN(&r, &f, "log", "find", "--since", bad[i]);
        CHECK_STATUS(&r, 2);
    }
    RUN(&r, &f, "log", "find", "--limit", "0");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "log", "find", "--limit", "1025");
    CHECK_STATUS(&r, 2);
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(no_record_is_told_and_so_is_a_catalog_in_the_making)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "GET /admin/v1/log/records", 200, "{\"records\":[],\"complete\":false}");
    RUN(&r, &f, "log", "find", "--rule", "x");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "being made anew");
    fake_says(&f, "GET /admin/v1/log/records", 200, "{\"records\":[]}");
    RUN(&r, &f, "log", "find", "--rule", "x");
    CHECK_STATUS(&r, 1);
    CHECK_NOT_IN(r.err, "anew");
    fake_end(&f);
}

TEST(an_alarm_is_shown_with_its_status)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "GET /admin/v1/log/alarm", 200, "{\"alarm\":false}");
    RUN(&r, &f, "log", "alarm");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "no alarm");
    fake_says(
        &f, "GET /admin/v1/log/alarm", 200,
        "{\"alarm\":true,\"record\":{\"time\":\"T\",\"event\":\"witness.alarm\",\"object\":\"w\","
        "\"why\":\"it saw more\"}}");
    RUN(&r, &f, "log", "alarm");
    CHECK_STATUS(&r, 65);
    CHECK_OUT(&r, "witness.alarm  object w  why it saw more");
    CHECK_SAYS(&r, "log clear");
    RUN(&r, &f, "log", "alarm", "--json");
    CHECK_STATUS(&r, 65);
    CHECK_OUT(&r, "{\"alarm\":true");
    fake_says(&f, "GET /admin/v1/log/alarm", 200, "{}");
    RUN(&r, &f, "log", "alarm");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(an_alarm_is_cleared_with_the_reason)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/log/clear", 200, "{\"ok\":true}");
    RUN(&r, &f, "log", "clear", "--reason", "the old \"stick\"");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "{\"reason\":\"the old \\\"stick\\\"\"}");
    fake_says(&f, "POST /admin/v1/log/clear", 403,
              "{\"error\":{\"code\":\"DENIED\",\"message\":\"wants an auditor\",\"exit\":77}}");
    RUN(&r, &f, "log", "clear", "--reason", "x");
    CHECK_STATUS(&r, 77);
    fake_end(&f);
}
