/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/otel.h"

#include "base/fault.h"
#include "base/map.h"
#include "crypt/hash.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/turn.h"
#include "otel/reply.h"

enum { ARENA_BYTES = 64 * 1024, ANSWER_BYTES_MAX = 16 * 1024, PAUSE_MS_MAX = 5 * 60 * 1000 };

enum message { NOTHING, TRACES, MEASURES };

struct otel {
    struct otel_parts parts;
    struct otel_self self;
    uint8_t key[16];
    bool sends[MEASURES + 1]; /* by enum message */
    label data, sink;
    egress *egress; /* NULL: no way out yet */
    loop_timer *timer;
    turn *turn;
    arena *a; /* of one message's grant */
    /* The queue: notes[first … first + count), modulo its size */
    struct span_note *notes;
    size_t size, first, count;
    uint64_t serial;
    /* What is under way */
    enum message sending;
    egress_job *job;
    size_t batch; /* notes in it */
    struct reply reply;
    bool measures_due, told_failed;
    uint64_t pause_ms, not_before_ms;
};

/* ---- the settings */
static fallible
read_what(const struct params *p, bool sends[MEASURES + 1])
{
    str rest = str_of(p->otlp_what), word;
    while (str_next(&rest, ',', &word)) {
        word = str_trim(word);
        if (str_eq(word, STR("traces")))
            sends[TRACES] = true;
        else if (str_eq(word, STR("metrics")))
            sends[MEASURES] = true;
        else
            REFUSE(CONFIG, "otlp.what",
                   "otlp.what is traces, metrics, or both with a comma between");
    }
    return OK;
}

static fallible
find_collector(const struct params *p, const struct provider_list *list,
               const struct provider_public **ret)
{
    const struct provider_public *const c =
        list ? provider_list_find(list, str_of(p->otlp_collector)) : NULL;
    if (!c || c->dialect != PROVIDER_OTLP)
        REFUSE(CONFIG, "otlp.collector",
               "otlp.collector: providers.yaml has no entry \"%s\" with dialect otlp",
               p->otlp_collector);
    *ret = c;
    return OK;
}

/* Taints say where bytes came from; nothing of ours came from anywhere. */
static fallible
read_labels(const struct params *p, const struct provider_public *c, const policy *rules,
            label *ret_data, label *ret_sink)
{
    const struct label_names *const names = policy_names(rules);
    if (label_parse(names, str_of(p->otlp_label), ret_data).code)
        REFUSE(CONFIG, "otlp.label", "otlp.label is no label of the policy");
    if (label_parse(names, str_of(c->sink), ret_sink).code)
        REFUSE(CONFIG, "sink", "provider %s: its sink is no label of the policy", c->name);
    if (!label_dominates(*ret_sink, *ret_data))
        REFUSE(CONFIG, "otlp.label",
               "the sink of the collector \"%s\" does not cover otlp.label: raise the one or lower "
               "the other",
               c->name);
    return OK;
}

fallible
otel_check(const struct params *p, const struct provider_list *list, const policy *rules)
{
    bool sends[MEASURES + 1] = {false};
    const struct provider_public *c;
    label data, sink;
    TRY(read_what(p, sends));
    if (!p->otlp_collector[0])
        return OK;
    TRY(find_collector(p, list, &c));
    return read_labels(p, c, rules, &data, &sink);
}

/* ---- the queue */
static const struct span_note *
note_at(const void *ctx, size_t i)
{
    const otel *const o = ctx;
    ASSERT(i < o->count);
    return &o->notes[(o->first + i) % o->size];
}

static void
drop(otel *o, size_t n)
{
    ASSERT(n <= o->count);
    o->first = (o->first + n) % o->size;
    o->count -= n;
}

bool
otel_traces(const otel *o)
{
    return o && o->sends[TRACES];
}

bool
otel_trace(const otel *o, str request_id, str traceparent, struct trace *ret)
{
    if (!otel_traces(o))
        return false;
    trace_of(request_id, traceparent, o->parts.params->otlp_sample_percent, ret);
    return ret->is_sampled;
}

