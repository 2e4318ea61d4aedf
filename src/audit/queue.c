/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/queue.h"

#include "audit/record.h"
#include "base/fault.h"
#include "os/clock.h"

enum {
    GROUP_BYTES_MAX = 32 * 1024 * 1024,
    KEPT_BYTES_MAX = 1024 * 1024, /* of a buffer between bursts */
    TICKS_PER_WAIT = 4
};

/* ---- the end of a group */

static void
group_clear(struct group *g)
{
    if (g->lines.room > KEPT_BYTES_MAX) {
        buf_done(&g->lines);
        mem_free(g->at);
        *g = (struct group){0};
        g->lines = BUF(GROUP_BYTES_MAX);
    }
    buf_clear(&g->lines);
    g->count = 0;
}

static void
swap(struct group *a, struct group *b)
{
    const struct group t = *a;
    *a = *b;
    *b = t;
}

/* Fails for each anew: what a callback does may change the trail. */
static err
err_for(enum err_code code, const char *reason)
{
    if (code == ERR_OK)
        return OK;
    return err_start(code, __FILE__, __LINE__, __func__, "audit log: %s", reason);
}

static void
call_done(struct entry *e, enum err_code code, const char *reason)
{
    audit_done_fn *done = e->done;
    e->done = NULL;
    if (done)
        done(e->ctx, err_for(code, reason));
}

static void
deliver(struct queue *q, enum err_code code, const char *reason)
{
    q->is_delivering = true;
    for (size_t i = 0; i < q->ending.count; i++) {
        if (code == ERR_OK)
            q->told_seq = q->ending_from + i;
        call_done(&q->ending.at[i], code, reason);
    }
    q->is_delivering = false;
    group_clear(&q->ending);
}

static void
take_in(struct queue *q)
{
    const str all = buf_str(&q->numbered);
    for (size_t i = 0, at = 0; i < q->flying.count; i++) {
        const char *end = memchr(all.at + at, '\n', all.len - at);
        ASSERT(end);
        const size_t len = (size_t)(end - all.at) - at;
        q->on_durable(q->ctx, q->flying.at[i].tag, q->len + at, len);
        at += len + 1;
    }
    q->len += all.len;
    q->ending_from = q->next_seq;
    q->next_seq += q->flying.count;
    meter_add(q->m, METER_AUDIT_RECORDS, (int64_t)q->flying.count);
}

/* ---- the start of a group */

static fallible
number_lines(struct queue *q)
{
    const struct group *g = &q->gathering;
    const str all = buf_str(&g->lines);
    buf_clear(&q->numbered);
    for (size_t i = 0, at = 0; i < g->count; i++) {
        record_put_numbered(&q->numbered, q->next_seq + i, str_slice(all, at, at + g->at[i].len));
        at += g->at[i].len;
    }
    return buf_end(&q->numbered);
}

/* While callbacks run, what they append gathers, to go out as one group. */
static void
send_group(struct queue *q)
{
    if (q->writer.is_busy || q->is_delivering || q->is_held || !q->gathering.count)
        return;
    IGNORE(number_lines(q)); /* out of memory: on_tick tries again */
    if (q->numbered.failed)
        return;
    ASSERT(!q->flying.count);
    swap(&q->gathering, &q->flying);
    q->flush = (struct flush){.bytes = buf_str(&q->numbered), .offset = q->len};
    writer_give(&q->writer, &q->flush);
}

/* A flush came back: starts the next one, then tells who waited for this one. */
static void
finish(struct queue *q)
{
    const struct flush was = q->flush;
    meter_observe_us(q->m, METER_AUDIT_FLUSH, was.took_us);
    q->took_us = was.took_us;
    if (!was.result.code)
        take_in(q);
    if (q->numbered.room > KEPT_BYTES_MAX)
        buf_done(&q->numbered);
    swap(&q->flying, &q->ending);
    send_group(q);
    deliver(q, (enum err_code)was.result.code, was.reason);
    send_group(q);
}

static void
on_ready(void *ctx)
{
    struct queue *q = ctx;
    if (writer_take(&q->writer, 0))
        finish(q);
}

/* ---- waiting has an end */

static void
expire(struct queue *q, struct group *g, uint64_t now_ms)
{
    /* By index: a callback may append, and the list move. */
    for (size_t i = 0; i < g->count; i++)
        if (g->at[i].since_ms + q->wait_ms_max <= now_ms)
            call_done(&g->at[i], ERR_BUSY, "the disk did not keep up");
}

