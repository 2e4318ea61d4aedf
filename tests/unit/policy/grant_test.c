/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/grant.h"

#include <stdio.h>

#include "base/fault.h"
#include "unit/policy/scene.h"

/* ---- tables */

TEST(operations_and_rules_have_unique_names_and_a_sentence)
{
    for (enum op o = 0; o < OP_COUNT; o++) {
        CHECK(op_info(o)->name[0] && str_ends(str_of(op_info(o)->doc), STR(".")));
        for (enum op other = 0; other < o; other++)
            CHECK(!str_eq(str_of(op_info(o)->name), str_of(op_info(other)->name)));
    }
    for (enum rule r = 0; r < RULE_COUNT; r++) {
        CHECK(rule_info(r)->granted_by[0] && str_ends(str_of(rule_info(r)->doc), STR(".")));
        CHECK(rule_find(str_of(rule_info(r)->name)) == rule_info(r));
    }
    CHECK(!rule_find(STR("default")));
    CHECK(!rule_find(STR_NONE));
}

static const struct {
    enum role role;
    const char *name;
} columns[] = {{ROLE_ANY, "-"},
               {ROLE_OPERATOR, "operator"},
               {ROLE_AUDITOR, "auditor"},
               {ROLE_OFFICER, "officer"},
               {ROLE_BUSINESS, "business"}};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Who may do what, as policy_decide answers: tests/snapshot/permissions.txt.  A change of it is a
 * change of who may do what and must be meant.  UPDATE=1 in the environment writes it anew. */
TEST(the_permission_matrix_is_what_the_snapshot_says)
{
    static const char path[] = "tests/snapshot/permissions.txt";
    static char want[16384];
    struct scene *c = scene_new();
    AUTO(buf) b = BUF(sizeof want);
    buf_add_fmt(&b, "%-16s", "operation");
    for (int i = 0; i < COLUMNS; i++)
        buf_add_fmt(&b, i < COLUMNS - 1 ? " %-9s" : " %s", columns[i].name);
    for (enum op o = 0; o < OP_COUNT; o++) {
        buf_add_fmt(&b, "\n%-16s", op_info(o)->name);
        for (int i = 0; i < COLUMNS; i++) {
            c->s.roles = (uint32_t)columns[i].role;
            c->q.op = o;
            buf_add_fmt(&b, i < COLUMNS - 1 ? " %-9s" : " %s", decide(c).code ? c->d.rule : "yes");
        }
    }
    buf_add_char(&b, '\n');
    scene_free(c);
    FILE *f = fopen(path, secure_getenv("UPDATE") ? "w+" : "r");
    NEED(f);
    if (secure_getenv("UPDATE"))
        fwrite(b.at, 1, b.len, f);
    rewind(f);
    const str text = {want, fread(want, 1, sizeof want, f)};
    fclose(f);
    CHECK_STR(buf_str(&b), text);
}

/* ---- default deny, one rule at a time */

TEST(what_no_rule_denies_is_allowed)
{
    struct scene *c = scene_new();
    CHECK_OK(decide(c));
    CHECK(c->d.allowed && c->g);
    CHECK_STR(str_of(c->d.rule), STR("default"));
    CHECK_STR(str_of(c->d.granted_by), STR(""));
    CHECK_STR(str_of(c->d.why), STR(""));
    CHECK_INT(grant_op(c->g), ==, OP_CHAT);
    scene_free(c);
}

TEST(a_session_without_clearance_touches_only_what_has_no_bit)
{
    struct scene *c = scene_new();
    c->s = (struct session){.key_name = STR("new")};
    for (int bit = 0; bit < 256; bit++) {
        c->q.data = label_with(LABEL_BOTTOM, bit);
        CHECK_ERR(decide(c), DENIED);
    }
    c->q.data = LABEL_BOTTOM;
    CHECK_OK(decide(c));
    CHECK(label_eq(grant_ceiling(c->g), LABEL_BOTTOM));
    scene_free(c);
}

TEST(a_policy_without_a_ceiling_lets_no_level_through)
{
    struct scene *c = scene_new();
    policy_free(c->p);
    c->p = NULL;
    NEED_OK(policy_load(yaml, &c->p));
    c->s.clearance = c->q.target = (label){{~0ull, ~0ull, ~0ull, ~0ull}};
    CHECK_ERR(decide(c), DENIED);
    CHECK_STR(str_of(c->d.rule), STR("instance.ceiling"));
    scene_free(c);
}

