/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/routing.h"

#include "base/buf.h"
#include "test.h"

static const char text[] = "version: 1\n"
                           "levels:\n"
                           "  - { height: 0, id: offen, title: Offen }\n"
                           "  - { height: 1, id: intern, title: Intern }\n"
                           "  - { height: 2, id: VS-NfD, title: VS-NfD }\n"
                           "compartments: [{ bit: 8, id: SOZIALDATEN, title: Sozialdaten }]\n"
                           "parties:\n"
                           "  - { bit: 128, id: BUND, title: Bund }\n"
                           "  - { bit: 129, id: WOLKE, title: Wolke }\n"
                           "taints: [{ bit: 224, id: web, title: Web }]\n";

static struct {
    policy *p;
    arena *a;
    struct session session;
    struct ask ask;
} at;

static label
parse(const char *s)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(label_parse(policy_names(at.p), str_of(s), &l));
    return l;
}

/* A clerk of BUND, cleared up to VS-NfD and social data, asks with data so labelled. */
static void
open_ask(const char *data)
{
    memset(&at, 0, sizeof at);
    CHECK_OK(policy_load(str_of(text), &at.p));
    CHECK_OK(policy_set_ceiling(at.p, STR("VS-NfD")));
    CHECK_OK(arena_open(1 << 20, &at.a));
    CHECK_OK(
        policy_clearance(at.p, STR("VS-NfD//SOZIALDATEN"), STR("BUND"), &at.session.clearance));
    at.session.key_id = at.session.key_name = STR("k");
    at.ask =
        (struct ask){.session = &at.session, .op = OP_CHAT, .data = parse(data), .now_wall_ms = 1};
}

static void
close_ask(void)
{
    arena_free(at.a);
    policy_free(at.p);
}

static err
find(const struct routing_target *list, size_t count, struct routing *ret)
{
    struct routing_targets t = {.count = count};
    memcpy(t.at, list, count * sizeof *list);
    return routing_find(at.p, &at.ask, &t, at.a, ret);
}

static struct routing_target
local(const char *name)
{
    return (struct routing_target){
        .name = str_of(name), .sink = policy_local_sink(at.p), .is_able = true, .is_up = true};
}

/* A provider that may hold `sink`, seen by WOLKE; takes in what came from the web. */
static struct routing_target
cloud(const char *name, const char *sink)
{
    struct routing_target t = local(name);
    t.sink = label_with(parse(sink), 224);
    return t;
}

static str
name_at(const struct routing *r, const struct routing_target *list, size_t i)
{
    return i < r->count ? list[r->steps[i].target].name : STR("-");
}

TEST(the_first_lawful_target_is_taken_and_the_others_follow_in_the_operators_order)
{
    open_ask("offen");
    struct routing_target list[] = {cloud("wolke", "offen//REL WOLKE"), local("haus")};
    struct routing r;
    CHECK_OK(find(list, 2, &r));
    CHECK_STR(name_at(&r, list, 0), STR("wolke"));
    CHECK_INT(r.steps[0].verdict, ==, ROUTING_TAKEN);
    CHECK(r.steps[0].grant && grant_covers(r.steps[0].grant, at.ask.data));
    CHECK_STR(name_at(&r, list, 1), STR("haus"));
    CHECK_INT(r.steps[1].verdict, ==, ROUTING_NEXT);
    close_ask();
}

TEST(what_a_provider_may_not_hold_goes_to_the_house_however_cheap_the_provider_is)
{
    static const char *const labels[] = {"intern", "VS-NfD", "offen//SOZIALDATEN",
                                         "offen//REL BUND", "VS-NfD//SOZIALDATEN//REL BUND"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        open_ask(labels[i]);
        struct routing_target list[] = {cloud("wolke", "offen//REL WOLKE"), local("haus")};
        struct routing r;
        list[1].rank = 9;
        list[1].cost_ue = 1000;
        list[1].is_full = true;
        CHECK_OK(find(list, 2, &r));
        CHECK_STR(name_at(&r, list, 0), STR("haus"));
        CHECK_INT(r.steps[1].verdict, ==, ROUTING_DENIED);
        CHECK(!r.steps[1].grant && strncmp(r.steps[1].decision.rule, "target.", 7) == 0);
        close_ask();
    }
}

