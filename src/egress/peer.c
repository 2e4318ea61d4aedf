/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/peer.h"

#include "base/fault.h"
#include "base/secret.h"
#include "egress/breaker.h"
#include "egress/credential.h"
#include "net/client/client.h"
#include "net/grammar.h"
#include "net/head.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/log.h"

enum { AGAIN_MS = 100, AGAIN_MS_MAX = 5000, SMOOTHING = 8 };

/* A connection, made or not. */
struct conn {
    peer *p;
    http_client *c;
    peer_call *call; /* NULL: it rests */
    struct conn *next, *prev;
    uint64_t rests_since_ms;
};

enum call_state { CALL_WAITS, CALL_RUNS, CALL_PAUSES /* before it is tried again */ };

struct peer_call {
    peer *p;
    struct conn *k; /* while it runs */
    peer_call *next, *prev;
    enum call_state state;
    uint64_t id, begun_ms, tried_us, again_ms, wait_ms, answer_bytes;
    uint32_t repeats;
    int status; /* 0: no head yet */
    bool is_repeatable, is_probe, on_kept, was_on_dead;
    size_t size; /* of this and its bytes */
    char method[EGRESS_METHOD_MAX];
    str path, body;
    size_t field_count;
    struct http_field *fields;
    _Alignas(struct http_field) char bytes[];
};

struct ring { /* of calls, in the order they came */
    peer_call *first, *last;
    size_t count;
};

struct peer {
    loop *l;
    struct provider about;
    char name[PROVIDER_NAME_MAX];
    struct peer_hooks hooks;
    trust *trust;
    credential *credential;
    struct breaker breaker;
    struct ring calls, waiting; /* running and pausing; waiting for a connection */
    struct conn *resting, *busy;
    size_t conns;
    size_t bytes; /* of all calls */
    uint64_t latency_us;
    bool paused;
    bool in_hook; /* a client is telling: none can begin a call */
};

/* ---- rings */

static void
ring_add(struct ring *r, peer_call *c)
{
    c->next = NULL;
    c->prev = r->last;
    *(r->last ? &r->last->next : &r->first) = c;
    r->last = c;
    r->count++;
}

static void
ring_take(struct ring *r, peer_call *c)
{
    ASSERT(r->count > 0);
    *(c->prev ? &c->prev->next : &r->first) = c->next;
    *(c->next ? &c->next->prev : &r->last) = c->prev;
    r->count--;
}

static void
conn_link(struct conn **list, struct conn *k)
{
    k->prev = NULL;
    k->next = *list;
    if (*list)
        (*list)->prev = k;
    *list = k;
}

static void
conn_unlink(struct conn **list, struct conn *k)
{
    *(k->prev ? &k->prev->next : list) = k->next;
    if (k->next)
        k->next->prev = k->prev;
}

/* ---- the end of a call */

static void
call_free(peer_call *c)
{
    c->p->bytes -= c->size;
    wipe(c->bytes, c->size - sizeof *c);
    mem_free(c);
}

static void
leave_conn(peer_call *c)
{
    struct conn *const k = c->k;
    peer *const p = c->p;
    if (!k)
        return;
    c->k = NULL;
    k->call = NULL;
    k->rests_since_ms = clock_ms();
    conn_unlink(&p->busy, k);
    conn_link(&p->resting, k); /* the last one used is the likeliest to be alive */
}

static void
end_call(peer_call *c, enum egress_why why)
{
    peer *const p = c->p;
    const uint64_t id = c->id;
    ASSERT(!c->k);
    if (c->is_probe)
        breaker_forget(&p->breaker); /* if it said something, that is known by now */
    ring_take(c->state == CALL_WAITS ? &p->waiting : &p->calls, c);
    call_free(c);
    p->hooks.on_end(p->hooks.ctx, id, why);
}

static void
log_end(const peer *p, enum egress_why why)
{
    static const char *const names[] = {
#define WHY(id, before, after) #id,
#include "egress/why.def"
#undef WHY
    };
    LOG(WARNING, "egress.failed", LOG_Z("provider", p->name), LOG_Z("why", names[why]),
        LOG_Z("reason", why == EGRESS_FINE ? "" : err_text()));
}

static void
judge(peer_call *c, bool good)
{
    peer *const p = c->p;
    const uint64_t now_ms = clock_ms();
    const bool was_open = !breaker_allows(&p->breaker, now_ms);
    c->is_probe = false;
    if (good)
        breaker_good(&p->breaker);
    else
        breaker_bad(&p->breaker, now_ms);
    if (!was_open && !breaker_allows(&p->breaker, now_ms))
        LOG(WARNING, "egress.breaker_open", LOG_Z("provider", p->name),
            LOG_N("failures", p->breaker.failures), LOG_N("ms", p->breaker.until_ms - now_ms));
}

