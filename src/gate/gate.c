/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/gate.h"

#include "base/fault.h"
#include "gate/inside.h"
#include "gate/sign.h"
#include "os/clock.h"
#include "os/file.h"

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
        e = models_sweep(parts->models_dir);
    g->parts.control = fd_take(&control);
    if (e.code)
        fd_auto(&g->parts.control);
    else
        e = engines_new(&g->parts, &g->engines);
    if (e.code) {
        gate_free(g);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = g;
    return OK;
}

void
gate_free(gate *g)
{
    if (!g)
        return;
    ASSERT(g->running == 0);
    sign_stop(g->sign);
    engines_free(g->engines);
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
    return engines_get(g->engines, m, warmed, NULL, &en, &wait);
}

fallible
gate_ready(gate *g)
{
    TRY(warm_default(g, MODEL_CHAT));
    TRY(warm_default(g, MODEL_EMBED));
    return engines_send_ready(g->engines);
}

static err
send_sign(void *ctx, const struct control_sign *ask)
{
    gate *g = ctx;
    return engines_send_sign(g->engines, ask);
}

static void
on_signed(void *ctx, const struct control_signed *answer)
{
    gate *g = ctx;
    sign_answered(g->sign, answer);
}

fallible
gate_sign_log(gate *g)
{
    ASSERT(!g->sign);
    TRY(sign_start(&g->parts, send_sign, g, &g->sign));
    engines_on_signed(g->engines, on_signed, g);
    return OK;
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

fallible
gate_decide(gate *g, const struct ask *q, arena *a, struct decision *d, const grant **ret)
{
    const err e = policy_decide(g->parts.policy, q, a, d, ret);
    if (e.code == ERR_DENIED && is_about_the_key(d->rule))
        REFUSE(UNAUTHENTICATED, "", "%s", d->why);
    return e;
}

fallible
gate_allow(gate *g, const struct session *s, enum op op, str request_id, arena *a)
{
    const struct ask q = {.session = s,
                          .op = op,
                          .target = policy_local_sink(g->parts.policy),
                          .now_wall_ms = clock_wall_ms()};
    const struct audit_record r = {.request_id = request_id,
                                   .key_id = s->key_id,
                                   .tenant = s->tenant,
                                   .op = str_of(op_info(op)->name),
                                   .outcome = ""};
    struct err_kept denied;
    struct decision d;
    const grant *leave;
    const err e = gate_decide(g, &q, a, &d, &leave);
    if (!e.code)
        return OK;
    err_keep(&denied, e);
    TRY(gate_record_decision(g, &r, &d, NULL, NULL));
    return err_again(&denied);
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