TEST(what_fits_nowhere_is_denied_with_a_reason_for_each)
{
    open_ask("VS-NfD");
    struct routing_target list[] = {cloud("a", "offen//REL WOLKE"),
                                    cloud("b", "intern//REL WOLKE")};
    struct routing r;
    CHECK_ERR(find(list, 2, &r), DENIED);
    CHECK(str_find(str_of(err_public((err){ERR_DENIED})), STR("none of the 2 targets")) >= 0);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(r.steps[i].verdict, ==, ROUTING_DENIED);
        CHECK_STR(str_of(r.steps[i].decision.rule), STR("target.level"));
    }
    close_ask();
}

TEST(what_the_asker_may_not_do_no_target_makes_lawful)
{
    open_ask("VS-NfD");
    struct routing_target list[] = {local("haus"), local("hof")};
    struct routing r;
    at.session.is_revoked = true;
    CHECK_ERR(find(list, 2, &r), DENIED);
    CHECK_STR(str_of(r.steps[0].decision.rule), STR("session.revoked"));
    close_ask();
}

TEST(of_the_lawful_those_that_cannot_or_are_down_fall_out_and_say_so)
{
    open_ask("intern");
    struct routing_target list[] = {local("a"), local("b"), local("c")};
    struct routing r;
    list[0].is_able = false;
    list[1].is_up = false;
    CHECK_OK(find(list, 3, &r));
    CHECK_STR(name_at(&r, list, 0), STR("c"));
    list[2].is_up = false;
    CHECK_ERR(find(list, 3, &r), PROVIDER_LOST);
    CHECK_ERR(find(list, 1, &r), UNSUPPORTED);
    CHECK_STR(str_of(routing_verdict_name(r.steps[0].verdict)), STR("unable"));
    close_ask();
}

/* ---- any list */
static uint64_t seed = 88172645463325252;

static uint64_t
next(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static bool
is_better(const struct routing_target *x, const struct routing_target *y)
{
    const uint64_t a[] = {x->is_full, x->rank, x->cost_ue, x->energy_mj};
    const uint64_t b[] = {y->is_full, y->rank, y->cost_ue, y->energy_mj};
    for (size_t i = 0; i < 4; i++)
        if (a[i] != b[i])
            return a[i] < b[i];
    return x < y;
}

static const struct routing_target *
best_of(const struct routing_target *list, size_t count)
{
    const struct routing_target *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (label_dominates(list[i].sink, at.ask.data) && list[i].is_able && list[i].is_up &&
            (!best || is_better(&list[i], best)))
            best = &list[i];
    return best;
}

TEST(of_any_list_the_best_lawful_target_is_taken_and_nothing_unlawful_ever)
{
    static const char *const sinks[] = {"offen//REL WOLKE", "intern//REL WOLKE",
                                        "VS-NfD//SOZIALDATEN//REL BUND", "VS-NfD//REL BUND"};
    static const char *const data[] = {"offen", "intern", "VS-NfD", "offen//SOZIALDATEN",
                                       "intern//REL BUND"};
    for (int n = 0; n < 4000; n++) {
        struct routing_target list[ROUTING_TARGETS_MAX];
        struct routing r;
        if (n % 100 == 0)
            open_ask(data[next(5)]);
        const size_t count = 1 + next(ROUTING_TARGETS_MAX);
        for (size_t i = 0; i < count; i++) {
            list[i] = next(4) ? cloud("x", sinks[next(4)]) : local("y");
            list[i].is_able = next(5) != 0;
            list[i].is_up = next(5) != 0;
            list[i].is_full = next(3) == 0;
            list[i].rank = (uint32_t)next(3);
            list[i].cost_ue = next(3);
            list[i].energy_mj = next(2);
        }
        const struct routing_target *want = best_of(list, count);
        const err e = find(list, count, &r);
        CHECK_INT(r.count, ==, count);
        CHECK_INT(e.code == ERR_OK, ==, want != NULL);
        if (want)
            CHECK_INT(r.steps[0].target, ==, want - list);
        for (size_t i = 0; i < count; i++)
            CHECK(!r.steps[i].grant || label_dominates(list[r.steps[i].target].sink, at.ask.data));
        if (n % 100 == 99)
            close_ask();
    }
}
