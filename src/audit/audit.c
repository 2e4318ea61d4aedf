/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/audit.h"

#include <stdio.h>

#include "audit/note.h"
#include "audit/outbox.h"
#include "audit/proto.h"
#include "base/fault.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/turn.h"

enum {
    SENT_MAX = 2,   /* one on its way to the disk, one that waits beside it */
    QUICK_US = 100, /* a flush that takes less is not worth a parcel of its own */
    TICKS_PER_WAIT = 4,
    QUESTIONS_MAX = 256,
    QUEUE_BYTES_MAX = 4 * LOG_BATCH_BYTES_MAX,
    TAIL_MAX = 1024
};

/* One that waits for its answer. */
struct question {
    struct question *next;
    uint64_t id, since_ms;
    struct log_read what;
    buf tail;
    bool is_sent;
    audit_fn *fn;
    audit_done_fn *done; /* NULL: nobody waits any longer */
    void *ctx;
};

struct audit {
    loop *l;
    meters *m;
    uint64_t count_max, wait_ms_max;
    ipc *channel; /* NULL: none */
    bool is_attached, has_seq, is_closing;
    uint64_t seq;  /* of the last record that was heard of */
    bool is_quick; /* the disk */
    struct outbox box;
    struct question *questions;
    size_t question_count;
    uint64_t next_id;
    loop_timer *timer; /* runs while something waits */
    turn *turn;        /* what is appended in one goes as one parcel */
    loop_fn *ready;
    void *ready_ctx;
};

/* ---- what went wrong, in words a client may read */

static err
unrecorded(const audit *a)
{
    const char *why = a->is_attached ? "does not keep up" : "is not there";
    return err_start_public(ERR_BUSY, "", __FILE__, __LINE__, __func__,
                            "nothing is released without a record, and the log %s", why);
}

static err
err_for(uint32_t code, const char *reason)
{
    if (code == ERR_OK)
        return OK;
    if (code >= ERR_COUNT)
        code = ERR_INTERNAL;
    if (code == ERR_BUSY)
        return err_start_public(ERR_BUSY, "", __FILE__, __LINE__, __func__,
                                "nothing is released without a record: %s", reason);
    return err_start((enum err_code)code, __FILE__, __LINE__, __func__, "audit log: %s", reason);
}

/* ---- sending */

static fallible
send_parcel(audit *a, struct parcel *p)
{
    const struct log_append m = {.first = p->first, .count = (uint32_t)p->count};
    TRY(ipc_send(a->channel, LOG_APPEND, 0, &m, sizeof m, buf_str(&p->bytes), -1));
    outbox_sent(&a->box, p);
    return OK;
}

static fallible
send_question(audit *a, struct question *q)
{
    TRY(ipc_send(a->channel, LOG_READ, q->id, &q->what, sizeof q->what, buf_str(&q->tail), -1));
    q->is_sent = true;
    return OK;
}

/* What cannot be sent now is tried again by on_tick. */
static void
send_all(audit *a)
{
    struct parcel *p;
    for (struct question *q = a->questions; q && a->is_attached; q = q->next)
        if (!q->is_sent && send_question(a, q).code)
            return;
    while (a->is_attached && a->box.sent < (a->is_quick ? 1 : SENT_MAX) &&
           (p = outbox_unsent(&a->box)))
        if (send_parcel(a, p).code)
            return;
}

/* ---- waiting has an end */

static void
answer_question(audit *a, struct question *q, err e)
{
    struct question **at = &a->questions;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    a->question_count--;
    if (q->done)
        q->done(q->ctx, e);
    buf_done(&q->tail);
    mem_free(q);
}

static bool
any_since(const audit *a, uint64_t before_ms, struct question **ret)
{
    for (*ret = a->questions; *ret; *ret = (*ret)->next)
        if ((*ret)->since_ms <= before_ms)
            return true;
    return false;
}

