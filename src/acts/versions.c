/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/versions.h"

#include "base/json.h"
#include "os/clock.h"
#include "os/log.h"
#include "policy/change.h"

enum { ROWS_BYTES = 64 * 1024 * 1024, CHANGES_BYTES = 1024 * 1024 };

static db *
db_of(const struct admin_call *c)
{
    return gate_parts_of(c->gate)->db;
}

typedef policy *policy_own;

static void
policy_own_auto(policy_own *p)
{
    policy_free(*p);
}

/* ---- texts */
static fallible
sha256_hex(arena *a, str text, str *ret)
{
    digest d;
    char room[65];
    TRY(sha256_of(text, &d));
    digest_text(&d, room);
    return try_arena_str(a, str_of(room), ret);
}

static fallible
load(str text, str level_max, policy **ret)
{
    AUTO(policy_own) p = NULL;
    TRY(policy_load(text, &p));
    TRY(policy_set_ceiling(p, level_max));
    *ret = TAKE(p);
    return OK;
}

/* As hoheitd looks at a file at the start. */
static fallible
load_for(const struct admin_call *c, str text, policy **ret)
{
    const struct params *params = gate_parts_of(c->gate)->params;
    AUTO(policy_own) p = NULL;
    label l;
    TRY(load(text, str_of(params->policy_level_max), &p));
    if (label_parse(policy_names(p), str_of(params->policy_default_label), &l).code)
        REFUSE(CONFIG, "text", "the policy has no name for policy.default_label");
    *ret = TAKE(p);
    return OK;
}

fallible
versions_load(db *d, str level_max, policy *p)
{
    AUTO(arena) *a = NULL;
    AUTO(policy_own) next = NULL;
    struct policy_row r;
    TRY(arena_open(ROWS_BYTES, &a));
    TRY(policies_active(d, a, &r));
    if (!r.id)
        return OK;
    TRY(load(r.text, level_max, &next));
    if (!str_eq(policy_text(p), r.text))
        LOG(WARNING, "policy.file_ignored", LOG_N("version", r.id));
    policy_become(p, TAKE(next));
    LOG(INFO, "policy.active", LOG_N("version", r.id), LOG_S("sha256", r.sha256));
    return OK;
}

/* ---- what may be proposed */
struct past {
    const policy *next;
};

static err
check_past(void *ctx, const struct policy_row *r)
{
    const struct past *past = ctx;
    AUTO(policy_own) was = NULL;
    if (!r->turn)
        return OK;
    TRY(policy_load(r->text, &was));
    return policy_check_bits(was, past->next);
}

static fallible
check_bits(const struct admin_call *c, const policy *next)
{
    AUTO(arena) *a = NULL;
    struct past past = {next};
    TRY(arena_open(ROWS_BYTES, &a));
    TRY(policy_check_bits(gate_parts_of(c->gate)->policy, next));
    return policies_each(db_of(c), a, check_past, &past);
}

static fallible
record(const struct admin_call *c, enum audit_event event, const struct policy_row *r,
       audit_done_fn *done, void *ctx)
{
    digest d;
    TRY(digest_read(r->sha256, &d));
    const struct audit_record one = {.event = event,
                                     .request_id = c->request_id,
                                     .key_id = c->session->key_id,
                                     .tenant = c->session->tenant,
                                     .person = c->session->person,
                                     .purpose = c->session->purpose,
                                     .object = arena_fmt(c->a, "%lld", (long long)r->id),
                                     .decision = "",
                                     .rule = "",
                                     .input = &d,
                                     .outcome = event == EVENT_POLICY_FAILED ? "failed" : "ok"};
    return audit_append(gate_parts_of(c->gate)->audit, &one, done, ctx);
}

static fallible
store(const struct admin_call *c, str text, struct policy_row *ret)
{
    struct policy_row active;
    TRY(policies_active(db_of(c), c->a, &active));
    *ret = (struct policy_row){.text = text,
                               .base = active.id,
                               .proposer = c->session->key_id,
                               .proposer_line = c->session->line,
                               .proposer_person = c->session->person,
                               .proposed_wall_ms = clock_wall_ms()};
    TRY(sha256_hex(c->a, text, &ret->sha256));
    return policies_add(db_of(c), ret, &ret->id);
}

/* A proposal of which no record tells stays a row nobody is told of; it can do nothing by itself.
 */
