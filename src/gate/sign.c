/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/sign.h"

#include "audit/ledger.h"
#include "base/fault.h"
#include "os/clock.h"
#include "os/log.h"

enum {
    TURN_MS = 250,
    PERIOD_MS = 1000,
    AFTER_REFUSAL_MS = 60 * 1000,
    ENTRIES_PER_TURN = 16 * 1024 /* some 20 ms of work */
};

_Static_assert((int)MERKLE_PROOF_MAX <= (int)CONTROL_PROOF_MAX, "a proof fits");

struct sign {
    const struct gate_parts *parts;
    ledger *ledger;
    sign_send_fn *send;
    void *ctx;
    loop_timer *timer;
    bool is_asked;
    uint64_t next_ms; /* not before */
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
    struct control_sign m = {.from = 0};
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

void
sign_turn(sign *s)
{
    bool is_behind = false;
    if (clock_ms() < s->next_ms && ledger_unsigned(s->ledger) > ENTRIES_PER_TURN)
        return; /* signing comes before more of what is not signed */
    const uint64_t len = audit_durable_len(s->parts->audit);
    err e = ledger_follow(s->ledger, len, ENTRIES_PER_TURN, &is_behind);
    if (!e.code && !s->is_asked && clock_ms() >= s->next_ms && ledger_unsigned(s->ledger))
        e = ask(s);
    if (e.code)
        put_off(s, "log.not_followed", e);
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
refused(const struct control_signed *a)
{
    FAIL(CORRUPT, "hoheitd does not sign this log: %s", err_info((err){(uint16_t)a->code})->id);
}

void
sign_answered(sign *s, const struct control_signed *a)
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
}

fallible
sign_start(const struct gate_parts *parts, sign_send_fn *send, void *ctx, sign **ret)
{
    sign *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for signing");
    *s = (sign){.parts = parts, .ledger = audit_ledger(parts->audit), .send = send, .ctx = ctx};
    const err e = loop_timer_start(parts->loop, TURN_MS, TURN_MS, on_timer, s, &s->timer);
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