static void
expire(audit *a, uint64_t before_ms)
{
    struct question *q;
    outbox_expire(&a->box, before_ms, unrecorded(a));
    while (any_since(a, before_ms, &q))
        answer_question(a, q, unrecorded(a));
}

static void
on_turn(void *ctx)
{
    audit *a = ctx;
    if (a->box.open)
        send_all(a);
}

static void
on_tick(void *ctx)
{
    audit *a = ctx;
    const uint64_t now_ms = clock_ms();
    if (now_ms >= a->wait_ms_max)
        expire(a, now_ms - a->wait_ms_max);
    send_all(a);
    if (!a->box.open && !a->questions)
        loop_timer_stop(TAKE(a->timer));
}

static fallible
start_timer(audit *a)
{
    const uint64_t period_ms = a->wait_ms_max / TICKS_PER_WAIT + 1;
    if (a->timer)
        return OK;
    return loop_timer_start(a->l, period_ms, period_ms, on_tick, a, &a->timer);
}

/* ---- what hoheit-log says: each of these returns false when it is malformed */

static bool
take_attached(audit *a, const struct ipc_message *m)
{
    struct log_attached k;
    if (m->head.body_len != sizeof k || m->tail.len || a->is_attached)
        return false;
    memcpy(&k, m->body, sizeof k);
    a->is_attached = true;
    if (!a->has_seq)
        a->seq = k.seq;
    a->has_seq = true;
    send_all(a);
    loop_fn *ready = a->ready;
    a->ready = NULL;
    if (ready)
        ready(a->ready_ctx);
    return true;
}

/* The next parcel leaves before those who waited for this one are told. */
static bool
take_done(audit *a, const struct ipc_message *m)
{
    struct log_done k;
    if (m->head.body_len != sizeof k || m->tail.len)
        return false;
    memcpy(&k, m->body, sizeof k);
    k.reason[sizeof k.reason - 1] = '\0';
    struct parcel *p = outbox_settle(&a->box, k.first, k.count);
    if (!p)
        return false;
    a->seq = k.seq > a->seq ? k.seq : a->seq;
    a->is_quick = k.code == ERR_OK && k.took_us < QUICK_US;
    if (k.code == ERR_OK)
        meter_add(a->m, METER_AUDIT_RECORDS, (int64_t)k.count);
    meter_observe_us(a->m, METER_AUDIT_FLUSH, k.took_us);
    send_all(a);
    outbox_tell(&a->box, p, k.first, k.count, err_for(k.code, k.reason));
    return true;
}

static err
answer_err(const struct log_answer *k)
{
    if (k->code == ERR_OK)
        return OK;
    const enum err_code code = k->code < ERR_COUNT ? (enum err_code)k->code : ERR_INTERNAL;
    if (k->is_public)
        return err_start_public(code, k->param, __FILE__, __LINE__, __func__, "%s", k->reason);
    return err_start(code, __FILE__, __LINE__, __func__, "audit log: %s", k->reason);
}

static err
hand_out(const struct question *q, str bytes)
{
    str line;
    if (q->what.kind != LOG_FIND && q->what.kind != LOG_TAIL)
        return q->fn(q->ctx, bytes);
    if (str_ends(bytes, STR("\n")))
        bytes.len--;
    while (q->done && bytes.len && str_next(&bytes, '\n', &line))
        TRY(q->fn(q->ctx, line));
    return OK;
}

/* The answer to a question that expired is nobody's. */
static bool
take_answer(audit *a, const struct ipc_message *m)
{
    struct log_answer k;
    struct question *q = a->questions;
    if (m->head.body_len != sizeof k)
        return false;
    memcpy(&k, m->body, sizeof k);
    k.reason[sizeof k.reason - 1] = k.param[sizeof k.param - 1] = '\0';
    while (q && q->id != m->head.id)
        q = q->next;
    if (!q)
        return true;
    err e = answer_err(&k);
    if (!e.code && q->done)
        e = hand_out(q, m->tail);
    answer_question(a, q, e);
    return true;
}