uint64_t
otel_tenant(const otel *o, str tenant)
{
    return siphash24(o->key, tenant.at, tenant.len);
}

void
otel_note(otel *o, const struct span_note *n)
{
    ASSERT(otel_traces(o));
    if (o->count == o->size) {
        meter_add(o->parts.meters, METER_OTLP_DROPPED, 1);
        return;
    }
    struct span_note *const to = &o->notes[(o->first + o->count++) % o->size];
    *to = *n;
    to->serial = ++o->serial;
    if (o->count >= OTEL_BATCH)
        turn_soon(o->turn);
}

/* ---- the end of a message */
static void
tell_failure(otel *o, const char *why)
{
    meter_add(o->parts.meters, METER_OTLP_FAILED, 1);
    if (!o->told_failed)
        LOG(WARNING, "otlp.failed", LOG_Z("why", why), LOG_N("status", o->reply.status),
            LOG_N("waiting", o->count));
    o->told_failed = true;
}

static void
wait_a_while(otel *o)
{
    o->pause_ms = o->pause_ms ? o->pause_ms * 2 : o->parts.params->otlp_pause_ms;
    if (o->reply.retry_ms > o->pause_ms)
        o->pause_ms = o->reply.retry_ms;
    if (o->pause_ms > PAUSE_MS_MAX)
        o->pause_ms = PAUSE_MS_MAX;
    o->not_before_ms = clock_ms() + o->pause_ms;
}

/* It was taken, but for what the collector says it rejected. */
static void
taken(otel *o)
{
    const uint64_t rejected = o->sending == TRACES ? reply_rejected(&o->reply) : 0;
    meter_add(o->parts.meters, METER_OTLP_SENT, 1);
    meter_add(o->parts.meters, METER_OTLP_DROPPED,
              (int64_t)(rejected < o->batch ? rejected : o->batch));
    if (o->told_failed)
        LOG(INFO, "otlp.works_again", LOG_N("waiting", o->count));
    o->told_failed = false;
    o->pause_ms = 0;
    drop(o, o->batch);
}

static void
judge(otel *o, err e)
{
    const enum reply_verdict v = reply_judge(&o->reply, e);
    if (v == REPLY_TAKEN) {
        taken(o);
        return;
    }
    tell_failure(o, v == REPLY_LATER ? "later" : "refused");
    wait_a_while(o);
    if (v == REPLY_LATER)
        return;
    meter_add(o->parts.meters, METER_OTLP_DROPPED, (int64_t)o->batch);
    drop(o, o->batch);
}

static void
finish(otel *o, err e)
{
    judge(o, e);
    o->job = NULL;
    o->sending = NOTHING;
    o->batch = 0;
    reply_done(&o->reply);
    if (o->count >= OTEL_BATCH || o->measures_due)
        turn_soon(o->turn);
}

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    otel *const o = ctx;
    reply_head(&o->reply, status, fields, count);
}

static void
on_data(void *ctx, str piece)
{
    otel *const o = ctx;
    reply_data(&o->reply, piece);
}

static void
on_end(void *ctx, err e)
{
    finish(ctx, e);
}

/* ---- sending */
static void
put_body(const otel *o, buf *b)
{
    const struct measure m = {o->parts.served, o->parts.meters, o->parts.started_wall_ms,
                              clock_wall_ms()};
    if (o->sending == TRACES)
        span_put_all(&o->self, o->batch, note_at, o, b);
    else
        measure_put(&m, &o->self, b);
}

