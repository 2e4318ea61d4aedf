/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/holidays.h"

#include <stdio.h>

#include "test.h"

/* As the Länder publish them. */
static const struct {
    const char *land;
    int year;
    const char *days;
} published[] = {
    {"BADEN-WUERTTEMBERG", 2026,
     "01-01,01-06,04-03,04-06,05-01,05-14,05-25,06-04,10-03,11-01,12-25,12-26"},
    {"BAYERN", 2024, "01-01,01-06,03-29,04-01,05-01,05-09,05-20,05-30,10-03,11-01,12-25,12-26"},
    {"BAYERN", 2027, "01-01,01-06,03-26,03-29,05-01,05-06,05-17,05-27,10-03,11-01,12-25,12-26"},
    {"BERLIN", 2018, "01-01,03-30,04-02,05-01,05-10,05-21,10-03,12-25,12-26"},
    {"BERLIN", 2020, "01-01,03-08,04-10,04-13,05-01,05-08,05-21,06-01,10-03,12-25,12-26"},
    {"BERLIN", 2024, "01-01,03-08,03-29,04-01,05-01,05-09,05-20,10-03,12-25,12-26"},
    {"BERLIN", 2025, "01-01,03-08,04-18,04-21,05-01,05-08,05-29,06-09,10-03,12-25,12-26"},
    {"BRANDENBURG", 2025,
     "01-01,04-18,04-20,04-21,05-01,05-29,06-08,06-09,10-03,10-31,12-25,12-26"},
    {"BREMEN", 2026, "01-01,04-03,04-06,05-01,05-14,05-25,10-03,10-31,12-25,12-26"},
    {"HAMBURG", 2017, "01-01,04-14,04-17,05-01,05-25,06-05,10-03,10-31,12-25,12-26"},
    {"HAMBURG", 2025, "01-01,04-18,04-21,05-01,05-29,06-09,10-03,10-31,12-25,12-26"},
    {"HESSEN", 2026, "01-01,04-03,04-06,05-01,05-14,05-25,06-04,10-03,12-25,12-26"},
    {"MECKLENBURG-VORPOMMERN", 2022, "01-01,04-15,04-18,05-01,05-26,06-06,10-03,10-31,12-25,12-26"},
    {"MECKLENBURG-VORPOMMERN", 2023,
     "01-01,03-08,04-07,04-10,05-01,05-18,05-29,10-03,10-31,12-25,12-26"},
    {"NIEDERSACHSEN", 2026, "01-01,04-03,04-06,05-01,05-14,05-25,10-03,10-31,12-25,12-26"},
    {"NORDRHEIN-WESTFALEN", 2025,
     "01-01,04-18,04-21,05-01,05-29,06-09,06-19,10-03,11-01,12-25,12-26"},
    {"RHEINLAND-PFALZ", 2024, "01-01,03-29,04-01,05-01,05-09,05-20,05-30,10-03,11-01,12-25,12-26"},
    {"SAARLAND", 2026, "01-01,04-03,04-06,05-01,05-14,05-25,06-04,08-15,10-03,11-01,12-25,12-26"},
    {"SACHSEN", 2022, "01-01,04-15,04-18,05-01,05-26,06-06,10-03,10-31,11-16,12-25,12-26"},
    {"SACHSEN", 2023, "01-01,04-07,04-10,05-01,05-18,05-29,10-03,10-31,11-22,12-25,12-26"},
    {"SACHSEN", 2026, "01-01,04-03,04-06,05-01,05-14,05-25,10-03,10-31,11-18,12-25,12-26"},
    {"SACHSEN-ANHALT", 2025, "01-01,01-06,04-18,04-21,05-01,05-29,06-09,10-03,10-31,12-25,12-26"},
    {"SCHLESWIG-HOLSTEIN", 2027, "01-01,03-26,03-29,05-01,05-06,05-17,10-03,10-31,12-25,12-26"},
    {"THUERINGEN", 2018, "01-01,03-30,04-02,05-01,05-10,05-21,10-03,10-31,12-25,12-26"},
    {"THUERINGEN", 2019, "01-01,04-19,04-22,05-01,05-30,06-10,09-20,10-03,10-31,12-25,12-26"},
    {"DEUTSCHLAND", 2017, "01-01,04-14,04-17,05-01,05-25,06-05,10-03,10-31,12-25,12-26"},
    {"DEUTSCHLAND", 2026, "01-01,04-03,04-06,05-01,05-14,05-25,10-03,12-25,12-26"},
};

/* The year's, in order, with commas. */
static str
list_of(enum land land, int year, char room[256])
{
    size_t len = 0;
    const int64_t last = date_day((struct date){year + 1, 1, 1});
    for (int64_t day = date_day((struct date){year, 1, 1}); day < last; day++) {
        const struct date d = date_of_day(day);
        if (holidays_name(land, day))
            len += (size_t)snprintf(room + len, 256 - len, "%s%02d-%02d", len ? "," : "", d.month,
                                    d.day);
    }
    return (str){room, len};
}

