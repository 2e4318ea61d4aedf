/* SPDX-License-Identifier: EUPL-1.2 */
/* rules.h - guardrails for tests: a policy with this section, made ready. */
#pragma once
#include <stdio.h>

#include "guard/guard.h"
#include "test.h"

struct rules {
    policy *p;
    guard *g;
    arena *a;
};

static inline policy *
rules_policy(const char *section)
{
    static char text[16384];
    policy *p = NULL;
    snprintf(text, sizeof text,
             "version: 1\nlevels:\n  - { height: 0, id: offen, title: Offen }\n"
             "  - { height: 1, id: intern, title: Intern }\n"
             "  - { height: 2, id: VS-NfD, title: VS-NfD }\ncompartments: []\nparties: []\n"
             "taints:\n  - { bit: 224, id: web, title: Netz }\n"
             "  - { bit: 226, id: fremd, title: Fremdes }\nguardrails:\n%s",
             section);
    CHECK_OK(policy_load(str_of(text), &p));
    return p;
}

static inline void
rules_open(struct rules *r, const char *section)
{
    *r = (struct rules){.p = rules_policy(section)};
    ASSERT(r->p);
    CHECK_OK(guard_new(r->p, &r->g));
    CHECK_OK(arena_open(256 * 1024 * 1024, &r->a));
}

static inline void
rules_close(struct rules *r)
{
    guard_free(r->g);
    policy_free(r->p);
    arena_free(r->a);
}
