/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/change.h"

#include "test.h"

#define LEVELS                                                                                     \
    "version: 1\n"                                                                                 \
    "levels: [{ height: 0, id: offen, title: O }, { height: 1, id: intern, title: I }]\n"
#define REST                                                                                       \
    "parties: [{ bit: 128, id: BUND, title: Bund }]\n"                                             \
    "taints: [{ bit: 224, id: web, title: Web }]\n"
#define TWO "compartments: [{ bit: 8, id: A, title: Akten }, { bit: 9, id: B, title: Buch }]\n"

static policy *
load(const char *text)
{
    policy *p = NULL;
    CHECK_OK(policy_load(str_of(text), &p));
    return p;
}

static void
check_bits(const char *now, enum err_code want, const char *says)
{
    policy *past = load(LEVELS TWO REST), *is = load(now);
    NEED(past && is);
    const err e = policy_check_bits(past, is);
    CHECK_INT(e.code, ==, want);
    if (says && !strstr(err_public(e), says))
        test_fail(__FILE__, __LINE__, "not in \"%s\": %s", err_public(e), says);
    policy_free(past);
    policy_free(is);
}

TEST(a_bit_that_had_a_name_gets_no_other_and_both_are_named)
{
    check_bits(LEVELS
               "compartments: [{ bit: 8, id: C, title: C }, { bit: 9, id: B, title: B }]\n" REST,
               ERR_CONFLICT, "compartment C cannot have number 8, which is A for good");
    check_bits(LEVELS TWO "parties: [{ bit: 128, id: EU, title: E }]\ntaints: []\n", ERR_CONFLICT,
               "EU cannot have number 128, which is BUND");
    check_bits(LEVELS TWO "parties: []\ntaints: [{ bit: 224, id: ocr, title: O }]\n", ERR_CONFLICT,
               "ocr cannot have number 224, which is web");
    check_bits("version: 1\nlevels: [{ height: 0, id: offen, title: O }, { height: 1, id: geheim, "
               "title: G }]\n" TWO REST,
               ERR_CONFLICT, "geheim cannot have number 1, which is intern");
}

TEST(a_name_keeps_its_bit)
{
    check_bits(LEVELS "compartments: [{ bit: 10, id: A, title: A }]\n" REST, ERR_CONFLICT,
               "A has number 8 for good and cannot get 10");
    check_bits(LEVELS
               "compartments: [{ bit: 9, id: A, title: A }, { bit: 8, id: B, title: B }]\n" REST,
               ERR_CONFLICT, "for good");
}

TEST(new_names_new_titles_and_names_left_out_are_fine)
{
    check_bits(LEVELS TWO REST, ERR_OK, NULL);
    check_bits(LEVELS
               "compartments: [{ bit: 8, id: A, title: Neu }, { bit: 10, id: C, title: C }]\n" REST,
               ERR_OK, NULL);
}

static const struct holder holders[] = {{STR_INIT("eins"), STR_INIT("intern//A")},
                                        {STR_INIT("zwei"), STR_INIT("offen//A")},
                                        {STR_INIT("drei"), STR_INIT("intern//C")},
                                        {STR_INIT("vier"), STR_INIT("intern")}};

static void
check_diff(const char *from, const char *to, const char *want)
{
    AUTO(buf) b = BUF(64 * 1024);
    policy *p = load(from), *q = load(to);
    NEED(p && q);
    policy_diff(p, q, holders, sizeof holders / sizeof *holders, &b);
    CHECK_STR(buf_str(&b), str_of(want));
    policy_free(p);
    policy_free(q);
}

TEST(nothing_is_said_where_nothing_changes)
{
    check_diff(LEVELS TWO REST, LEVELS TWO REST, "");
}

TEST(names_and_keys_are_told_in_words)
{
    check_diff(
        LEVELS TWO REST,
        LEVELS
        "compartments: [{ bit: 9, id: B, title: Band }, { bit: 10, id: C, title: Chronik }]\n" REST,
        "compartment C (number 10) is new: Chronik\n"
        "compartment A (number 8) is gone, and what is marked so can be read by nobody: Akten\n"
        "compartment B (number 9) has another title: Band\n"
        /* "intern//C" could not be read before: no clearance at all */
        "one key gains access to intern: drei\n"
        "one key loses access to intern: eins\n"
        "one key gains access to C: drei\n"
        "two keys lose access to A: eins, zwei\n");
}