TEST(every_operation_with_a_role_is_refused_without_it)
{
    struct scene *c = scene_new();
    int with_role = 0;
    for (enum op o = 0; o < OP_COUNT; o++) {
        if (op_info(o)->role == ROLE_ANY)
            continue;
        with_role++;
        c->q.op = o;
        c->s.roles = ~(uint32_t)op_info(o)->role;
        CHECK_ERR(decide(c), DENIED);
        CHECK_STR(str_of(c->d.rule), STR("op.role"));
        c->s.roles = (uint32_t)op_info(o)->role;
        CHECK_OK(decide(c));
        CHECK_INT(grant_op(c->g), ==, o);
    }
    CHECK_INT(with_role, >, 5);
    scene_free(c);
}

/* What is about the time or the target. */
static void
break_outer_rule(struct scene *c, enum rule r)
{
    const label taints = label_from(c->p, "offen//TAINT web,ocr");
    if (r == RULE_HOURS_CLOSED) { /* on Friday */
        c->q.now_wall_ms = 24 * 3600 * 1000;
        c->s.expires_wall_ms = c->s.cleared_until_wall_ms = c->q.now_wall_ms + 1;
    }
    if (r == RULE_TARGET_LEVEL)
        c->q.target.w[0] &= ~(uint64_t)0xff;
    if (r == RULE_TARGET_COMPARTMENT)
        c->q.target.w[0] &= ~((uint64_t)1 << 8);
    if (r == RULE_TARGET_RELEASE)
        c->q.target.w[2] &= ~(uint64_t)2;
    if (r == RULE_TARGET_TAINT)
        c->q.target.w[3] &= ~taints.w[3];
}

static void
break_purpose_rule(struct scene *c, enum rule r)
{
    if (r == RULE_PURPOSE_KEY)
        c->q.purpose = STR("audit");
    if (r == RULE_PURPOSE_PERSON)
        c->s.acts_for = STR("audit");
    if (r == RULE_PURPOSE_LABEL)
        c->s.purpose = STR("count");
}

/* Breaks one rule and no other; each can be broken on top of the others. */
static void
break_rule(struct scene *c, enum rule r)
{
    const label high = label_of_level(4), taints = label_from(c->p, "offen//TAINT web,ocr");
    switch (r) {
    case RULE_SESSION_EXPIRED:
        c->q.now_wall_ms = c->s.expires_wall_ms;
        return;
    case RULE_SESSION_REVOKED:
        c->s.is_revoked = true;
        return;
    case RULE_SESSION_NETWORK:
        c->q.is_elsewhere = true;
        return;
    case RULE_OP_ROLE:
        c->q.op = OP_KEY_ADD;
        c->s.roles &= ~(uint32_t)ROLE_OPERATOR;
        return;
    case RULE_ACT_ONE_PERSON:
        c->q.is_own_act = true;
        return;
    case RULE_OP_SCOPE:
        c->s.models = only_models + 1;
        c->s.model_count = 1;
        return;
    case RULE_CLEARANCE_EXPIRED:
        c->s.cleared_until_wall_ms = c->q.now_wall_ms;
        return;
    case RULE_PURPOSE_KEY:
    case RULE_PURPOSE_PERSON:
    case RULE_PURPOSE_LABEL:
        break_purpose_rule(c, r);
        return;
    case RULE_INSTANCE_CEILING:
        c->q.data = label_join(c->q.data, high);
        c->s.clearance = label_join(c->s.clearance, high);
        c->q.target = label_join(c->q.target, high);
        return;
    case RULE_CLEARANCE_LEVEL:
        c->q.data = label_join(c->q.data, label_of_level(3));
        c->s.clearance.w[0] &= ~(uint64_t)0x1c;
        return;
    case RULE_CLEARANCE_COMPARTMENT:
        c->q.data = label_with(c->q.data, 9);
        return;
    case RULE_CLEARANCE_RELEASE:
        c->q.data = label_join(c->q.data, label_from(c->p, "offen//REL BAYERN"));
        return;
    case RULE_CLEARANCE_TAINT:
        c->s.clearance.w[3] &= ~taints.w[3];
        return;
    case RULE_HOURS_CLOSED:
    case RULE_TARGET_LEVEL:
    case RULE_TARGET_COMPARTMENT:
    case RULE_TARGET_RELEASE:
    case RULE_TARGET_TAINT:
        break_outer_rule(c, r);
        return;
    case RULE_COUNT:
        break;
    }
    test_fail(__FILE__, __LINE__, "rule %d has no case", (int)r);
}