/* ---- trying */

static void run_waiting(peer *p);
static void try_call(peer_call *c);

/* Nothing of an answer came, and what happened says that the provider did not work on it. */
static bool
may_try_again(const peer_call *c, enum egress_why why)
{
    const struct provider_limits *const l = &c->p->about.limits;
    return c->is_repeatable && !c->status && c->repeats < l->repeats_max &&
           (why == EGRESS_UNREACHED || why == EGRESS_UNANSWERED) &&
           clock_ms() - c->begun_ms < l->total_ms;
}

/* Half to one and a half of it, so that those who failed together do not come back together. */
static uint64_t
with_jitter(uint64_t ms)
{
    uint32_t n = 0;
    IGNORE(entropy_get(&n, sizeof n)); /* without it they come back together */
    return ms / 2 + ms * n / UINT32_MAX;
}

static void
pause_call(peer_call *c)
{
    uint64_t ms = (uint64_t)AGAIN_MS << (c->repeats < 8 ? c->repeats : 8);
    ms = ms < AGAIN_MS_MAX ? ms : AGAIN_MS_MAX;
    c->repeats++;
    c->state = CALL_PAUSES;
    c->again_ms = clock_ms() + with_jitter(ms);
}

/* The try failed; its connection is given back already. */
static void
try_failed(peer_call *c, enum egress_why why)
{
    peer *const p = c->p;
    ASSERT(!c->k && why != EGRESS_FINE);
    if (c->on_kept && why == EGRESS_UNANSWERED && c->is_repeatable && !c->was_on_dead) {
        c->was_on_dead = true; /* that the server ended a kept connection says nothing of it */
        try_call(c);
        return;
    }
    log_end(p, why);
    judge(c, false);
    if (may_try_again(c, why))
        pause_call(c);
    else
        end_call(c, why);
    run_waiting(p);
}

/* From the outside of the client's hooks: ends the running try. */
static void
abort_try(peer_call *c, enum egress_why why)
{
    http_client_cancel(c->k->c);
    leave_conn(c);
    try_failed(c, why);
}

/* ---- what the client tells */

static void
measure(peer_call *c)
{
    peer *const p = c->p;
    const uint64_t us = clock_us() - c->tried_us;
    p->latency_us = p->latency_us ? (p->latency_us * (SMOOTHING - 1) + us) / SMOOTHING : us + 1;
}

/* No error lies behind these, so they make their own. */
static void
refuse_answer(peer_call *c, enum egress_why why)
{
    const err e = err_start(ERR_PROVIDER_LOST, __FILE__, __LINE__, __func__,
                            why == EGRESS_REDIRECTED ? "status %d" : "beyond the limit; status %d",
                            c->status);
    ASSERT(e.code);
    c->is_repeatable = false;
    abort_try(c, why);
}

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct conn *const k = ctx;
    peer_call *const c = k->call;
    peer *const p = k->p;
    p->in_hook = true;
    c->status = status;
    measure(c);
    if (status >= 300 && status < 400)
        refuse_answer(c, EGRESS_REDIRECTED);
    else
        p->hooks.on_head(p->hooks.ctx, c->id, status, fields, count);
    p->in_hook = false;
}

static void
on_data(void *ctx, str piece)
{
    struct conn *const k = ctx;
    peer_call *const c = k->call;
    peer *const p = k->p;
    p->in_hook = true;
    c->answer_bytes += piece.len;
    if (c->answer_bytes > p->about.limits.answer_bytes_max)
        refuse_answer(c, EGRESS_TOO_LARGE);
    else
        p->hooks.on_data(p->hooks.ctx, c->id, piece);
    p->in_hook = false;
}

static enum egress_why
why_of(enum http_client_fate f)
{
    switch (f) {
    case HTTP_CLIENT_FINE:
        return EGRESS_FINE;
    case HTTP_CLIENT_UNREACHED:
        return EGRESS_UNREACHED;
    case HTTP_CLIENT_UNTRUSTED:
        return EGRESS_UNTRUSTED;
    case HTTP_CLIENT_NO_TLS:
        return EGRESS_NO_TLS;
    case HTTP_CLIENT_SILENT:
        return EGRESS_SILENT;
    case HTTP_CLIENT_UNANSWERED:
        return EGRESS_UNANSWERED;
    case HTTP_CLIENT_CUT:
        return EGRESS_CUT;
    case HTTP_CLIENT_GARBLED:
        return EGRESS_GARBLED;
    case HTTP_CLIENT_FAILED:
        return EGRESS_BUSY;
    }
    UNREACHABLE("no such fate");
}

