/* SPDX-License-Identifier: EUPL-1.2 */
/* scene.h - a policy, a session and a question that is allowed; tests change what they are about.
 */
#pragma once
#include <stdlib.h>

#include "policy/policy.h"
#include "test.h"

static const str yaml = STR_INIT("version: 1\n"
                                 "levels:\n"
                                 "  - { height: 0, id: offen, title: L }\n"
                                 "  - { height: 1, id: intern, title: L }\n"
                                 "  - { height: 2, id: VS-NfD, title: L }\n"
                                 "  - { height: 3, id: VS-V, title: L }\n"
                                 "  - { height: 4, id: GEHEIM, title: L }\n"
                                 "compartments:\n"
                                 "  - { bit: 8, id: SOZIALDATEN, title: C, purposes: \"aid, "
                                 "audit\", hours: true }\n"
                                 "  - { bit: 9, id: STEUER, title: C }\n"
                                 "parties:\n"
                                 "  - { bit: 128, id: BUND, title: P }\n"
                                 "  - { bit: 129, id: BAYERN, title: P }\n"
                                 "taints:\n"
                                 "  - { bit: 224, id: web, title: T }\n"
                                 "  - { bit: 225, id: ocr, title: T }\n"
                                 "purposes:\n"
                                 "  - { id: aid, title: P }\n"
                                 "  - { id: audit, title: P }\n"
                                 "  - { id: count, title: P }\n"
                                 /* 1970 began on a Thursday */
                                 "hours: { zone: UTC, times: [ { days: mo-th, from: \"00:00\", "
                                 "to: \"24:00\" } ] }\n");

/* One policy, arena, session and question that is allowed; tests change what they are about. */
struct scene {
    policy *p;
    arena *a;
    struct session s;
    struct ask q;
    struct decision d;
    const grant *g;
};

static inline label
label_from(const policy *p, const char *text)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(label_parse(policy_names(p), str_of(text), &l));
    return l;
}

static const str only_models[] = {STR_INIT("toy"), STR_INIT("other")};

static const str some_purposes[] = {STR_INIT("aid"), STR_INIT("count"), STR_INIT("gone")};

static inline struct scene *
scene_new(void)
{
    struct scene *c = calloc(1, sizeof *c);
    CHECK_OK(policy_load(yaml, &c->p));
    CHECK_OK(policy_set_ceiling(c->p, STR("VS-V")));
    CHECK_OK(arena_open(1 << 20, &c->a));
    c->s = (struct session){.key_id = STR("key_1"),
                            .key_name = STR("demo"),
                            .tenant = STR("t"),
                            .roles = ROLE_OPERATOR,
                            .expires_wall_ms = 1000,
                            .cleared_until_wall_ms = 1000,
                            .purposes = some_purposes,
                            .purpose_count = 3,
                            .purpose = some_purposes[0]};
    CHECK_OK(policy_clearance(c->p, STR("VS-NfD//SOZIALDATEN"), STR("BUND"), &c->s.clearance));
    c->q = (struct ask){.session = &c->s,
                        .op = OP_CHAT,
                        .data = label_from(c->p, "intern//SOZIALDATEN//REL BUND//TAINT web"),
                        .model = STR("toy"),
                        .target = policy_local_sink(c->p),
                        .now_wall_ms = 999};
    return c;
}

static inline void
scene_free(struct scene *c)
{
    policy_free(c->p);
    arena_free(c->a);
    free(c);
}

static inline err
decide(struct scene *c)
{
    c->g = NULL;
    arena_reset(c->a);
    memset(&c->d, 0x55, sizeof c->d);
    return policy_decide(c->p, &c->q, c->a, &c->d, &c->g);
}

static inline void
check_denied(struct scene *c, const char *rule, const char *why)
{
    CHECK_ERR(decide(c), DENIED);
    CHECK(!c->d.allowed && !c->g);
    CHECK_STR(str_of(c->d.rule), str_of(rule));
    CHECK_STR(str_of(c->d.why), str_of(why));
    CHECK_STR(str_of(err_public((err){ERR_DENIED})), str_of(why));
    CHECK_STR(str_of(c->d.granted_by), str_of(rule_find(str_of(rule))->granted_by));
}
