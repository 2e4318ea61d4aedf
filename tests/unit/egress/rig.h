/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - for the tests of egress/: gate's side, process's side and provider on one loop.
 *
 * A `caller` writes down what it hears: "<200 a=b;>body OK". */
#pragma once
#include <unistd.h>

#include "base/fault.h"
#include "egress/egress.h"
#include "egress/outlet.h"
#include "os/clock.h"
#include "os/ipc.h"
#include "policy/policy.h"
#include "unit/net/client/upstream.h"

enum { RIG_LOG_MAX = 300 << 20, RIG_TURNS_MAX = 2000000 };

struct rig {
    loop *l;
    struct upstream u;
    struct providers p;
    egress *gate;
    outlet *out;
    int gone; /* on_end of the outlet */
    arena *a;
    policy *policy;
    const grant *g;
};

struct caller {
    struct rig *r;
    egress_job *job;
    buf log;
    int heads, ended, status;
    uint64_t bytes;
    bool keeps_quiet; /* counts bytes only */
    bool is_unsent, cancels_at_head, cancels_at_data, again_at_end;
    err e;
    char text[256];
    struct egress_call call;
};

/* ---- a grant */
static const char rig_policy_text[] = "version: 1\n"
                                      "levels:\n"
                                      "  - {id: offen, height: 0, title: Offen}\n"
                                      "  - {id: intern, height: 1, title: Intern}\n"
                                      "  - {id: VS-NfD, height: 2, title: VS}\n"
                                      "compartments: []\n"
                                      "parties: []\n"
                                      "taints: []\n";

static inline void
rig_get_grant(struct rig *r, const char *level)
{
    static struct session s;
    struct decision d;
    struct ask q = {.session = &s, .op = OP_CHAT};
    s = (struct session){.key_id = STR("k"), .key_name = STR("k"), .tenant = STR("t")};
    CHECK_OK(arena_open(1 << 20, &r->a));
    CHECK_OK(policy_load(str_of(rig_policy_text), &r->policy));
    CHECK_OK(policy_set_ceiling(r->policy, STR("VS-NfD")));
    CHECK_OK(policy_clearance(r->policy, str_of(level), STR_NONE, &s.clearance));
    q.data = s.clearance;
    q.data.w[3] = 0;
    q.target = policy_local_sink(r->policy);
    CHECK_OK(policy_decide(r->policy, &q, r->a, &d, &r->g));
}

/* ---- the whole */
static inline void
rig_on_gone(void *ctx)
{
    ((struct rig *)ctx)->gone++;
}

static inline struct provider_limits
rig_limits(void)
{
    return (struct provider_limits){.connect_ms = 5000,
                                    .head_ms = 20000,
                                    .idle_ms = 20000,
                                    .total_ms = 60000,
                                    .keep_ms = 10000,
                                    .open_ms = 100,
                                    .answer_bytes_max = 64 << 20,
                                    .connections_max = 16,
                                    .queue_max = 64,
                                    .repeats_max = 2,
                                    .failures_max = 3};
}

/* A provider "up" at `url`. */
static inline void
rig_provider(struct rig *r, const char *url)
{
    memset(&r->p, 0, sizeof r->p);
    r->p.version = PROVIDERS_VERSION;
    r->p.list.count = 1;
    snprintf(r->p.list.at[0].name, sizeof r->p.list.at[0].name, "up");
    snprintf(r->p.at[0].url, sizeof r->p.at[0].url, "%s", url);
    snprintf(r->p.at[0].base, sizeof r->p.at[0].base, "/v1");
    r->p.at[0].limits = rig_limits();
}

static inline fallible
rig_outlet(struct rig *r, int channel)
{
    const struct outlet_parts parts = {
        .loop = r->l, .channel = channel, .providers = &r->p, .on_end = rig_on_gone, .ctx = r};
    return outlet_new(&parts, &r->out);
}

/* Both ends of a new channel. */
static inline fallible
rig_connect(struct rig *r)
{
    int pair[2];
    TRY(ipc_pair(pair));
    err e = r->gate ? egress_replace(r->gate, pair[0]) : egress_new(r->l, pair[0], &r->gate);
    if (e.code) {
        close(pair[1]);
        return e;
    }
    return rig_outlet(r, pair[1]);
}

static inline fallible
rig_open(struct rig *r, tls *t)
{
    memset(r, 0, sizeof *r);
    TRY(loop_new(&r->l));
    TRY(upstream_open(&r->u, r->l, t));
    rig_provider(r, r->u.url);
    rig_get_grant(r, "intern");
    return OK;
}

static inline void
rig_close(struct rig *r)
{
    egress_free(r->gate);
    outlet_free(r->out);
    upstream_close(&r->u);
    loop_free(r->l);
    policy_free(r->policy);
    arena_free(r->a);
}

/* A turn that waits for an event, but not for ever. */
static inline void
rig_wake(void *ctx)
{
    (void)ctx;
}

static inline void
rig_turn(struct rig *r)
{
    loop_timer *t = NULL;
    fault_arm(0);
    if (!loop_timer_start(r->l, 5, 0, rig_wake, NULL, &t).code)
        uv_run(loop_uv(r->l), UV_RUN_ONCE);
}

#define RIG_UNTIL(r, condition)                                                                    \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 20000;                                                \
        while (!(condition) && clock_ms() < until_)                                                \
            rig_turn(r);                                                                           \
        CHECK(condition);                                                                          \
    } while (0)

/* ---- a caller */
static inline fallible caller_send(struct caller *k);

static inline void
caller_on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct caller *const k = ctx;
    k->heads++;
    k->status = status;
    buf_add_fmt(&k->log, "<%d", status);
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(&k->log, " %.*s=%.*s;", STR_FMT(fields[i].name), STR_FMT(fields[i].value));
    buf_add_char(&k->log, '>');
    if (k->cancels_at_head)
        egress_cancel(TAKE(k->job));
}

static inline void
caller_on_data(void *ctx, str piece)
{
    struct caller *const k = ctx;
    k->bytes += piece.len;
    if (!k->keeps_quiet)
        buf_add(&k->log, piece);
    if (k->cancels_at_data)
        egress_cancel(TAKE(k->job));
}

static inline void
caller_on_end(void *ctx, err e)
{
    struct caller *const k = ctx;
    k->ended++;
    k->job = NULL;
    k->e = e;
    snprintf(k->text, sizeof k->text, "%s", e.code ? err_public(e) : "");
    buf_add_fmt(&k->log, " %s", err_info(e)->id);
    if (k->again_at_end) {
        k->again_at_end = false;
        buf_add_fmt(&k->log, "[again %s]", err_info(caller_send(k))->id);
    }
}

static inline void
caller_init(struct caller *k, struct rig *r)
{
    *k = (struct caller){.r = r, .log = BUF(RIG_LOG_MAX)};
    k->call = (struct egress_call){.provider = STR("up"),
                                   .method = "POST",
                                   .path = STR("/chat"),
                                   .body = content_of(STR("{}"), LABEL_BOTTOM)};
}

static inline fallible
caller_send(struct caller *k)
{
    const struct egress_hooks hooks = {caller_on_head, caller_on_data, caller_on_end, &k->is_unsent,
                                       k};
    return egress_send(k->r->gate, k->r->g, &k->call, hooks, &k->job);
}

static inline void
caller_done(struct caller *k)
{
    buf_done(&k->log);
}

/* One call to its end. */
static inline err
caller_run(struct caller *k)
{
    const int before = k->ended;
    TRY(caller_send(k));
    RIG_UNTIL(k->r, k->ended > before);
    return k->e;
}
