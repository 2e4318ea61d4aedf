/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/sign.h"

#include "audit/ledger.h"
#include "base/fault.h"
#include "os/clock.h"
#include "os/log.h"

enum {
    TURN_MS = 250,
    BEHIND_MS = 1,
    PERIOD_MS = 1000,
    AFTER_REFUSAL_MS = 60 * 1000,
    ENTRIES_PER_TURN = 1024 /* 2 to 3 ms of work: acknowledgements wait no longer for it */
};

_Static_assert((int)MERKLE_PROOF_MAX <= (int)LOG_PROOF_MAX, "a proof fits");

struct sign {
    loop *l;
    book *b;
    ledger *ledger;
    sign_send_fn *send;
    void *ctx;
    loop_timer *timer;
    bool is_asked;
    uint64_t next_ms; /* not before */
    loop_fn *last;    /* told when all is signed; NULL: nobody asked */
    void *last_ctx;
};

static void
put_off(sign *s, const char *event, err e)
{
    log_failure(LOG_ERROR, event, e);
    s->next_ms = clock_ms() + AFTER_REFUSAL_MS;
}

static fallible
ask(sign *s)
{
    struct ledger_ask a;
    struct log_sign m = {.from = 0};
    TRY(ledger_ask(s->ledger, &a));
    m.from = a.from;
    m.size = a.head.size;
    memcpy(m.root, a.head.root.bytes, sizeof m.root);
    m.proof_count = (uint32_t)a.proof.count;
    memcpy(m.proof, a.proof.at, a.proof.count * sizeof *a.proof.at);
    TRY(s->send(s->ctx, &m));
    s->is_asked = true;
    s->next_ms = clock_ms() + PERIOD_MS;
    return OK;
}

static fallible
turn(sign *s, size_t count_max, bool *ret_is_behind)
{
    *ret_is_behind = false;
    TRY(ledger_follow(s->ledger, book_durable_len(s->b), count_max, ret_is_behind));
    if (s->is_asked || clock_ms() < s->next_ms || !ledger_unsigned(s->ledger))
        return OK;
    return ask(s);
}

static void on_timer(void *ctx);

static void
wait(sign *s, uint64_t ms)
{
    loop_timer_stop(TAKE(s->timer));
    const err e = loop_timer_start(s->l, ms, TURN_MS, on_timer, s, &s->timer);
    if (e.code) /* the next answer or append does not depend on it; a restart would */
        log_failure(LOG_ERROR, "log.not_followed", e);
}

void
sign_turn(sign *s)
{
    bool is_behind;
    const err e = turn(s, ENTRIES_PER_TURN, &is_behind);
    if (e.code)
        put_off(s, "log.not_followed", e);
    else if (is_behind)
        wait(s, BEHIND_MS);
}

static void
on_timer(void *ctx)
{
    sign_turn(ctx);
}

static str
text_in(const char *room, size_t len)
{
    return (str){room, strnlen(room, len)};
}

static fallible
refused(const struct log_signed *a)
{
    FAIL(CORRUPT, "hoheitd does not sign this log: %s", err_info((err){(uint16_t)a->code})->id);
}

/* After a conflict there is one more question to ask; after a failure there is none. */
static void
tell_last(sign *s, err e)
{
    loop_fn *last = s->last;
    if (!last)
        return;
    if (!e.code && ledger_unsigned(s->ledger)) {
        e = ask(s);
        if (!e.code)
            return;
    }
    s->last = NULL;
    last(s->last_ctx);
}

void
sign_answered(sign *s, const struct log_signed *a)
{
    err e = OK;
    s->is_asked = false;
    if (a->note_len > sizeof a->note || (a->code != ERR_OK && a->code != ERR_CONFLICT))
        e = refused(a);
    else if (a->note_len)
        e = ledger_signed(s->ledger, (str){a->note, a->note_len}, text_in(a->key, sizeof a->key));
    else
        e = refused(a);
    if (e.code)
        put_off(s, "log.not_signed", e);
    tell_last(s, e);
}

fallible
sign_last(sign *s, loop_fn *done, void *ctx)
{
    bool is_behind;
    ASSERT(!s->last);
    TRY(ledger_follow(s->ledger, book_durable_len(s->b), SIZE_MAX, &is_behind));
    if (!s->is_asked) { /* else the answer is on its way, and the rest is asked for after it */
        if (!ledger_unsigned(s->ledger)) {
            done(ctx);
            return OK;
        }
        TRY(ask(s));
    }
    s->last = done;
    s->last_ctx = ctx;
    return OK;
}

fallible
sign_start(loop *l, book *b, sign_send_fn *send, void *ctx, sign **ret)
{
    sign *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for signing");
    *s = (sign){.l = l, .b = b, .ledger = book_ledger(b), .send = send, .ctx = ctx};
    const err e = loop_timer_start(l, TURN_MS, TURN_MS, on_timer, s, &s->timer);
    if (e.code) {
        mem_free(s);
        return e;
    }
    *ret = s;
    return OK;
}

void
sign_stop(sign *s)
{
    if (s)
        loop_timer_stop(s->timer);
    mem_free(s);
}
