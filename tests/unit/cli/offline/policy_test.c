/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/policy.h"

#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

static const char small_policy[] =
    "version: 1\n"
    "levels: [{ height: 0, id: offen, title: O }, { height: 1, id: intern, title: I }]\n"
    "compartments: [{ bit: 8, id: A, title: Akten }, { bit: 9, id: B, title: B }]\n"
    "parties: [{ bit: 128, id: BUND, title: Bund }]\n"
    "taints: [{ bit: 224, id: web, title: Web }]\n";

static const char *
file_of(const char *name, const char *text)
{
    static char paths[8][300];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, 300, "%s/%s", test_dir(), name);
    FILE *f = fopen(path, "w");
    if (f) {
        fputs(text, f);
        fclose(f);
    }
    return path;
}

TEST(a_policy_file_is_checked_and_what_is_wrong_is_said)
{
    FRESH(r);
    RUN(&r, NULL, "policy", "check", "etc/policy.yaml");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "A policy: 6 levels");
    RUN(&r, NULL, "policy", "check", "etc/policy.yaml", "--json");
    CHECK_OUT(&r, "\"levels\":6");
    RUN(&r, NULL, "policy", "check", file_of("bad", "version: 1\n\nlevel: []\n"));
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "near line");
    RUN(&r, NULL, "policy", "check",
        file_of("twice",
                "version: 1\nlevels: [{ height: 0, id: a, title: A }]\n"
                "compartments: [{ bit: 8, id: A, title: A }, { bit: 8, id: B, title: B }]\n"
                "parties: []\ntaints: []\n"));
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "compartment A and compartment B have the same number 8");
    RUN(&r, NULL, "policy", "check", "/nonexistent/policy.yaml");
    CHECK(r.status != 0);
}

TEST(the_names_of_a_policy_are_shown_with_their_numbers)
{
    FRESH(r);
    FAKE(f);
    char path[300];
    snprintf(path, sizeof path, "%s/policy.yaml", f.dir);
    FILE *file = fopen(path, "w");
    NEED(file);
    fputs(small_policy, file);
    fclose(file);
    RUN(&r, &f, "policy", "show");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "compartment       8  A       Akten");
    RUN(&r, &f, "policy", "show", "etc/policy.yaml", "--json");
    CHECK_OUT(
        &r, "{\"kind\":\"level\",\"number\":5,\"id\":\"STRENG GEHEIM\",\"title\":\"Streng geheim");
    RUN(&r, NULL, "policy", "show");
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "Name a policy file");
    fake_end(&f);
}

TEST(office_hours_are_shown_with_what_they_are_for)
{
    FRESH(r);
    const char *timed =
        file_of("timed", "version: 1\nlevels: [{ height: 0, id: o, title: O }, { height: 1, id: i, "
                         "title: I, hours: true }, { height: 2, id: v, title: V }]\n"
                         "compartments: [{ bit: 8, id: A, title: Akten, purposes: x, hours: true "
                         "}, { bit: 9, id: B, title: B }]\nparties: []\ntaints: []\n"
                         "purposes: [{ id: x, title: X }]\nhours: { zone: UTC, times: [ { days: "
                         "mo-fr, from: \"06:00\", to: \"20:00\" }, { days: sa, from: \"08:00\", "
                         "to: \"12:00\" } ] }\n");
    RUN(&r, NULL, "policy", "check", timed);
    CHECK_OUT(&r, "0 guardrails, office hours mo-fr 06:00-20:00; sa 08:00-12:00 (UTC).\n");
    RUN(&r, NULL, "policy", "check", timed, "--json");
    CHECK_OUT(&r, "\"hours\":\"mo-fr 06:00-20:00; sa 08:00-12:00 (UTC)\"");
    RUN(&r, NULL, "policy", "show", timed);
    CHECK_OUT(&r, "for x; in office hours");
    CHECK_OUT(&r, "mo-fr 06:00-20:00; sa 08:00-12:00 (UTC)");
    RUN(&r, NULL, "policy", "show", timed, "--json");
    CHECK_OUT(&r, "\"id\":\"v\",\"title\":\"V\",\"hours\":true}");
    CHECK_OUT(&r, "\"purposes\":[\"x\"],\"hours\":true}");
    CHECK_OUT(&r, "\"id\":\"B\",\"title\":\"B\"}");
    CHECK_OUT(&r, "{\"kind\":\"hours\",\"id\":\"UTC\",\"title\":\"mo-fr");
    RUN(&r, NULL, "policy", "check", "etc/policy.yaml");
    CHECK_OUT(&r, "0 guardrails.\n");
}

TEST(a_change_is_told_in_words_and_with_the_daemon_for_its_keys)
{
    FRESH(r);
    FAKE(f);
    char text[1024];
    const char *old = file_of("old", small_policy), *same = file_of("same", small_policy);
    snprintf(text, sizeof text, "%s", small_policy);
    memcpy(strstr(text, "bit: 9, id: B"), "bit: 10,id: C", 13);
    const char *new_ = file_of("new", text);
    fake_says(&f, "GET /admin/v1/keys", 200,
              "[{\"name\":\"eins\",\"clearance\":\"intern//C\",\"state\":\"valid\"},"
              "{\"name\":\"alt\",\"clearance\":\"intern//C\",\"state\":\"revoked\"}]");
    RUN(&r, &f, "policy", "diff", old, new_);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "compartment C (number 10) is new: B");
    CHECK_OUT(&r, "one key gains access to C: eins\n");
    RUN(&r, &f, "policy", "diff", old, new_, "--json");
    CHECK_OUT(&r, "[\"compartment C (number 10) is new: B\",");
    RUN(&r, NULL, "policy", "diff", old, same);
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "The daemon does not answer");
    CHECK_SAYS(&r, "Nothing changes.");
    fake_end(&f);
}

TEST(a_number_that_gets_another_name_fails_a_diff)
{
    FRESH(r);
    char text[1024];
    const char *old = file_of("old", small_policy);
    snprintf(text, sizeof text, "%s", small_policy);
    *strstr(text, "A, title") = 'X';
    RUN(&r, NULL, "policy", "diff", old, file_of("reuse", text));
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "compartment X cannot have number 8, which is A for good");
    CHECK_NOT_IN(r.err, "hoheit init");
}

TEST(a_table_of_expectations_is_held_against_the_policy)
{
    FRESH(r);
    RUN(&r, NULL, "policy", "test", "etc/policy-test.yaml", "--policy", "etc/policy.yaml");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "as expected, 0 not");
    const char *table =
        file_of("table", "version: 1\nceiling: intern\nexpectations:\n"
                         "  - { clearance: offen, label: intern, expect: allowed }\n"
                         "  - { clearance: offen, label: offen, expect: allowed }\n");
    const char *ours = file_of("policy", small_policy);
    RUN(&r, NULL, "policy", "test", table, "--policy", ours);
    CHECK(r.status != 0);
    CHECK_OUT(&r, "not so: row 1: denied by clearance.level, expected allowed (label intern");
    CHECK_OUT(&r, "1 as expected, 1 not");
    RUN(&r, NULL, "policy", "test", table, "--policy", ours, "--json");
    CHECK(r.status != 0);
    CHECK_OUT(&r, "\"holds\":false");
    RUN(&r, NULL, "policy", "test", ours, "--policy", ours);
    CHECK(r.status != 0);
    CHECK_NOT_IN(r.out, "as expected");
}
