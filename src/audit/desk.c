/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/desk.h"

#include <stdio.h>

#include "audit/answer.h"
#include "audit/entry.h"
#include "audit/note.h"
#include "audit/proto.h"
#include "audit/replay.h"
#include "base/fault.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/log.h"

enum { QUEUE_BYTES_MAX = 64 * 1024 * 1024 };

struct desk {
    loop *l;
    book *b;
    struct desk_hooks hooks;
    ipc *channel;        /* NULL: no gate */
    uint64_t generation; /* of the channel */
    size_t pending;      /* batches on their way to the disk */
    struct log_attach attach;
    bool is_asked, is_attached;
    struct replay replay; /* what may be durable of what is sent again */
};

/* Entries that were sent together. */
struct batch {
    desk *d;
    uint64_t generation;
    uint64_t first, count, left; /* numbers first … first + count - 1; left: not yet settled */
    struct err_kept failure;
};

/* ---- answers */

/* What could not be said leaves the gate waiting for nothing; a gate that is gone waits no more. */
static void
check_sent(desk *d, err e)
{
    if (!e.code || e.code == ERR_ENGINE_LOST)
        return;
    log_failure(LOG_ERROR, "log.answer_lost", e);
    d->hooks.on_broken(d->hooks.ctx);
}

/* The gate is told of records in their order, and may have heard of the first of a group only when
 * this process dies: so never the number of what is durable, but of what was answered.  While
 * entries come again, records of ours may lie behind some that were not answered yet. */
static uint64_t
heard_of(const desk *d)
{
    if (!d->replay.count)
        return book_told_seq(d->b);
    return d->replay.found ? d->replay.found : d->attach.seq;
}

static void
answer(desk *d, uint64_t first, uint64_t count, err e)
{
    struct log_done m = {.first = first,
                         .count = count,
                         .seq = heard_of(d),
                         .took_us = book_flush_us(d->b),
                         .code = e.code};
    if (e.code)
        snprintf(m.reason, sizeof m.reason, "%s", err_text());
    if (!d->channel)
        return;
    check_sent(d, ipc_send(d->channel, LOG_DONE, 0, &m, sizeof m, STR_NONE, -1));
}

static void try_attach(desk *d);

static void
settled(struct batch *b)
{
    desk *d = b->d;
    if (b->count && b->generation == d->generation)
        answer(d, b->first, b->count, err_again(&b->failure));
    mem_free(b);
    d->pending--;
    try_attach(d);
}

static void
on_durable(void *ctx, err e)
{
    struct batch *b = ctx;
    if (e.code && !b->failure.e.code)
        err_keep(&b->failure, e);
    ASSERT(b->left);
    if (--b->left == 0)
        settled(b);
}

static fallible
batch_new(desk *d, uint64_t first, struct batch **ret)
{
    struct batch *b = mem_get(sizeof *b);
    if (!b)
        FAIL(LIMIT, "no memory for a batch of entries");
    *b = (struct batch){.d = d, .generation = d->generation, .first = first};
    d->pending++;
    *ret = b;
    return OK;
}

/* ---- attaching */

static void
attach(desk *d)
{
    const struct log_attached m = {.seq = book_seq(d->b)};
    d->is_attached = true;
    if (d->attach.has_seq) {
        const err e = replay_load(&d->replay, d->b, d->attach.seq);
        if (e.code)
            log_failure(LOG_ERROR, "log.not_compared", e);
    }
    check_sent(d, ipc_send(d->channel, LOG_ATTACHED, 0, &m, sizeof m, STR_NONE, -1));
}

static void
try_attach(desk *d)
{
    if (d->channel && d->is_asked && !d->is_attached && !d->pending)
        attach(d);
}

static bool
take_attach(desk *d, const struct ipc_message *m)
{
    if (m->head.body_len != sizeof d->attach || m->tail.len || d->is_asked)
        return false;
    memcpy(&d->attach, m->body, sizeof d->attach);
    if (d->attach.version != LOG_VERSION)
        return false;
    d->is_asked = true;
    try_attach(d);
    return true;
}

/* ---- entries */

/* One that may be durable already stands for itself. */
static fallible
append_alone(desk *d, const struct audit_record *r, uint64_t number)
{
    struct batch *b;
    TRY(batch_new(d, number, &b));
    const err e = book_append(d->b, r, on_durable, b);
    if (e.code) {
        mem_free(b);
        d->pending--;
        return e;
    }
    b->count = b->left = 1;
    return OK;
}

static void
append_again(desk *d, const struct audit_record *r, uint64_t number)
{
    const bool is_there = replay_has(&d->replay, r);
    const err e = is_there ? OK : append_alone(d, r, number);
    if (is_there || e.code)
        answer(d, number, 1, e);
}

/* One that was answered alone leaves those beside it, which are others': from `first` on they are
 * another batch. */
static fallible
go_on(desk *d, uint64_t first, struct batch **b)
{
    if ((*b)->count)
        return batch_new(d, first, b);
    (*b)->first = first;
    return OK;
}

