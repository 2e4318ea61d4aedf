/* SPDX-License-Identifier: EUPL-1.2 */
/* small_policy.h - a policy of three levels, two compartments, two parties and one taint, under a
 * ceiling of VS-NfD; and grants made by it. */
#pragma once
#include "policy/policy.h"
#include "test.h"

static inline policy *
small_policy(void)
{
    static const char text[] = "version: 1\n"
                               "levels:\n"
                               "  - { height: 0, id: offen, title: Offen }\n"
                               "  - { height: 1, id: intern, title: Intern }\n"
                               "  - { height: 2, id: VS-NfD, title: VS-NfD }\n"
                               "compartments:\n"
                               "  - { bit: 8, id: SOZIALDATEN, title: Sozialdaten }\n"
                               "  - { bit: 9, id: STEUER, title: Steuer }\n"
                               "parties:\n"
                               "  - { bit: 128, id: BUND, title: Bund }\n"
                               "  - { bit: 129, id: BAYERN, title: Bayern }\n"
                               "taints:\n"
                               "  - { bit: 224, id: web, title: Netz }\n"
                               "  - { bit: 225, id: external-model, title: Fremdes Modell }\n"
                               "downgrades:\n"
                               "  - { id: pseudonym, removes: SOZIALDATEN, lowers: intern }\n";
    policy *p = NULL;
    CHECK_OK(policy_load(str_of(text), &p));
    if (p)
        CHECK_OK(policy_set_ceiling(p, STR("VS-NfD")));
    return p;
}

static inline label
small_label(const policy *p, const char *text)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(label_parse(policy_names(p), str_of(text), &l));
    return l;
}

/* Leave to chat over what is marked `text`, and no more. */
static inline const grant *
small_grant(const policy *p, arena *a, const char *text)
{
    const struct session s = {.clearance = small_label(p, text)};
    const struct ask q = {
        .session = &s, .op = OP_CHAT, .data = s.clearance, .target = policy_local_sink(p)};
    struct decision d;
    const grant *g = NULL;
    CHECK_OK(policy_decide(p, &q, a, &d, &g));
    return g;
}