static void
on_end(void *ctx, err e)
{
    struct conn *const k = ctx;
    peer *const p = k->p;
    peer_call *const c = k->call;
    leave_conn(c);
    if (e.code) {
        try_failed(c, why_of(http_client_fate(k->c)));
        return;
    }
    judge(c, c->status < 500);
    end_call(c, EGRESS_FINE);
    run_waiting(p);
}

/* ---- connections */

static void
conn_free(struct conn *k)
{
    k->p->conns--;
    http_client_free(k->c);
    mem_free(k);
}

static fallible
conn_new(peer *p, struct conn **ret)
{
    struct conn *k = mem_get(sizeof *k);
    if (!k)
        FAIL(LIMIT, "no memory for a connection");
    *k = (struct conn){.p = p};
    const err e = http_client_new_tls(p->l, str_of(p->about.url), p->trust, &k->c);
    if (e.code) {
        mem_free(k);
        return e;
    }
    p->conns++;
    conn_link(&p->resting, k);
    *ret = k;
    return OK;
}

/* One that rests, or a new one; *ret NULL: all are busy. */
static fallible
conn_get(peer *p, struct conn **ret)
{
    *ret = p->resting;
    if (*ret || p->conns >= p->about.limits.connections_max)
        return OK;
    return conn_new(p, ret);
}

static fallible
start_try(peer_call *c, struct conn *k)
{
    peer *const p = c->p;
    struct http_field fields[EGRESS_FIELDS_MAX + CREDENTIAL_FIELDS_MAX];
    const struct credential_ask about = {.method = c->method,
                                         .path = c->path,
                                         .fields = c->fields,
                                         .field_count = c->field_count,
                                         .body = c->body};
    size_t count = c->field_count;
    memcpy(fields, c->fields, count * sizeof *fields);
    TRY(credential_add(p->credential, &about, fields + count, &count));
    const struct http_call call = {.method = c->method,
                                   .path = c->path,
                                   .fields = fields,
                                   .field_count = count,
                                   .body = c->body,
                                   .body_file = -1,
                                   .on_head = on_head,
                                   .on_data = on_data,
                                   .on_end = on_end,
                                   .ctx = k};
    conn_unlink(&p->resting, k);
    conn_link(&p->busy, k);
    k->call = c;
    c->k = k;
    c->on_kept = http_client_is_connected(k->c);
    c->tried_us = clock_us();
    return http_client_call(k->c, &call);
}

static void
wait_for_conn(peer_call *c)
{
    peer *const p = c->p;
    ring_take(c->state == CALL_WAITS ? &p->waiting : &p->calls, c);
    c->state = CALL_WAITS;
    ring_add(&p->waiting, c);
}

/* Out of the ring it is in, into a connection. */
static void
try_on(peer_call *c, struct conn *k)
{
    peer *const p = c->p;
    if (c->state == CALL_WAITS) {
        ring_take(&p->waiting, c);
        ring_add(&p->calls, c);
    }
    c->state = CALL_RUNS;
    const err e = start_try(c, k);
    if (!e.code) {
        if (p->paused)
            http_client_pause(k->c, true);
        return;
    }
    leave_conn(c);
    log_end(p, EGRESS_MALFORMED);
    end_call(c, e.code == ERR_ARGUMENT ? EGRESS_MALFORMED : EGRESS_BUSY);
}

static void
try_call(peer_call *c)
{
    peer *const p = c->p;
    struct conn *k;
    bool is_probe = c->is_probe;
    if (!is_probe && !breaker_try(&p->breaker, clock_ms(), &is_probe)) {
        end_call(c, EGRESS_BREAKER);
        return;
    }
    c->is_probe = is_probe;
    const err e = conn_get(p, &k);
    if (e.code)
        end_call(c, EGRESS_BUSY);
    else if (k)
        try_on(c, k);
    else if (p->waiting.count >= p->about.limits.queue_max)
        end_call(c, EGRESS_BUSY);
    else
        wait_for_conn(c);
}