static fallible
post(otel *o)
{
    static const struct http_field type = {STR_INIT("content-type"), STR_INIT("application/json")};
    static const struct egress_hooks hooks = {on_head, on_data, on_end, NULL, NULL};
    AUTO(buf) b = BUF(MEASURE_BYTES_MAX);
    struct egress_hooks to = hooks;
    const grant *g;
    to.ctx = o;
    arena_reset(o->a);
    TRY(o->parts.leave(o->parts.ctx, o->data, o->sink, o->a, &g));
    put_body(o, &b);
    TRY(buf_end(&b));
    const struct egress_call c = {.provider = str_of(o->parts.params->otlp_collector),
                                  .method = "POST",
                                  .path =
                                      o->sending == TRACES ? STR("/v1/traces") : STR("/v1/metrics"),
                                  .fields = &type,
                                  .field_count = 1,
                                  .body = content_of(buf_str(&b), o->data),
                                  .wait_ms_max = o->parts.params->otlp_wait_ms_max};
    return egress_send(o->egress, g, &c, to, &o->job);
}

static void
send_now(otel *o, enum message what)
{
    o->sending = what;
    o->batch = what != TRACES ? 0 : o->count < OTEL_BATCH_MAX ? o->count : OTEL_BATCH_MAX;
    o->reply = (struct reply){.body = BUF(ANSWER_BYTES_MAX)};
    o->measures_due &= what != MEASURES;
    const err e = post(o);
    if (e.code)
        finish(o, e);
}

static void
send_next(otel *o)
{
    if (!o->egress || o->sending != NOTHING || clock_ms() < o->not_before_ms)
        return;
    if (o->count)
        send_now(o, TRACES);
    else if (o->measures_due)
        send_now(o, MEASURES);
}

static void
on_turn(void *ctx)
{
    otel *const o = ctx;
    if (o->count >= OTEL_BATCH || o->measures_due)
        send_next(o);
}

static void
on_timer(void *ctx)
{
    otel *const o = ctx;
    o->measures_due = o->sends[MEASURES];
    send_next(o);
}

void
otel_use(otel *o, egress *e)
{
    if (o)
        o->egress = e;
}

/* ---- all of it */
static fallible
make_ids(otel *o)
{
    digest d;
    TRY(hmac_sha256(o->parts.pepper, STR("ids told to a collector"), &d));
    memcpy(o->key, d.bytes, sizeof o->key);
    o->self = (struct otel_self){
        .version = str_of(o->parts.commit),
        .instance = siphash24(o->key, &o->parts.started_wall_ms, sizeof o->parts.started_wall_ms),
        .address = str_of(o->parts.address)};
    return OK;
}

static fallible
fill(otel *o)
{
    const struct params *const p = o->parts.params;
    const struct provider_public *c;
    TRY(read_what(p, o->sends));
    TRY(find_collector(p, o->parts.providers, &c));
    TRY(read_labels(p, c, o->parts.policy, &o->data, &o->sink));
    TRY(make_ids(o));
    o->size = (size_t)p->otlp_queue_max;
    o->notes = o->sends[TRACES] ? mem_get(o->size * sizeof *o->notes) : NULL;
    if (o->sends[TRACES] && !o->notes)
        FAIL(LIMIT, "no memory for the queue of traces");
    TRY(arena_open(ARENA_BYTES, &o->a));
    TRY(turn_new(o->parts.loop, on_turn, o, &o->turn));
    return loop_timer_start(o->parts.loop, p->otlp_interval_ms, p->otlp_interval_ms, on_timer, o,
                            &o->timer);
}

fallible
otel_new(const struct otel_parts *parts, otel **ret)
{
    *ret = NULL;
    if (!parts->params->otlp_collector[0])
        return OK;
    otel *o = mem_get(sizeof *o);
    if (!o)
        FAIL(LIMIT, "no memory for telling a collector");
    *o = (otel){.parts = *parts};
    const err e = fill(o);
    if (e.code) {
        otel_free(o);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = o;
    return OK;
}

void
otel_free(otel *o)
{
    if (!o)
        return;
    egress_cancel(o->job);
    loop_timer_stop(o->timer);
    turn_free(o->turn);
    reply_done(&o->reply);
    arena_free(o->a);
    mem_free(o->notes);
    mem_free(o);
}
