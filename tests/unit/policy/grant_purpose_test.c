/* SPDX-License-Identifier: EUPL-1.2 */
/* Purposes in the decision: the key's, the one a request names, the person's. */
#include "policy/grant.h"

#include "unit/policy/scene.h"

TEST(a_purpose_named_takes_the_place_of_the_keys_own)
{
    struct scene *c = scene_new();
    c->q.purpose = STR("count");
    check_denied(c, "purpose.label",
                 "compartment SOZIALDATEN may not be processed for the purpose count");
    c->s.purpose = STR("count");
    c->q.purpose = STR("aid");
    CHECK_OK(decide(c));
    scene_free(c);
}

TEST(without_a_purpose_only_what_lists_none_is_processed)
{
    struct scene *c = scene_new();
    c->s.purpose = STR_NONE;
    check_denied(c, "purpose.label",
                 "compartment SOZIALDATEN is processed for named purposes only, and the request "
                 "names none");
    c->q.data = label_from(c->p, "intern//REL BUND//TAINT web");
    CHECK_OK(decide(c));
    CHECK(!label_has(grant_ceiling(c->g), 8)); /* nor is it found on the way */
    c->s.purpose = STR("count");
    CHECK_OK(decide(c));
    CHECK(!label_has(grant_ceiling(c->g), 8));
    c->q.purpose = STR("aid");
    CHECK_OK(decide(c));
    CHECK(label_has(grant_ceiling(c->g), 8));
    scene_free(c);
}

TEST(a_purpose_the_policy_does_not_have_is_refused_and_as_the_keys_own_it_is_none)
{
    struct scene *c = scene_new();
    c->q.purpose = STR("gone");
    check_denied(c, "purpose.key", "the purpose gone is not one of the policy's");
    c->q.purpose = STR("ai");
    CHECK_ERR(decide(c), DENIED);
    c->q.purpose = STR("Aid");
    CHECK_ERR(decide(c), DENIED);
    c->q.purpose = STR_NONE;
    c->s.purpose = STR("gone");
    CHECK_ERR(decide(c), DENIED);
    CHECK_STR(str_of(c->d.rule), STR("purpose.label"));
    scene_free(c);
}

/* ---- what the person may act for */
TEST(a_person_acts_for_the_purposes_they_are_cleared_for_and_for_no_other)
{
    struct scene *c = scene_new();
    static const char *const may[] = {"aid", "aid,count", "count,aid", "audit,aid,count"};
    static const char *const no[] = {"-", "audit", "ai", "aids", "count,aidx", "Aid", ","};
    for (size_t i = 0; i < sizeof may / sizeof *may; i++) {
        c->s.acts_for = str_of(may[i]);
        CHECK_OK(decide(c));
        CHECK(label_has(grant_ceiling(c->g), 8));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        c->s.acts_for = str_of(no[i]);
        check_denied(c, "purpose.person",
                     "the person key demo is for is not cleared to act for the purpose aid");
    }
    scene_free(c);
}

TEST(data_that_needs_no_purpose_goes_on_unless_another_one_was_named)
{
    struct scene *c = scene_new();
    c->s.acts_for = STR("audit");
    c->q.data = label_from(c->p, "intern//REL BUND//TAINT web");
    CHECK_OK(decide(c));
    CHECK(!label_has(grant_ceiling(c->g), 8)); /* the key's own purpose counts for nothing */
    c->q.purpose = STR("count");
    check_denied(c, "purpose.person",
                 "the person key demo is for is not cleared to act for the purpose count");
    c->q.purpose = STR_NONE;
    c->s.is_other_purpose = true; /* it was named with the request */
    CHECK_ERR(decide(c), DENIED);
    CHECK_STR(str_of(c->d.rule), STR("purpose.person"));
    scene_free(c);
}

