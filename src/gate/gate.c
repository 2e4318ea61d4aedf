/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/gate.h"

#include "base/fault.h"
#include "base/vec.h"
#include "egress/egress.h"
#include "gate/guards.h"
#include "gate/inside.h"
#include "gate/keep_inside.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/log.h"
#include "os/powercap.h"
#include "policy/change.h"
#include "policy/network.h"

enum {
    HOLDERS_BYTES_MAX = 64 * 1024 * 1024,
    ENERGY_EVERY_MS = 10000 /* before the kernel's counters begin anew */
};

static void
on_revoked(void *ctx, const struct session *s)
{
    jobs_end(ctx, s);
}

/* The first, or another after the last one died. */
static void
on_egress(void *ctx, int channel)
{
    gate *g = ctx;
    const err e = g->egress ? egress_replace(g->egress, channel)
                            : egress_new(g->parts.loop, channel, &g->egress);
    if (e.code) /* its channel is closed, so it ends, and hoheitd starts the next */
        log_failure(LOG_ERROR, "egress.refused", e);
    else
        egress_count(g->egress, g->parts.meters);
}

static void
on_reader(void *ctx, int channel)
{
    const gate *g = ctx;
    const err e = sight_connect(g->sight, channel);
    if (e.code) /* the same */
        log_failure(LOG_ERROR, "reader.refused", e);
}

bool
gate_measures_energy(const gate *g)
{
    return g->parts.powercap && g->parts.powercap->count;
}

bool
gate_read_energy(gate *g)
{
    uint64_t total_uj = 0;
    if (!gate_measures_energy(g))
        return false;
    const err e = powercap_read(g->parts.powercap, &total_uj);
    if (e.code)
        log_failure(LOG_WARNING, "energy.not_measured", e);
    else
        energy_tick(&g->energy, total_uj);
    return !e.code;
}

static void
on_energy_timer(void *ctx)
{
    (void)gate_read_energy(ctx); /* it has said what is wrong */
}

static fallible
watch_energy(gate *g)
{
    return !gate_measures_energy(g)
               ? OK
               : loop_timer_start(g->parts.loop, ENERGY_EVERY_MS, ENERGY_EVERY_MS, on_energy_timer,
                                  g, &g->energy_timer);
}

