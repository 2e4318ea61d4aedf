/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/egress.h"

#include "base/fault.h"
#include "egress/parts.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/log.h"
#include "os/turn.h"

enum { QUEUE_BYTES_MAX = 64 * 1024 * 1024 };

struct egress_job {
    egress *e;
    uint64_t id;
    struct egress_hooks hooks;
    char provider[PROVIDER_NAME_MAX];
    uint64_t begun_us;
    bool has_head;
};

struct provider_state {
    char name[PROVIDER_NAME_MAX]; /* "": not heard of */
    struct egress_state state;
};

struct egress {
    loop *l;
    ipc *channel; /* NULL: the process is gone */
    struct batch batch;
    turn *turn;
    meters *meters; /* NULL: nothing is counted */
    uint64_t serial;
    uint32_t next_place;
    size_t running;
    egress_job *jobs[EGRESS_CALLS_MAX]; /* by place */
    struct provider_state providers[PROVIDERS_MAX];
};

/* ---- the end of a job */

static fallible
failure(enum egress_why why, const char *provider)
{
    static const struct {
        const char *before, *after;
    } texts[] = {
#define WHY(id, before, after) {before, after},
#include "egress/why.def"
#undef WHY
    };
    ASSERT(why != EGRESS_FINE && why < EGRESS_WHY_COUNT);
    if (why == EGRESS_BUSY)
        REFUSE(BUSY, "", "%s\"%s\"%s", texts[why].before, provider, texts[why].after);
    REFUSE(PROVIDER_LOST, "", "%s\"%s\"%s", texts[why].before, provider, texts[why].after);
}

/* The last try is judged; what was tried before it broke off without an answer. */
static bool
is_unsent(enum egress_why why)
{
    static const bool unsent[EGRESS_WHY_COUNT] = {
        [EGRESS_UNKNOWN] = true,   [EGRESS_UNREACHED] = true,    [EGRESS_UNTRUSTED] = true,
        [EGRESS_NO_TLS] = true,    [EGRESS_BREAKER] = true,      [EGRESS_BUSY] = true,
        [EGRESS_MALFORMED] = true, [EGRESS_NO_CREDENTIAL] = true};
    return unsent[why];
}

static void
forget(egress_job *j)
{
    egress *const e = j->e;
    ASSERT(e->jobs[j->id % EGRESS_CALLS_MAX] == j && e->running > 0);
    e->jobs[j->id % EGRESS_CALLS_MAX] = NULL;
    e->running--;
    mem_free(j);
}

static void
count(const egress *e, enum meter id, size_t n)
{
    if (e->meters)
        meter_add(e->meters, id, (int64_t)n);
}

/* The hook is the last that is done with it. */
static void
end_job(egress_job *j, err e)
{
    const struct egress_hooks hooks = j->hooks;
    count(j->e, METER_EGRESS_FAILED, e.code && e.code != ERR_CANCELLED);
    forget(j);
    hooks.on_end(hooks.ctx, e);
}

/* Those that run now, not those that hooks start meanwhile: there is no channel for them. */
static void
lose_all(egress *e)
{
    for (size_t i = 0; i < EGRESS_CALLS_MAX && e->running; i++)
        if (e->jobs[i])
            end_job(e->jobs[i], failure(EGRESS_GONE, e->jobs[i]->provider));
}

static void
close_channel(egress *e)
{
    ipc_free(TAKE(e->channel));
    e->batch.channel = NULL;
    batch_done(&e->batch);
    for (size_t i = 0; i < PROVIDERS_MAX; i++)
        e->providers[i].state = (struct egress_state){.is_known = e->providers[i].name[0] != 0};
}

/* ---- what the process says: each returns false when it is malformed */

static void
take_numbers(egress *e, const struct egress_numbers *n)
{
    e->providers[n->provider].state = (struct egress_state){.is_known = true,
                                                            .is_open = n->is_open != 0,
                                                            .running = n->running,
                                                            .failures = n->failures,
                                                            .latency_us = n->latency_us};
}

static bool
take_report(egress *e, const struct frame *f)
{
    struct egress_report r;
    if (f->bytes.len != sizeof r)
        return false;
    memcpy(&r, f->bytes.at, sizeof r);
    if (r.now.provider >= PROVIDERS_MAX || !memchr(r.name, 0, sizeof r.name))
        return false;
    memcpy(e->providers[r.now.provider].name, r.name, sizeof r.name);
    take_numbers(e, &r.now);
    return true;
}

