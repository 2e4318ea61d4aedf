/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/admin.h"

#include <unistd.h>

#include "base/json.h"
#include "egress/egress.h"
#include "egress/provider_list.h"
#include "gate/inside.h"
#include "os/clock.h"
#include "os/powercap.h"
#include "os/proc.h"
#include "witness/rounds/tell.h"

enum { COSIGNER_NAMES_MAX = 2048, WITNESS_TEXT_MAX = 400 };

/* ---- explain: the records of one request */
struct explain {
    struct admin_call call;
    str request;
    buf *out;
    bool any_id;
    size_t shown;
};

static fallible
is_own_record(const struct explain *x, str record_json, bool *ret)
{
    AUTO(arena) *a = NULL;
    jval root;
    str key_id = STR_NONE;
    TRY(arena_open(1024 * 1024, &a));
    TRY(json_read(a, record_json, &root));
    const jval id = json_get(&root, "key");
    TRY(opt_json_str(&id, 128, &key_id));
    const struct session *s = keyring_session(x->call.gate->keys, key_id);
    *ret = str_eq(s ? session_owner(s) : key_id, session_owner(x->call.session));
    return OK;
}

static err
show_record(void *ctx, str record_json)
{
    struct explain *x = ctx;
    bool own = x->any_id;
    if (!own)
        TRY(is_own_record(x, record_json, &own));
    if (!own)
        return OK;
    if (x->shown++)
        buf_add_char(x->out, ',');
    buf_add(x->out, record_json);
    return OK;
}

static void
forget(void *p)
{
    struct explain *x = p;
    audit_forget(gate_parts_of(x->call.gate)->audit, x);
}

/* Reading is recorded too, and that record is waited for. */
static err
finish(struct explain *x)
{
    json_close(x->out, '}');
    TRY(buf_end(x->out));
    return admin_record(&x->call, EVENT_LOG_READ, x->request);
}

static void
tell(struct explain *x, err e)
{
    if (e.code)
        x->call.done(x->call.ctx, e);
}

static err
show_proofs(void *ctx, str proofs_json)
{
    struct explain *x = ctx;
    json_key(x->out, "proofs");
    buf_add(x->out, proofs_json);
    return OK;
}

/* What was not signed yet has no proof; the records are shown all the same. */
static void
on_proofs(void *ctx, err e)
{
    struct explain *x = ctx;
    tell(x, e.code && e.code != ERR_NOT_FOUND ? e : finish(x));
}

/* Somebody else's request reads like one that never was: its existence is not told. */
static err
end_records(struct explain *x)
{
    if (!x->shown)
        REFUSE(NOT_FOUND, "request", "there is no record of this request");
    json_close(x->out, ']');
    return audit_prove(gate_parts_of(x->call.gate)->audit, x->request, show_proofs, on_proofs, x);
}

static void
on_records(void *ctx, err e)
{
    struct explain *x = ctx;
    tell(x, e.code ? e : end_records(x));
}

fallible
admin_explain_put(const struct admin_call *c, str request_id, buf *b)
{
    const bool is_operator = (c->session->roles & ROLE_OPERATOR) != 0;
    const bool is_auditor = (c->session->roles & ROLE_AUDITOR) != 0; /* who has the tiles anyway */
    struct explain *x = arena_new(c->a, struct explain);
    *x = (struct explain){.call = *c,
                          .request = arena_str(c->a, request_id),
                          .out = b,
                          .any_id = is_operator || is_auditor};
    TRY(admin_allow(c, is_operator ? OP_EXPLAIN : is_auditor ? OP_LOG_TILES : OP_EXPLAIN_OWN));
    json_open(b, '{');
    json_member_str(b, "request", x->request);
    json_key(b, "records");
    json_open(b, '[');
    arena_on_end(c->a, forget, x);
    return audit_find(gate_parts_of(c->gate)->audit, x->request, show_record, on_records, x);
}

/* ---- the log as plain files: for who builds the tree anew and for witnesses */
struct log_file {
    struct admin_call call;
    str path;
    buf *out;
};

static void
forget_file(void *p)
{
    struct log_file *f = p;
    audit_forget(gate_parts_of(f->call.gate)->audit, f);
}

static err
keep_file(void *ctx, str bytes)
{
    struct log_file *f = ctx;
    buf_add(f->out, bytes);
    return buf_end(f->out);
}

static void
on_file(void *ctx, err e)
{
    struct log_file *f = ctx;
    if (!e.code)
        e = admin_record(&f->call, EVENT_LOG_READ, f->path);
    if (e.code)
        f->call.done(f->call.ctx, e);
}

fallible
admin_log_put(const struct admin_call *c, str path, buf *b)
{
    const bool is_operator = (c->session->roles & ROLE_OPERATOR) != 0;
    struct log_file *f = arena_new(c->a, struct log_file);
    *f = (struct log_file){.call = *c, .path = arena_str(c->a, path), .out = b};
    TRY(admin_allow(c, is_operator ? OP_EXPLAIN : OP_LOG_TILES));
    arena_on_end(c->a, forget_file, f);
    return audit_file(gate_parts_of(c->gate)->audit, f->path, keep_file, on_file, f);
}

