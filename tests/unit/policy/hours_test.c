/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/hours.h"

#include <stdio.h>

#include "base/fault.h"
#include "policy/policy.h"
#include "test.h"

enum { DAY = 24 * 60, MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };

static const struct hours berlin = {.is_berlin = true}, utc = {.is_berlin = false};

/* A policy with these keys at level i (0 < i < v), the lowest level, compartment, party and taint.
 */
struct wish {
    const char *level, *lowest, *compartment, *party, *taint, *section;
};

#define KEY(w) ((w) ? (w) : "")
static err
load(struct wish w, policy **ret)
{
    char text[4096];
    snprintf(
        text, sizeof text,
        "version: 1\nlevels: [{ height: 0, id: o, title: T%s }, { height: 1, id: i, title: T%s "
        "}, { height: 2, id: v, title: T }]\ncompartments: [{ bit: 8, id: A, title: T%s }, { "
        "bit: 9, id: B, title: T }]\nparties: [{ bit: 128, id: P, title: T%s }]\ntaints: [{ "
        "bit: 224, id: t, title: T%s }]\n%s",
        KEY(w.lowest), KEY(w.level), KEY(w.compartment), KEY(w.party), KEY(w.taint),
        KEY(w.section));
    return policy_load(str_of(text), ret);
}

#define ON ", hours: true"
#define TIMES(zone, times) "hours: { zone: " zone ", times: [ " times " ] }\n"
#define WORKDAYS TIMES("UTC", "{ days: mo-fr, from: \"06:00\", to: \"20:00\" }")

/* ---- zones */
/* From the time zone database: seconds, and the minute of the week in Berlin. */
static const struct {
    int64_t second;
    int minute;
} known[] = {
    {859683599, 8759},  /* Sun 1997-03-30 01:59 */
    {859683600, 8820},  /* Sun 1997-03-30 03:00 */
    {946681199, 7199},  /* Fri 1999-12-31 23:59 */
    {946681200, 7200},  /* Sat 2000-01-01 00:00 */
    {951778800, 1440},  /* Tue 2000-02-29 00:00 */
    {951865140, 2879},  /* Tue 2000-02-29 23:59 */
    {951865200, 2880},  /* Wed 2000-03-01 00:00 */
    {954032399, 8759},  /* Sun 2000-03-26 01:59 */
    {954032400, 8820},  /* Sun 2000-03-26 03:00 */
    {972781199, 8819},  /* Sun 2000-10-29 02:59, the first time */
    {972781200, 8760},  /* Sun 2000-10-29 02:00, the second */
    {1709208000, 5100}, /* Thu 2024-02-29 13:00 */
    {1711846799, 8759}, /* Sun 2024-03-31 01:59 */
    {1711846800, 8820}, /* Sun 2024-03-31 03:00 */
    {1729990799, 8819}, /* Sun 2024-10-27 02:59 */
    {1729990800, 8760}, /* Sun 2024-10-27 02:00 */
    {1735685940, 2879}, /* Tue 2024-12-31 23:59 */
    {1735686000, 2880}, /* Wed 2025-01-01 00:00 */
    {1735689600, 2940}, /* Wed 2025-01-01 01:00 */
    {1743296399, 8759}, /* Sun 2025-03-30 01:59 */
    {1743296400, 8820}, /* Sun 2025-03-30 03:00 */
    {1774745999, 8759}, /* Sun 2026-03-29 01:59 */
    {1774746000, 8820}, /* Sun 2026-03-29 03:00 */
    {1782907200, 3720}, /* Wed 2026-07-01 14:00 */
    {1792889999, 8819}, /* Sun 2026-10-25 02:59 */
    {1792890000, 8760}, /* Sun 2026-10-25 02:00 */
    {1806195600, 8820}, /* Sun 2027-03-28 03:00 */
    {1824944399, 8819}, /* Sun 2027-10-31 02:59 */
    {1824944400, 8760}, /* Sun 2027-10-31 02:00 */
    {1861916400, 0},    /* Mon 2029-01-01 00:00 */
    {2090451600, 8820}, /* Sun 2036-03-30 03:00 */
    {2140045200, 8760}, /* Sun 2037-10-25 02:00 */
};

TEST(known_instants_are_the_minute_of_the_week_they_are_in_berlin)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK_INT(hours_minute(&berlin, known[i].second * 1000), ==, known[i].minute);
    CHECK_INT(hours_minute(&berlin, known[1].second * 1000 - 1), ==, known[0].minute);
}

