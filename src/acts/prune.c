/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/prune.h"

#include <stdio.h>

#include "audit/retain/retain.h"
#include "base/json.h"
#include "os/clock.h"

enum { WHY_MAX = 256, TEXT_MAX = 64, DAY_MS = 86400000 };

struct work {
    struct admin_call call;
    buf *out;
    str before;   /* as it was said */
    str state;    /* what hoheit-log said */
    str proposal; /* the record */
    str proposer, below, was_why;
};

static audit *
audit_of(const struct admin_call *c)
{
    return gate_parts_of(c->gate)->audit;
}

static void
forget(void *p)
{
    struct work *w = p;
    audit_forget(audit_of(&w->call), w);
}

static struct work *
work_new(const struct admin_call *c, buf *b)
{
    struct work *w = arena_new(c->a, struct work);
    *w = (struct work){.call = *c, .out = b};
    arena_on_end(c->a, forget, w);
    return w;
}

static void
end(void *ctx, err e)
{
    struct work *w = ctx;
    w->call.done(w->call.ctx, e);
}

static fallible
allow_look(const struct admin_call *c)
{
    const bool is_operator = (c->session->roles & ROLE_OPERATOR) != 0;
    return gate_allow(c->gate, c->session, is_operator ? OP_LOG_PRUNE : OP_LOG_PRUNE_APPROVE,
                      c->request_id, c->a);
}

static fallible
read_before(const struct admin_call *c, str before, int64_t *ret)
{
    if (retain_time_read(before, ret).code)
        REFUSE(ARGUMENT, "before", "before wants a time in UTC, as 2026-03-01");
    return retain_check(gate_parts_of(c->gate)->params, *ret, clock_wall_ms());
}

static fallible
record(struct work *w, enum audit_event event, str why, audit_done_fn *done)
{
    const struct admin_call *const c = &w->call;
    const struct audit_record r = {.event = event,
                                   .request_id = c->request_id,
                                   .key_id = c->session->key_id,
                                   .tenant = c->session->tenant,
                                   .object = w->below,
                                   .why = why,
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok"};
    return audit_append(audit_of(c), &r, done, w);
}

/* ---- looking */
static err
keep_state(void *ctx, str json)
{
    struct work *w = ctx;
    return try_arena_str(w->call.a, json, &w->state);
}

static err
put_state(void *ctx, str json)
{
    struct work *w = ctx;
    buf_add(w->out, json);
    return buf_end(w->out);
}

fallible
prune_show(const struct admin_call *c, str before, buf *b)
{
    int64_t before_ms;
    TRY(allow_look(c));
    TRY(read_before(c, before, &before_ms));
    struct work *w = work_new(c, b);
    return audit_prune(audit_of(c), before_ms, put_state, end, w);
}

fallible
prune_follow(const struct admin_call *c, str request_id, buf *b)
{
    TRY(allow_look(c));
    struct work *w = work_new(c, b);
    return audit_cut(audit_of(c), request_id, put_state, end, w);
}

/* ---- proposing */
static fallible
check_counted(struct work *w)
{
    jval root;
    str state;
    int64_t below, minimum;
    TRY(json_read(w->call.a, w->state, &root));
    const jval s = json_get(&root, "state"), b = json_get(&root, "below");
    const jval m = json_get(&root, "minimum");
    TRY(json_str(&s, TEXT_MAX, &state));
    TRY(json_i64(&b, 0, INT64_MAX, &below));
    TRY(json_i64(&m, 0, INT64_MAX, &minimum));
    if (!str_eq(state, STR("counted")))
        REFUSE(BUSY, "", "the log is being counted: ask again in a moment");
    if (below <= minimum)
        REFUSE(CONFLICT, "before", "no 256 entries in a row are older than that, and may go");
    w->below = arena_fmt(w->call.a, "%lld", (long long)below);
    return OK;
}

static fallible
propose(struct work *w)
{
    TRY(check_counted(w));
    json_open(w->out, '{');
    json_member_str(w->out, "request", w->call.request_id);
    json_key(w->out, "below");
    buf_add(w->out, w->below);
    json_close(w->out, '}');
    TRY(buf_end(w->out));
    return record(w, EVENT_LOG_PRUNE_PROPOSE,
                  arena_fmt(w->call.a, "older than %.*s", STR_FMT(w->before)), end);
}

static void
on_counted(void *ctx, err e)
{
    struct work *w = ctx;
    if (!e.code)
        e = propose(w);
    if (e.code)
        end(w, e);
}

fallible
prune_propose(const struct admin_call *c, str before, buf *b)
{
    int64_t before_ms;
    TRY(gate_allow(c->gate, c->session, OP_LOG_PRUNE, c->request_id, c->a));
    TRY(read_before(c, before, &before_ms));
    struct work *w = work_new(c, b);
    w->before = before;
    return audit_prune(audit_of(c), before_ms, keep_state, on_counted, w);
}

/* ---- approving */
static err
keep_proposal(void *ctx, str line)
{
    struct work *w = ctx;
    struct retain_head h;
    TRY(retain_head_read(line, &h));
    if (str_eq(h.event, STR("log.prune.propose")))
        TRY(try_arena_str(w->call.a, line, &w->proposal));
    return OK;
}

static fallible
read_proposal(struct work *w)
{
    struct retain_head h;
    jval root;
    if (!w->proposal.len)
        REFUSE(NOT_FOUND, "request", "nobody proposed in this request that the log be pruned");
    TRY(retain_head_read(w->proposal, &h));
    if (clock_wall_ms() - h.wall_ms > (int64_t)PRUNE_VALID_DAYS * DAY_MS)
        REFUSE(CONFLICT, "request", "the proposal is older than %d days: propose it once more",
               PRUNE_VALID_DAYS);
    TRY(json_read(w->call.a, w->proposal, &root));
    const jval key = json_get(&root, "key"), object = json_get(&root, "object");
    const jval why = json_get(&root, "why");
    TRY(opt_json_str(&key, WHY_MAX, &w->proposer));
    TRY(opt_json_str(&why, WHY_MAX, &w->was_why));
    return json_str(&object, TEXT_MAX, &w->below);
}

static void
on_decided(void *ctx, err e)
{
    struct work *w = ctx;
    if (!e.code)
        e = audit_cut(audit_of(&w->call), w->call.request_id, put_state, end, w);
    if (e.code)
        end(w, e);
}

static fallible
approve(struct work *w)
{
    const struct admin_call *const c = &w->call;
    const grant *unused;
    TRY(read_proposal(w));
    const struct gate_want want = {.session = c->session,
                                   .op = OP_LOG_PRUNE_APPROVE,
                                   .is_own_act =
                                       w->proposer.len && str_eq(w->proposer, c->session->key_id),
                                   .request_id = c->request_id,
                                   .a = c->a};
    TRY(gate_leave(c->gate, &want, &unused));
    return record(w, EVENT_LOG_PRUNE,
                  arena_fmt(c->a, "%.*s; proposed by %.*s", STR_FMT(w->was_why),
                            STR_FMT(w->proposer.len ? w->proposer : STR("the operator"))),
                  on_decided);
}

static void
on_found(void *ctx, err e)
{
    struct work *w = ctx;
    if (!e.code)
        e = approve(w);
    if (e.code)
        end(w, e);
}

fallible
prune_approve(const struct admin_call *c, str request_id, buf *b)
{
    TRY(gate_allow(c->gate, c->session, OP_LOG_PRUNE_APPROVE, c->request_id, c->a));
    struct work *w = work_new(c, b);
    return audit_find(audit_of(c), request_id, keep_proposal, on_found, w);
}