static fallible
propose(const struct admin_call *c, str text, int64_t *ret_id)
{
    AUTO(policy_own) next = NULL;
    struct policy_row r;
    if (str_eq(text, policy_text(gate_parts_of(c->gate)->policy)))
        REFUSE(CONFLICT, "text", "this is the policy in force");
    TRY(load_for(c, text, &next));
    TRY(check_bits(c, next));
    TRY(store(c, text, &r));
    TRY(record(c, EVENT_POLICY_PROPOSE, &r, c->done, c->ctx));
    *ret_id = r.id;
    return OK;
}

fallible
versions_propose(const struct admin_call *c, str text, int64_t *ret_id)
{
    TRY(gate_allow(c->gate, c->session, OP_POLICY_PROPOSE, c->request_id, c->a));
    return propose(c, text, ret_id);
}

struct before {
    arena *a;
    int64_t turn; /* sought */
    str text;
};

static err
find_turn(void *ctx, const struct policy_row *r)
{
    struct before *b = ctx;
    if (r->turn == b->turn)
        b->text = r->text;
    return OK;
}

fallible
versions_rollback(const struct admin_call *c, int64_t *ret_id)
{
    AUTO(arena) *a = NULL;
    struct policy_row active;
    TRY(gate_allow(c->gate, c->session, OP_POLICY_PROPOSE, c->request_id, c->a));
    TRY(arena_open(ROWS_BYTES, &a));
    TRY(policies_active(db_of(c), a, &active));
    struct before b = {.a = a, .turn = active.turn - 1};
    if (b.turn > 0)
        TRY(policies_each(db_of(c), a, find_turn, &b));
    if (!b.text.len)
        REFUSE(CONFLICT, "", "no other version was in force before this one");
    return propose(c, b.text, ret_id);
}

/* ---- approving */
struct approval {
    struct admin_call call;
    struct policy_row row;
    policy *next; /* NULL: not made, or in force */
};

static void
drop(void *p)
{
    struct approval *w = p;
    audit_forget(gate_parts_of(w->call.gate)->audit, w);
    policy_free(TAKE(w->next));
}

static bool
is_proposer(const struct policy_row *r, const struct session *s)
{
    return str_eq(r->proposer, s->key_id) || (s->line.len && str_eq(r->proposer_line, s->line)) ||
           (s->person.len && str_eq(r->proposer_person, s->person));
}

static fallible
check_person(const struct admin_call *c, const struct policy_row *r)
{
    const grant *unused;
    const struct gate_want w = {.session = c->session,
                                .op = OP_POLICY_APPROVE,
                                .is_own_act = is_proposer(r, c->session),
                                .request_id = c->request_id,
                                .a = c->a};
    return gate_leave(c->gate, &w, &unused);
}

static fallible
check_open(const struct approval *w)
{
    struct policy_row active;
    TRY(policies_active(db_of(&w->call), w->call.a, &active));
    if (w->row.turn)
        REFUSE(CONFLICT, "id", "version %lld is or was in force already", (long long)w->row.id);
    if (active.id != w->row.base)
        REFUSE(CONFLICT, "id",
               "version %lld was written against another policy than the one in force: propose it "
               "once more",
               (long long)w->row.id);
    return OK;
}

/* The file's text, before a version takes its place. */
static fallible
keep_file(const struct admin_call *c)
{
    int64_t id;
    struct policy_row r = {.text = policy_text(gate_parts_of(c->gate)->policy), .turn = 1};
    TRY(sha256_hex(c->a, r.text, &r.sha256));
    return policies_add(db_of(c), &r, &id);
}

static fallible
write_rows(struct approval *w)
{
    const struct admin_call *c = &w->call;
    TRY(check_open(w));
    if (!w->row.base)
        TRY(keep_file(c));
    w->row.approver = c->session->key_id;
    w->row.approver_person = c->session->person;
    w->row.approved_wall_ms = clock_wall_ms();
    TRY(policies_activate(db_of(c), &w->row));
    TRY(gate_store_clearances(c->gate, w->next));
    return db_commit(db_of(c));
}

