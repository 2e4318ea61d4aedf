/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/grant.h"

#include <stdio.h>

#include "policy/policy.h"

/* The only place that knows what a grant is, and policy_decide the only function that makes one. */
struct grant {
    label ceiling;
    enum op op;
};

enum { NAME_SHOWN_MAX = 64 };

static const struct op_info ops[] = {
#define OP(id, name, role, is_content, doc) {#id, name, ROLE_##role, is_content, doc},
#include "policy/ops.def"
#undef OP
};
_Static_assert(sizeof ops / sizeof *ops == OP_COUNT, "one row per operation");

static const struct rule_info rules[] = {
#define RULE(id, name, granted_by, doc) {#id, name, granted_by, doc},
#include "policy/rules.def"
#undef RULE
};
_Static_assert(sizeof rules / sizeof *rules == RULE_COUNT, "one row per rule");

const struct op_info *
op_info(enum op o)
{
    ASSERT(o < OP_COUNT);
    return &ops[o];
}

const struct rule_info *
rule_info(enum rule r)
{
    ASSERT(r < RULE_COUNT);
    return &rules[r];
}

const struct rule_info *
rule_find(str name)
{
    for (int i = 0; i < RULE_COUNT; i++)
        if (str_eq(str_of(rules[i].name), name))
            return &rules[i];
    return NULL;
}

enum op
grant_op(const grant *g)
{
    return g->op;
}

label
grant_ceiling(const grant *g)
{
    return g->ceiling;
}

bool
grant_covers(const grant *g, label l)
{
    return label_dominates(g->ceiling, l);
}

/* ---- the rules: each says whether it is broken and, if so, why */

struct view {
    const struct label_names *names;
    const struct ask *q;
    label ceiling;
    const struct purposes *purposes;
    const struct hours *hours;
    label now; /* what may be processed at this time */
    char *why; /* of struct decision */
};

/* A name shown in a sentence, cut so that the sentence keeps its end. */
#define SHOW(s) (int)((s).len < NAME_SHOWN_MAX ? (s).len : NAME_SHOWN_MAX), (s).at ? (s).at : ""
#define WHY(v, ...) ((void)snprintf((v)->why, sizeof((struct decision *)0)->why, __VA_ARGS__), true)

static bool
broken_SESSION_EXPIRED(const struct view *v)
{
    const struct session *s = v->q->session;
    if (s->expires_wall_ms == 0 || v->q->now_wall_ms < s->expires_wall_ms)
        return false;
    return WHY(v, "key %.*s has expired", SHOW(s->key_name));
}

static bool
broken_SESSION_REVOKED(const struct view *v)
{
    const struct session *s = v->q->session;
    return s->is_revoked && WHY(v, "key %.*s was revoked", SHOW(s->key_name));
}

static bool
broken_SESSION_NETWORK(const struct view *v)
{
    return v->q->is_elsewhere &&
           WHY(v, "key %.*s may not be used from this address", SHOW(v->q->session->key_name));
}

static const char *
role_text(enum role r)
{
    switch (r) {
    case ROLE_OPERATOR:
        return "operator (Betrieb)";
    case ROLE_AUDITOR:
        return "auditor (Revision)";
    case ROLE_OFFICER:
        return "security officer (Geheimschutz)";
    case ROLE_BUSINESS:
        return "business (Fach)";
    case ROLE_ANY:
        break;
    }
    return "none";
}

static bool
broken_OP_ROLE(const struct view *v)
{
    const struct op_info *op = op_info(v->q->op);
    const struct session *s = v->q->session;
    if (op->role == ROLE_ANY || (s->roles & (uint32_t)op->role))
        return false;
    return WHY(v, "%s needs the role %s, which key %.*s lacks", op->name, role_text(op->role),
               SHOW(s->key_name));
}

static bool
broken_ACT_ONE_PERSON(const struct view *v)
{
    return v->q->is_own_act && WHY(v, "what key %.*s proposed is for somebody else to approve",
                                   SHOW(v->q->session->key_name));
}

