/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/outlet.h"

#include "base/fault.h"
#include "egress/parts.h"
#include "egress/peer.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/log.h"
#include "os/turn.h"

enum { REST_TICK_MS = 500 };

struct place {
    uint64_t id;
    peer_call *call; /* NULL: free */
    uint32_t provider;
};

struct outlet {
    loop *l;
    ipc *channel;
    struct batch batch;
    turn *turn;
    uint64_t tick_ms; /* until the next tick; 0: none comes */
    loop_fn *on_end;
    void *ctx;
    bool paused;
    uint32_t count;
    char names[PROVIDERS_MAX][PROVIDER_NAME_MAX];
    peer *peers[PROVIDERS_MAX];
    bool told_open[PROVIDERS_MAX];
    struct place places[EGRESS_CALLS_MAX];
};

static struct place *
place_of(outlet *o, uint64_t id)
{
    return &o->places[id % EGRESS_CALLS_MAX];
}

/* ---- to the gate */

/* What the gate would never hear of leaves nothing but the end: of the process, so of its calls. */
static void
choke(outlet *o)
{
    LOG(ERROR, "egress.choked", LOG_N("bytes", o->batch.out.len));
    o->on_end(o->ctx);
}

static char *
add(outlet *o, uint32_t type, uint64_t id, size_t len)
{
    char *const at = batch_add(&o->batch, type, id, len);
    turn_soon(o->turn);
    if (!at)
        choke(o);
    return at;
}

static struct egress_numbers
numbers_of(outlet *o, uint32_t provider)
{
    struct egress_numbers n = peer_numbers(o->peers[provider], clock_ms());
    n.provider = provider;
    o->told_open[provider] = n.is_open;
    return n;
}

static void
send_state(outlet *o, uint32_t provider)
{
    struct egress_report r = {.now = numbers_of(o, provider)};
    memcpy(r.name, o->names[provider], sizeof r.name);
    char *const at = add(o, EGRESS_STATE, provider, sizeof r);
    if (at)
        memcpy(at, &r, sizeof r);
}

static void
on_head(void *ctx, uint64_t id, int status, const struct http_field *fields, size_t count)
{
    outlet *const o = ctx;
    turn_soon(o->turn);
    if (parts_put_head(&o->batch, id, status, fields, count).code)
        choke(o);
}

static void
on_data(void *ctx, uint64_t id, str piece)
{
    while (piece.len) {
        const str part = str_slice(piece, 0, EGRESS_PIECE_MAX);
        char *const at = add(ctx, EGRESS_DATA, id, part.len);
        if (!at)
            return;
        memcpy(at, part.at, part.len);
        piece = str_slice(piece, part.len, piece.len);
    }
}

static void
say_end(outlet *o, uint64_t id, enum egress_why why, uint32_t provider)
{
    struct egress_end end = {.why = why, .now = {.provider = UINT32_MAX}};
    if (provider < o->count)
        end.now = numbers_of(o, provider);
    char *const at = add(o, EGRESS_END, id, sizeof end);
    if (at)
        memcpy(at, &end, sizeof end);
}

static void
on_call_end(void *ctx, uint64_t id, enum egress_why why)
{
    outlet *const o = ctx;
    struct place *const s = place_of(o, id);
    ASSERT(s->call && s->id == id);
    s->call = NULL;
    say_end(o, id, why, s->provider);
}

/* ---- from the gate */

static bool
find_peer(const outlet *o, str name, uint32_t *ret)
{
    for (uint32_t i = 0; i < o->count; i++)
        if (str_eq(str_of(o->names[i]), name)) {
            *ret = i;
            return true;
        }
    return false;
}

static void set_tick(outlet *o, uint64_t ms);

static bool
take_call(outlet *o, const struct frame *f)
{
    struct http_field fields[EGRESS_FIELDS_MAX];
    struct call_parts c;
    struct place *const s = place_of(o, f->id);
    if (s->call || !parts_read_call(f->bytes, fields, &c))
        return false;
    const struct peer_ask ask = {.id = f->id,
                                 .method = c.method,
                                 .path = c.path,
                                 .fields = fields,
                                 .field_count = c.field_count,
                                 .body = c.body,
                                 .wait_ms_max = c.wait_ms_max,
                                 .is_repeatable = c.is_repeatable};
    s->id = f->id;
    if (!find_peer(o, c.provider, &s->provider)) {
        say_end(o, f->id, EGRESS_UNKNOWN, UINT32_MAX);
        return true;
    }
    const err e = peer_send(o->peers[s->provider], &ask, &s->call);
    if (e.code)
        say_end(o, f->id, e.code == ERR_LIMIT ? EGRESS_BUSY : EGRESS_MALFORMED, s->provider);
    if (o->tick_ms != PEER_TICK_MS)
        set_tick(o, PEER_TICK_MS);
    return true;
}