static void
on_tick(void *ctx)
{
    struct queue *q = ctx;
    const uint64_t now_ms = clock_ms();
    q->is_delivering = true;
    expire(q, &q->flying, now_ms);
    expire(q, &q->gathering, now_ms);
    q->is_delivering = false;
    send_group(q);
    if (!q->flying.count && !q->gathering.count)
        loop_timer_stop(TAKE(q->timer));
}

static fallible
start_timer(struct queue *q)
{
    const uint64_t period_ms = q->wait_ms_max / TICKS_PER_WAIT + 1;
    if (q->timer)
        return OK;
    return loop_timer_start(q->l, period_ms, period_ms, on_tick, q, &q->timer);
}

/* ---- appending */

static fallible
group_make_room(struct group *g)
{
    if (g->count < g->room)
        return OK;
    const size_t room = g->room ? 2 * g->room : 64;
    struct entry *at = mem_grow(g->at, room * sizeof *at);
    if (!at)
        FAIL(LIMIT, "no memory for the queue of the audit log");
    g->at = at;
    g->room = room;
    return OK;
}

fallible
queue_append(struct queue *q, const struct audit_record *r, uint64_t tag, audit_done_fn *done,
             void *ctx)
{
    struct group *g = &q->gathering;
    const size_t before = g->lines.len;
    if (q->is_closing)
        FAIL(CANCELLED, "the audit log is being closed");
    if (q->flying.count + g->count >= q->count_max)
        FAIL(BUSY, "%llu records wait for the audit log", (unsigned long long)q->count_max);
    TRY(group_make_room(g));
    TRY(start_timer(q));
    TRY(record_put(&g->lines, r, clock_wall_ms()));
    g->at[g->count++] = (struct entry){
        .done = done, .ctx = ctx, .since_ms = clock_ms(), .tag = tag, .len = g->lines.len - before};
    send_group(q);
    return OK;
}

void
queue_hold(struct queue *q)
{
    ASSERT(!q->is_held);
    q->is_held = true;
}

void
queue_release(struct queue *q)
{
    ASSERT(q->is_held);
    q->is_held = false;
    send_group(q);
}

static void
forget_in(struct group *g, const void *ctx)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->at[i].ctx == ctx)
            g->at[i].done = NULL;
}

void
queue_forget(struct queue *q, const void *ctx)
{
    forget_in(&q->gathering, ctx);
    forget_in(&q->flying, ctx);
    forget_in(&q->ending, ctx);
}

/* ---- starting and closing */

/* What still waits is told that it failed. */
static void
give_up(struct queue *q)
{
    swap(&q->flying, &q->ending);
    deliver(q, ERR_BUSY, "the disk did not keep up");
    swap(&q->gathering, &q->ending);
    deliver(q, ERR_BUSY, "the disk did not keep up");
}

static bool
drain(struct queue *q)
{
    const uint64_t until_ms = clock_ms() + q->wait_ms_max;
    send_group(q);
    while (q->writer.is_busy) {
        const uint64_t now_ms = clock_ms();
        const int wait_ms = now_ms < until_ms ? (int)(until_ms - now_ms) : 0;
        if (writer_take(&q->writer, wait_ms))
            finish(q);
        else if (wait_ms == 0)
            return false;
    }
    return true;
}

fallible
queue_start(struct queue *q, int f, uint64_t len, uint64_t next_seq)
{
    ASSERT(q->on_durable && q->count_max);
    q->len = len;
    q->next_seq = next_seq;
    q->gathering.lines = q->flying.lines = q->ending.lines = BUF(GROUP_BYTES_MAX);
    q->numbered = BUF(2 * GROUP_BYTES_MAX);
    TRY(writer_start(&q->writer, f));
    return loop_watch_start(q->l, writer_ready_fd(&q->writer), on_ready, q, &q->watch);
}

bool
queue_close(struct queue *q)
{
    ASSERT(!q->is_delivering);
    q->is_closing = true;
    const bool is_idle = !q->writer.is_started || drain(q);
    if (!is_idle)
        writer_abandon(&q->writer);
    give_up(q);
    loop_timer_stop(TAKE(q->timer));
    loop_watch_stop(TAKE(q->watch));
    return is_idle;
}

static void
group_free(struct group *g)
{
    buf_done(&g->lines);
    mem_free(g->at);
}

void
queue_free(struct queue *q)
{
    loop_timer_stop(q->timer);
    loop_watch_stop(q->watch);
    writer_stop(&q->writer);
    group_free(&q->gathering);
    group_free(&q->flying);
    group_free(&q->ending);
    buf_done(&q->numbered);
}