static bool
broken_OP_SCOPE(const struct view *v)
{
    const struct session *s = v->q->session;
    if (!v->q->model.len || !s->model_count)
        return false;
    for (size_t i = 0; i < s->model_count; i++)
        if (str_eq(s->models[i], v->q->model))
            return false;
    return WHY(v, "key %.*s is not for model %.*s", SHOW(s->key_name), SHOW(v->q->model));
}

/* ---- purposes */
static str
purpose_of(const struct ask *q)
{
    return q->purpose.len ? q->purpose : q->session->purpose;
}

static bool
is_cleared_no_more(const struct session *s, int64_t now_wall_ms)
{
    return s->cleared_until_wall_ms && now_wall_ms >= s->cleared_until_wall_ms;
}

/* What the person may act for ends with the clearance that says it. */
static bool
is_persons(const struct session *s, str purpose, int64_t now_wall_ms)
{
    return !purpose.len || !s->acts_for.len ||
           (!is_cleared_no_more(s, now_wall_ms) && purposes_have(s->acts_for, purpose));
}

/* What may be processed for it; a purpose that is not the person's, or a key's own that the policy
 * no longer has, is none. */
static label
purpose_may(const struct view *v)
{
    const str name = purpose_of(v->q);
    const bool counts = name.len && is_persons(v->q->session, name, v->q->now_wall_ms);
    const struct purpose *p = counts ? purpose_find(v->purposes, name) : NULL;
    return p ? p->may : v->purposes->without;
}

static bool
broken_PURPOSE_KEY(const struct view *v)
{
    const struct session *s = v->q->session;
    const str name = v->q->purpose;
    bool may = !name.len;
    for (size_t i = 0; !may && i < s->purpose_count; i++)
        may = str_eq(s->purposes[i], name);
    if (!may)
        return WHY(v, "key %.*s may not be used for the purpose that the request names",
                   SHOW(s->key_name));
    return name.len && !purpose_find(v->purposes, name) &&
           WHY(v, "the purpose %.*s is not one of the policy's", SHOW(name));
}

static label
missing(label may_hold, label l, int first, int count)
{
    const label more = {{l.w[0] & ~may_hold.w[0], l.w[1] & ~may_hold.w[1], l.w[2] & ~may_hold.w[2],
                         l.w[3] & ~may_hold.w[3]}};
    return label_part(more, first, count);
}

static bool
is_none(label l)
{
    return label_eq(l, LABEL_BOTTOM);
}

static str
level_name(const struct view *v, label l)
{
    const int level = label_level(l);
    for (size_t i = 0; i < v->names->level_count; i++)
        if (v->names->levels[i].bit == level)
            return v->names->levels[i].id;
    return STR("unknown");
}

/* The name of the first bit of `l`. */
static str
first_name(const struct label_name *names, size_t count, label l)
{
    for (size_t i = 0; i < count; i++)
        if (label_has(l, names[i].bit))
            return names[i].id;
    return STR("unknown");
}

static bool
is_level_above(const struct view *v, label may_hold)
{
    return !is_none(missing(may_hold, v->q->data, LABEL_LEVEL_FIRST, LABEL_LEVEL_COUNT));
}

static bool
lacks_compartment(const struct view *v, label may_hold, str *ret_name)
{
    const label l = missing(may_hold, v->q->data, LABEL_COMPARTMENT_FIRST, LABEL_COMPARTMENT_COUNT);
    *ret_name = first_name(v->names->compartments, v->names->compartment_count, l);
    return !is_none(l);
}

static bool
is_excluded(const struct view *v, label may_hold, str *ret_name)
{
    const label l = missing(may_hold, v->q->data, LABEL_REL_FIRST, LABEL_REL_COUNT);
    *ret_name = first_name(v->names->parties, v->names->party_count, l);
    return !is_none(l);
}

static bool
is_tainted(const struct view *v, label may_hold, str *ret_name)
{
    const label l = missing(may_hold, v->q->data, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT);
    *ret_name = first_name(v->names->taints, v->names->taint_count, l);
    return !is_none(l);
}