static fallible
append_one(desk *d, const struct audit_record *r, uint64_t number, struct batch **b)
{
    if (number > d->attach.open_to)
        replay_clear(&d->replay);
    if (d->replay.count) {
        append_again(d, r, number);
        return go_on(d, number + 1, b);
    }
    const err e = book_append(d->b, r, on_durable, *b);
    if (e.code) {
        answer(d, number, 1, e);
        return go_on(d, number + 1, b);
    }
    (*b)->count++;
    (*b)->left++;
    return OK;
}

/* False when an entry is malformed. */
static bool
append_all(desk *d, const struct log_append *m, str entries, struct batch **b)
{
    err e = OK;
    for (uint32_t i = 0; i < m->count; i++) {
        struct entry_view v;
        if (entry_take(&entries, &v).code)
            return false;
        if (e.code) /* no memory even to say what became of the rest one by one */
            continue;
        e = append_one(d, &v.record, m->first + i, b);
        if (e.code && i + 1 < m->count)
            answer(d, m->first + i + 1, m->count - i - 1, e);
    }
    return !entries.len;
}

static bool
take_append(desk *d, const struct ipc_message *m)
{
    struct log_append a;
    struct batch *b;
    if (m->head.body_len != sizeof a || !d->is_attached || m->tail.len > LOG_BATCH_BYTES_MAX)
        return false;
    memcpy(&a, m->body, sizeof a);
    if (!a.count || a.first > UINT64_MAX - a.count)
        return false;
    const err e = batch_new(d, a.first, &b);
    if (e.code) {
        answer(d, a.first, a.count, e);
        return true;
    }
    book_hold(d->b);
    const bool is_good = append_all(d, &a, m->tail, &b);
    book_release(d->b);
    if (!b->left)
        settled(b);
    return is_good;
}

/* ---- questions */

static err
answer_question(desk *d, const struct log_read *q, str tail, buf *ret)
{
    const bool is_prune = q->kind == LOG_PRUNE || q->kind == LOG_CUT;
    if (is_prune && d->hooks.on_prune)
        return d->hooks.on_prune(d->hooks.ctx, q, ret);
    return answer_read(d->b, q, tail, ret);
}

static bool
take_read(desk *d, const struct ipc_message *m)
{
    struct log_read q;
    struct log_answer a = {.code = ERR_OK};
    struct err_kept why;
    AUTO(buf) b = BUF(LOG_ANSWER_BYTES_MAX);
    if (m->head.body_len != sizeof q || !d->is_attached)
        return false;
    memcpy(&q, m->body, sizeof q);
    const bool has_tail = q.kind == LOG_COSIGN || q.kind == LOG_QUERY;
    if (m->tail.len > (has_tail ? NOTE_BYTES_MAX : 0))
        return false;
    q.what[sizeof q.what - 1] = '\0';
    const err e = answer_question(d, &q, m->tail, &b);
    a.code = e.code;
    err_keep(&why, e);
    a.is_public = why.is_public;
    snprintf(a.reason, sizeof a.reason, "%s", why.text);
    snprintf(a.param, sizeof a.param, "%.*s", (int)sizeof a.param - 1, why.param);
    const str tail = e.code ? STR_NONE : buf_str(&b);
    check_sent(d, ipc_send(d->channel, LOG_ANSWER, m->head.id, &a, sizeof a, tail, -1));
    return true;
}

/* ---- the channel */

static bool
take(desk *d, const struct ipc_message *m)
{
    switch (m->head.type) {
    case LOG_ATTACH:
        return take_attach(d, m);
    case LOG_APPEND:
        return take_append(d, m);
    case LOG_READ:
        return take_read(d, m);
    default:
        return false;
    }
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    desk *d = ctx;
    AUTO(fd) unasked = m->fd;
    if (unasked < 0 && take(d, m))
        return true;
    LOG(ERROR, "gate.garbled", LOG_N("type", m->head.type));
    d->hooks.on_garbled(d->hooks.ctx);
    return false;
}

static void
drop_channel(desk *d)
{
    ipc_free(TAKE(d->channel));
    replay_clear(&d->replay);
    d->generation++;
    d->is_asked = d->is_attached = false;
}

static void
on_end(void *ctx)
{
    desk *d = ctx;
    drop_channel(d);
    d->hooks.on_lost(d->hooks.ctx);
}

fallible
desk_serve(desk *d, int channel)
{
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = d};
    drop_channel(d);
    return ipc_new(d->l, channel, QUEUE_BYTES_MAX, hooks, &d->channel);
}

fallible
desk_new(loop *l, book *b, struct desk_hooks hooks, desk **ret)
{
    ASSERT(hooks.on_garbled && hooks.on_lost && hooks.on_broken);
    desk *d = mem_get(sizeof *d);
    if (!d)
        FAIL(LIMIT, "no memory for the gate's channel");
    *d = (desk){.l = l, .b = b, .hooks = hooks};
    *ret = d;
    return OK;
}

void
desk_free(desk *d)
{
    if (!d)
        return;
    ASSERT(!d->pending);
    drop_channel(d);
    mem_free(d);
}