static bool
take_head(egress_job *j, const struct frame *f)
{
    struct http_field fields[EGRESS_FIELDS_MAX];
    size_t count = 0;
    int status = 0;
    if ((j && j->has_head) || !parts_read_head(f->bytes, fields, &status, &count))
        return false;
    if (!j)
        return true;
    j->has_head = true;
    if (j->e->meters)
        meter_observe_us(j->e->meters, METER_EGRESS_TIME, clock_us() - j->begun_us);
    j->hooks.on_head(j->hooks.ctx, status, fields, count);
    return true;
}

static bool
take_data(egress_job *j, const struct frame *f)
{
    if (!f->bytes.len || (j && !j->has_head))
        return false;
    if (j) {
        count(j->e, METER_EGRESS_BYTES_IN, f->bytes.len);
        j->hooks.on_data(j->hooks.ctx, f->bytes);
    }
    return true;
}

static bool
take_end(egress *e, egress_job *j, const struct frame *f)
{
    struct egress_end end;
    if (f->bytes.len != sizeof end)
        return false;
    memcpy(&end, f->bytes.at, sizeof end);
    if (end.why >= EGRESS_WHY_COUNT ||
        (end.now.provider >= PROVIDERS_MAX && end.now.provider != UINT32_MAX) ||
        (j && end.why == EGRESS_FINE && !j->has_head))
        return false;
    if (end.now.provider < PROVIDERS_MAX)
        take_numbers(e, &end.now);
    if (j && j->hooks.is_unsent)
        *j->hooks.is_unsent = is_unsent((enum egress_why)end.why);
    if (j)
        end_job(j, end.why ? failure((enum egress_why)end.why, j->provider) : OK);
    return true;
}

static bool
take_frame(egress *e, const struct frame *f)
{
    egress_job *j = e->jobs[f->id % EGRESS_CALLS_MAX];
    if (j && j->id != f->id)
        j = NULL; /* it was cancelled here; what was under way still comes */
    switch (f->type) {
    case EGRESS_HEAD:
        return take_head(j, f);
    case EGRESS_DATA:
        return take_data(j, f);
    case EGRESS_END:
        return take_end(e, j, f);
    case EGRESS_STATE:
        return take_report(e, f);
    default:
        return false;
    }
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    egress *const e = ctx;
    AUTO(fd) unasked = m->fd;
    struct frame f;
    str rest = STR_NONE;
    bool good = unasked < 0 && batch_open(m, &rest);
    while (good && e->channel && batch_next(&rest, &f))
        good = take_frame(e, &f);
    if (good && (rest.at || !e->channel))
        return true;
    LOG(ERROR, "egress.garbled", LOG_N("type", m->head.type));
    return false;
}

static void
on_channel_end(void *ctx)
{
    egress *const e = ctx;
    close_channel(e);
    lose_all(e);
}

/* ---- asking */

/* What the channel does not take now it takes later; that it is gone, its end tells. */
static void
on_turn(void *ctx)
{
    egress *const e = ctx;
    if (e->channel)
        IGNORE(batch_flush(&e->batch));
}

static bool
free_place(egress *e, uint32_t *ret)
{
    for (uint32_t i = 0; i < EGRESS_CALLS_MAX; i++) {
        const uint32_t at = (e->next_place + i) % EGRESS_CALLS_MAX;
        if (!e->jobs[at]) {
            *ret = at;
            e->next_place = at + 1;
            return true;
        }
    }
    return false;
}

static fallible
check_room(const egress *e, str provider, size_t body_len)
{
    const char *const name = provider.len < PROVIDER_NAME_MAX ? provider.at : "";
    if (!e->channel)
        REFUSE(PROVIDER_LOST, "", "the provider \"%.*s\" cannot be reached just now",
               name[0] ? (int)provider.len : 0, name);
    if (e->running == EGRESS_CALLS_MAX)
        REFUSE(BUSY, "", "too many calls to providers are running");
    if (body_len > QUEUE_BYTES_MAX / 2)
        REFUSE(LIMIT, "", "the request is too large for a provider");
    if (ipc_queued_bytes(e->channel) + e->batch.out.len > QUEUE_BYTES_MAX)
        REFUSE(BUSY, "", "too many bytes wait to go to providers");
    return OK;
}