static void
run_waiting(peer *p)
{
    while (!p->in_hook && p->waiting.first &&
           (p->resting || p->conns < p->about.limits.connections_max)) {
        const size_t before = p->waiting.count;
        try_call(p->waiting.first);
        if (p->waiting.count >= before)
            return;
    }
}

/* ---- asking */

static fallible
check_ask(const struct peer_ask *ask)
{
    str path, query, host;
    if (!token_valid(ask->method) || ask->method.len >= EGRESS_METHOD_MAX ||
        ask->path.len > EGRESS_PATH_MAX || ask->field_count > EGRESS_FIELDS_MAX)
        FAIL(ARGUMENT, "a call is out of bounds");
    TRY(target_split(ask->path, method_find(ask->method), &path, &query, &host));
    if (host.len || !str_starts(ask->path, STR("/")))
        FAIL(ARGUMENT, "a call's path is none");
    for (size_t i = 0; i < ask->field_count; i++)
        if (!token_valid(ask->fields[i].name) || head_is_ours(ask->fields[i].name) ||
            credential_is_field(ask->fields[i].name))
            FAIL(ARGUMENT, "a call brings a field that is not its own");
    return OK;
}

static str
copy(char **at, str s)
{
    const str there = {*at, s.len};
    if (s.len)
        memcpy(*at, s.at, s.len);
    *at += s.len;
    return there;
}

static void
fill_call(peer_call *c, const struct peer_ask *ask, str base)
{
    char *at = c->bytes + ask->field_count * sizeof *c->fields;
    c->fields = (void *)c->bytes;
    c->field_count = ask->field_count;
    for (size_t i = 0; i < ask->field_count; i++) {
        c->fields[i].name = copy(&at, ask->fields[i].name);
        c->fields[i].value = copy(&at, ask->fields[i].value);
    }
    c->path = copy(&at, base);
    c->path.len += copy(&at, ask->path).len;
    c->body = copy(&at, ask->body);
    ASSERT(at == c->bytes + (c->size - sizeof *c));
    (void)str_copy(ask->method, c->method, sizeof c->method); /* it fits: check_ask */
}

static fallible
call_new(peer *p, const struct peer_ask *ask, peer_call **ret)
{
    const str base = str_of(p->about.base);
    size_t size = sizeof **ret + ask->field_count * sizeof *ask->fields + base.len + ask->path.len;
    for (size_t i = 0; i < ask->field_count; i++)
        size += ask->fields[i].name.len + ask->fields[i].value.len;
    if (ask->body.len > PEER_BYTES_MAX || size + ask->body.len > PEER_BYTES_MAX - p->bytes)
        FAIL(LIMIT, "the calls of a provider take too much memory");
    size += ask->body.len;
    peer_call *c = mem_get(size);
    if (!c)
        FAIL(LIMIT, "no memory for a call");
    *c = (peer_call){.p = p,
                     .state = CALL_RUNS,
                     .id = ask->id,
                     .begun_ms = clock_ms(),
                     .wait_ms = ask->wait_ms_max,
                     .is_repeatable = ask->is_repeatable,
                     .size = size};
    fill_call(c, ask, base);
    p->bytes += size;
    *ret = c;
    return OK;
}

fallible
peer_send(peer *p, const struct peer_ask *ask, peer_call **ret)
{
    TRY(check_ask(ask));
    TRY(call_new(p, ask, ret));
    ring_add(&p->calls, *ret);
    try_call(*ret);
    return OK;
}

void
peer_cancel(peer_call *c)
{
    peer *const p = c->p;
    if (c->k)
        http_client_cancel(c->k->c);
    leave_conn(c);
    if (c->is_probe)
        breaker_forget(&p->breaker);
    ring_take(c->state == CALL_WAITS ? &p->waiting : &p->calls, c);
    call_free(c);
    run_waiting(p);
}

/* ---- times */

/* Why a running call has to end now. */
static enum egress_why
overdue(const peer_call *c, uint64_t now_ms)
{
    const struct provider_limits *const l = &c->p->about.limits;
    const http_client *const client = c->k->c;
    const uint64_t wait_ms = c->wait_ms ? c->wait_ms : c->status ? l->idle_ms : l->head_ms;
    if (!http_client_is_connected(client))
        return now_ms - c->tried_us / 1000 >= l->connect_ms ? EGRESS_UNREACHED : EGRESS_FINE;
    if (!c->p->paused && now_ms >= http_client_moved_ms(client) + wait_ms)
        return EGRESS_SILENT;
    return EGRESS_FINE;
}

