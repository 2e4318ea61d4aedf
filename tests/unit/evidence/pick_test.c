/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/pick.h"

#include "case.h"

/* How many of the case's entries `p` takes. */
static int
taken(const struct pick *p)
{
    AUTO(arena) *a = NULL;
    int n = 0;
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(pick_check(p));
    for (int i = 0; i < CASE_ENTRIES; i++) {
        struct row r = {.at = {STR_NONE}};
        if (!row_read(a, str_of(case_entries[i]), &r).code)
            n += pick_takes(p, &r);
    }
    return n;
}

TEST(what_is_asked_for_is_taken)
{
    const struct {
        struct pick p;
        int want;
    } cases[] = {
        {{.request = STR("req_1")}, 2},
        {{.model = STR("amt")}, 7},
        {{.tenant = STR("land")}, 1},
        {{.keys = STR("key_b, key_r")}, 3},
        {{.keys = STR("key_a")}, 6},
        {{.since = STR("2026-03-03"), .until = STR("2026-03-04")}, 3},
        {{.since = STR("2026-03-02T08:00:01Z"), .until = STR("2026-03-02T08:00:01.000Z")}, 1},
        {{.since = STR("2026-03-02T08:00:01.001Z"), .until = STR("2026-03-02")}, 0},
        {{.until = STR("2026-02")}, 0},
        {{.since = STR("2026-03-08")}, 2},
        {{.request = STR("req_1"), .model = STR("other")}, 0},
        {{.request = STR("REQ_1")}, 0},
        {{.keys = STR("key_")}, 0},
        {{.keys = STR(",")}, 0},
        {{.since = STR_NONE}, CASE_ENTRIES - 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(taken(&cases[i].p), ==, cases[i].want);
}

TEST(times_are_whole_parts_of_a_time)
{
    static const char *const good[] = {"2026",
                                       "2026-03",
                                       "2026-03-01",
                                       "2026-03-01T12",
                                       "2026-03-01T12:00",
                                       "2026-03-01T12:00:00Z",
                                       "2026-03-01T12:00:00.123Z"};
    static const char *const bad[] = {"yesterday",
                                      "26",
                                      "2026-",
                                      "2026-3",
                                      "2026-03-",
                                      "2026-03-0",
                                      "2026/03/01",
                                      "2026-03-01 ",
                                      "2026-03-01T",
                                      "2026-03-01T12:00:00.12",
                                      "2026-03Z",
                                      "2026-03-01T12:00:00+01:00",
                                      "2026-03-01T12:00:00.1234Z"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_OK(pick_check(&(struct pick){.since = str_of(good[i])}));
        CHECK_OK(pick_check(&(struct pick){.until = str_of(good[i])}));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_ERR(pick_check(&(struct pick){.since = str_of(bad[i])}), ARGUMENT);
        CHECK_ERR(pick_check(&(struct pick){.until = str_of(bad[i])}), ARGUMENT);
    }
}

TEST(a_text_that_is_no_utf_8_or_too_long_is_refused)
{
    static char room[PICK_TEXT_MAX + 1];
    memset(room, 'a', sizeof room);
    CHECK_ERR(pick_check(&(struct pick){.model = STR("\xff")}), ARGUMENT);
    CHECK_ERR(pick_check(&(struct pick){.request = {room, sizeof room}}), ARGUMENT);
    CHECK_OK(pick_check(&(struct pick){.request = {room, sizeof room - 1}}));
}

/* Bit i: entry i shows. */
static unsigned
shown(const char *clearance)
{
    AUTO(arena) *a = NULL;
    AUTO(sight) s = {.p = NULL};
    struct row rows[CASE_ENTRIES] = {{.at = {STR_NONE}}};
    unsigned bits = 0;
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(sight_open(&s, STR(CASE_POLICY), str_of(clearance)));
    for (int i = 0; i < CASE_ENTRIES; i++) {
        IGNORE(row_read(a, str_of(case_entries[i]), &rows[i])); /* one of them is none */
        CHECK_OK(sight_learn(&s, &rows[i]));
    }
    for (int i = 0; i < CASE_ENTRIES; i++)
        bits |= (unsigned)sight_shows(&s, &rows[i]) << i;
    return bits;
}

TEST(who_is_cleared_sees_and_who_is_not_does_not)
{
    /* 3, 4: above; 4 has no label of its own.  5: intern.  10: no name of this policy.  11: no
     * record. */
    CHECK_INT(shown(""), ==, 0x3c7);
    CHECK_INT(shown("offen"), ==, 0x3c7);
    CHECK_INT(shown("intern"), ==, 0x3e7);
    CHECK_INT(shown("VS-NfD"), ==, 0x3e7);
    CHECK_INT(shown("offen//SOZIALDATEN"), ==, 0x3c7);
    CHECK_INT(shown("VS-NfD//SOZIALDATEN"), ==, 0x3ff);
}

TEST(a_clearance_or_policy_that_is_none_is_refused)
{
    sight s;
    CHECK(sight_open(&s, STR(CASE_POLICY), STR("GEHEIM")).code);
    CHECK(sight_open(&s, STR(CASE_POLICY), STR("offen//REL BUND")).code);
    CHECK(sight_open(&s, STR("levels: ["), STR("")).code);
    CHECK(sight_open(&s, STR(""), STR("")).code);
}

TEST(only_a_period_is_whole)
{
    CHECK(pick_is_period(&(struct pick){.since = STR("2026")}));
    CHECK(!pick_is_period(&(struct pick){.request = STR("req_1")}));
    CHECK(!pick_is_period(&(struct pick){.model = STR("amt")}));
    CHECK(!pick_is_period(&(struct pick){.tenant = STR("amt")}));
    CHECK(!pick_is_period(&(struct pick){.keys = STR("key_a")}));
}
