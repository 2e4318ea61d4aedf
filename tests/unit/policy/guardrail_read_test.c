/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/guardrail_read.h"

#include <stdio.h>

#include "policy/change.h"
#include "policy/policy.h"
#include "test.h"

static fallible
load(const char *rules, policy **ret)
{
    static char text[8192];
    snprintf(text, sizeof text,
             "version: 1\nlevels:\n  - { height: 0, id: offen, title: Offen }\n"
             "compartments: []\nparties: []\ntaints:\n  - { bit: 225, id: web, title: Netz }\n"
             "guardrails:\n%s",
             rules);
    return policy_load(str_of(text), ret);
}

TEST(each_kind_of_rule_is_read)
{
    policy *p = NULL;
    size_t n = 0;
    CHECK_OK(
        load("  - { id: w-1, kind: words, where: both, then: mask, words: [a, 'b c*'], title: "
             "Titel }\n"
             "  - { id: t, kind: topic, where: output, then: block, words: [a, b, c], least: 3, "
             "message: Dazu nichts. }\n"
             "  - { id: i, kind: identifiers, where: input, then: block, types: 'IBAN, "
             "PERSON' }\n"
             "  - { id: a, kind: attack, where: input, then: taint, taint: web }\n",
             &p));
    NEED(p);
    const struct guardrail *r = policy_guardrails(p, &n);
    NEED(n == 4);
    CHECK_STR(r[0].id, STR("w-1"));
    CHECK_STR(str_of(r[0].name.at), STR("guardrail.w-1"));
    CHECK_STR(r[0].title, STR("Titel"));
    CHECK_STR(r[0].words[1], STR("b c*"));
    CHECK(r[0].kind == GUARDRAIL_WORDS && r[0].then == GUARDRAIL_MASK);
    CHECK_INT(r[0].where, ==, GUARDRAIL_INPUT | GUARDRAIL_OUTPUT);
    CHECK_INT(r[0].least, ==, 1);
    CHECK_INT(r[1].least, ==, 3);
    CHECK_STR(r[1].message, STR("Dazu nichts."));
    CHECK_INT(r[0].message.len, ==, 0);
    CHECK_INT(r[1].where, ==, GUARDRAIL_OUTPUT);
    CHECK_INT(__builtin_popcountll(r[2].types), ==, 2);
    CHECK(label_has(r[3].taint, 225));
    policy_free(p);
}

TEST(a_policy_without_the_section_has_no_rules)
{
    policy *p = NULL;
    size_t n = 7;
    CHECK_OK(load("  []\n", &p));
    NEED(p);
    (void)policy_guardrails(p, &n);
    CHECK_INT(n, ==, 0);
    policy_free(p);
}

TEST(what_is_no_rule_is_refused_and_named)
{
    static const struct {
        const char *rule, *says;
    } cases[] = {
        {"id: 'A', kind: words, where: both, then: mask, words: [a]", "\"A\""},
        {"id: a, kind: wort, where: both, then: mask, words: [a]", "guardrail a: kind"},
        {"id: a, kind: words, where: here, then: mask, words: [a]", "guardrail a: where"},
        {"id: a, kind: words, where: both, then: drop, words: [a]", "guardrail a: then"},
        {"id: a, kind: words, where: both, then: mask", "list of words"},
        {"id: a, kind: words, where: both, then: mask, words: []", "list of words"},
        {"id: a, kind: words, where: both, then: mask, words: [a], types: IBAN", "types"},
        {"id: a, kind: words, where: both, then: mask, words: [a], least: 1", "least"},
        {"id: a, kind: topic, where: both, then: mask, words: [a, b]", "masked"},
        {"id: a, kind: topic, where: both, then: block, words: [a]", "at least two"},
        {"id: a, kind: topic, where: both, then: block, words: [a, b], least: 3", "least"},
        {"id: a, kind: topic, where: both, then: block, words: [a, b], least: 0", "least"},
        {"id: a, kind: identifiers, where: both, then: mask", "types"},
        {"id: a, kind: identifiers, where: both, then: mask, types: 'IBAN, ISBN'", "ISBN"},
        {"id: a, kind: identifiers, where: both, then: mask, types: OTHER", "OTHER"},
        {"id: a, kind: words, where: both, then: mask, words: ['...']", "no letter"},
        {"id: a, kind: words, where: both, then: mask, words: ['*']", "no letter"},
        {"id: a, kind: words, where: both, then: mask, words: [a b c d e f g h i]", "8 words"},
        {"id: a, kind: words, where: both, then: mask, words: "
         "[aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaa]",
         "64 letters"},
        {"id: a, kind: words, where: both, then: mask, words: [a], message: m", "what blocks"},
        {"id: a, kind: words, where: both, then: block, words: [a], message: \"a\\tb\"", "control"},
        {"id: a, kind: attack, where: both, then: block", "input alone"},
        {"id: a, kind: attack, where: input, then: mask", "masked"},
        {"id: a, kind: attack, where: input, then: taint", "taint"},
        {"id: a, kind: attack, where: input, then: taint, taint: netz", "netz"},
        {"id: a, kind: attack, where: input, then: block, taint: web", "taint"},
        {"id: a, kind: words, where: output, then: taint, taint: web, words: [a]", "input alone"},
        {"id: a, kind: words, where: both, then: mask, words: [a], more: 1", "more"},
        {"id: a, kind: attack, where: input, then: block, title: \"a\\tb\"", "control"},
        {"kind: attack, where: input, then: block", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        policy *p = NULL;
        snprintf(text, sizeof text, "  - { %s }\n", cases[i].rule);
        const err e = load(text, &p);
        CHECK_ERR(e, CONFIG);
        if (!strstr(err_public(e), cases[i].says))
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].rule, err_public(e));
        CHECK(!p);
    }
}

TEST(an_id_is_there_once)
{
    policy *p = NULL;
    const err e = load("  - { id: a, kind: attack, where: input, then: block }\n"
                       "  - { id: a, kind: words, where: both, then: mask, words: [a] }\n",
                       &p);
    CHECK_ERR(e, CONFIG);
    CHECK(strstr(err_public(e), "twice"));
}

static bool
says(const char *from, const char *to, const char *what)
{
    AUTO(buf) b = BUF(65536);
    policy *one = NULL, *two = NULL;
    CHECK_OK(load(from, &one));
    CHECK_OK(load(to, &two));
    policy_diff(one, two, NULL, 0, &b);
    policy_free(one);
    policy_free(two);
    return str_find(buf_str(&b), str_of(what)) >= 0;
}

TEST(what_changes_in_the_rules_is_told_in_words)
{
    static const char a[] = "  - { id: a, kind: words, where: both, then: mask, words: [x] }\n";
    static const char more[] =
        "  - { id: a, kind: words, where: both, then: mask, words: [x, y] }\n";
    static const char block[] =
        "  - { id: a, kind: words, where: both, then: block, words: [x] }\n";
    CHECK(says("  []\n", a, "guardrail a is new"));
    CHECK(says(a, "  []\n", "guardrail a is gone"));
    CHECK(says(a, more, "guardrail a finds or does something else"));
    CHECK(says(a, block, "guardrail a finds or does something else"));
    CHECK(!says(a, a, "guardrail"));
}