static fallible
job_new(egress *e, str provider, struct egress_hooks hooks, egress_job **ret)
{
    uint32_t place;
    egress_job *j = mem_get(sizeof *j);
    if (!j)
        FAIL(LIMIT, "no memory for a call");
    const bool found = free_place(e, &place);
    ASSERT(found);
    *j = (egress_job){.e = e, .hooks = hooks, .begun_us = clock_us()};
    j->id = ++e->serial * EGRESS_CALLS_MAX + place;
    if (!str_copy(provider, j->provider, sizeof j->provider)) {
        mem_free(j);
        FAIL(LIMIT, "a provider's name is too long");
    }
    e->jobs[place] = j;
    e->running++;
    *ret = j;
    return OK;
}

fallible
egress_send(egress *e, const grant *g, const struct egress_call *c, struct egress_hooks hooks,
            egress_job **ret)
{
    egress_job *j;
    str body;
    ASSERT(hooks.on_head && hooks.on_data && hooks.on_end);
    TRY(content_open(c->body, g, &body));
    TRY(check_room(e, c->provider, body.len));
    TRY(job_new(e, c->provider, hooks, &j));
    const struct call_parts parts = {.provider = c->provider,
                                     .method = str_of(c->method),
                                     .path = c->path,
                                     .fields = c->fields,
                                     .field_count = c->field_count,
                                     .body = body,
                                     .wait_ms_max = c->wait_ms_max,
                                     .is_repeatable = c->is_repeatable};
    const err failed = parts_put_call(&e->batch, j->id, &parts);
    if (failed.code) {
        forget(j);
        return err_pass(failed, __FILE__, __LINE__, __func__);
    }
    turn_soon(e->turn);
    count(e, METER_EGRESS_CALLS, 1);
    count(e, METER_EGRESS_BYTES_OUT, body.len);
    *ret = j;
    return OK;
}

void
egress_cancel(egress_job *j)
{
    if (!j)
        return;
    egress *const e = j->e;
    const uint64_t id = j->id;
    forget(j);
    if (!e->channel)
        return;
    /* Without memory for a frame the process is told nothing: better none than one out of step. */
    if (!batch_add(&e->batch, EGRESS_CANCEL, id, 0)) {
        close_channel(e);
        lose_all(e);
        return;
    }
    turn_soon(e->turn);
}

struct egress_state
egress_state_of(const egress *e, str provider)
{
    for (size_t i = 0; provider.len && i < PROVIDERS_MAX; i++)
        if (str_eq(str_of(e->providers[i].name), provider))
            return e->providers[i].state;
    return (struct egress_state){.is_known = false};
}

/* ---- all of it */

static fallible
open_channel(egress *e, int channel)
{
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_channel_end, .ctx = e};
    TRY(ipc_new(e->l, channel, QUEUE_BYTES_MAX, hooks, &e->channel));
    batch_init(&e->batch, e->channel);
    return OK;
}

fallible
egress_new(loop *l, int channel, egress **ret)
{
    AUTO(fd) own = channel;
    egress *e = mem_get(sizeof *e);
    if (!e)
        FAIL(LIMIT, "no memory for the way out");
    memset(e, 0, sizeof *e);
    e->l = l;
    batch_init(&e->batch, NULL);
    err failed = turn_new(l, on_turn, e, &e->turn);
    if (!failed.code)
        failed = open_channel(e, fd_take(&own));
    if (failed.code) {
        egress_free(e);
        return err_pass(failed, __FILE__, __LINE__, __func__);
    }
    *ret = e;
    return OK;
}

fallible
egress_replace(egress *e, int channel)
{
    AUTO(fd) own = channel;
    close_channel(e);
    lose_all(e);
    TRY(open_channel(e, fd_take(&own)));
    return OK;
}

static fallible
cancelled(void)
{
    FAIL(CANCELLED, "the way out is closed");
}

void
egress_count(egress *e, meters *m)
{
    e->meters = m;
}

void
egress_free(egress *e)
{
    if (!e)
        return;
    close_channel(e);
    for (size_t i = 0; i < EGRESS_CALLS_MAX && e->running; i++)
        if (e->jobs[i])
            end_job(e->jobs[i], cancelled());
    turn_free(e->turn);
    mem_free(e);
}