/* Day by day over 130 years, counted up and not computed: 2100 is no leap year. */
TEST(each_year_has_one_summer_from_sunday_to_sunday)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = 0;
    bool summer = false; /* at noon */
    for (int year = 1970; year < 2106; year++)
        for (int month = 0; month < 12; month++) {
            const bool leap = year % 4 == 0 && year != 2100;
            const int length = lengths[month] + (month == 1 && leap);
            for (int i = 0; i < length; i++, day++) {
                const bool is_last_sunday = (day + 3) % 7 == 6 && i + 7 >= length;
                const int64_t noon = (day * 24 + 12) * HOUR_MS;
                const bool switches = is_last_sunday && (month == 2 || month == 9);
                summer = switches ? month == 2 : summer;
                const int east =
                    (hours_minute(&berlin, noon) - hours_minute(&utc, noon) + HOURS_MINUTES) %
                    HOURS_MINUTES;
                NEED(east == (summer ? 120 : 60));
                const int64_t one = (day * 24 + 1) * HOUR_MS;
                const int step = hours_minute(&berlin, one) - hours_minute(&berlin, one - 1);
                NEED(step == (!switches ? 1 : month == 2 ? 61 : -59));
            }
        }
    CHECK_INT(day, ==, 136 * 365 + 33);
}

TEST(utc_has_no_summer_and_time_begins_on_a_thursday)
{
    CHECK_INT(hours_minute(&utc, 0), ==, 3 * DAY);
    CHECK_INT(hours_minute(&utc, 59999), ==, 3 * DAY);
    CHECK_INT(hours_minute(&utc, 60000), ==, 3 * DAY + 1);
    CHECK_INT(hours_minute(&utc, -1), ==, 3 * DAY);
    CHECK_INT(hours_minute(&utc, INT64_MIN), ==, 3 * DAY);
    CHECK_INT(hours_minute(&utc, 1782907200000), ==, 3720 - 120);
    CHECK_INT(hours_minute(&berlin, INT64_MAX), >=, 0);
}

/* ---- the week */
/* How the policy's hours are at a time of the week in its zone. */
static bool
is_open(const policy *p, const char *at)
{
    int64_t ms = 0;
    const struct hours *h = policy_hours(p);
    CHECK_OK(hours_example(h, str_of(at), &ms));
    return label_has(hours_may(h, ms), 8);
}

/* `open` and `closed`: times with commas. */
static void
check_week(const char *section, const char *open, const char *closed)
{
    policy *p = NULL;
    NEED_OK(load((struct wish){.compartment = ON, .section = section}, &p));
    for (int want = 0; want < 2; want++) {
        str rest = str_of(want ? open : closed), one;
        while (str_next(&rest, ',', &one)) {
            char at[16];
            NEED(str_copy(one, at, sizeof at));
            if (is_open(p, at) != (want == 1))
                test_fail(__FILE__, __LINE__, "%s is not %s", at, want ? "open" : "closed");
        }
    }
    policy_free(p);
}

TEST(the_first_minute_is_in_and_the_last_is_out)
{
    check_week(WORKDAYS, "mo 06:00,mo 19:59,we 12:00,fr 06:00,fr 19:59",
               "mo 05:59,mo 20:00,tu 00:00,th 23:59,fr 20:00,sa 12:00,su 12:00,su 23:59");
}

TEST(days_are_lists_and_ranges_also_over_the_end_of_the_week)
{
    check_week(TIMES("Europe/Berlin", "{ days: \"sa-mo, we\", from: \"00:00\", to: \"24:00\" }"),
               "sa 00:00,su 12:00,mo 23:59,we 00:00,we 23:59",
               "fr 23:59,tu 00:00,tu 23:59,th 00:00");
    check_week(TIMES("UTC",
                     "{ days: mo, from: \"08:00\", to: \"12:00\" }, { days: \"mo,tu\", from: "
                     "\"11:00\", to: \"16:00\" }"),
               "mo 08:00,mo 11:30,mo 15:59,tu 11:00", "mo 07:59,mo 16:00,tu 10:59,we 12:00");
}