static void
on_cosigned(void *ctx, err e)
{
    struct log_file *f = ctx;
    if (!e.code)
        e = admin_record(&f->call, EVENT_LOG_COSIGN, f->path);
    if (e.code)
        f->call.done(f->call.ctx, e);
}

/* The record says by whom. */
static err
keep_cosigners(void *ctx, str json)
{
    struct log_file *f = ctx;
    AUTO(buf) names = BUF(COSIGNER_NAMES_MAX);
    jval root;
    TRY(json_read(f->call.a, json, &root));
    const jval list = json_get(&root, "witnesses");
    for (size_t i = 0; i < json_count(&list); i++) {
        const jval v = json_at(&list, i);
        str name;
        TRY(json_str(&v, COSIGNER_NAMES_MAX, &name));
        buf_add(&names, i ? STR(" ") : STR_NONE);
        buf_add(&names, name);
    }
    TRY(buf_end(&names));
    f->path = arena_str(f->call.a, buf_str(&names));
    return keep_file(ctx, json);
}

fallible
admin_log_cosign(const struct admin_call *c, str note, buf *b)
{
    struct log_file *f = arena_new(c->a, struct log_file);
    *f = (struct log_file){.call = *c, .out = b};
    TRY(admin_allow(c, OP_LOG_COSIGN));
    arena_on_end(c->a, forget_file, f);
    return audit_cosign(gate_parts_of(c->gate)->audit, note, keep_cosigners, on_cosigned, f);
}

/* ---- records, and alarms about witnesses */

static fallible
allow_reading(const struct admin_call *c)
{
    const bool is_operator = (c->session->roles & ROLE_OPERATOR) != 0;
    return admin_allow(c, is_operator ? OP_EXPLAIN : OP_LOG_TILES);
}

fallible
admin_log_query(const struct admin_call *c, const struct audit_ask *q, buf *b)
{
    struct log_file *f = arena_new(c->a, struct log_file);
    const str path =
        q->field.len ? arena_fmt(c->a, "records?%.*s=%.*s", STR_FMT(q->field), STR_FMT(q->value))
                     : STR("records");
    *f = (struct log_file){.call = *c, .path = path, .out = b};
    TRY(allow_reading(c));
    arena_on_end(c->a, forget_file, f);
    return audit_query(gate_parts_of(c->gate)->audit, q, keep_file, on_file, f);
}

fallible
admin_log_alarm_put(const struct admin_call *c, buf *b)
{
    struct log_file *f = arena_new(c->a, struct log_file);
    *f = (struct log_file){.call = *c, .path = STR("alarm"), .out = b};
    TRY(allow_reading(c));
    arena_on_end(c->a, forget_file, f);
    return audit_alarm(gate_parts_of(c->gate)->audit, keep_file, on_file, f);
}

static fallible
record_witness(const struct admin_call *c, enum audit_event event, str object, str why)
{
    const struct audit_record r = {.event = event,
                                   .request_id = c->request_id,
                                   .key_id = c->session->key_id,
                                   .tenant = c->session->tenant,
                                   .object = object,
                                   .why = why,
                                   .outcome = "ok"};
    return audit_append(gate_parts_of(c->gate)->audit, &r, c->done, c->ctx);
}

static fallible
check_line(str text, const char *name)
{
    if (!text.len || text.len > WITNESS_TEXT_MAX)
        REFUSE(ARGUMENT, name, "%s is a line of 1 to %d bytes", name, WITNESS_TEXT_MAX);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < 0x20)
            REFUSE(ARGUMENT, name, "%s is one line", name);
    return OK;
}

fallible
admin_log_alarm(const struct admin_call *c, str witness, str why)
{
    TRY(admin_allow(c, OP_LOG_COSIGN));
    TRY(check_line(witness, "witness"));
    TRY(check_line(why, "why"));
    return record_witness(c, EVENT_WITNESS_ALARM, witness, why);
}

struct clearing {
    struct admin_call call;
    str reason;
    bool is_alarmed;
};

static err
read_alarm(void *ctx, str json)
{
    struct clearing *x = ctx;
    jval root;
    TRY(json_read(x->call.a, json, &root));
    const jval v = json_get(&root, "alarm");
    return json_bool(&v, &x->is_alarmed);
}

static err
clear(struct clearing *x)
{
    if (!x->is_alarmed)
        REFUSE(CONFLICT, "", "there is no alarm about witnesses to clear");
    return record_witness(&x->call, EVENT_WITNESS_CLEAR, STR_NONE, x->reason);
}

static void
on_alarm(void *ctx, err e)
{
    struct clearing *x = ctx;
    if (!e.code)
        e = clear(x);
    if (e.code)
        x->call.done(x->call.ctx, e);
}

static void
forget_clearing(void *p)
{
    struct clearing *x = p;
    audit_forget(gate_parts_of(x->call.gate)->audit, x);
}

