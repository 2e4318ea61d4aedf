/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/deadline.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "test.h"

enum { MONDAY = 20780 }; /* 2026-11-23 */

struct heard {
    arena *a;
    struct deadlines all;
};

static void
heard_auto(struct heard *h)
{
    arena_free(h->a);
}

#define HEARD(h, text)                                                                             \
    __attribute__((cleanup(heard_auto))) struct heard h = {0};                                     \
    CHECK_OK(arena_open(1 << 20, &(h).a));                                                         \
    CHECK_OK(deadline_find((h).a, STR(text), MONDAY, &(h).all))

/* The only one: "limit 2026-12-01 bis 1. Dezember". */
static void
only(const char *text, const char *want)
{
    AUTO(arena) *a = NULL;
    struct deadlines d;
    char room[300] = "none", date[DAY_TEXT];
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(deadline_find(a, str_of(text), MONDAY, &d));
    if (d.count)
        (void)snprintf(room, sizeof room, "%s %.*s %.*s", deadline_kind_name(d.at[0].kind),
                       STR_FMT(day_text(d.at[0].at, date)), STR_FMT(d.at[0].quote));
    CHECK(d.count <= 1);
    CHECK_STR(str_of(room), str_of(want));
}

TEST(dates_are_read_as_people_write_them)
{
    only("Bitte antworten Sie bis 1.12.2026.", "limit 2026-12-01 1.12.2026");
    only("Bitte antworten Sie bis zum 01.12.26.", "limit 2026-12-01 01.12.26");
    only("Ich komme am 1.12. vorbei.", "date 2026-12-01 1.12.");
    only("Der Antrag muss spätestens am 5. Januar da sein.", "limit 2027-01-05 5. Januar");
    only("It is due by December 1, 2026, they say.", "limit 2026-12-01 December 1, 2026");
    only("The deadline is 1 December 2026.", "limit 2026-12-01 1 December 2026");
    only("Строк до 2026-12-01", "date 2026-12-01 2026-12-01");
    only("Mein Termin ist am 24. November um 9 Uhr.", "appointment 2026-11-24 24. November");
}

TEST(days_and_month_ends_are_counted_from_the_letter)
{
    only("Ich brauche das bis Freitag.", "limit 2026-11-27 Freitag");
    only("Das geht bis Montag.", "limit 2026-11-30 Montag");
    only("Der Ausweis läuft morgen ab.", "limit 2026-11-24 morgen");
    only("I need it by tomorrow", "limit 2026-11-24 tomorrow");
    only("Ich ziehe zum Monatsende um, bis dahin brauche ich es.", "date 2026-11-30 Monatsende");
    only("Bitte bis Ende Januar.", "limit 2027-01-31 Ende Januar");
    only("Bitte bis Ende des Monats.", "limit 2026-11-30 Ende des Monats");
}

TEST(periods_end_as_the_civil_code_says)
{
    only("Ich soll innerhalb von zwei Wochen antworten.",
         "limit 2026-12-07 innerhalb von zwei Wochen");
    only("Die Frist beträgt einen Monat.", "limit 2026-12-23 Frist beträgt einen Monat");
    only("binnen 14 Tagen", "limit 2026-12-07 binnen 14 Tagen");
    only("within five days", "limit 2026-11-30 within five days"); /* the 28th is a Saturday */
    only("Ich fahre in drei Wochen weg.", "date 2026-12-14 in drei Wochen");
}

TEST(a_period_counts_from_the_notice_that_is_named)
{
    HEARD(h, "Mit Schreiben vom 17. November 2026 wurde ich aufgefordert, innerhalb von zwei "
             "Wochen zu zahlen.");
    char room[DAY_TEXT];
    NEED(h.all.count == 2);
    CHECK_STR(day_text(h.all.at[1].at, room), STR("2026-12-01"));
    CHECK(str_find(h.all.at[1].why, STR("vom 17.11.2026")) >= 0);
    CHECK(deadline_next(&h.all) == &h.all.at[1]);
}