TEST(downgrades_and_the_traffic_lights_are_told)
{
    check_diff(LEVELS TWO REST "downgrades: [{ id: pseudonym, removes: \"A\" }]\n"
                               "tlp: [{ name: RED, label: intern }]\n",
               LEVELS TWO REST "downgrades: [{ id: pseudonym, removes: \"B\", lowers: intern }]\n"
                               "tlp: [{ name: GREEN, label: \"intern//B\" }]\n",
               "pseudonymised text loses from now on compartment B\n"
               "pseudonymised text keeps from now on compartment A\n"
               "pseudonymised text loses from now on level intern\n"
               "TLP:GREEN stands for intern//B\n"
               "TLP:RED has no label any more\n");
}

TEST(what_is_kept_from_now_on_or_no_longer_is_told)
{
    check_diff(LEVELS TWO REST "keep: [{ label: offen, days: 7 }, { label: intern, days: 30 }]\n",
               LEVELS TWO REST "keep: [{ label: offen, days: 7 }, { label: intern//A, days: 5 }]\n",
               "prompts and answers of offen are kept for 5 days from now on\n"
               "prompts and answers of intern//A are kept for 5 days from now on\n"
               "prompts and answers of intern are kept for 5 days from now on\n");
    check_diff(LEVELS TWO REST "keep: [{ label: intern, days: 30 }]\n", LEVELS TWO REST,
               "prompts and answers of intern are no longer kept\n");
}

#define FOR(list)                                                                                  \
    "compartments: [{ bit: 8, id: A, title: Akten" list " }, { bit: 9, id: B, title: Buch }]\n"
#define PURPOSES "purposes: [{ id: x, title: X }, { id: y, title: Y }]\n"

TEST(what_data_is_for_from_now_on_or_no_longer_is_told)
{
    check_diff(LEVELS TWO REST, LEVELS TWO REST PURPOSES,
               "purpose x is new: X\npurpose y is new: Y\n");
    check_diff(LEVELS TWO REST PURPOSES, LEVELS FOR(", purposes: x") REST PURPOSES,
               "compartment A is processed for named purposes only from now on\n"
               "compartment A is processed for the purpose x from now on\n");
    check_diff(LEVELS FOR(", purposes: x") REST PURPOSES, LEVELS FOR(", purposes: y") REST PURPOSES,
               "compartment A is no longer processed for the purpose x\n"
               "compartment A is processed for the purpose y from now on\n");
    check_diff(LEVELS FOR(", purposes: x") REST PURPOSES, LEVELS TWO REST,
               "purpose x is gone\npurpose y is gone\n"
               "compartment A is processed for any purpose from now on\n");
    check_diff(LEVELS FOR(", purposes: x") REST PURPOSES,
               LEVELS FOR(", purposes: \"y,x\"") REST PURPOSES,
               "compartment A is processed for the purpose y from now on\n");
}

#define HOURS(zone, to)                                                                            \
    "hours: { zone: " zone ", times: [ { days: mo-fr, from: \"06:00\", to: \"" to "\" } ] }\n"

TEST(office_hours_that_begin_change_or_end_are_told)
{
    const char *without = LEVELS TWO REST, *with = LEVELS TWO REST HOURS("UTC", "20:00");
    const char *timed = LEVELS FOR(", hours: true") REST HOURS("UTC", "20:00");
    check_diff(without, with, "office hours are mo-fr 06:00-20:00 (UTC) from now on\n");
    check_diff(with, without, "there are no office hours any more\n");
    check_diff(with, timed, "compartment A is processed in office hours only from now on\n");
    check_diff(timed, without,
               "there are no office hours any more\n"
               "compartment A is processed at any time from now on\n");
    check_diff(with, LEVELS TWO REST HOURS("Europe/Berlin", "20:00"),
               "office hours are mo-fr 06:00-20:00 (Europe/Berlin) from now on\n");
    check_diff(with, LEVELS TWO REST HOURS("UTC", "19:00"),
               "office hours are mo-fr 06:00-19:00 (UTC) from now on\n");
    check_diff(with,
               LEVELS TWO REST "hours: { zone: UTC, times: [ { days: \"mo,tu,we,th,fr\", from: "
                               "\"06:00\", to: \"20:00\" } ] }\n",
               "");
}

TEST(of_many_keys_a_few_are_named)
{
    enum { MANY = 20 };
    static struct holder many[MANY];
    AUTO(buf) b = BUF(64 * 1024);
    policy *p = load(LEVELS TWO REST),
           *q = load(LEVELS "compartments: [{ bit: 10, id: C, title: C }]\n" REST);
    NEED(p && q);
    for (int i = 0; i < MANY; i++)
        many[i] = (struct holder){STR("k"), STR("offen//C")};
    policy_diff(p, q, many, MANY, &b);
    CHECK(str_find(buf_str(&b), STR("20 keys gain access to C: k, k, k, k, k, ...\n")) > 0);
    policy_free(p);
    policy_free(q);
}