static void
fail_overdue(peer_call *c, enum egress_why why)
{
    const err e = err_start(ERR_PROVIDER_LOST, __FILE__, __LINE__, __func__, "a time limit");
    ASSERT(e.code);
    if (c->k)
        abort_try(c, why);
    else
        end_call(c, why);
}

static void
tick_call(peer_call *c, uint64_t now_ms)
{
    const struct provider_limits *const l = &c->p->about.limits;
    if (now_ms - c->begun_ms >= l->total_ms) {
        c->is_repeatable = false;
        fail_overdue(c, EGRESS_LATE);
    } else if (c->state == CALL_PAUSES) {
        if (now_ms >= c->again_ms)
            try_call(c);
    } else if (c->state == CALL_RUNS) {
        const enum egress_why why = overdue(c, now_ms);
        if (why != EGRESS_FINE)
            fail_overdue(c, why);
    }
}

/* A call that ends takes only itself out of its ring; others may be added behind. */
static void
tick_ring(struct ring *r, uint64_t now_ms)
{
    peer_call *c = r->first;
    for (size_t left = r->count; left; left--) {
        peer_call *const next = c->next;
        tick_call(c, now_ms);
        c = next;
    }
}

static void
tick_conns(peer *p, uint64_t now_ms)
{
    for (struct conn *k = p->resting, *next; k; k = next) {
        next = k->next;
        if (now_ms - k->rests_since_ms < p->about.limits.keep_ms)
            continue;
        conn_unlink(&p->resting, k);
        conn_free(k);
    }
}

void
peer_tick(peer *p, uint64_t now_ms)
{
    run_waiting(p);                 /* what had to be put off */
    tick_ring(&p->waiting, now_ms); /* first: who is late takes no connection that gets free */
    tick_ring(&p->calls, now_ms);
    tick_conns(p, now_ms);
}

bool
peer_is_at_rest(const peer *p, uint64_t now_ms)
{
    return !p->calls.count && !p->waiting.count && !p->conns && breaker_allows(&p->breaker, now_ms);
}

void
peer_pause(peer *p, bool paused)
{
    p->paused = paused;
    for (struct conn *k = p->busy, *next; k; k = next) {
        next = k->next;
        http_client_pause(k->c, paused);
    }
}

struct egress_numbers
peer_numbers(const peer *p, uint64_t now_ms)
{
    return (struct egress_numbers){
        .is_open = breaker_allows(&p->breaker, now_ms),
        .running = (uint32_t)(p->calls.count + p->waiting.count),
        .failures = p->breaker.failures,
        .latency_us = p->latency_us,
    };
}

/* ---- all of it */

static fallible
fill(peer *p, str ca)
{
    const struct trust_spec spec = {.ca_pem = ca,
                                    .pins = p->about.pins,
                                    .pin_count = p->about.pin_count,
                                    .allows_tls12 = p->about.allows_tls12};
    if (str_starts(str_of(p->about.url), STR("https:")))
        TRY(trust_new(&spec, &p->trust));
    TRY(credential_new(&p->about.credential, str_of(p->about.url), &p->credential));
    wipe(&p->about.credential, sizeof p->about.credential);
    return OK;
}

fallible
peer_new(const struct peer_parts *parts, peer **ret)
{
    const struct provider *const about = parts->about;
    peer *p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory for a provider");
    *p = (peer){.l = parts->loop, .about = *about, .hooks = parts->hooks};
    ASSERT(about->limits.connections_max && about->limits.failures_max);
    (void)str_copy(str_of(parts->name), p->name, sizeof p->name); /* it fits: providers.h */
    p->breaker = (struct breaker){.failures_max = (uint32_t)about->limits.failures_max,
                                  .wait_ms = about->limits.open_ms};
    const err e = fill(p, parts->ca);
    if (e.code) {
        peer_free(p);
        return e;
    }
    *ret = p;
    return OK;
}

static void
drop_calls(struct ring *r)
{
    while (r->first) {
        peer_call *const c = r->first;
        ring_take(r, c);
        call_free(c);
    }
}

static void
drop_conns(struct conn **list)
{
    while (*list) {
        struct conn *const k = *list;
        conn_unlink(list, k);
        conn_free(k);
    }
}

void
peer_free(peer *p)
{
    if (!p)
        return;
    drop_conns(&p->busy);
    drop_conns(&p->resting);
    drop_calls(&p->calls);
    drop_calls(&p->waiting);
    credential_free(p->credential);
    trust_free(p->trust);
    wipe(&p->about, sizeof p->about);
    mem_free(p);
}
