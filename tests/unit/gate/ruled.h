/* SPDX-License-Identifier: EUPL-1.2 */
/* ruled.h - puts the small policy with guardrails in force, as a version of it is. */
#pragma once
#include "unit/gate/rig.h"

/* `rules`: the lines of the section; "  []\n" for none. */
static inline void
rig_rule(struct rig *r, const char *rules)
{
    static char text[8192];
    policy *next = NULL;
    const str was = policy_text(r->policy);
    const ptrdiff_t old = str_find(was, STR("guardrails:"));
    const int n = snprintf(text, sizeof text, "%.*sguardrails:\n%s",
                           (int)(old < 0 ? (ptrdiff_t)was.len : old), was.at, rules);
    CHECK_OK(policy_load((str){text, (size_t)n}, &next));
    NEED(next);
    CHECK_OK(policy_set_ceiling(next, STR("VS-NfD")));
    CHECK_OK(gate_store_clearances(r->gate, next));
    gate_use_policy(r->gate, next);
}