TEST(every_rule_denies_alone)
{
    for (enum rule r = 0; r < RULE_COUNT; r++) {
        struct scene *c = scene_new();
        break_rule(c, r);
        CHECK_ERR(decide(c), DENIED);
        CHECK_STR(str_of(c->d.rule), str_of(rule_info(r)->name));
        CHECK_STR(str_of(c->d.granted_by), str_of(rule_info(r)->granted_by));
        CHECK(c->d.why[0] && !c->g);
        scene_free(c);
    }
}

TEST(of_several_broken_rules_the_first_is_named)
{
    for (unsigned set = 1; set < 1u << RULE_COUNT; set += 1 + (unsigned)(test_random() % 256)) {
        struct scene *c = scene_new();
        /* From the last to the first: the ceiling's case lifts what the levels' cases lower. */
        for (int r = RULE_COUNT - 1; r >= 0; r--)
            if (set >> r & 1)
                break_rule(c, (enum rule)r);
        CHECK_ERR(decide(c), DENIED);
        CHECK_STR(str_of(c->d.rule), str_of(rule_info((enum rule)__builtin_ctz(set))->name));
        scene_free(c);
    }
}

TEST(a_denial_says_why_in_one_sentence)
{
    static const struct {
        enum rule rule;
        const char *why;
    } cases[] = {
        {RULE_SESSION_EXPIRED, "key demo has expired"},
        {RULE_SESSION_REVOKED, "key demo was revoked"},
        {RULE_SESSION_NETWORK, "key demo may not be used from this address"},
        {RULE_OP_ROLE, "key.add needs the role operator (Betrieb), which key demo lacks"},
        {RULE_ACT_ONE_PERSON, "what key demo proposed is for somebody else to approve"},
        {RULE_OP_SCOPE, "key demo is not for model toy"},
        {RULE_PURPOSE_KEY, "key demo may not be used for the purpose that the request names"},
        {RULE_CLEARANCE_EXPIRED, "the clearance of the person key demo is for is over"},
        {RULE_PURPOSE_PERSON,
         "the person key demo is for is not cleared to act for the purpose aid"},
        {RULE_PURPOSE_LABEL, "compartment SOZIALDATEN may not be processed for the purpose count"},
        {RULE_HOURS_CLOSED,
         "compartment SOZIALDATEN is processed in office hours only, again from Monday 00:00 "
         "(UTC)"},
        {RULE_INSTANCE_CEILING, "label GEHEIM is above the ceiling VS-V of this installation"},
        {RULE_CLEARANCE_LEVEL, "label VS-V is above the clearance VS-NfD of key demo"},
        {RULE_CLEARANCE_COMPARTMENT,
         "the label's compartment STEUER is not in the clearance of key demo"},
        {RULE_CLEARANCE_RELEASE,
         "the label is not released to party BUND, which key demo acts for"},
        {RULE_CLEARANCE_TAINT, "key demo may not take in what is tainted web"},
        {RULE_TARGET_LEVEL, "label intern is above offen, the highest that model toy may hold"},
        {RULE_TARGET_COMPARTMENT, "model toy may not hold the label's compartment SOZIALDATEN"},
        {RULE_TARGET_RELEASE,
         "what model toy holds can be seen by party BAYERN, which the label excludes"},
        {RULE_TARGET_TAINT, "model toy may not take in what is tainted web"},
    };
    CHECK_INT(sizeof cases / sizeof *cases, ==, RULE_COUNT);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene *c = scene_new();
        break_rule(c, cases[i].rule);
        check_denied(c, rule_info(cases[i].rule)->name, cases[i].why);
        scene_free(c);
    }
}

TEST(who_acts_for_nobody_is_told_so)
{
    struct scene *c = scene_new();
    CHECK_OK(policy_clearance(c->p, STR("VS-NfD//SOZIALDATEN"), STR_NONE, &c->s.clearance));
    check_denied(c, "clearance.release",
                 "the label is released to some parties only, and key demo acts for none");
    scene_free(c);
}