static bool
take_cancel(outlet *o, const struct frame *f)
{
    struct place *const s = place_of(o, f->id);
    if (f->bytes.len)
        return false;
    if (s->call && s->id == f->id)
        peer_cancel(TAKE(s->call));
    return true;
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    outlet *const o = ctx;
    AUTO(fd) unasked = m->fd;
    str rest;
    struct frame f;
    if (unasked >= 0 || !batch_open(m, &rest))
        return false;
    while (batch_next(&rest, &f)) {
        if (f.type == EGRESS_CALL ? !take_call(o, &f)
                                  : f.type != EGRESS_CANCEL || !take_cancel(o, &f))
            return false;
    }
    return rest.at != NULL;
}

static void
on_channel_end(void *ctx)
{
    outlet *const o = ctx;
    ipc_free(TAKE(o->channel));
    o->batch.channel = NULL;
    o->on_end(o->ctx);
}

/* ---- the turns and the times */

static void
pause_all(outlet *o, bool paused)
{
    if (o->paused == paused)
        return;
    o->paused = paused;
    for (uint32_t i = 0; i < o->count; i++)
        peer_pause(o->peers[i], paused);
}

static void
on_turn(void *ctx)
{
    outlet *const o = ctx;
    if (!o->channel)
        return;
    const err e = batch_flush(&o->batch);
    if (e.code && e.code != ERR_BUSY && e.code != ERR_ENGINE_LOST)
        log_failure(LOG_WARNING, "egress.send_failed", e); /* it is tried again in the next turn */
    const size_t waiting = ipc_queued_bytes(o->channel) + o->batch.out.len;
    if (waiting > OUTLET_FULL_BYTES)
        pause_all(o, true);
    else if (waiting < OUTLET_FULL_BYTES / 2)
        pause_all(o, false);
}

/* Often while there are calls, now and then while connections rest, else not at all. */
static uint64_t
wanted_tick_ms(const outlet *o, uint64_t now_ms)
{
    uint64_t ms = 0;
    for (uint32_t i = 0; i < o->count; i++) {
        const struct egress_numbers n = peer_numbers(o->peers[i], now_ms);
        if (n.running || !n.is_open)
            return PEER_TICK_MS;
        if (!peer_is_at_rest(o->peers[i], now_ms))
            ms = REST_TICK_MS;
    }
    return ms;
}

static void
on_tick(void *ctx)
{
    outlet *const o = ctx;
    const uint64_t now_ms = clock_ms();
    for (uint32_t i = 0; i < o->count; i++) {
        peer_tick(o->peers[i], now_ms);
        if (o->told_open[i] != (peer_numbers(o->peers[i], now_ms).is_open != 0))
            send_state(o, i);
    }
    set_tick(o, wanted_tick_ms(o, now_ms));
}

static void
set_tick(outlet *o, uint64_t ms)
{
    o->tick_ms = ms;
    if (ms)
        turn_tick(o->turn, ms, on_tick);
}

/* ---- all of it */

static fallible
add_peer(outlet *o, const struct providers *p, uint32_t i)
{
    const struct peer_hooks hooks = {
        .on_head = on_head, .on_data = on_data, .on_end = on_call_end, .ctx = o};
    const struct provider *const about = &p->at[i];
    struct peer_parts parts = {.loop = o->l, .about = about, .name = o->names[i], .hooks = hooks};
    ASSERT(about->ca_at <= PROVIDERS_CA_MAX && about->ca_len <= PROVIDERS_CA_MAX - about->ca_at);
    parts.ca = (str){p->ca + about->ca_at, about->ca_len};
    memcpy(o->names[i], p->list.at[i].name, sizeof o->names[i]);
    TRY(peer_new(&parts, &o->peers[i]));
    o->count++;
    return OK;
}

static fallible
fill(outlet *o, int channel, const struct providers *p)
{
    AUTO(fd) own = channel;
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_channel_end, .ctx = o};
    TRY(turn_new(o->l, on_turn, o, &o->turn));
    for (uint32_t i = 0; i < p->list.count; i++)
        TRY(add_peer(o, p, i));
    TRY(ipc_new(o->l, fd_take(&own), OUTLET_QUEUE_BYTES, hooks, &o->channel));
    batch_init(&o->batch, o->channel);
    for (uint32_t i = 0; i < o->count; i++)
        send_state(o, i);
    return OK;
}

fallible
outlet_new(const struct outlet_parts *parts, outlet **ret)
{
    AUTO(fd) own = parts->channel;
    ASSERT(parts->on_end && parts->providers->list.count <= PROVIDERS_MAX);
    outlet *o = mem_get(sizeof *o);
    if (!o)
        FAIL(LIMIT, "no memory for the way out");
    memset(o, 0, sizeof *o);
    o->l = parts->loop;
    o->on_end = parts->on_end;
    o->ctx = parts->ctx;
    const err e = fill(o, fd_take(&own), parts->providers);
    if (e.code) {
        outlet_free(o);
        return e;
    }
    *ret = o;
    return OK;
}

void
outlet_free(outlet *o)
{
    if (!o)
        return;
    for (uint32_t i = 0; i < o->count; i++)
        peer_free(o->peers[i]);
    ipc_free(o->channel);
    turn_free(o->turn);
    batch_done(&o->batch);
    mem_free(o);
}