TEST(hours_over_midnight_go_on_the_next_day_and_the_next_week)
{
    check_week(TIMES("UTC", "{ days: \"fr,su\", from: \"22:00\", to: \"04:30\" }"),
               "fr 22:00,sa 00:00,sa 04:29,su 23:59,mo 00:00,mo 04:29",
               "fr 21:59,sa 04:30,sa 22:00,su 04:00,mo 04:30,tu 00:00");
    check_week(TIMES("UTC", "{ days: tu, from: \"22:00\", to: \"00:00\" }"), "tu 22:00,tu 23:59",
               "we 00:00,tu 21:59,tu 00:00");
}

static void
check_opens(const char *section, int64_t wall_ms, const char *want)
{
    policy *p = NULL;
    char room[HOURS_TEXT_MAX];
    NEED_OK(load((struct wish){.section = section}, &p));
    hours_opens(policy_hours(p), wall_ms, room);
    CHECK_STR(str_of(room), str_of(want));
    policy_free(p);
}

TEST(when_they_open_again_is_told_in_local_time)
{
    const int64_t thursday = 0, hour = HOUR_MS;
    check_opens(WORKDAYS, thursday, "Thursday 06:00");
    check_opens(WORKDAYS, thursday + 20 * hour, "Friday 06:00");
    check_opens(WORKDAYS, thursday + 45 * hour, "Monday 06:00");
    const char *once = TIMES("Europe/Berlin", "{ days: th, from: \"00:59\", to: \"01:00\" }");
    check_opens(once, thursday, "Thursday 00:59");
    check_opens(once, thursday + 3 * hour, "Thursday 00:59");
    check_opens(TIMES("UTC", "{ days: su, from: \"23:59\", to: \"24:00\" }"), 4 * 24 * hour,
                "Sunday 23:59");
    /* Saturday before the switch: the clock of Monday counts, whatever it is then. */
    check_opens(TIMES("Europe/Berlin", "{ days: mo, from: \"06:00\", to: \"07:00\" }"),
                1774702800000, "Monday 06:00");
}

/* From every minute of the week, with random hours: the next open one, found by walking. */
TEST(the_next_opening_is_the_nearest)
{
    struct hours h = {.zone = STR("UTC")};
    for (int round = 0; round < 20; round++) {
        const int at = (int)(test_random() % HOURS_MINUTES), more = (int)(test_random() % 200);
        memset(h.open, 0, sizeof h.open);
        for (int i = at; i <= at + more; i += 1 + (int)(test_random() % 3))
            h.open[i % HOURS_MINUTES / 64] |= (uint64_t)1 << (i % HOURS_MINUTES % 64);
        for (int from = 0; from < HOURS_MINUTES; from += 1 + (int)(test_random() % 50)) {
            int want = from;
            while (!(h.open[want / 64] >> (want % 64) & 1))
                want = (want + 1) % HOURS_MINUTES;
            char got[HOURS_TEXT_MAX], text[16];
            hours_opens(&h, (int64_t)(4 * DAY + from) * MINUTE_MS, got);
            snprintf(text, sizeof text, "%02d:%02d", want % DAY / 60, want % 60);
            NEED(str_ends(str_of(got), str_of(text)));
        }
    }
}

/* ---- days without */
#define BERLIN_TIMES                                                                               \
    "hours: { zone: Europe/Berlin, times: [ { days: mo-su, from: \"06:00\", to: "                  \
    "\"20:00\" }, { days: fr, from: \"22:00\", to: \"02:00\" } ], "

static bool
is_open_at(const policy *p, const char *at)
{
    int64_t ms = 0;
    CHECK_OK(hours_example(policy_hours(p), str_of(at), &ms));
    const bool open = label_has(hours_may(policy_hours(p), ms), 8);
    CHECK(open || !hours_closed(policy_hours(p), ms) || strlen(hours_closed(policy_hours(p), ms)));
    return open;
}

static void
check_days(const char *section, const char *open, const char *closed)
{
    policy *p = NULL;
    NEED_OK(load((struct wish){.compartment = ON, .section = section}, &p));
    for (int want = 0; want < 2; want++) {
        str rest = str_of(want ? open : closed), one;
        while (str_next(&rest, ',', &one)) {
            char at[20];
            NEED(str_copy(one, at, sizeof at));
            if (is_open_at(p, at) != (want == 1))
                test_fail(__FILE__, __LINE__, "%s is not %s", at, want ? "open" : "closed");
        }
    }
    policy_free(p);
}

