/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/clearance.h"

#include "base/json.h"
#include "os/clock.h"
#include "os/log.h"
#include "store/clearances.h"
#include "store/people.h"

enum { ROWS_BYTES = 64 * 1024 * 1024, DAY_MS = 86400000 };

static db *
db_of(const struct admin_call *c)
{
    return gate_parts_of(c->gate)->db;
}

static bool
is_over(const struct clearance_row *r, int64_t now)
{
    return !r->id || r->until_wall_ms <= now;
}

static bool
is_within(const struct clearance_row *r, const struct clearance_row *was, int64_t now)
{
    return !is_over(was, now) && r->until_wall_ms <= was->until_wall_ms;
}

/* For no other purpose, and no longer for one that `was` names. */
static bool
acts_for_no_more(const struct clearance_row *r, const struct clearance_row *was, int64_t now)
{
    if (str_eq(r->purposes, STR(PURPOSES_NONE)))
        return true;
    return purposes_cover(was->purposes, r->purposes) &&
           (!was->purposes.len || is_within(r, was, now));
}

/* Nothing more than `was`, and no longer. */
static bool
is_lower(const struct clearance_row *r, const struct clearance_row *was, int64_t now)
{
    if (!was->id) /* a first one is made by two, also where it says nothing */
        return false;
    return acts_for_no_more(r, was, now) &&
           (label_eq(r->label, LABEL_BOTTOM) ||
            (label_dominates(was->label, r->label) && is_within(r, was, now)));
}

static str
purposes_words(str purposes)
{
    return str_eq(purposes, STR(PURPOSES_NONE)) ? STR("no purpose") : purposes;
}

static fallible
record(const struct admin_call *c, enum audit_event event, const struct clearance_row *r,
       audit_done_fn *done, void *ctx)
{
    AUTO(buf) why = BUF(4096);
    buf_add_fmt(&why, "clearance %lld until ", (long long)r->id);
    clock_put(&why, r->until_wall_ms);
    if (r->purposes.len)
        buf_add_fmt(&why, ", to act for %.*s", STR_FMT(purposes_words(r->purposes)));
    TRY(buf_end(&why));
    const struct audit_record one = {.event = event,
                                     .request_id = c->request_id,
                                     .key_id = c->session->key_id,
                                     .tenant = c->session->tenant,
                                     .person = c->session->person,
                                     .label_text = r->text,
                                     .object = r->person,
                                     .decision = "",
                                     .rule = "",
                                     .why = buf_str(&why),
                                     .outcome = "ok"};
    return audit_append(gate_parts_of(c->gate)->audit, &one, done, ctx);
}

/* Leave for the act, as its second person or not. */
static fallible
leave(const struct admin_call *c, enum op op, bool is_own_act)
{
    const grant *unused;
    const struct gate_want w = {.session = c->session,
                                .op = op,
                                .is_own_act = is_own_act,
                                .request_id = c->request_id,
                                .a = c->a};
    return gate_leave(c->gate, &w, &unused);
}

static bool
is_person(const struct session *s, str person)
{
    return s->person.len && str_eq(s->person, person);
}

/* ---- proposing, or lowering */
static fallible
check_person(const struct admin_call *c, str person)
{
    bool is_erased = false;
    str tenant;
    TRY(persons_tenant(db_of(c), c->a, person, &tenant));
    if (!tenant.len)
        REFUSE(NOT_FOUND, "person", "there is no person of this name");
    TRY(persons_are_erased(db_of(c), person, &is_erased));
    if (is_erased)
        REFUSE(CONFLICT, "person", "this person was erased");
    return OK;
}