TEST(who_objects_to_a_notice_is_told_when_the_time_may_end)
{
    HEARD(h, "Gegen den Bescheid vom 2.11.2026 lege ich Widerspruch ein.");
    char room[DAY_TEXT];
    NEED(h.all.count == 2);
    CHECK_INT(h.all.at[1].kind, ==, DEADLINE_OBJECTION);
    CHECK_STR(day_text(h.all.at[1].at, room), STR("2026-12-07")); /* the 6th is a Sunday */
    CHECK_STR(h.all.at[1].quote, STR("2.11.2026"));
    CHECK(str_find(h.all.at[1].why, STR("von einem Menschen zu prüfen")) >= 0);
    CHECK(h.all.at[1].score <= 0.5);
}

TEST(what_is_past_is_said_to_be_and_is_nobodys_next_limit)
{
    HEARD(h, "Die Frist war bis 2.11.2026.");
    NEED(h.all.count == 1);
    CHECK(h.all.at[0].is_past);
    CHECK(str_find(h.all.at[0].why, STR("liegt vor")) >= 0);
    CHECK(!deadline_next(&h.all));
}

TEST(what_looks_like_a_date_and_is_none_is_left_alone)
{
    only("Guten Morgen, ich habe eine Frage.", "none");
    only("Der Beitrag steigt um 3.5 Prozent.", "none");
    only("Siehe Kapitel 3.14. und 99.99.", "none");
    only("Am 31.2.2026 war nichts.", "none");
    only("Die Nummer ist 1234-5678-9012.", "none");
    only("Seit drei Wochen warte ich.", "none");
    only("Version 1.2.3 der Datei", "none");
    only("Ich wohne in zwei Zimmern.", "none");
    only("innerhalb von 9999 Tagen", "none");
    only("Im Mai war ich da.", "none");
    only("", "none");
    only("\xff\xfe 1.\xff", "none");
}

TEST(an_objection_without_a_notice_and_a_notice_of_tomorrow_give_no_time)
{
    HEARD(none, "Ich lege Widerspruch ein.");
    CHECK_INT(none.all.count, ==, 0);
    HEARD(later, "Widerspruch gegen den Bescheid vom 30.11.2026.");
    CHECK_INT(later.all.count, ==, 1);
}

TEST(more_dates_than_there_is_room_for_are_not_told)
{
    AUTO(buf) b = BUF(1 << 16);
    AUTO(arena) *a = NULL;
    struct deadlines d;
    for (int i = 0; i < 100; i++)
        buf_add(&b, STR("Bis 1.12.2026. "));
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(deadline_find(a, buf_str(&b), MONDAY, &d));
    CHECK_INT(d.count, ==, DEADLINES_MAX);
}

TEST(any_day_written_in_any_way_is_read_back)
{
    static const char *const months[] = {"Januar",    "February", "März",     "April",
                                         "Mai",       "June",     "Juli",     "August",
                                         "September", "Oktober",  "November", "Dezember"};
    for (int round = 0; round < 500; round++) {
        AUTO(arena) *a = NULL;
        struct deadlines d;
        char text[100];
        int y, m, n;
        const day want = MONDAY - 3000 + (day)(test_random() % 6000);
        day_parts(want, &y, &m, &n);
        switch (test_random() % 6) {
        case 0:
            snprintf(text, sizeof text, "bis %d.%d.%d, bitte", n, m, y);
            break;
        case 1:
            snprintf(text, sizeof text, "bis %02d.%02d.%d!", n, m, y);
            break;
        case 2:
            snprintf(text, sizeof text, "(bis %d-%02d-%02d)", y, m, n);
            break;
        case 3:
            snprintf(text, sizeof text, "bis %d. %s %d", n, months[m - 1], y);
            break;
        case 4:
            snprintf(text, sizeof text, "by %d %s %d", n, months[m - 1], y);
            break;
        default:
            snprintf(text, sizeof text, "by %s %d, %d", months[m - 1], n, y);
        }
        CHECK_OK(arena_open(1 << 20, &a));
        CHECK_OK(deadline_find(a, str_of(text), MONDAY, &d));
        NEED(d.count == 1);
        CHECK_INT(d.at[0].at, ==, want);
        CHECK_INT(d.at[0].is_past, ==, want < MONDAY);
    }
}

TEST(too_little_memory_is_reported)
{
    for (long n = 1;; n++) {
        AUTO(arena) *a = NULL;
        struct deadlines d;
        CHECK_OK(arena_open(1 << 20, &a));
        fault_arm(n);
        const err e = deadline_find(a, STR("Widerspruch, Bescheid vom 2.11.2026"), MONDAY, &d);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK(e.code);
    }
}
