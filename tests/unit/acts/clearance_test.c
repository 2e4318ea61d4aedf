/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/clearance.h"

#include "base/fault.h"
#include "os/clock.h"
#include "store/people.h"
#include "unit/gate/caller.h"

static struct rig rig;
static const uint64_t day = 86400000;

static struct session
officer(const char *name)
{
    return (struct session){.key_id = str_of(name),
                            .key_name = str_of(name),
                            .line = str_of(name),
                            .person = str_of(name),
                            .tenant = STR("haus"),
                            .roles = ROLE_OFFICER};
}

static void
open_house(void)
{
    rig_open(&rig);
    CHECK_OK(persons_ensure(rig.db, STR("dora"), STR("haus"), 1));
    CHECK_OK(persons_ensure(rig.db, STR("anna"), STR("haus"), 1));
}

struct asked {
    int64_t id;
    bool is_in_force;
};

static err
propose_as(const struct session *s, struct clearance_wish w, struct asked *ret)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, clearance_propose(&c.call, &w, &ret->id, &ret->is_in_force));
}

static err
propose(const char *name, const char *text, uint64_t days, struct asked *ret)
{
    const struct session s = officer(name);
    return propose_as(&s, (struct clearance_wish){STR("dora"), str_of(text), STR_NONE, days * day},
                      ret);
}

static err
approve_as(const struct session *s, int64_t id)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, clearance_approve(&c.call, id));
}

static err
approve(const char *name, int64_t id)
{
    const struct session s = officer(name);
    return approve_as(&s, id);
}

static bool
shows(const char *what)
{
    AUTO(buf) b = BUF(65536);
    const struct session s = officer("anna");
    struct caller c;
    caller_init(&c, &rig, &s);
    CHECK_OK(clearances_put(&c.call, &b));
    return rig_has(buf_str(&b), what);
}

TEST(two_officers_raise_and_one_lowers_and_all_of_it_is_on_record)
{
    struct asked one, two, three;
    open_house();
    NEED_OK(propose("anna", "intern//SOZIALDATEN", 30, &one));
    CHECK(!one.is_in_force);
    CHECK(shows("\"clearance\":\"intern//SOZIALDATEN\",\"purposes\":\"\",\"state\":\"proposed\""));
    NEED_OK(approve("bernd", one.id));
    CHECK(shows("\"state\":\"active\""));
    CHECK(shows("\"approver_person\":\"bernd\""));
    NEED_OK(propose("carl", "intern", 30, &two)); /* less, but a moment longer */
    CHECK(!two.is_in_force);
    NEED_OK(propose("carl", "intern", 29, &three));
    CHECK(three.is_in_force);
    CHECK(shows("\"state\":\"past\"") && shows("\"state\":\"stale\""));
    CHECK(rig_has(rig_record(&rig, "clearance.propose", "", 0), "\"object\":\"dora\""));
    CHECK(rig_has(rig_record(&rig, "clearance.approve", "", 0), "\"person\":\"bernd\""));
    CHECK(rig_has(rig_record(&rig, "clearance.set", "", 0), "\"label\":\"intern//SOZIALDATEN\""));
    CHECK(rig_has(rig_record(&rig, "clearance.set", "", 1), "\"label\":\"intern\""));
    rig_close(&rig);
}

TEST(who_proposed_does_not_approve_nor_does_the_person)
{
    struct asked one;
    open_house();
    NEED_OK(propose("anna", "intern", 30, &one));
    CHECK_ERR(approve("anna", one.id), DENIED);
    CHECK_ERR(approve("dora", one.id), DENIED);
    struct session other_key = officer("anna");
    other_key.key_id = other_key.line = STR("another");
    CHECK_ERR(approve_as(&other_key, one.id), DENIED);
    RIG_UNTIL(&rig, rig_record(&rig, "decision", "", 2).len);
    CHECK(rig_has(rig_record(&rig, "decision", "", 0), "\"rule\":\"act.one_person\""));
    CHECK(shows("\"state\":\"proposed\""));
    CHECK_OK(approve("bernd", one.id));
    CHECK_ERR(approve("bernd", one.id), CONFLICT);
    rig_close(&rig);
}

TEST(nobody_proposes_more_for_themselves_but_may_have_less)
{
    struct asked one;
    open_house();
    CHECK_ERR(propose("dora", "intern", 30, &one), DENIED);
    NEED_OK(propose("anna", "intern", 30, &one));
    NEED_OK(approve("bernd", one.id));
    CHECK_ERR(propose("dora", "VS-NfD", 10, &one), DENIED);
    CHECK_OK(propose("dora", "offen", 10, &one));
    CHECK(one.is_in_force);
    rig_close(&rig);
}

static err
propose_for(const char *name, const char *text, const char *purposes, uint64_t days,
            struct asked *ret)
{
    const struct session s = officer(name);
    const struct clearance_wish w = {STR("dora"), str_of(text), str_of(purposes), days * day};
    return propose_as(&s, w, ret);
}

/* The rig's policy with purposes. */
static void
open_house_with_purposes(void)
{
    policy *p = NULL;
    open_house();
    const str text = arena_fmt(rig.a,
                               "%.*spurposes: [{ id: leistung, title: L }, { id: aufsicht, title: "
                               "A }, { id: statistik, title: S }]\n",
                               STR_FMT(policy_text(rig.policy)));
    NEED_OK(policy_load(text, &p));
    CHECK_OK(policy_set_ceiling(p, STR("VS-NfD")));
    NEED_OK(gate_store_clearances(rig.gate, p));
    gate_use_policy(rig.gate, p);
}