TEST(bits_without_a_name_deny_too)
{
    struct scene *c = scene_new();
    c->q.data = label_with(c->q.data, 100);
    check_denied(c, "clearance.compartment",
                 "the label's compartment unknown is not in the clearance of key demo");
    scene_free(c);
}

TEST(a_level_that_is_no_thermometer_is_denied_by_its_bits)
{
    struct scene *c = scene_new();
    c->q.data = (label){{0x08, 0, 0, 0}};
    check_denied(c, "instance.ceiling",
                 "label GEHEIM is above the ceiling VS-V of this installation");
    c->q.data = (label){{0x80, 0, 0, 0}};
    check_denied(c, "instance.ceiling",
                 "label unknown is above the ceiling VS-V of this installation");
    scene_free(c);
}

TEST(a_name_too_long_leaves_the_sentence_whole)
{
    static char name[5000];
    struct scene *c = scene_new();
    memset(name, 'n', sizeof name);
    c->s.key_name = (str){name, sizeof name};
    c->s.is_revoked = true;
    CHECK_ERR(decide(c), DENIED);
    CHECK(str_ends(str_of(c->d.why), STR("nn was revoked")));
    scene_free(c);
}

/* ---- single conditions */

TEST(a_key_without_an_end_never_expires)
{
    struct scene *c = scene_new();
    c->s.expires_wall_ms = c->s.cleared_until_wall_ms = 0;
    c->q.data = label_from(c->p, "intern"); /* without office hours */
    c->q.now_wall_ms = INT64_MAX;
    CHECK_OK(decide(c));
    c->s.expires_wall_ms = INT64_MAX;
    CHECK_ERR(decide(c), DENIED);
    c->q.now_wall_ms = INT64_MAX - 1;
    CHECK_OK(decide(c));
    scene_free(c);
}

TEST(a_key_for_some_models_is_for_these_only)
{
    struct scene *c = scene_new();
    c->s.models = only_models;
    c->s.model_count = 2;
    CHECK_OK(decide(c));
    c->q.model = STR("other");
    CHECK_OK(decide(c));
    static const str others[] = {STR_INIT("to"), STR_INIT("toys"), STR_INIT("Toy"), STR_INIT("x")};
    for (size_t i = 0; i < 4; i++) {
        c->q.model = others[i];
        CHECK_ERR(decide(c), DENIED);
        CHECK_STR(str_of(c->d.rule), STR("op.scope"));
    }
    c->q.model = STR_NONE;
    CHECK_OK(decide(c));
    scene_free(c);
}

/* ---- office hours */
enum { MINUTE_MS = 60000, FRIDAY_MS = 24 * 60 * MINUTE_MS };

/* A scene whose key lasts, at that time. */
static void
set_time(struct scene *c, int64_t wall_ms)
{
    c->s.expires_wall_ms = c->s.cleared_until_wall_ms = 0;
    c->q.now_wall_ms = wall_ms;
}

TEST(data_with_office_hours_is_processed_to_their_last_minute)
{
    struct scene *c = scene_new();
    set_time(c, FRIDAY_MS - 1);
    CHECK_OK(decide(c));
    CHECK(label_has(grant_ceiling(c->g), 8));
    set_time(c, FRIDAY_MS);
    check_denied(c, "hours.closed",
                 "compartment SOZIALDATEN is processed in office hours only, again from Monday "
                 "00:00 (UTC)");
    set_time(c, 4 * (int64_t)FRIDAY_MS - 1);
    CHECK_ERR(decide(c), DENIED);
    set_time(c, 4 * (int64_t)FRIDAY_MS);
    CHECK_OK(decide(c));
    scene_free(c);
}