TEST(on_a_holiday_of_the_land_there_are_no_office_hours_from_midnight_to_midnight)
{
    check_days(
        BERLIN_TIMES "holidays: BAYERN }\n",
        "2026-04-02 19:59,2026-04-07 06:00,2026-03-08 12:00,2026-08-15 12:00,"
        "2026-10-31 12:00,mo 06:00,2026-04-11 01:59",
        "2026-04-02 20:00,2026-04-03 06:00,2026-04-03 19:59,2026-04-03 22:00,2026-04-06 12:00,"
        "2026-01-06 12:00,2026-06-04 12:00,2026-11-01 12:00,2026-12-26 12:00");
}

TEST(days_the_policy_lists_are_closed_once_or_every_year)
{
    check_days(BERLIN_TIMES "closed: \"12-24, 2026-05-15,02-29\" }\n",
               "2026-12-23 12:00,2026-12-25 12:00,2027-05-15 12:00,2027-02-28 12:00,"
               "2026-04-06 12:00,2026-12-26 00:30",
               "2026-12-24 12:00,2027-12-24 06:00,2026-05-15 12:00,2028-02-29 12:00,"
               "2026-05-15 22:00");
    check_days(BERLIN_TIMES "holidays: BERLIN, closed: \"12-31\" }\n", "2026-06-04 12:00",
               "2026-12-31 12:00,2026-03-08 12:00");
}

TEST(the_next_opening_after_a_holiday_has_its_date_and_the_day_its_name)
{
    static const char section[] =
        "hours: { zone: Europe/Berlin, times: [ { days: mo-fr, from: \"06:00\", to: \"20:00\" } ], "
        "holidays: BERLIN, closed: \"12-24,12-31\" }\n";
    static const struct {
        const char *at, *opens, *closed;
    } cases[] = {{"2026-04-02 21:00", "Tuesday 2026-04-07 06:00", NULL},
                 {"2026-04-03 12:00", "Tuesday 2026-04-07 06:00", "Karfreitag"},
                 {"2026-04-06 23:59", "Tuesday 2026-04-07 06:00", "Ostermontag"},
                 {"2026-12-24 05:00", "Monday 2026-12-28 06:00", "closed by the policy"},
                 {"2026-03-29 03:00", "Monday 2026-03-30 06:00", NULL}};
    policy *p = NULL;
    char room[HOURS_TEXT_MAX];
    int64_t ms = 0;
    NEED_OK(load((struct wish){.compartment = ON, .section = section}, &p));
    const struct hours *h = policy_hours(p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NEED_OK(hours_example(h, str_of(cases[i].at), &ms));
        hours_opens(h, ms, room);
        CHECK_STR(str_of(room), str_of(cases[i].opens));
        const char *closed = hours_closed(h, ms);
        CHECK_STR(str_of(closed ? closed : ""), str_of(cases[i].closed ? cases[i].closed : ""));
    }
    CHECK_STR(h->words, STR("mo-fr 06:00-20:00 (Europe/Berlin), not on public holidays of BERLIN, "
                            "not on 12-24,12-31"));
    policy_free(p);
}

TEST(hours_that_never_come_are_said_to_be_none)
{
    char text[2048] =
        "hours: { zone: UTC, times: [ { days: sa, from: \"10:00\", to: \"11:00\" } ], "
        "closed: \"";
    policy *p = NULL;
    char room[HOURS_TEXT_MAX];
    size_t len = strlen(text);
    int count = 0;
    for (int64_t day = 2 + 7 * 1000; count < HOURS_CLOSED_MAX; day += 7, count++) { /* Saturdays */
        const struct date d = date_of_day(day);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%04d-%02d-%02d", count ? "," : "",
                                d.year, d.month, d.day);
    }
    snprintf(text + len, sizeof text - len, "\" }\n");
    NEED_OK(load((struct wish){.compartment = ON, .section = text}, &p));
    hours_opens(policy_hours(p), (int64_t)(2 + 7 * 1000) * DAY * MINUTE_MS, room);
    const struct date first = date_of_day(2 + 7 * (1000 + HOURS_CLOSED_MAX));
    char want[HOURS_TEXT_MAX];
    snprintf(want, sizeof want, "Saturday %04d-%02d-%02d 10:00", first.year, first.month,
             first.day);
    CHECK_STR(str_of(room), str_of(want));
    snprintf(text + len, sizeof text - len, ",12-24\" }\n");
    policy *more = NULL;
    CHECK_ERR(load((struct wish){.compartment = ON, .section = text}, &more), CONFIG);
    policy_free(p);
}