/* The first name of what may not be processed, and what it is. */
static const char *
first_part(const struct view *v, label may, str *ret_name)
{
    const struct label_names *n = v->names;
    if (lacks_compartment(v, may, ret_name))
        return "compartment";
    if (is_tainted(v, may, ret_name))
        return "taint";
    const label over = missing(may, v->q->data, LABEL_LEVEL_FIRST, LABEL_LEVEL_COUNT);
    *ret_name = STR("unknown");
    for (size_t i = 1; i < n->level_count; i++)
        if (label_has(over, n->levels[i].bit - 1)) {
            *ret_name = n->levels[i].id;
            break;
        }
    return "level";
}

/* Where the data needs no purpose, a key's own that is not the person's does not matter. */
static bool
acts_for_another(const struct purposes *all, const struct ask *q)
{
    const bool is_named = q->purpose.len || q->session->is_other_purpose;
    return !is_persons(q->session, purpose_of(q), q->now_wall_ms) &&
           (is_named || !label_dominates(all->without, q->data));
}

bool
policy_person_acts(const policy *p, const struct session *s, label data, int64_t now_wall_ms)
{
    const struct ask q = {.session = s, .data = data, .now_wall_ms = now_wall_ms};
    return !acts_for_another(policy_purposes(p), &q);
}

static bool
broken_PURPOSE_PERSON(const struct view *v)
{
    return acts_for_another(v->purposes, v->q) &&
           WHY(v, "the person key %.*s is for is not cleared to act for the purpose %.*s",
               SHOW(v->q->session->key_name), SHOW(purpose_of(v->q)));
}

static bool
broken_PURPOSE_LABEL(const struct view *v)
{
    const label may = purpose_may(v);
    const str purpose = purpose_of(v->q);
    str name;
    if (label_dominates(may, v->q->data))
        return false;
    const char *what = first_part(v, may, &name);
    if (!purpose.len)
        return WHY(v, "%s %.*s is processed for named purposes only, and the request names none",
                   what, SHOW(name));
    return WHY(v, "%s %.*s may not be processed for the purpose %.*s", what, SHOW(name),
               SHOW(purpose));
}

static bool
broken_HOURS_CLOSED(const struct view *v)
{
    char opens[HOURS_TEXT_MAX];
    str name;
    if (label_dominates(v->now, v->q->data))
        return false;
    const char *what = first_part(v, v->now, &name);
    hours_opens(v->hours, v->q->now_wall_ms, opens);
    const char *closed = hours_closed(v->hours, v->q->now_wall_ms);
    return WHY(v, "%s %.*s is processed in office hours only%s%s%s, again from %s (%.*s)", what,
               SHOW(name), closed ? ", not today (" : "", closed ? closed : "", closed ? ")" : "",
               opens, SHOW(v->hours->zone));
}

static bool
broken_INSTANCE_CEILING(const struct view *v)
{
    return is_level_above(v, v->ceiling) &&
           WHY(v, "label %.*s is above the ceiling %.*s of this installation",
               SHOW(level_name(v, v->q->data)), SHOW(level_name(v, v->ceiling)));
}

static bool
broken_CLEARANCE_EXPIRED(const struct view *v)
{
    const label needs = label_part(v->q->data, 0, LABEL_REL_FIRST);
    return is_cleared_no_more(v->q->session, v->q->now_wall_ms) && !is_none(needs) &&
           WHY(v, "the clearance of the person key %.*s is for is over",
               SHOW(v->q->session->key_name));
}

static bool
broken_CLEARANCE_LEVEL(const struct view *v)
{
    const struct session *s = v->q->session;
    return is_level_above(v, s->clearance) &&
           WHY(v, "label %.*s is above the clearance %.*s of key %.*s",
               SHOW(level_name(v, v->q->data)), SHOW(level_name(v, s->clearance)),
               SHOW(s->key_name));
}

static bool
broken_CLEARANCE_COMPARTMENT(const struct view *v)
{
    const struct session *s = v->q->session;
    str name;
    return lacks_compartment(v, s->clearance, &name) &&
           WHY(v, "the label's compartment %.*s is not in the clearance of key %.*s", SHOW(name),
               SHOW(s->key_name));
}