TEST(a_holiday_is_told_with_its_name_and_the_day_the_hours_begin_again)
{
    static const str text = STR_INIT(
        "version: 1\nlevels: [{ height: 0, id: o, title: T }]\ncompartments: [{ bit: 8, id: A, "
        "title: T, hours: true }]\nparties: []\ntaints: []\nhours: { zone: Europe/Berlin, times: "
        "[ { days: mo-fr, from: \"06:00\", to: \"20:00\" } ], holidays: BRANDENBURG }\n");
    struct scene *c = scene_new();
    policy_free(TAKE(c->p));
    NEED_OK(policy_load(text, &c->p));
    NEED_OK(policy_set_ceiling(c->p, STR("o")));
    c->s.clearance = c->q.target = policy_local_sink(c->p);
    c->q.data = label_from(c->p, "o//A");
    set_time(c, 1775469600000); /* 2026-04-06 12:00 in Berlin */
    check_denied(c, "hours.closed",
                 "compartment A is processed in office hours only, not today (Ostermontag), again "
                 "from Tuesday 2026-04-07 06:00 (Europe/Berlin)");
    CHECK(!label_has(hours_may(policy_hours(c->p), c->q.now_wall_ms), 8));
    set_time(c, 1775469600000 + 24 * 60 * (int64_t)MINUTE_MS);
    CHECK_OK(decide(c));
    scene_free(c);
}

TEST(outside_office_hours_other_data_is_processed_and_the_leave_covers_no_more)
{
    struct scene *c = scene_new();
    set_time(c, FRIDAY_MS);
    c->q.data = label_from(c->p, "intern//REL BUND//TAINT web");
    CHECK_OK(decide(c));
    CHECK(!label_has(grant_ceiling(c->g), 8));
    CHECK(!grant_covers(c->g, label_from(c->p, "offen//SOZIALDATEN")));
    CHECK(grant_covers(c->g, label_from(c->p, "intern")));
    scene_free(c);
}

/* Whatever the label of what they are about: nothing is processed. */
TEST(operations_without_content_know_no_office_hours)
{
    for (enum op o = 0; o < OP_COUNT; o++) {
        struct scene *c = scene_new();
        set_time(c, FRIDAY_MS);
        c->s.roles = ROLE_OPERATOR | ROLE_AUDITOR | ROLE_OFFICER | ROLE_BUSINESS;
        c->q.op = o;
        CHECK_INT(decide(c).code, ==, op_info(o)->is_content ? ERR_DENIED : ERR_OK);
        CHECK(op_info(o)->is_content || label_has(grant_ceiling(c->g), 8));
        scene_free(c);
    }
}

TEST(levels_have_office_hours_with_all_above_them)
{
    static const str text = STR_INIT(
        "version: 1\nlevels: [{ height: 0, id: o, title: T }, { height: 1, id: i, title: T, "
        "hours: true }, { height: 2, id: v, title: T }]\ncompartments: []\nparties: []\ntaints: "
        "[]\nhours: { zone: Europe/Berlin, times: [ { days: th, from: \"06:00\", to: \"06:01\" } "
        "] }\n");
    struct scene *c = scene_new();
    policy_free(TAKE(c->p));
    NEED_OK(policy_load(text, &c->p));
    NEED_OK(policy_set_ceiling(c->p, STR("v")));
    c->s.clearance = c->q.target = policy_local_sink(c->p);
    static const char *const names[] = {"o", "i", "v"};
    for (int level = 0; level < 3; level++)
        for (int at = 299; at <= 301; at++) { /* 06:00 in Berlin is 05:00 in winter */
            set_time(c, (int64_t)at * MINUTE_MS);
            c->q.data = label_from(c->p, names[level]);
            CHECK_INT(!decide(c).code, ==, !level || at == 300);
        }
    set_time(c, 0);
    check_denied(c, "hours.closed",
                 "level i is processed in office hours only, again from Thursday 06:00 "
                 "(Europe/Berlin)");
    scene_free(c);
}

/* ---- a clearance that is over */
TEST(when_a_clearance_is_over_what_needs_none_goes_on)
{
    struct scene *c = scene_new();
    c->q.now_wall_ms = c->s.cleared_until_wall_ms = 500;
    check_denied(c, "clearance.expired", "the clearance of the person key demo is for is over");
    c->q.data = label_from(c->p, "offen//REL BUND//TAINT web");
    CHECK_OK(decide(c));
    CHECK(label_eq(label_part(grant_ceiling(c->g), 0, 128), LABEL_BOTTOM));
    c->q.now_wall_ms = 499;
    CHECK_OK(decide(c));
    CHECK(label_has(grant_ceiling(c->g), 8));
    scene_free(c);
}

/* ---- properties over random labels */