fallible
gate_new(const struct gate_parts *parts, gate **ret)
{
    AUTO(fd) control = parts->control;
    gate *g = mem_get(sizeof *g);
    if (!g)
        FAIL(LIMIT, "no memory for the gate");
    *g = (gate){.parts = *parts};
    g->operator_session = (struct session){
        .key_id = STR("local"),
        .key_name = STR("operator at the local socket"),
        .tenant = STR("local"),
        .roles = ROLE_OPERATOR,
    };
    err e = keyring_open(parts->db, parts->pepper, &g->keys);
    if (!e.code)
        e = budget_open(&g->parts, &g->budget);
    if (!e.code)
        e = served_new(&g->served);
    if (!e.code)
        e = pairs_open(parts->db, parts->pepper, g->keys, &g->pairs);
    if (!e.code)
        e = models_sweep(parts->models_dir);
    if (!e.code)
        e = keep_new(g, &g->keep);
    if (!e.code)
        e = guard_new(g->parts.policy, &g->guard);
    if (!e.code)
        e = sight_new(g->parts.loop, &g->sight);
    if (!e.code)
        e = watch_energy(g);
    g->parts.control = fd_take(&control);
    if (e.code)
        fd_auto(&g->parts.control);
    else
        e = engines_new(&g->parts, &g->engines);
    if (e.code) {
        gate_free(g);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    keyring_on_revoked(g->keys, on_revoked, g);
    keyring_need_people(g->keys, !str_eq(str_of(parts->params->gate_clearances), STR("keys")));
    engines_on_egress(g->engines, on_egress, g);
    engines_on_reader(g->engines, on_reader, g);
    *ret = g;
    return OK;
}

void
gate_free(gate *g)
{
    if (!g)
        return;
    ASSERT(g->running == 0);
    loop_timer_stop(g->energy_timer);
    egress_free(g->egress);
    sight_free(g->sight);
    engines_free(g->engines);
    keep_free(g->keep);
    pairs_free(g->pairs);
    budget_free(g->budget);
    served_free(g->served);
    arena_free(g->lexicon_arena);
    guard_free(g->guard);
    guard_free(g->guard_next);
    keyring_free(g->keys);
    mem_free(g);
}

const struct gate_parts *
gate_parts_of(const gate *g)
{
    return &g->parts;
}

void
gate_on_events(gate *g, struct gate_events e)
{
    engines_on_events(g->engines, e);
}

static void
warmed(void *ctx, engine *en, err why)
{
    (void)ctx, (void)en, (void)why; /* engines.c logs both outcomes */
}

static fallible
warm_default(gate *g, enum model_kind kind)
{
    const struct model *m;
    engine *en;
    engines_wait *wait;
    if (registry_find(g->parts.registry, STR_NONE, kind, &m).code)
        return OK; /* no model of that kind yet */
    if (str_eq(m->engine, STR("remote")))
        return OK; /* nothing of ours to load */
    return engines_get(g->engines, m, warmed, NULL, &en, &wait);
}

fallible
gate_ready(gate *g)
{
    TRY(warm_default(g, MODEL_CHAT));
    TRY(warm_default(g, MODEL_EMBED));
    return engines_send_ready(g->engines);
}

const struct guard *
gate_guard(const gate *g)
{
    return g->guard;
}

const struct guardrail *
gate_blocked_by(const gate *g, err e)
{
    const str name = e.code == ERR_DENIED ? str_of(err_param()) : STR_NONE;
    for (size_t i = 0; i < guard_count(g->guard); i++)
        if (str_eq(guard_rule(g->guard, i)->name, name))
            return guard_rule(g->guard, i);
    return NULL;
}

bool
gate_engines_ready(const gate *g)
{
    struct engine_slot_state s;
    for (size_t i = 0; engines_state_at(g->engines, i, &s); i++)
        if (s.model.len && !s.caps)
            return false;
    return true;
}

fallible
gate_session(const gate *g, str authorization, const struct session **ret)
{
    const str scheme = STR("Bearer ");
    str key = authorization;
    if (!authorization.len)
        REFUSE(UNAUTHENTICATED, "", "no API key was sent: use \"Authorization: Bearer KEY\"");
    if (key.len > scheme.len && str_eq_nocase(str_slice(key, 0, scheme.len), scheme))
        key = str_trim(str_slice(key, scheme.len, key.len));
    return keyring_find(g->keys, key, ret);
}

fallible
gate_session_signed(gate *g, str access_id, const struct session **ret_session,
                    const secret **ret_secret)
{
    return pairs_find(g->pairs, access_id, ret_session, ret_secret);
}

const struct session *
gate_operator(const gate *g)
{
    return &g->operator_session;
}

static bool
is_about_the_key(const char *rule)
{
    return strcmp(rule, rule_info(RULE_SESSION_EXPIRED)->name) == 0 ||
           strcmp(rule, rule_info(RULE_SESSION_REVOKED)->name) == 0;
}

int64_t
gate_now(gate *g)
{
    const int64_t now = clock_wall_ms();
    if (now > g->latest_wall_ms)
        g->latest_wall_ms = now;
    return g->latest_wall_ms;
}

fallible
gate_decide(gate *g, const struct ask *q, arena *a, struct decision *d, const grant **ret)
{
    const err e = policy_decide(g->parts.policy, q, a, d, ret);
    if (e.code == ERR_DENIED && is_about_the_key(d->rule))
        REFUSE(UNAUTHENTICATED, "", "%s", d->why);
    return e;
}

/* The denial, recorded. */
static err
denied(gate *g, const struct ask *q, str op, str request_id, arena *a)
{
    const struct session *s = q->session;
    const struct audit_record r = {.request_id = request_id,
                                   .key_id = s->key_id,
                                   .tenant = s->tenant,
                                   .person = s->person,
                                   .purpose = s->purpose,
                                   .op = op,
                                   .outcome = ""};
    struct err_kept kept;
    struct decision d;
    const grant *leave;
    const err e = gate_decide(g, q, a, &d, &leave);
    if (!e.code)
        return OK;
    err_keep(&kept, e);
    TRY(gate_record_decision(g, &r, &d, NULL, NULL));
    return err_again(&kept);
}

fallible
gate_allow(gate *g, const struct session *s, enum op op, str request_id, arena *a)
{
    const struct ask q = {.session = s,
                          .op = op,
                          .target = policy_local_sink(g->parts.policy),
                          .now_wall_ms = gate_now(g)};
    return denied(g, &q, str_of(op_info(op)->name), request_id, a);
}

fallible
gate_leave(gate *g, const struct gate_want *w, const grant **ret)
{
    const struct ask q = {.session = w->session,
                          .op = w->op,
                          .data = w->data,
                          .target = policy_local_sink(g->parts.policy),
                          .now_wall_ms = gate_now(g),
                          .is_own_act = w->is_own_act};
    char room[LABEL_TEXT_MAX];
    const struct audit_record r = {.request_id = w->request_id,
                                   .key_id = w->session->key_id,
                                   .tenant = w->session->tenant,
                                   .person = w->session->person,
                                   .purpose = w->session->purpose,
                                   .op = str_of(op_info(w->op)->name),
                                   .label_text =
                                       label_text(policy_names(g->parts.policy), w->data, room),
                                   .outcome = ""};
    struct err_kept kept;
    struct decision d;
    const err e = gate_decide(g, &q, w->a, &d, ret);
    if (e.code != ERR_DENIED && e.code != ERR_UNAUTHENTICATED)
        return e;
    err_keep(&kept, e);
    TRY(gate_record_decision(g, &r, &d, NULL, NULL));
    return err_again(&kept);
}

fallible
gate_check_peer(gate *g, const struct session *s, str peer, str request_id, arena *a)
{
    if (networks_allow(s->networks, s->network_count, peer))
        return OK;
    const struct ask q = {.session = s,
                          .op = OP_MODEL_LIST, /* whatever it is: the rule does not ask */
                          .target = policy_local_sink(g->parts.policy),
                          .now_wall_ms = gate_now(g),
                          .is_elsewhere = true};
    return denied(g, &q, STR(""), request_id, a);
}

fallible
gate_use_purpose(gate *g, const struct session **s, str purpose, str request_id, arena *a)
{
    const struct ask q = {.session = *s,
                          .op = OP_MODEL_LIST, /* as above */
                          .target = policy_local_sink(g->parts.policy),
                          .purpose = purpose,
                          .now_wall_ms = gate_now(g)};
    TRY(denied(g, &q, STR(""), request_id, a));
    *s = keyring_for_purpose(*s, purpose);
    ASSERT(*s); /* else the key may not name it */
    return OK;
}

fallible
gate_record_decision(gate *g, const struct audit_record *base, const struct decision *d,
                     audit_done_fn *done, void *ctx)
{
    struct audit_record r = *base;
    r.event = EVENT_DECISION;
    r.decision = d->allowed ? "allowed" : "denied";
    r.rule = d->rule;
    r.why = str_of(d->why);
    meter_add(g->parts.meters, d->allowed ? METER_DECISIONS_ALLOWED : METER_DECISIONS_DENIED, 1);
    return audit_append(g->parts.audit, &r, done, ctx);
}

fallible
gate_clear_person(gate *g, const struct clearance_row *r)
{
    TRY(keyring_clear(g->keys, r));
    jobs_end(g, NULL);
    return OK;
}

/* ---- another policy */
void
gate_policy_diff(const gate *g, const policy *next, buf *b)
{
    VEC(struct holder) holders = {0};
    AUTO(arena) *a = NULL;
    const struct key_record *r;
    err e = arena_open(HOLDERS_BYTES_MAX, &a);
    for (size_t i = 0; !e.code && (r = keyring_at(g->keys, i)); i++) {
        const struct holder h = {r->name, r->clearance_text};
        if (!r->revoked_wall_ms)
            e = VEC_ADD(a, &holders, &h);
    }
    policy_diff(g->parts.policy, next, holders.at, holders.count, b);
    if (e.code)
        buf_add(b, STR("what keys gain or lose could not be found out\n"));
}

fallible
gate_store_clearances(gate *g, const policy *next)
{
    TRY(guards_prepare(g, next));
    return keyring_store_clearances(g->keys, next);
}

void
gate_use_policy(gate *g, policy *next)
{
    policy_become(g->parts.policy, next);
    keyring_use_clearances(g->keys, g->parts.policy);
    guards_use(g);
}
