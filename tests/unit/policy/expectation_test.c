/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/expectation.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "test.h"

static char policy_room[300 * 1024], table_room[300 * 1024];

static str
read_text(const char *path, char *room, size_t room_len)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return STR_NONE;
    const size_t len = fread(room, 1, room_len, f);
    fclose(f);
    return (str){room, len};
}

struct seen {
    size_t count, held;
    char last[512]; /* "got: why" of the last */
};

static void
see(void *ctx, const struct expected *e)
{
    struct seen *s = ctx;
    s->count++;
    s->held += e->holds;
    snprintf(s->last, sizeof s->last, "%.*s | %.*s: %.*s", STR_FMT(e->about), STR_FMT(e->got),
             STR_FMT(e->why));
}

static err
run(str yaml, struct seen *s)
{
    policy *p = NULL;
    *s = (struct seen){0};
    CHECK_OK(policy_load(read_text("etc/policy.yaml", policy_room, sizeof policy_room), &p));
    const err e = expectations_run(p, yaml, see, s);
    policy_free(p);
    return e;
}

static err
run_row(const char *row, struct seen *s)
{
    AUTO(buf) b = BUF(8192);
    buf_add_fmt(&b, "version: 1\nceiling: VS-NfD\nexpectations:\n  - { %s }\n", row);
    return run(buf_str(&b), s);
}

TEST(the_shipped_table_fits_the_shipped_policy)
{
    struct seen s;
    CHECK_OK(run(read_text("etc/policy-test.yaml", table_room, sizeof table_room), &s));
    CHECK_INT(s.count, >=, 10);
    CHECK_INT(s.held, ==, s.count);
}

TEST(a_row_that_does_not_hold_says_what_came_instead_and_why)
{
    struct seen s;
    CHECK_OK(run_row("name: x, clearance: intern, label: VS-NfD, expect: allowed", &s));
    CHECK_INT(s.held, ==, 0);
    CHECK(strstr(s.last, "x | denied by clearance.level: label VS-NfD is above the clearance"));
    CHECK_OK(run_row("clearance: intern, label: intern, expect: denied by clearance.level", &s));
    CHECK_INT(s.held, ==, 0);
    CHECK(strstr(s.last, "row 1 | allowed"));
    CHECK_OK(run_row("clearance: intern, label: VS-NfD, expect: denied by target.level", &s));
    CHECK_INT(s.held, ==, 0);
}

TEST(a_row_has_a_purpose_and_those_its_key_may_name)
{
    static const struct {
        const char *row, *got;
    } cases[] = {
        {"label: offen, purpose: leistung", "allowed"},
        {"label: offen, purpose: leistung, purposes: \"aufsicht, leistung\"", "allowed"},
        {"label: offen, purpose: leistung, purposes: aufsicht", "denied by purpose.key"},
        {"label: offen, purpose: nein", "denied by purpose.key"},
        {"label: offen, purpose: nein, purposes: nein", "denied by purpose.key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen s;
        char row[200];
        snprintf(row, sizeof row, "clearance: intern, %s, expect: %s", cases[i].row, cases[i].got);
        CHECK_OK(run_row(row, &s));
        CHECK_INT(s.held, ==, 1);
    }
}

/* Rows at a time of the zone; without one they are in office hours. */
TEST(a_row_has_a_time_or_is_in_office_hours)
{
    static const char policy_text[] =
        "version: 1\nlevels: [{ height: 0, id: o, title: T }]\n"
        "compartments: [{ bit: 8, id: A, title: T, hours: true }]\nparties: []\ntaints: []\n"
        "hours: { zone: Europe/Berlin, times: [ { days: mo-fr, from: \"06:00\", to: \"20:00\" } ] "
        "}\n";
    static const char table[] =
        "version: 1\nexpectations:\n"
        "  - { clearance: o//A, label: o//A, expect: allowed }\n"
        "  - { clearance: o//A, label: o//A, at: mo 06:00, expect: allowed }\n"
        "  - { clearance: o//A, label: o//A, at: fr 19:59, expect: allowed }\n"
        "  - { clearance: o//A, label: o//A, at: mo 05:59, expect: denied by hours.closed }\n"
        "  - { clearance: o//A, label: o//A, at: fr 20:00, expect: denied by hours.closed }\n"
        "  - { clearance: o//A, label: o, at: su 12:00, expect: allowed }\n"
        "  - { clearance: o//A, label: o//A, at: noon, expect: denied by hours.closed }\n";
    struct seen s = {0};
    policy *p = NULL;
    NEED_OK(policy_load(str_of(policy_text), &p));
    CHECK_OK(expectations_run(p, str_of(table), see, &s));
    CHECK_INT(s.count, ==, 7);
    CHECK_INT(s.held, ==, 6);
    CHECK_STR(str_of(s.last), STR("row 7 | no decision: \"at\" is a day and a time of the policy's "
                                  "zone: mo 06:00, or 2026-04-06 06:00"));
    policy_free(p);
}

TEST(an_unknown_name_in_a_row_holds_never)
{
    static const char *const rows[] = {
        "clearance: intern, label: NEIN, expect: denied by clearance.level",
        "clearance: NEIN, label: offen, expect: allowed",
        "clearance: intern, party: NEIN, label: offen, expect: allowed",
        "clearance: intern, label: offen, sink: NEIN, expect: allowed"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s;
        CHECK_OK(run_row(rows[i], &s));
        CHECK_INT(s.count, ==, 1);
        CHECK_INT(s.held, ==, 0);
        CHECK(strstr(s.last, "no decision: "));
    }
}

TEST(what_is_no_table_is_refused)
{
    static const char *const bad[] = {
        "", "version: 1\n", "version: 1\nexpectations: []\n",
        "version: 2\nexpectations:\n  - { clearance: intern, label: offen, expect: allowed }\n",
        "ceiling: HOCH\nversion: 1\nexpectations:\n  - { clearance: a, label: x, expect: y }\n"};
    struct seen s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(run(str_of(bad[i]), &s), CONFIG);
    CHECK_ERR(run_row("clearance: intern, label: offen, expect: denied", &s), CONFIG);
    CHECK_ERR(run_row("clearance: intern, label: offen, expect: denied by no.rule", &s), CONFIG);
    CHECK_ERR(run_row("clearance: intern, label: offen, expect: Allowed", &s), CONFIG);
    CHECK_ERR(run_row("clearance: intern, expect: allowed", &s), CONFIG);
    CHECK_ERR(run_row("clearance: intern, label: offen, expect: allowed, x: y", &s), CONFIG);
    CHECK_INT(s.count, ==, 0);
}

TEST(without_memory_it_fails_and_nothing_leaks)
{
    policy *p = NULL;
    NEED_OK(policy_load(read_text("etc/policy.yaml", policy_room, sizeof policy_room), &p));
    const str table = read_text("etc/policy-test.yaml", table_room, sizeof table_room);
    bool ended = false;
    for (long n = 1; !ended && n < 2000; n++) {
        struct seen s = {0};
        fault_arm(n);
        const err e = expectations_run(p, table, see, &s);
        ended = !fault_fired();
        fault_arm(0);
        CHECK(!e.code || s.held == s.count);
    }
    CHECK(ended);
    policy_free(p);
}