static fallible
put_in_force(struct approval *w)
{
    TRY(db_begin(db_of(&w->call)));
    const err e = write_rows(w);
    if (e.code) {
        db_rollback(db_of(&w->call));
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    gate_use_policy(w->call.gate, TAKE(w->next));
    LOG(INFO, "policy.active", LOG_N("version", w->row.id), LOG_S("sha256", w->row.sha256));
    return OK;
}

static void
end(void *ctx, err e)
{
    struct approval *w = ctx;
    w->call.done(w->call.ctx, e);
}

/* The old one is in force still: loudly. */
static void
say_failed(struct approval *w, err e)
{
    struct err_kept kept;
    err_keep(&kept, e);
    log_failure(LOG_ERROR, "policy.not_in_force", e);
    IGNORE(record(&w->call, EVENT_POLICY_FAILED, &w->row, NULL, NULL)); /* the log line stands */
    end(w, err_again(&kept));
}

static void
on_approved(void *ctx, err recorded)
{
    struct approval *w = ctx;
    err e = recorded.code ? recorded : put_in_force(w);
    if (e.code) {
        say_failed(w, e);
        return;
    }
    e = record(&w->call, EVENT_POLICY_ACTIVE, &w->row, end, w);
    if (e.code) /* it is in force; the answer says what failed */
        end(w, e);
}

fallible
versions_approve(const struct admin_call *c, int64_t id)
{
    struct approval *w = arena_new(c->a, struct approval);
    w->call = *c;
    TRY(gate_allow(c->gate, c->session, OP_POLICY_APPROVE, c->request_id, c->a));
    TRY(policies_get(db_of(c), c->a, id, &w->row));
    TRY(check_person(c, &w->row));
    TRY(check_open(w));
    arena_on_end(c->a, drop, w);
    TRY(load_for(c, w->row.text, &w->next));
    TRY(check_bits(c, w->next));
    return record(c, EVENT_POLICY_APPROVE, &w->row, on_approved, w);
}

/* ---- showing */
/* Officers may, and operators, who run what it decides. */
static fallible
allow_look(const struct admin_call *c)
{
    const bool is_operator = (c->session->roles & ROLE_OPERATOR) != 0;
    return gate_allow(c->gate, c->session, is_operator ? OP_STATUS : OP_POLICY_LIST, c->request_id,
                      c->a);
}

static const char *
state_of(const struct policy_row *r, const struct policy_row *active)
{
    if (r->id == active->id)
        return "active";
    if (r->turn)
        return "past";
    return r->base == active->id ? "proposed" : "stale";
}

static void
put_members(const struct policy_row *r, const struct policy_row *active, buf *b)
{
    json_member_i64(b, "id", r->id);
    json_member_str(b, "state", str_of(state_of(r, active)));
    json_member_str(b, "sha256", r->sha256);
    json_member_str(b, "proposer", r->proposer);
    json_member_str(b, "proposer_person", r->proposer_person);
    clock_put_member(b, "proposed", r->proposed_wall_ms);
    json_member_str(b, "approver", r->approver);
    json_member_str(b, "approver_person", r->approver_person);
    clock_put_member(b, "approved", r->approved_wall_ms);
}

struct listing {
    buf *b;
    const struct policy_row *active;
};

static err
put_row(void *ctx, const struct policy_row *r)
{
    const struct listing *l = ctx;
    json_open(l->b, '{');
    put_members(r, l->active, l->b);
    json_close(l->b, '}');
    return OK;
}

fallible
versions_put(const struct admin_call *c, buf *b)
{
    AUTO(arena) *a = NULL;
    struct policy_row active;
    str in_force;
    TRY(allow_look(c));
    TRY(arena_open(ROWS_BYTES, &a));
    TRY(policies_active(db_of(c), a, &active));
    TRY(sha256_hex(c->a, policy_text(gate_parts_of(c->gate)->policy), &in_force));
    struct listing l = {b, &active};
    json_open(b, '{');
    json_member_i64(b, "active", active.id);
    json_member_str(b, "sha256", in_force);
    json_key(b, "versions");
    json_open(b, '[');
    TRY(policies_each(db_of(c), a, put_row, &l));
    json_close(b, ']');
    json_close(b, '}');
    return buf_end(b);
}

static void
put_changes(str lines, buf *b)
{
    str line;
    json_key(b, "changes");
    json_open(b, '[');
    while (lines.len && str_next(&lines, '\n', &line))
        if (line.len)
            json_put_str(b, line);
    json_close(b, ']');
}

fallible
version_put(const struct admin_call *c, int64_t id, buf *b)
{
    AUTO(policy_own) next = NULL;
    AUTO(buf) changes = BUF(CHANGES_BYTES);
    struct policy_row r, active;
    TRY(allow_look(c));
    TRY(policies_get(db_of(c), c->a, id, &r));
    TRY(policies_active(db_of(c), c->a, &active));
    TRY(policy_load(r.text, &next));
    gate_policy_diff(c->gate, next, &changes);
    TRY(buf_end(&changes));
    json_open(b, '{');
    put_members(&r, &active, b);
    put_changes(buf_str(&changes), b);
    json_member_str(b, "text", r.text);
    json_close(b, '}');
    return buf_end(b);
}