static bool
broken_CLEARANCE_RELEASE(const struct view *v)
{
    const struct session *s = v->q->session;
    str name;
    if (!is_excluded(v, s->clearance, &name))
        return false;
    if (is_none(label_part(s->clearance, LABEL_REL_FIRST, LABEL_REL_COUNT)))
        return WHY(v, "the label is released to some parties only, and key %.*s acts for none",
                   SHOW(s->key_name));
    return WHY(v, "the label is not released to party %.*s, which key %.*s acts for", SHOW(name),
               SHOW(s->key_name));
}

static bool
broken_CLEARANCE_TAINT(const struct view *v)
{
    const struct session *s = v->q->session;
    str name;
    return is_tainted(v, s->clearance, &name) &&
           WHY(v, "key %.*s may not take in what is tainted %.*s", SHOW(s->key_name), SHOW(name));
}

static bool
broken_TARGET_LEVEL(const struct view *v)
{
    return is_level_above(v, v->q->target) &&
           WHY(v, "label %.*s is above %.*s, the highest that model %.*s may hold",
               SHOW(level_name(v, v->q->data)), SHOW(level_name(v, v->q->target)),
               SHOW(v->q->model));
}

static bool
broken_TARGET_COMPARTMENT(const struct view *v)
{
    str name;
    return lacks_compartment(v, v->q->target, &name) &&
           WHY(v, "model %.*s may not hold the label's compartment %.*s", SHOW(v->q->model),
               SHOW(name));
}

static bool
broken_TARGET_RELEASE(const struct view *v)
{
    str name;
    return is_excluded(v, v->q->target, &name) &&
           WHY(v, "what model %.*s holds can be seen by party %.*s, which the label excludes",
               SHOW(v->q->model), SHOW(name));
}

static bool
broken_TARGET_TAINT(const struct view *v)
{
    str name;
    return is_tainted(v, v->q->target, &name) &&
           WHY(v, "model %.*s may not take in what is tainted %.*s", SHOW(v->q->model), SHOW(name));
}

typedef bool broken_fn(const struct view *v);

static broken_fn *const checks[] = {
#define RULE(id, name, granted_by, doc) broken_##id,
#include "policy/rules.def"
#undef RULE
};

/* What the caller may touch under the grant: what it is cleared for and this installation may
 * hold; where it is about content, nothing that is for other hours or the model may not hold. */
static label
ceiling_of(const policy *p, const struct view *v)
{
    const struct ask *q = v->q;
    const int from = is_cleared_no_more(q->session, q->now_wall_ms) ? LABEL_REL_FIRST : 0;
    const label cleared = label_part(q->session->clearance, from, 256 - from);
    const label own = label_meet(label_meet(cleared, purpose_may(v)), policy_local_sink(p));
    return op_info(q->op)->is_content ? label_meet(label_meet(own, v->now), q->target) : own;
}

static label
may_now(const policy *p, const struct ask *q)
{
    static const label everything = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    return op_info(q->op)->is_content ? hours_may(policy_hours(p), q->now_wall_ms) : everything;
}

fallible
policy_decide(const policy *p, const struct ask *q, arena *a, struct decision *d, const grant **ret)
{
    const struct view v = {
        .names = policy_names(p),
        .q = q,
        .ceiling = policy_ceiling(p),
        .purposes = policy_purposes(p),
        .hours = policy_hours(p),
        .now = may_now(p, q),
        .why = d->why,
    };
    for (int i = 0; i < RULE_COUNT; i++)
        if (checks[i](&v)) {
            d->allowed = false;
            d->rule = rules[i].name;
            d->granted_by = rules[i].granted_by;
            REFUSE(DENIED, "", "%s", d->why);
        }
    *d = (struct decision){.allowed = true, .rule = "default", .granted_by = ""};
    grant *g = arena_new(a, grant);
    *g = (grant){ceiling_of(p, &v), q->op};
    ASSERT(grant_covers(g, q->data));
    *ret = g;
    return OK;
}
