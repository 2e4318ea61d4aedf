/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/purpose.h"

#include <stdio.h>

#include "base/fault.h"
#include "policy/policy.h"
#include "test.h"

#define HEAD                                                                                       \
    "version: 1\nlevels: [{ height: 0, id: o, title: T%s }, { height: 1, id: i, title: T }]\n"
#define REST                                                                                       \
    "compartments: [{ bit: 8, id: A, title: T%s }]\nparties: [{ bit: 128, id: P, title: T%s "      \
    "}]\ntaints: []\n"

static err
load(const char *level, const char *compartment, const char *party, const char *purposes,
     policy **ret)
{
    char text[4096];
    snprintf(text, sizeof text, HEAD REST "%s", level, compartment, party, purposes);
    return policy_load(str_of(text), ret);
}

TEST(purposes_are_kept_with_their_words_and_law)
{
    policy *p = NULL;
    NEED_OK(load("", ", purposes: \" aid , audit\"", "",
                 "purposes:\n"
                 "  - { id: aid, title: Leistung, english: Benefit, law: § 67c SGB X }\n"
                 "  - { id: audit, title: Prüfung }\n"
                 "  - { id: count, title: Statistik }\n",
                 &p));
    const struct purposes *all = policy_purposes(p);
    NEED(all->count == 3);
    CHECK_STR(all->at[0].id, STR("aid"));
    CHECK_STR(all->at[0].title, STR("Leistung"));
    CHECK_STR(all->at[0].english, STR("Benefit"));
    CHECK_STR(all->at[0].law, STR("§ 67c SGB X"));
    CHECK_STR(all->at[1].english, STR(""));
    CHECK(label_has(all->at[0].may, 8) && label_has(all->at[1].may, 8));
    CHECK(!label_has(all->at[2].may, 8) && !label_has(all->without, 8));
    CHECK(label_has(all->at[2].may, 9) && label_has(all->without, 9));
    CHECK(purpose_find(all, STR("count")) == &all->at[2]);
    CHECK(!purpose_find(all, STR("coun")) && !purpose_find(all, STR_NONE));
    policy_free(p);
}

TEST(without_the_section_everything_is_for_everything)
{
    policy *p = NULL;
    NEED_OK(load("", "", "", "", &p));
    CHECK_INT(policy_purposes(p)->count, ==, 0);
    for (int bit = 0; bit < 256; bit++)
        CHECK(label_has(policy_purposes(p)->without, bit));
    policy_free(p);
}

TEST(what_is_no_matrix_is_refused_and_named)
{
    static const struct {
        const char *level, *compartment, *party, *purposes, *why;
    } bad[] = {
        {"", ", purposes: aid", "", "",
         "policy file: compartment A is for purpose aid, which is none of section purposes"},
        {"", ", purposes: \"a,a\"", "", "purposes: [{ id: a, title: T }]\n",
         "policy file: compartment A lists purpose a twice"},
        {"", ", purposes: \"a,\"", "", "purposes: [{ id: a, title: T }]\n",
         "policy file: compartment A is for purpose , which is none of section purposes"},
        {", purposes: a", "", "", "purposes: [{ id: a, title: T }]\n",
         "policy file: level o cannot be for some purposes only"},
        {"", "", ", purposes: a", "purposes: [{ id: a, title: T }]\n",
         "policy file: party P cannot be for some purposes only"},
        {"", "", "", "purposes: [{ id: a, title: T }, { id: a, title: T }]\n",
         "policy file: purpose a is there twice"},
        {"", "", "", "purposes: [{ id: Aid, title: T }]\n",
         "policy file: \"Aid\" cannot be the id of a purpose: small letters, digits and -"},
        {"", "", "", "purposes: [{ id: -a, title: T }]\n",
         "policy file: \"-a\" cannot be the id of a purpose: small letters, digits and -"},
        {"", "", "", "purposes: [{ id: a, title: T, law: \"a\\tb\" }]\n",
         "policy file: purpose a: control characters in a text"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        policy *p = NULL;
        CHECK_ERR(load(bad[i].level, bad[i].compartment, bad[i].party, bad[i].purposes, &p),
                  CONFIG);
        CHECK(!p);
        CHECK_STR(str_of(err_public((err){ERR_CONFIG})), str_of(bad[i].why));
    }
    static const char *const shape[] = {
        "purposes: [{ id: a }]\n", "purposes: [{ title: T }]\n", "purposes: a\n",
        "purposes: [{ id: a, title: T, colour: red }]\n",
        "purposes: [{ id: abcdefghijklmnopqrstuvwxyz-abcdefghij, title: T }]\n"};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        policy *p = NULL;
        CHECK_ERR(load("", "", "", shape[i], &p), CONFIG);
    }
}

/* ---- what a person acts for */
TEST(a_text_of_purposes_covers_another_exactly_when_each_of_it_is_in_it)
{
    static const char *const names[] = {"a", "b", "c"};
    for (int x = 0; x <= 8; x++)
        for (int y = 0; y <= 8; y++) { /* 0: none; 8: no limit */
            AUTO(buf) one = BUF(64);
            AUTO(buf) other = BUF(64);
            for (int i = 0; i < 3; i++) {
                if (x >> i & 1)
                    buf_add_fmt(&one, "%s%s", one.len ? "," : "", names[i]);
                if (y >> i & 1)
                    buf_add_fmt(&other, "%s%s", other.len ? "," : "", names[i]);
            }
            const str has = x ? buf_str(&one) : STR(PURPOSES_NONE);
            const str wants = y ? buf_str(&other) : STR(PURPOSES_NONE);
            const bool want = x == 8 || (y != 8 && (x & y) == y);
            CHECK(purposes_cover(has, wants) == want);
            for (int i = 0; i < 3; i++)
                CHECK(purposes_have(has, str_of(names[i])) == (x == 8 || (x >> i & 1)));
        }
}

TEST(a_text_of_purposes_is_read_without_blanks_and_refused_with_the_name_that_is_wrong)
{
    AUTO(arena) *a = NULL;
    policy *p = NULL;
    str text;
    NEED_OK(arena_open(1 << 16, &a));
    NEED_OK(load("", "", "", "purposes: [{ id: a, title: T }, { id: b, title: T }]\n", &p));
    const struct purposes *all = policy_purposes(p);
    static const char *const good[][2] = {
        {"", ""}, {"a", "a"}, {" b ,a", "b,a"}, {"-", "-"}, {" - ", "-"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_OK(purposes_text(all, str_of(good[i][0]), a, &text));
        CHECK_STR(text, str_of(good[i][1]));
    }
    static const char *const bad[][2] = {{"c", "\"c\" is no purpose of the policy"},
                                         {"a,", "\"\" is no purpose of the policy"},
                                         {" ", "\"\" is no purpose of the policy"},
                                         {"a,-", "\"-\" is no purpose of the policy"},
                                         {"a b", "\"a b\" is no purpose of the policy"},
                                         {"a,b,a", "the purpose a is there twice"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_ERR(purposes_text(all, str_of(bad[i][0]), a, &text), ARGUMENT);
        CHECK_STR(str_of(err_public((err){ERR_ARGUMENT})), str_of(bad[i][1]));
    }
    policy_free(p);
}

TEST(without_memory_it_fails_and_nothing_leaks)
{
    for (int n = 1;; n++) {
        policy *p = NULL;
        fault_arm(n);
        const err e = load("", ", purposes: a", "", "purposes: [{ id: a, title: T }]\n", &p);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code == (p != NULL));
        policy_free(p);
        if (!fired)
            break;
        CHECK(e.code != 0);
    }
}