TEST(another_purpose_needs_a_second_officer_and_fewer_do_not)
{
    struct asked one;
    open_house_with_purposes();
    NEED_OK(propose_for("anna", "intern", "leistung, aufsicht", 30, &one));
    CHECK(!one.is_in_force);
    CHECK_ERR(approve("anna", one.id), DENIED);
    NEED_OK(approve("bernd", one.id));
    CHECK(shows("\"purposes\":\"leistung,aufsicht\",\"state\":\"active\""));
    CHECK(rig_has(rig_record(&rig, "clearance.set", "", 0), ", to act for leistung,aufsicht"));
    static const struct {
        const char *text, *purposes;
        uint64_t days;
        bool is_less;
    } cases[] = {{"intern", "leistung,aufsicht,statistik", 20, false},
                 {"intern", "statistik", 20, false},
                 {"intern", "", 20, false}, /* whatever their keys are for */
                 {"offen", "statistik", 20, false},
                 {"offen", "leistung", 40, false}, /* no level, but longer for a purpose */
                 {"VS-NfD", "leistung", 20, false},
                 {"intern", "aufsicht", 20, true},
                 {"offen", "aufsicht", 10, true},
                 {"offen", "-", 400, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NEED_OK(propose_for("anna", cases[i].text, cases[i].purposes, cases[i].days, &one));
        CHECK(one.is_in_force == cases[i].is_less);
    }
    CHECK(rig_has(rig_record(&rig, "clearance.set", "", 3), ", to act for no purpose"));
    CHECK_ERR(propose_for("dora", "offen", "leistung", 1, &one), DENIED);
    rig_close(&rig);
}

TEST(for_what_is_no_purpose_nobody_is_cleared)
{
    struct asked one;
    open_house_with_purposes();
    CHECK_ERR(propose_for("anna", "intern", "spass", 30, &one), ARGUMENT);
    CHECK_ERR(propose_for("anna", "intern", "leistung,leistung", 30, &one), ARGUMENT);
    CHECK_ERR(propose_for("anna", "intern", "leistung,", 30, &one), ARGUMENT);
    CHECK(shows("[]"));
    rig_close(&rig);
}

TEST(others_than_officers_do_neither)
{
    static const enum role roles[] = {ROLE_ANY, ROLE_OPERATOR, ROLE_AUDITOR, ROLE_BUSINESS};
    struct asked one, none;
    open_house();
    NEED_OK(propose("anna", "intern", 30, &one));
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        struct session s = officer("bernd");
        s.roles = (uint32_t)roles[i];
        CHECK_ERR(propose_as(&s, (struct clearance_wish){STR("dora"), STR("intern"), STR_NONE, day},
                             &none),
                  DENIED);
        CHECK_ERR(approve_as(&s, one.id), DENIED);
    }
    CHECK(shows("\"state\":\"proposed\""));
    rig_close(&rig);
}

TEST(what_makes_no_sense_is_refused)
{
    const struct session s = officer("anna");
    const struct clearance_wish bad[] = {
        {STR("niemand"), STR("intern"), STR_NONE, day},
        {STR("dora"), STR("NEIN"), STR_NONE, day},
        {STR("dora"), STR("intern//REL BUND"), STR_NONE, day},
        {STR("dora"), STR("intern"), STR_NONE, 0},
        {STR("dora"), STR("intern"), STR_NONE, (CLEARANCE_DAYS_MAX + 1) * day}};
    struct asked one;
    open_house();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(propose_as(&s, bad[i], &one).code);
    CHECK_ERR(approve("bernd", 7), NOT_FOUND);
    CHECK(shows("[]"));
    rig_close(&rig);
}

TEST(a_proposal_ends_with_its_time_and_with_any_change_before_it)
{
    struct asked one, two, three;
    open_house();
    NEED_OK(propose("anna", "intern", 30, &one));
    NEED_OK(propose("anna", "VS-NfD", 40, &two));
    NEED_OK(approve("bernd", one.id));
    CHECK_ERR(approve("bernd", two.id), CONFLICT);
    NEED_OK(propose("anna", "VS-NfD", 10, &three));
    clock_fix(clock_ns(), clock_wall_ms() + 11 * (int64_t)day);
    CHECK_ERR(approve("bernd", three.id), CONFLICT);
    clock_fix(clock_ns(), clock_wall_ms() + 31 * (int64_t)day);
    CHECK(shows("\"state\":\"expired\""));
    NEED_OK(propose("anna", "intern", 1, &one)); /* what is over covers nothing */
    CHECK(!one.is_in_force);
    clock_free();
    rig_close(&rig);
}

TEST(whatever_fails_more_is_in_force_only_when_it_was_said_and_less_never_undone)
{
    for (long n = 1; n < 400; n++) {
        struct asked one;
        open_house();
        NEED_OK(propose("anna", "intern", 30, &one));
        fault_arm(n);
        const err e = approve("bernd", one.id);
        const bool ended = !fault_fired();
        fault_arm(0);
        CHECK(e.code || shows("\"state\":\"active\""));
        rig_close(&rig);
        if (ended)
            return;
    }
    test_fail(__FILE__, __LINE__, "no end of faults");
}
