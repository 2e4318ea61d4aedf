/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/tell/rules.h"

#include "test.h"

static const char text[] =
    "version: 1\nlevels: [{ height: 0, id: o, title: O }]\n"
    "compartments: [{ bit: 8, id: A, title: A, purposes: \"y,x\" }, { bit: 9, id: B, title: B }]\n"
    "parties: []\ntaints: [{ bit: 224, id: web, title: W }]\n"
    "purposes: [{ id: x, title: X }, { id: y, title: Y }, { id: z, title: Z }]\n"
    "guardrails:\n"
    "  - { id: a, kind: words, where: output, then: mask, words: [eins, zwei drei] }\n"
    "  - { id: b, kind: topic, where: both, then: block, least: 2, words: [a, b, c] }\n"
    "  - { id: c, kind: identifiers, where: input, then: mask, types: \"IBAN, EMAIL\" }\n"
    "  - { id: d, kind: attack, where: input, then: taint, taint: web }\n";

static policy *
load(struct cli *c)
{
    policy *p = NULL;
    CHECK_OK(arena_open(1 << 22, &c->a));
    CHECK_OK(policy_load(str_of(text), &p));
    return p;
}

TEST(each_guardrail_is_told_in_words)
{
    static const struct {
        const char *kind, *does, *looks_for;
    } want[] = {{"words", "masks output", "eins, zwei drei"},
                {"topic", "blocks input and output", "2 of: a, b, c"},
                {"identifiers", "masks input", "IBAN, EMAIL"},
                {"attack", "taints input", "attempts to make a model leave its instructions"}};
    struct cli c = {.a = NULL};
    policy *p = load(&c);
    NEED(p);
    size_t count = 0;
    const struct guardrail *list = policy_guardrails(p, &count);
    NEED(count == 4);
    for (size_t i = 0; i < count; i++) {
        str looks_for;
        CHECK_STR(str_of(rules_kind(&list[i])), str_of(want[i].kind));
        CHECK_STR(str_of(rules_does(&c, &list[i])), str_of(want[i].does));
        CHECK_OK(rules_looks_for(&c, &list[i], &looks_for));
        if (i == 2) /* in the order of the types */
            CHECK(str_find(looks_for, STR("IBAN")) >= 0 && str_find(looks_for, STR("EMAIL")) >= 0);
        else
            CHECK_STR(looks_for, str_of(want[i].looks_for));
    }
    policy_free(p);
    arena_free(c.a);
}

TEST(a_bit_is_told_its_purposes_in_the_order_of_the_policy)
{
    struct cli c = {.a = NULL};
    policy *p = load(&c);
    NEED(p);
    str purposes;
    CHECK_OK(rules_purposes_of(&c, policy_purposes(p), 8, &purposes));
    CHECK_STR(purposes, STR("x, y"));
    CHECK_OK(rules_purposes_of(&c, policy_purposes(p), 9, &purposes));
    CHECK_STR(purposes, STR(""));
    CHECK_OK(rules_purposes_of(&c, policy_purposes(p), -1, &purposes));
    CHECK_STR(purposes, STR(""));
    policy_free(p);
    arena_free(c.a);
}