fallible
admin_log_clear(const struct admin_call *c, str reason)
{
    struct clearing *x = arena_new(c->a, struct clearing);
    TRY(admin_allow(c, OP_LOG_CLEAR));
    TRY(check_line(reason, "reason"));
    *x = (struct clearing){.call = *c, .reason = arena_str(c->a, reason)};
    arena_on_end(c->a, forget_clearing, x);
    return audit_alarm(gate_parts_of(c->gate)->audit, read_alarm, on_alarm, x);
}

/* ---- status */
static void
engine_put(const struct engine_slot_state *s, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "model", s->model);
    json_member_str(b, "state", str_of(s->state));
    json_member_f64(b, "progress", s->caps ? 1.0 : s->progress);
    json_member_u64(b, "pid", s->pid);
    json_member_u64(b, "restarts", s->restarts);
    json_member_u64(b, "jobs", s->jobs);
    if (s->caps) {
        json_member_u64(b, "memory_bytes", s->caps->memory_bytes);
        json_member_str(b, "engine", str_of(s->caps->engine));
        json_member_u64(b, "context_tokens", s->caps->context_tokens);
        json_member_u64(b, "sequences_max", s->caps->sequences_max);
    }
    json_close(b, '}');
}

static void
engines_put(const engines *e, buf *b)
{
    struct engine_slot_state s;
    json_open(b, '[');
    for (size_t i = 0; engines_state_at(e, i, &s); i++)
        if (s.model.len)
            engine_put(&s, b);
    json_close(b, ']');
}

static void
provider_put(const struct provider_public *p, const struct egress_state *s, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "name", str_of(p->name));
    json_member_str(b, "dialect", str_of(provider_dialect_name((enum provider_dialect)p->dialect)));
    json_member_str(b, "region", str_of(p->region));
    json_member_str(b, "sink", str_of(p->sink));
    json_member_str(b, "state",
                    !s->is_known ? STR("unknown")
                    : s->is_open ? STR("used")
                                 : STR("left alone"));
    json_member_u64(b, "running", s->running);
    json_member_u64(b, "failures", s->failures);
    json_member_u64(b, "latency_us", s->latency_us);
    json_close(b, '}');
}

static void
providers_put(const gate *g, buf *b)
{
    const struct provider_list *list = g->parts.providers;
    json_open(b, '[');
    for (uint32_t i = 0; list && i < list->count; i++) {
        const struct provider_public *p = &list->at[i];
        struct egress_state s = {.is_known = false};
        if (provider_is_witness(p))
            continue;
        if (g->egress)
            s = egress_state_of(g->egress, str_of(p->name));
        provider_put(p, &s, b);
    }
    json_close(b, ']');
}

static void
energy_put(const gate *g, buf *b)
{
    const struct powercap *p = g->parts.powercap;
    const bool is_measured = gate_measures_energy(g);
    json_open(b, '{');
    json_member_bool(b, "measured", is_measured);
    if (is_measured)
        json_member_u64(b, "zones", p->count);
    else
        json_member_str(b, "missing", p ? str_of(p->missing) : STR("it was switched off"));
    json_close(b, '}');
}

fallible
admin_status_put(const struct admin_call *c, buf *b)
{
    const struct gate_parts *p = gate_parts_of(c->gate);
    TRY(admin_allow(c, OP_STATUS));
    json_open(b, '{');
    json_member_str(b, "address", str_of(p->address));
    json_member_str(b, "commit", str_of(p->commit));
    json_member_u64(b, "uptime_s", (clock_ms() - p->started_ms) / 1000);
    json_member_u64(b, "gate_pid", (uint64_t)getpid());
    json_member_u64(b, "gate_resident_bytes", proc_resident_bytes(getpid()));
    json_member_i64(b, "connections", meter_value(p->meters, METER_HTTP_CONNECTIONS));
    json_member_i64(b, "requests_running", meter_value(p->meters, METER_REQUESTS_RUNNING));
    json_member_i64(b, "requests", meter_value(p->meters, METER_HTTP_REQUESTS));
    json_member_i64(b, "denied", meter_value(p->meters, METER_DECISIONS_DENIED));
    json_member_i64(b, "tokens_out", meter_value(p->meters, METER_TOKENS_OUT));
    json_member_str(b, "level_max", str_of(p->params->policy_level_max));
    json_key(b, "energy");
    energy_put(c->gate, b);
    json_key(b, "engines");
    engines_put(c->gate->engines, b);
    json_key(b, "providers");
    providers_put(c->gate, b);
    json_key(b, "witnesses");
    tell_status(c->gate->rounds, b);
    json_close(b, '}');
    return buf_end(b);
}

fallible
admin_metrics_put(const struct admin_call *c, buf *b)
{
    TRY(admin_allow(c, OP_METRICS));
    meters_put(gate_parts_of(c->gate)->meters, b);
    served_put(c->gate->served, b);
    tell_metrics(c->gate->rounds, b);
    return buf_end(b);
}