static fallible
read_wish(const struct admin_call *c, const struct clearance_wish *w, struct clearance_row *ret)
{
    const int64_t now = clock_wall_ms();
    const policy *p = gate_parts_of(c->gate)->policy;
    str purposes;
    label l;
    TRY(check_person(c, w->person));
    TRY(policy_clearance(p, w->text, STR_NONE, &l));
    TRY(purposes_text(policy_purposes(p), w->purposes, c->a, &purposes));
    if (!w->valid_ms || w->valid_ms > (uint64_t)CLEARANCE_DAYS_MAX * DAY_MS)
        REFUSE(ARGUMENT, "valid_ms", "a clearance has an end, at most %d days from now",
               CLEARANCE_DAYS_MAX);
    *ret = (struct clearance_row){.person = w->person,
                                  .text = w->text,
                                  .purposes = purposes,
                                  .label = label_part(l, 0, LABEL_REL_FIRST),
                                  .proposer = c->session->key_id,
                                  .proposer_line = c->session->line,
                                  .proposer_person = c->session->person,
                                  .until_wall_ms = now + (int64_t)w->valid_ms,
                                  .proposed_wall_ms = now};
    return OK;
}

static fallible
add_in_force(const struct admin_call *c, struct clearance_row *r)
{
    TRY(clearances_add(db_of(c), r, &r->id));
    r->approved_wall_ms = r->proposed_wall_ms;
    TRY(clearances_activate(db_of(c), r));
    return db_commit(db_of(c));
}

