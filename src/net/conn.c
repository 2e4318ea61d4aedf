/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/conn.h"

#include "os/clock.h"

/* RFC 9113 section 3.4 */
static const str preface = STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

static void
on_due(void *owner)
{
    conn *const c = owner;
    if (c->phase == CONN_OPEN && c->protocol)
        c->protocol->expired(c);
    else
        conn_finish(c, CONN_DEAD);
    conn_touch(c);
}

static void
on_stall(void *owner)
{
    conn *const c = owner;
    meter_add(c->hub->m, METER_HTTP_CUT, 1);
    conn_finish(c, CONN_DEAD);
}

void
conn_init(conn *c, struct hub *h, void *owner)
{
    *c = (conn){
        .hub = h,
        .owner = owner,
        .out = BUF(SIZE_MAX / 4),
        .due = {.expired = on_due, .owner = c},
        .stall = {.expired = on_stall, .owner = c},
        .peer_uid = -1,
    };
    conn_wait(c, DEADLINE_IDLE);
}

void
conn_done(conn *c)
{
    c->phase = CONN_DEAD;
    if (c->protocol)
        c->protocol->close(c);
    c->protocol = NULL;
    conn_untouch(c);
    deadline_disarm(&c->due);
    deadline_disarm(&c->stall);
    buf_done(&c->out);
}

fallible
conn_choose(conn *c, const struct protocol *p)
{
    ASSERT(!c->protocol);
    TRY(p->open(c));
    c->protocol = p;
    return OK;
}

/* Without memory for a protocol there is nothing to be said in one. */
static void
choose(conn *c, const struct protocol *p, str so_far)
{
    if (conn_choose(c, p).code)
        conn_finish(c, CONN_DEAD);
    else if (so_far.len)
        p->read(c, so_far);
}

/* The first bytes decide; those of the preface that matched are known and need not be kept. */
static str
sniff(conn *c, str bytes)
{
    size_t i = 0;
    while (i < bytes.len && c->matched < preface.len && bytes.at[i] == preface.at[c->matched])
        i++, c->matched++;
    if (c->matched < preface.len && i == bytes.len) {
        conn_wait(c, DEADLINE_HEADER);
        return STR_NONE;
    }
    choose(c, c->matched == preface.len ? &protocol_h2 : &protocol_h1,
           str_slice(preface, 0, c->matched));
    return str_slice(bytes, i, bytes.len);
}

static void
take_spare(conn *c)
{
    if (!c->out.at && c->hub->spare_out.at) {
        c->out = c->hub->spare_out;
        c->hub->spare_out = BUF(c->out.limit);
    }
}

void
conn_read(conn *c, str bytes)
{
    take_spare(c);
    if (!c->protocol && c->phase == CONN_OPEN)
        bytes = sniff(c, bytes);
    if (bytes.len && c->phase == CONN_OPEN)
        c->protocol->read(c, bytes);
}

void
conn_eof(conn *c)
{
    if (c->phase != CONN_OPEN)
        conn_finish(c, CONN_CLOSES);
    else if (c->protocol)
        c->protocol->eof(c);
    else
        conn_finish(c, CONN_DEAD);
}

void
conn_turn(conn *c)
{
    if (c->protocol && c->phase == CONN_OPEN)
        c->protocol->turn(c);
    if (c->out.failed)
        conn_finish(c, CONN_DEAD);
}

void
conn_stop(conn *c)
{
    if (c->protocol && c->phase == CONN_OPEN)
        c->protocol->stop(c);
    else if (!c->protocol)
        conn_finish(c, CONN_DEAD);
}

void
conn_touch(conn *c)
{
    if (c->touched)
        return;
    c->touched = true;
    c->touched_next = c->hub->touched;
    c->hub->touched = c;
}

void
conn_untouch(conn *c)
{
    conn **at = &c->hub->touched;
    if (!c->touched)
        return;
    while (*at != c)
        at = &(*at)->touched_next;
    *at = c->touched_next;
    c->touched = false;
}

void
conn_finish(conn *c, enum conn_phase phase)
{
    if (phase > c->phase)
        c->phase = phase;
    conn_touch(c);
}

void
conn_wait(conn *c, enum deadline_kind kind)
{
    const bool armed = deadline_armed(&c->due) && c->due.kind == kind;
    if (!armed || kind == DEADLINE_IDLE)
        deadline_arm(&c->hub->deadlines, &c->due, kind, clock_ms());
}

void
conn_rest(conn *c)
{
    if (c->out.len)
        return;
    if (!c->hub->spare_out.at && c->out.room <= CONN_OUT_KEPT) {
        c->hub->spare_out = c->out;
        c->out = BUF(c->out.limit);
    } else {
        buf_done(&c->out);
    }
}
