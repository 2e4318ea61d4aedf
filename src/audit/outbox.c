/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/outbox.h"

#include "audit/entry.h"
#include "audit/proto.h"
#include "base/fault.h"
#include "os/clock.h"

enum {
    PARCEL_BYTES_MAX = LOG_BATCH_BYTES_MAX,
    PARCEL_FULL = 8 * 1024 * 1024, /* from here on the next one gathers */
    KEPT_BYTES_MAX = 1024 * 1024   /* of a parcel between bursts */
};

/* ---- parcels */

static void
parcel_free(struct parcel *p)
{
    if (!p)
        return;
    buf_done(&p->bytes);
    mem_free(p->at);
    mem_free(p);
}

static void
give_back(struct outbox *o, struct parcel *p)
{
    if (o->spare || p->bytes.room > KEPT_BYTES_MAX) {
        parcel_free(p);
        return;
    }
    buf_clear(&p->bytes);
    p->count = 0;
    p->is_sent = false;
    o->spare = p;
}

/* A new last one; NULL when memory is out. */
static struct parcel *
parcel_get(struct outbox *o)
{
    struct parcel *p = o->spare;
    o->spare = NULL;
    if (!p && (p = mem_get(sizeof *p)))
        *p = (struct parcel){.bytes = BUF(PARCEL_BYTES_MAX)};
    if (!p)
        return NULL;
    p->next = NULL;
    p->first = o->next;
    *(o->last ? &o->last->next : &o->first) = p;
    o->last = p;
    return p;
}

static void
unlink_parcel(struct outbox *o, struct parcel *p)
{
    struct parcel *before = NULL;
    for (struct parcel *at = o->first; at != p; at = at->next)
        before = at;
    *(before ? &before->next : &o->first) = p->next;
    if (o->last == p)
        o->last = before;
}

/* ---- adding */

static fallible
make_room(struct parcel *p)
{
    if (p->count < p->room)
        return OK;
    const size_t room = p->room ? 2 * p->room : 64;
    struct waiter *at = mem_grow(p->at, room * sizeof *at);
    if (!at)
        FAIL(LIMIT, "no memory for the queue of the audit log");
    p->at = at;
    p->room = room;
    return OK;
}

/* An empty one that is left behind by a failure gathers the next. */
static struct parcel *
gathering(struct outbox *o)
{
    const bool is_full = !o->last || o->last->is_sent || o->last->bytes.len > PARCEL_FULL;
    return is_full ? parcel_get(o) : o->last;
}

fallible
outbox_add(struct outbox *o, const struct audit_record *r, audit_done_fn *done, void *ctx)
{
    struct parcel *p = gathering(o);
    if (!p)
        FAIL(LIMIT, "no memory for the queue of the audit log");
    TRY(make_room(p));
    TRY(entry_put(&p->bytes, r));
    p->at[p->count++] = (struct waiter){.done = done, .ctx = ctx, .since_ms = clock_ms()};
    p->open++;
    o->open++;
    o->next++;
    return OK;
}

/* ---- sending */

struct parcel *
outbox_unsent(struct outbox *o)
{
    for (struct parcel *p = o->first; p; p = p->next)
        if (!p->is_sent && p->count)
            return p;
    return NULL;
}

void
outbox_sent(struct outbox *o, struct parcel *p)
{
    ASSERT(!p->is_sent && p->count);
    p->is_sent = true;
    o->sent++;
}

/* Leaves only what is open. */
static void
compact(struct parcel *p)
{
    size_t from = 0, to = 0, kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        const size_t len = entry_len(str_slice(buf_str(&p->bytes), from, p->bytes.len));
        if (!p->at[i].is_settled) {
            memmove(p->bytes.at + to, p->bytes.at + from, len);
            p->at[kept++] = p->at[i];
            to += len;
        }
        from += len;
    }
    ASSERT(kept == p->open && from == p->bytes.len);
    p->bytes.len = to;
    p->count = kept;
}

void
outbox_again(struct outbox *o)
{
    uint64_t next = o->first ? o->first->first : o->next;
    ASSERT(!o->telling);
    for (struct parcel *p = o->first; p; p = p->next) {
        if (p->open < p->count)
            compact(p);
        p->first = next;
        p->is_sent = false;
        next += p->count;
    }
    o->next = next;
    o->sent = 0;
}

/* ---- settling */

static bool
holds(const struct parcel *p, uint64_t first, uint64_t count)
{
    if (!p->is_sent || first < p->first || first - p->first >= p->count ||
        count > p->count - (first - p->first))
        return false;
    for (uint64_t i = 0; i < count; i++)
        if (p->at[first - p->first + i].is_settled)
            return false;
    return true;
}

struct parcel *
outbox_settle(struct outbox *o, uint64_t first, uint64_t count)
{
    struct parcel *p = o->first;
    ASSERT(!o->telling);
    while (p && !holds(p, first, count))
        p = p->next;
    if (!p || !count)
        return NULL;
    for (uint64_t i = 0; i < count; i++)
        p->at[first - p->first + i].is_settled = true;
    p->open -= (size_t)count;
    o->open -= (size_t)count;
    if (!p->open) {
        unlink_parcel(o, p);
        o->sent--;
    }
    o->telling = p;
    return p;
}

/* Fails for each anew: what a callback does may change the trail. */
static void
tell(struct waiter *w, const struct err_kept *why)
{
    audit_done_fn *done = w->done;
    w->done = NULL;
    if (done)
        done(w->ctx, err_again(why));
}

void
outbox_tell(struct outbox *o, struct parcel *p, uint64_t first, uint64_t count, err why)
{
    struct err_kept kept;
    ASSERT(o->telling == p);
    err_keep(&kept, why);
    for (uint64_t i = 0; i < count; i++)
        tell(&p->at[first - p->first + i], &kept);
    o->telling = NULL;
    if (!p->open)
        give_back(o, p);
}

void
outbox_expire(struct outbox *o, uint64_t before_ms, err why)
{
    struct err_kept kept;
    err_keep(&kept, why);
    /* By index: a callback may append, and the list move. */
    for (struct parcel *p = o->first; p; p = p->next)
        for (size_t i = 0; i < p->count; i++)
            if (p->at[i].since_ms <= before_ms)
                tell(&p->at[i], &kept);
}

/* ---- the end */

static void
forget_in(struct parcel *p, const void *ctx)
{
    for (size_t i = 0; p && i < p->count; i++)
        if (p->at[i].ctx == ctx)
            p->at[i].done = NULL;
}

void
outbox_forget(struct outbox *o, const void *ctx)
{
    for (struct parcel *p = o->first; p; p = p->next)
        forget_in(p, ctx);
    forget_in(o->telling, ctx);
}

void
outbox_done(struct outbox *o)
{
    ASSERT(!o->telling);
    while (o->first) {
        struct parcel *p = o->first;
        o->first = p->next;
        parcel_free(p);
    }
    parcel_free(o->spare);
    *o = (struct outbox){.next = o->next};
}