/* Less takes effect whatever becomes of its row and its record. */
static fallible
lower(const struct admin_call *c, struct clearance_row *r)
{
    TRY(gate_clear_person(c->gate, r));
    TRY(db_begin(db_of(c)));
    const err e = add_in_force(c, r);
    if (e.code) {
        db_rollback(db_of(c));
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    TRY(gate_clear_person(c->gate, r)); /* by its number now */
    return record(c, EVENT_CLEARANCE_SET, r, c->done, c->ctx);
}

fallible
clearance_propose(const struct admin_call *c, const struct clearance_wish *w, int64_t *ret_id,
                  bool *ret_in_force)
{
    struct clearance_row r, was;
    TRY(leave(c, OP_CLEARANCE_PROPOSE, false));
    TRY(read_wish(c, w, &r));
    TRY(clearances_active(db_of(c), c->a, w->person, &was));
    const bool is_in_force = is_lower(&r, &was, r.proposed_wall_ms);
    if (is_in_force) {
        TRY(lower(c, &r));
    } else {
        TRY(leave(c, OP_CLEARANCE_PROPOSE, is_person(c->session, r.person)));
        r.base = was.id;
        TRY(clearances_add(db_of(c), &r, &r.id));
        TRY(record(c, EVENT_CLEARANCE_PROPOSE, &r, c->done, c->ctx));
    }
    *ret_id = r.id;
    *ret_in_force = is_in_force;
    return OK;
}

/* ---- approving */
struct approval {
    struct admin_call call;
    struct clearance_row row;
};

static void
drop(void *p)
{
    struct approval *w = p;
    audit_forget(gate_parts_of(w->call.gate)->audit, w);
}

static bool
is_own_act(const struct clearance_row *r, const struct session *s)
{
    return str_eq(r->proposer, s->key_id) || (s->line.len && str_eq(r->proposer_line, s->line)) ||
           is_person(s, r->proposer_person) || is_person(s, r->person);
}

static fallible
check_open(const struct approval *w)
{
    struct clearance_row active;
    TRY(clearances_active(db_of(&w->call), w->call.a, w->row.person, &active));
    if (w->row.turn)
        REFUSE(CONFLICT, "id", "clearance %lld is or was in force already", (long long)w->row.id);
    if (active.id != w->row.base)
        REFUSE(CONFLICT, "id",
               "clearance %lld was proposed against another than the one in force: propose it once "
               "more",
               (long long)w->row.id);
    if (w->row.until_wall_ms <= clock_wall_ms())
        REFUSE(CONFLICT, "id", "the time of clearance %lld is over", (long long)w->row.id);
    return OK;
}

/* The words by the policy in force now, which may be another than when it was proposed. */
static fallible
put_in_force(struct approval *w)
{
    const struct admin_call *c = &w->call;
    struct clearance_row *r = &w->row;
    const policy *p = gate_parts_of(c->gate)->policy;
    str purposes;
    label l;
    TRY(check_open(w));
    TRY(policy_clearance(p, r->text, STR_NONE, &l));
    TRY(purposes_text(policy_purposes(p), r->purposes, c->a, &purposes));
    r->label = label_part(l, 0, LABEL_REL_FIRST);
    r->approver = c->session->key_id;
    r->approver_person = c->session->person;
    r->approved_wall_ms = clock_wall_ms();
    TRY(db_begin(db_of(c)));
    err e = clearances_activate(db_of(c), r);
    if (!e.code)
        e = clearances_set_label(db_of(c), r->id, r->label);
    if (!e.code)
        e = db_commit(db_of(c));
    if (e.code) {
        db_rollback(db_of(c));
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    return gate_clear_person(c->gate, r);
}

static void
end(void *ctx, err e)
{
    struct approval *w = ctx;
    w->call.done(w->call.ctx, e);
}

static void
on_approved(void *ctx, err recorded)
{
    struct approval *w = ctx;
    err e = recorded.code ? recorded : put_in_force(w);
    if (!e.code)
        e = record(&w->call, EVENT_CLEARANCE_SET, &w->row, end, w);
    if (e.code) /* what was in force before is so still, or the answer says what failed */
        end(w, e);
}

fallible
clearance_approve(const struct admin_call *c, int64_t id)
{
    struct approval *w = arena_new(c->a, struct approval);
    w->call = *c;
    TRY(leave(c, OP_CLEARANCE_APPROVE, false));
    TRY(clearances_get(db_of(c), c->a, id, &w->row));
    TRY(leave(c, OP_CLEARANCE_APPROVE, is_own_act(&w->row, c->session)));
    TRY(check_open(w));
    arena_on_end(c->a, drop, w);
    return record(c, EVENT_CLEARANCE_APPROVE, &w->row, on_approved, w);
}

/* ---- showing */
struct listing {
    buf *b;
    arena *a;
    VEC(struct clearance_row) rows;
};

static err
keep_row(void *ctx, const struct clearance_row *r)
{
    struct listing *l = ctx;
    return VEC_ADD(l->a, &l->rows, r);
}

static int64_t
active_id(const struct listing *l, str person)
{
    int64_t turn = 0, id = 0;
    for (size_t i = 0; i < l->rows.count; i++) {
        const struct clearance_row *r = &l->rows.at[i];
        if (str_eq(r->person, person) && r->turn > turn) {
            turn = r->turn;
            id = r->id;
        }
    }
    return id;
}

static const char *
state_of(const struct clearance_row *r, int64_t active, int64_t now)
{
    if (!r->turn)
        return r->base == active && r->until_wall_ms > now ? "proposed" : "stale";
    if (r->id != active)
        return "past";
    return r->until_wall_ms > now ? "active" : "expired";
}

static void
put_row(const struct clearance_row *r, const char *state, buf *b)
{
    json_open(b, '{');
    json_member_i64(b, "id", r->id);
    json_member_str(b, "person", r->person);
    json_member_str(b, "clearance", r->text);
    json_member_str(b, "purposes", r->purposes);
    json_member_str(b, "state", str_of(state));
    clock_put_member(b, "until", r->until_wall_ms);
    json_member_str(b, "proposer", r->proposer);
    json_member_str(b, "proposer_person", r->proposer_person);
    clock_put_member(b, "proposed", r->proposed_wall_ms);
    json_member_str(b, "approver", r->approver);
    json_member_str(b, "approver_person", r->approver_person);
    clock_put_member(b, "approved", r->approved_wall_ms);
    json_close(b, '}');
}

/* Officers may, and operators, who see people anyway. */
fallible
clearances_put(const struct admin_call *c, buf *b)
{
    AUTO(arena) *a = NULL;
    const bool is_operator = (c->session->roles & ROLE_OPERATOR) != 0;
    TRY(gate_allow(c->gate, c->session, is_operator ? OP_PERSON_LIST : OP_CLEARANCE_LIST,
                   c->request_id, c->a));
    TRY(arena_open(ROWS_BYTES, &a));
    struct listing l = {.b = b, .a = a};
    TRY(clearances_each(db_of(c), a, keep_row, &l));
    json_open(b, '[');
    for (size_t i = 0; i < l.rows.count; i++) {
        const struct clearance_row *r = &l.rows.at[i];
        put_row(r, state_of(r, active_id(&l, r->person), clock_wall_ms()), b);
    }
    json_close(b, ']');
    return buf_end(b);
}