TEST(what_a_person_may_act_for_ends_with_the_clearance)
{
    struct scene *c = scene_new();
    c->s.acts_for = STR("aid");
    c->q.data = label_from(c->p, "offen//REL BUND//TAINT web");
    c->s.is_other_purpose = true;
    CHECK_OK(decide(c));
    c->s.cleared_until_wall_ms = c->q.now_wall_ms;
    CHECK_ERR(decide(c), DENIED);
    CHECK_STR(str_of(c->d.rule), STR("purpose.person"));
    CHECK(!policy_person_acts(c->p, &c->s, c->q.data, c->q.now_wall_ms));
    CHECK(policy_person_acts(c->p, &c->s, c->q.data, c->q.now_wall_ms - 1));
    c->s.is_other_purpose = false;
    CHECK_OK(decide(c));
    CHECK(!label_has(grant_ceiling(c->g), 8));
    scene_free(c);
}

/* Every set of four bits by every purpose, with a matrix of every form: allowed exactly when each
 * bit that lists purposes lists this one. */
TEST(the_matrix_decides_as_the_sets_do_for_every_small_case)
{
    static const str names[] = {STR_INIT("a"), STR_INIT("b")};
    struct scene *c = scene_new();
    c->s.expires_wall_ms = 0;
    for (unsigned matrix = 0; matrix < 256; matrix++) { /* two bits a column: listed for a, for b */
        AUTO(buf) b = BUF(4096);
        buf_add(&b, STR("version: 1\nlevels: [{ height: 0, id: o, title: T }]\ncompartments:\n"));
        for (unsigned k = 0; k < 4; k++) {
            const unsigned listed = matrix >> 2 * k & 3;
            buf_add_fmt(&b, "  - { bit: %u, id: K%u, title: T%s }\n", 8 + k, k,
                        (const char *[]){"", ", purposes: a", ", purposes: b",
                                         ", purposes: \"a,b\""}[listed]);
        }
        buf_add(&b, STR("parties: []\ntaints: []\npurposes: [{ id: a, title: T }, { id: b, title: "
                        "T }]\n"));
        policy_free(TAKE(c->p));
        NEED_OK(policy_load(buf_str(&b), &c->p));
        c->s.clearance = c->q.target = policy_local_sink(c->p);
        c->s.purposes = names;
        c->s.purpose_count = 2;
        for (unsigned data = 0; data < 16; data++)
            for (int purpose = 0; purpose < 3; purpose++) {
                bool want = true;
                for (unsigned k = 0; k < 4; k++) {
                    const unsigned listed = matrix >> 2 * k & 3;
                    want &= !(data >> k & 1) || !listed || (purpose < 2 && (listed >> purpose & 1));
                }
                c->q.data = (label){{(uint64_t)data << 8, 0, 0, 0}};
                c->s.purpose = purpose < 2 ? names[purpose] : STR_NONE;
                NEED(want == !decide(c).code);
            }
    }
    scene_free(c);
}

TEST(levels_and_taints_have_purposes_too)
{
    static const str text = STR_INIT(
        "version: 1\nlevels: [{ height: 0, id: o, title: T }, { height: 1, id: i, title: T }, "
        "{ height: 2, id: v, title: T, purposes: a }]\ncompartments: []\nparties: []\n"
        "taints: [{ bit: 224, id: web, title: T, purposes: a }]\npurposes: [{ id: a, title: T "
        "}]\n");
    struct scene *c = scene_new();
    policy_free(TAKE(c->p));
    NEED_OK(policy_load(text, &c->p));
    NEED_OK(policy_set_ceiling(c->p, STR("v")));
    c->s.clearance = c->q.target = policy_local_sink(c->p);
    c->s.purpose = STR_NONE;
    c->q.data = label_from(c->p, "i");
    CHECK_OK(decide(c));
    c->q.data = label_from(c->p, "v");
    check_denied(c, "purpose.label",
                 "level v is processed for named purposes only, and the request names none");
    c->q.data = label_from(c->p, "o//TAINT web");
    check_denied(c, "purpose.label",
                 "taint web is processed for named purposes only, and the request names none");
    c->s.purpose = STR("a");
    c->q.data = label_from(c->p, "v//TAINT web");
    CHECK_OK(decide(c));
    scene_free(c);
}