TEST(published_holidays_are_the_computed_ones_and_there_is_no_other)
{
    bool seen[LAND_COUNT] = {false};
    char room[256];
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        enum land land = LAND_NONE;
        NEED(holidays_find_land(str_of(published[i].land), &land));
        seen[land] = true;
        CHECK_STR(list_of(land, published[i].year, room), str_of(published[i].days));
    }
    for (int land = LAND_NONE + 1; land < LAND_COUNT; land++)
        CHECK(seen[land]);
}

TEST(easter_is_where_it_was_and_will_be)
{
    /* Mondays; the earliest and the latest there are, and the moons that are set back. */
    static const struct date mondays[] = {
        {1818, 3, 23}, {1886, 4, 26}, {1943, 4, 26}, {1954, 4, 19}, {1981, 4, 20}, {2000, 4, 24},
        {2008, 3, 24}, {2011, 4, 25}, {2016, 3, 28}, {2019, 4, 22}, {2024, 4, 1},  {2026, 4, 6},
        {2035, 3, 26}, {2038, 4, 26}, {2049, 4, 19}, {2076, 4, 20}, {2100, 3, 29}, {2285, 3, 23}};
    for (size_t i = 0; i < sizeof mondays / sizeof *mondays; i++) {
        const char *name = holidays_name(LAND_DE, date_day(mondays[i]));
        NEED(name);
        CHECK_STR(str_of(name), STR("Ostermontag"));
    }
}

TEST(in_every_year_a_land_has_what_germany_has_and_on_the_right_days_of_the_week)
{
    for (int year = 2018; year < 2200; year++) {
        const int64_t last = date_day((struct date){year + 1, 1, 1});
        int count[LAND_COUNT] = {0};
        for (int64_t day = date_day((struct date){year, 1, 1}); day < last; day++) {
            const bool everywhere = holidays_name(LAND_DE, day) != NULL;
            for (int land = LAND_NONE + 1; land < LAND_COUNT; land++) {
                const char *name = holidays_name((enum land)land, day);
                NEED(name || !everywhere);
                count[land] += name != NULL;
                if (name && str_eq(str_of(name), STR("Buß- und Bettag")))
                    NEED((day + 3) % 7 == 2);
                if (name && str_ends(str_of(name), STR("montag")))
                    NEED((day + 3) % 7 == 0);
            }
        }
        /* 2008 was one with Ascension on 1 May, and there are more. */
        for (int land = LAND_NONE + 1; land < LAND_COUNT; land++)
            NEED(count[land] >= 8 && count[land] <= 12);
    }
}

TEST(a_land_that_is_none_is_not_found)
{
    static const char *const bad[] = {"", "Bayern", "BY", "BAYERN ", "BUND", "BAYER", "EU", "NONE"};
    enum land land = LAND_BW;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!holidays_find_land(str_of(bad[i]), &land));
    CHECK_INT(land, ==, LAND_BW);
}

/* ---- dates */
/* Counted up, and not computed. */
TEST(days_and_dates_are_of_each_other_over_eight_hundred_years)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = date_day((struct date){1600, 1, 1});
    CHECK_INT(day, ==, -135140);
    for (int year = 1600; year < 2400; year++)
        for (int month = 1; month <= 12; month++) {
            const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            for (int i = 1; i <= lengths[month - 1] + (month == 2 && leap); i++, day++) {
                const struct date d = date_of_day(day);
                NEED(d.year == year && d.month == month && d.day == i);
                NEED(date_day(d) == day);
            }
        }
    CHECK_INT(date_day((struct date){1970, 1, 1}), ==, 0);
    CHECK_INT(date_of_day(-1).year, ==, 1969);
}

TEST(a_date_is_read_as_it_is_written_and_in_no_other_way)
{
    struct date d = {9, 9, 9};
    CHECK(date_read(STR("2026-04-06"), &d) && d.year == 2026 && d.month == 4 && d.day == 6);
    CHECK(date_read(STR("12-24"), &d) && d.year == 0 && d.month == 12 && d.day == 24);
    CHECK(date_read(STR("02-29"), &d) && date_read(STR("2028-02-29"), &d));
    d = (struct date){9, 9, 9};
    static const char *const bad[] = {
        "",           "-",          "2026",       "2026-4-6",    "2026-04-31", "2027-02-29",
        "2100-02-29", "02-30",      "00-10",      "13-01",       "04-00",      "04-32",
        "1969-12-31", "0000-01-01", "2026/04/06", "2026-04-06 ", "+2-01",      "12-+1",
        "12_24",      "12-24-12",   "20260-4-06", "24.12.",      "2026-0x-01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (date_read(str_of(bad[i]), &d))
            test_fail(__FILE__, __LINE__, "%s is a date", bad[i]);
    CHECK(d.year == 9 && d.month == 9 && d.day == 9);
}