TEST(days_that_are_none_and_lands_there_are_not_are_refused_by_name)
{
    static const char *const bad[][2] = {
        {"holidays: Bayern", "policy file: holidays \"Bayern\" under hours is no Land: BAYERN, "
                             "BERLIN, … or DEUTSCHLAND"},
        {"holidays: \"BAYERN,BERLIN\"",
         "policy file: holidays \"BAYERN,BERLIN\" under hours is no Land: BAYERN, BERLIN, … or "
         "DEUTSCHLAND"},
        {"closed: \"24.12.\"", "policy file: \"24.12.\" under hours is no day: 12-24 of every "
                               "year, or 2027-05-07"},
        {"closed: \"12-24,\"", "policy file: \"\" under hours is no day: 12-24 of every year, or "
                               "2027-05-07"},
        {"closed: 2027-02-29", "policy file: \"2027-02-29\" under hours is no day: 12-24 of every "
                               "year, or 2027-05-07"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        policy *p = NULL;
        char text[512];
        snprintf(text, sizeof text, BERLIN_TIMES "%s }\n", bad[i][0]);
        CHECK_ERR(load((struct wish){.compartment = ON, .section = text}, &p), CONFIG);
        CHECK_STR(str_of(err_public((err){ERR_CONFIG})), str_of(bad[i][1]));
        CHECK(!p);
    }
}

TEST(an_example_is_a_time_that_comes_on_a_day_with_office_hours)
{
    static const struct hours h = {
        .is_berlin = true, .closed = {{0, 1, 12}, {0, 1, 19}}, .closed_count = 2};
    int64_t ms = 0;
    CHECK_OK(hours_example(&h, STR("mo 06:00"), &ms));
    const struct date d = date_of_day(ms / ((int64_t)DAY * MINUTE_MS));
    CHECK(d.year == 1970 && d.month == 1 && d.day == 26);
    CHECK_OK(hours_example(&berlin, STR("2026-07-01 14:00"), &ms));
    CHECK_INT(ms, ==, 1782907200000);
    static const char *const bad[] = {"2026-03-29 02:30", "2026-02-30 12:00", "2026-04-06 24:00",
                                      "2026-04-06T12:00", "04-06 12:00",      "2026-04-06"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(hours_example(&berlin, str_of(bad[i]), &ms), ARGUMENT);
    CHECK_OK(hours_example(&utc, STR("2026-03-29 02:30"), &ms));
}

/* ---- what is limited */
TEST(a_level_counts_for_those_above_it_and_outside_all_else_stays)
{
    policy *p = NULL;
    NEED_OK(load((struct wish){.level = ON, .compartment = ON, .section = WORKDAYS}, &p));
    const label night = hours_may(policy_hours(p), 0);
    CHECK(!label_dominates(night, label_of_level(1)) && !label_dominates(night, label_of_level(2)));
    CHECK(!label_has(night, 8));
    for (int bit = 1; bit < 256; bit++)
        CHECK(bit == 8 || label_has(night, bit));
    CHECK(label_dominates(hours_may(policy_hours(p), 12 * (int64_t)HOUR_MS), label_of_level(2)));
    CHECK_STR(policy_hours(p)->words, STR("mo-fr 06:00-20:00 (UTC)"));
    policy_free(p);
}

TEST(without_the_section_or_without_a_flag_nothing_is_limited)
{
    static const struct wish none[] = {{.section = ""},
                                       {.section = WORKDAYS},
                                       {.level = ", hours: false", .section = WORKDAYS},
                                       {.compartment = ", hours: \"false\"", .section = ""}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        policy *p = NULL;
        NEED_OK(load(none[i], &p));
        for (int hour = 0; hour < 7 * 24; hour++)
            for (int bit = 0; bit < 256; bit++)
                NEED(label_has(hours_may(policy_hours(p), hour * (int64_t)HOUR_MS), bit));
        policy_free(p);
    }
}

/* ---- refused */
#define NO_DAYS(text)                                                                              \
    "policy file: \"" text "\" under hours are no days: mo tu we th fr sa su, with commas or as "  \
    "mo-fr"
#define DAYS(text) TIMES("UTC", "{ days: \"" text "\", from: \"06:00\", to: \"20:00\" }")
#define FROM_TO(from, to) TIMES("UTC", "{ days: mo, from: \"" from "\", to: \"" to "\" }")
#define NO_TIME(text, last)                                                                        \
    "policy file: \"" text "\" under hours is no time of day: 00:00 to " last

TEST(what_are_no_hours_is_refused_and_named)
{
    static const struct {
        struct wish wish;
        const char *why;
    } bad[] = {
        {{.section = TIMES("Europe/Paris", "{ days: mo, from: \"06:00\", to: \"20:00\" }")},
         "policy file: zone \"Europe/Paris\" under hours is not Europe/Berlin or UTC"},
        {{.section = DAYS("mo-xx")}, NO_DAYS("mo-xx")},
        {{.section = DAYS("Mo")}, NO_DAYS("Mo")},
        {{.section = DAYS("mo,")}, NO_DAYS("mo,")},
        {{.section = DAYS("mo-")}, NO_DAYS("mo-")},
        {{.section = DAYS("mo-we-fr")}, NO_DAYS("mo-we-fr")},
        {{.section = DAYS("di")}, NO_DAYS("di")},
        {{.section = FROM_TO("6:00", "20:00")}, NO_TIME("6:00", "23:59")},
        {{.section = FROM_TO("24:00", "20:00")}, NO_TIME("24:00", "23:59")},
        {{.section = FROM_TO("06:00", "24:01")}, NO_TIME("24:01", "24:00")},
        {{.section = FROM_TO("06:00", "20:60")}, NO_TIME("20:60", "24:00")},
        {{.section = FROM_TO("06.00", "20:00")}, NO_TIME("06.00", "23:59")},
        {{.section = FROM_TO("-1:00", "20:00")}, NO_TIME("-1:00", "23:59")},
        {{.section = FROM_TO("06:00", "06:00")},
         "policy file: hours from 06:00 to 06:00 are none; a whole day is from 00:00 to 24:00"},
        {{.compartment = ON},
         "policy file: compartment A is for office hours, but there is no section hours"},
        {{.level = ON}, "policy file: level i is for office hours, but there is no section hours"},
        {{.lowest = ON, .section = WORKDAYS},
         "policy file: level o cannot be for office hours only"},
        {{.party = ON, .section = WORKDAYS},
         "policy file: party P cannot be for office hours only"},
        {{.taint = ON, .section = WORKDAYS},
         "policy file: taint t cannot be for office hours only"},
        {{.level = ", hours: yes", .section = WORKDAYS},
         "policy file: level i: hours is true or false"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        policy *p = NULL;
        CHECK_ERR(load(bad[i].wish, &p), CONFIG);
        CHECK(!p);
        CHECK_STR(str_of(err_public((err){ERR_CONFIG})), str_of(bad[i].why));
    }
}

TEST(a_section_of_another_shape_is_refused)
{
    static const char *const bad[] = {
        "hours: mo-fr\n",
        "hours: { zone: UTC }\n",
        "hours: { zone: UTC, times: [] }\n",
        "hours: { times: [ { days: mo, from: \"06:00\", to: \"20:00\" } ] }\n",
        "hours: { zone: UTC, times: [ { days: mo, from: \"06:00\" } ] }\n",
        "hours: { zone: UTC, times: [ { from: \"06:00\", to: \"20:00\" } ] }\n",
        TIMES("UTC", "{ days: mo, from: \"06:00\", to: \"20:00\", colour: red }"),
        WORKDAYS WORKDAYS,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        policy *p = NULL;
        CHECK_ERR(load((struct wish){.section = bad[i]}, &p), CONFIG);
        policy_free(p);
    }
}

TEST(an_example_is_a_day_and_a_time)
{
    static const char *const bad[] = {"mo",       "mo 6:00",  "mo 24:00",  "xx 06:00",
                                      "mo06:00 ", "mo 06:0a", "mo 06:00 ", "Monday 06:00"};
    int64_t ms = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(hours_example(&berlin, str_of(bad[i]), &ms), ARGUMENT);
    CHECK_INT(ms, ==, 7);
    CHECK_OK(hours_example(&utc, STR_NONE, &ms));
    CHECK_OK(hours_example(&berlin, STR("mo 00:00"), &ms));
    CHECK_INT(hours_minute(&berlin, ms), ==, 0);
    CHECK_INT(ms, ==, (11 * 24 - 1) * (int64_t)HOUR_MS);
}

TEST(without_memory_it_fails_and_nothing_leaks)
{
    for (int n = 1;; n++) {
        policy *p = NULL;
        fault_arm(n);
        const err e = load((struct wish){.level = ON, .section = WORKDAYS}, &p);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code == (p != NULL));
        policy_free(p);
        if (!fired)
            break;
        CHECK(e.code != 0);
    }
}