static bool
take(audit *a, const struct ipc_message *m)
{
    switch (m->head.type) {
    case LOG_ATTACHED:
        return take_attached(a, m);
    case LOG_DONE:
        return a->is_attached && take_done(a, m);
    case LOG_ANSWER:
        return a->is_attached && take_answer(a, m);
    default:
        return false;
    }
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    AUTO(fd) unasked = m->fd;
    if (unasked < 0 && take(ctx, m))
        return true;
    LOG(ERROR, "log.garbled", LOG_N("type", m->head.type));
    return false;
}

/* ---- the channel */

static void
drop_channel(audit *a)
{
    ipc_free(TAKE(a->channel));
    a->is_attached = false;
    outbox_again(&a->box);
    for (struct question *q = a->questions; q; q = q->next)
        q->is_sent = false;
}

/* hoheitd starts the next hoheit-log and sends a channel to it. */
static void
on_end(void *ctx)
{
    audit *a = ctx;
    if (!a->is_closing)
        LOG(ERROR, "log.lost", LOG_N("records_waiting", a->box.open));
    drop_channel(a);
}

static fallible
ask_to_attach(audit *a)
{
    const struct log_attach m = {.version = LOG_VERSION,
                                 .has_seq = a->has_seq,
                                 .seq = a->seq,
                                 .open_to = a->box.next ? a->box.next - 1 : 0};
    return ipc_send(a->channel, LOG_ATTACH, 0, &m, sizeof m, STR_NONE, -1);
}

fallible
audit_attach(audit *a, int channel)
{
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = a};
    drop_channel(a);
    TRY(ipc_new(a->l, channel, QUEUE_BYTES_MAX, hooks, &a->channel));
    const err e = ask_to_attach(a);
    if (e.code && e.code != ERR_ENGINE_LOST) { /* else on_end follows, and then another channel */
        drop_channel(a);
        return e;
    }
    return OK;
}

void
audit_when_ready(audit *a, loop_fn *fn, void *ctx)
{
    ASSERT(!a->ready && !a->is_attached);
    a->ready = fn;
    a->ready_ctx = ctx;
}

/* ---- appending */

fallible
audit_append(audit *a, const struct audit_record *r, audit_done_fn *done, void *ctx)
{
    if (a->is_closing)
        FAIL(CANCELLED, "the audit log is being closed");
    if (a->box.open >= a->count_max)
        return unrecorded(a);
    TRY(start_timer(a));
    TRY(outbox_add(&a->box, r, done, ctx));
    turn_soon(a->turn);
    return OK;
}

void
audit_forget(audit *a, void *ctx)
{
    outbox_forget(&a->box, ctx);
    for (struct question *q = a->questions; q; q = q->next)
        if (q->ctx == ctx)
            q->done = NULL;
}

/* ---- asking */

static fallible
ask(audit *a, const struct question *wanted)
{
    if (a->is_closing)
        FAIL(CANCELLED, "the audit log is being closed");
    if (a->question_count >= QUESTIONS_MAX)
        REFUSE(BUSY, "", "%d questions to the log wait already", QUESTIONS_MAX);
    TRY(start_timer(a));
    struct question *q = mem_get(sizeof *q);
    if (!q)
        FAIL(LIMIT, "no memory for a question to the log");
    *q = *wanted;
    q->id = ++a->next_id;
    q->since_ms = clock_ms();
    q->next = a->questions;
    a->questions = q;
    a->question_count++;
    send_all(a);
    return OK;
}

static fallible
ask_about(audit *a, str what, struct question q)
{
    if (!str_copy(what, q.what.what, sizeof q.what.what))
        REFUSE(NOT_FOUND, "", "there is no such thing in the log");
    return ask(a, &q);
}

static struct question
question(enum log_what kind, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    return (struct question){.what = {.kind = kind}, .fn = fn, .done = done, .ctx = ctx};
}

fallible
audit_find(audit *a, str request_id, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    return ask_about(a, request_id, question(LOG_FIND, fn, done, ctx));
}