static label
random_label(void)
{
    label l = label_of_level((int)(test_random() % 5));
    static const int bits[] = {8, 9, 60, 128, 129, 200, 224, 225, 255};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        l = test_random() % 3 == 0 ? label_with(l, bits[i]) : l;
    return l;
}

/* Enough bits that a good part of the questions is allowed. */
static label
random_high_label(void)
{
    label l = random_label();
    for (int i = 0; i < 4; i++)
        l = label_join(l, random_label());
    return l;
}

static void
ask_anything(struct scene *c)
{
    c->q.data = label_meet(random_label(), random_label());
    c->q.data = label_join(label_part(c->q.data, 8, 248), label_of_level(label_level(c->q.data)));
    c->s.clearance = random_high_label();
    c->s.roles = ROLE_OPERATOR | ROLE_AUDITOR | ROLE_OFFICER | ROLE_BUSINESS;
    c->q.target = random_high_label();
    c->s.purpose = test_random() % 2 ? STR("aid") : STR("count");
    c->s.acts_for = test_random() % 2 ? STR_NONE : STR("audit,aid");
    c->q.op = (enum op)(test_random() % OP_COUNT);
}

/* The whole decision in one line, written apart from the rules. */
TEST(a_decision_is_allowed_exactly_when_the_lattice_says_so)
{
    struct scene *c = scene_new();
    int allowed = 0;
    for (int i = 0; i < 50000; i++) {
        ask_anything(c);
        const label d = c->q.data;
        const bool want = label_dominates(c->s.clearance, d) && label_dominates(c->q.target, d) &&
                          label_level(d) <= label_level(policy_ceiling(c->p)) &&
                          (!label_has(d, 8) || str_eq(c->s.purpose, STR("aid")));
        NEED(want == !decide(c).code);
        allowed += want;
    }
    CHECK_INT(allowed, >, 5000);
    CHECK_INT(allowed, <, 45000);
    scene_free(c);
}

TEST(raising_the_label_of_the_data_never_turns_a_denial_into_leave)
{
    struct scene *c = scene_new();
    for (int i = 0; i < 50000; i++) {
        ask_anything(c);
        const bool before = !decide(c).code;
        c->q.data = label_join(c->q.data, random_label());
        NEED(before || decide(c).code);
    }
    scene_free(c);
}

TEST(lowering_clearance_or_target_never_turns_a_denial_into_leave)
{
    struct scene *c = scene_new();
    for (int i = 0; i < 50000; i++) {
        ask_anything(c);
        const bool before = !decide(c).code;
        c->s.clearance = label_meet(c->s.clearance, random_high_label());
        c->q.target = label_meet(c->q.target, random_high_label());
        NEED(before || decide(c).code);
    }
    scene_free(c);
}

TEST(a_grant_covers_what_was_asked_and_nothing_beyond_clearance_ceiling_and_target)
{
    struct scene *c = scene_new();
    for (int i = 0; i < 50000; i++) {
        ask_anything(c);
        if (decide(c).code)
            continue;
        const label top = grant_ceiling(c->g), more = random_label();
        NEED(grant_covers(c->g, c->q.data));
        NEED(label_dominates(c->s.clearance, top));
        NEED(label_dominates(policy_local_sink(c->p), top));
        NEED(!op_info(c->q.op)->is_content || label_dominates(c->q.target, top));
        NEED(grant_covers(c->g, more) == label_dominates(top, more));
    }
    scene_free(c);
}

TEST(the_same_question_has_the_same_answer)
{
    struct scene *c = scene_new(), *other = scene_new();
    for (int i = 0; i < 2000; i++) {
        ask_anything(c);
        other->q = c->q;
        other->s = c->s;
        other->q.session = &other->s;
        NEED(decide(c).code == decide(other).code);
        NEED(str_eq(str_of(c->d.why), str_of(other->d.why)) && c->d.rule == other->d.rule);
    }
    scene_free(c);
    scene_free(other);
}

TEST(a_decision_takes_no_memory_but_the_grant)
{
    struct scene *c = scene_new();
    fault_arm(1);
    CHECK_OK(decide(c));
    CHECK_INT(arena_used(c->a), ==, 48);
    c->s.is_revoked = true;
    CHECK_ERR(decide(c), DENIED);
    CHECK_INT(arena_used(c->a), ==, 0);
    CHECK(!fault_fired());
    fault_arm(0);
    scene_free(c);
}