fallible
audit_prove(audit *a, str request_id, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    return ask_about(a, request_id, question(LOG_PROVE, fn, done, ctx));
}

fallible
audit_file(audit *a, str path, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    return ask_about(a, path, question(LOG_FILE, fn, done, ctx));
}

static fallible
ask_with(audit *a, struct question q, str tail)
{
    q.tail = BUF(NOTE_BYTES_MAX);
    buf_add(&q.tail, tail);
    err e = buf_end(&q.tail);
    if (!e.code)
        e = ask(a, &q);
    if (e.code)
        buf_done(&q.tail);
    return e;
}

fallible
audit_cosign(audit *a, str note, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    if (note.len > NOTE_BYTES_MAX)
        REFUSE(ARGUMENT, "", "a checkpoint has at most %d bytes", NOTE_BYTES_MAX);
    return ask_with(a, question(LOG_COSIGN, fn, done, ctx), note);
}

fallible
audit_query(audit *a, const struct audit_ask *k, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    struct question q = question(LOG_QUERY, fn, done, ctx);
    struct log_query t;
    memset(&t, 0, sizeof t);
    q.what.count = (uint32_t)k->count;
    if (!k->count || k->count > TAIL_MAX)
        REFUSE(ARGUMENT, "limit", "1 to %d records can be shown", TAIL_MAX);
    if (!str_copy(k->field, t.field, sizeof t.field) ||
        !str_copy(k->value, t.value, sizeof t.value) ||
        !str_copy(k->since, t.since, sizeof t.since) ||
        !str_copy(k->until, t.until, sizeof t.until))
        REFUSE(ARGUMENT, "", "what is asked of the log is too long");
    return ask_with(a, q, (str){(const char *)&t, sizeof t});
}

fallible
audit_alarm(audit *a, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    return ask(a,
               &(struct question){.what = {.kind = LOG_ALARM}, .fn = fn, .done = done, .ctx = ctx});
}

fallible
audit_prune(audit *a, int64_t before_wall_ms, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)before_wall_ms);
    return ask_about(a, str_of(text), question(LOG_PRUNE, fn, done, ctx));
}

fallible
audit_cut(audit *a, str request_id, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    return ask_about(a, request_id, question(LOG_CUT, fn, done, ctx));
}

fallible
audit_tail(audit *a, size_t count, audit_fn *fn, audit_done_fn *done, void *ctx)
{
    struct question q = question(LOG_TAIL, fn, done, ctx);
    if (count > TAIL_MAX)
        REFUSE(ARGUMENT, "count", "at most %d records can be shown", TAIL_MAX);
    q.what.count = (uint32_t)count;
    return ask(a, &q);
}

/* ---- starting and closing */

fallible
audit_new(loop *l, const struct params *p, meters *m, audit **ret)
{
    audit *a = mem_get(sizeof *a);
    if (!a)
        FAIL(LIMIT, "no memory for the audit log");
    *a = (audit){
        .l = l, .m = m, .count_max = p->audit_queue_max, .wait_ms_max = p->audit_wait_ms_max};
    const err e = turn_new(l, on_turn, a, &a->turn);
    if (e.code) {
        mem_free(a);
        return e;
    }
    *ret = a;
    return OK;
}

static void
drain(audit *a)
{
    const uint64_t until_ms = clock_ms() + a->wait_ms_max;
    while (a->box.open && a->channel) {
        const uint64_t now_ms = clock_ms();
        if (now_ms >= until_ms)
            return;
        loop_turn_for(a->l, (int)(until_ms - now_ms));
    }
}

void
audit_close(audit *a)
{
    if (!a)
        return;
    a->is_closing = true;
    drain(a);
    outbox_expire(&a->box, UINT64_MAX, unrecorded(a));
    while (a->questions)
        answer_question(a, a->questions, unrecorded(a));
    drop_channel(a);
    loop_timer_stop(a->timer);
    turn_free(a->turn);
    outbox_done(&a->box);
    mem_free(a);
}
