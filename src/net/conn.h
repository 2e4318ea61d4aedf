/* SPDX-License-Identifier: EUPL-1.2 */
/* conn.h - one connection without its socket: plain bytes in, plain bytes out.
 *
 * The owner (sock.c; a test; a fuzzer) hands over what came with conn_read and conn_eof, calls
 * conn_turn when the connection is on the hub's list, takes what stands in `out`, and does what
 * `phase` says once that is sent.  Which protocol it is, the first bytes decide, or conn_choose.
 *
 * Nobody is called back from inside a handler's call: http_write and its like only put bytes
 * into `out` and the connection on the hub's list.  One thread. */
#pragma once
#include "base/buf.h"
#include "net/exchange.h"
#include "net/hub.h"

typedef struct conn conn;

enum {
    CONN_PEER_MAX = 64,
    CONN_READ_MAX = 64 * 1024, /* plain bytes of one conn_read, about */
    /* Past so much unsent output no further request is begun and no more is taken from streams. */
    CONN_OUT_HIGH = 256 * 1024,
    CONN_OUT_KEPT = 64 * 1024,
};

/* Only ever goes up. */
enum conn_phase {
    CONN_OPEN,
    CONN_LINGERS, /* send `out`, end the sending side, read and drop until the peer ends too */
    CONN_CLOSES,  /* send `out`, close */
    CONN_DEAD,    /* close */
};

struct protocol {
    fallible (*open)(conn *c); /* makes c->state */
    void (*close)(conn *c);    /* frees it; who waits for an answer gets on_gone */
    void (*read)(conn *c, str bytes);
    void (*eof)(conn *c);
    void (*turn)(conn *c); /* goes on with what had to wait, brings `out` up to date */
    void (*stop)(conn *c); /* no new requests */
    void (*expired)(conn *c);

    void (*answer)(http_exchange *x, int status, const struct http_field *fields, size_t count,
                   str body);
    void (*start)(http_exchange *x, int status, const struct http_field *fields, size_t count);
    fallible (*write)(http_exchange *x, str bytes);
    void (*end)(http_exchange *x);
    void (*abort)(http_exchange *x);
    int version;
};

extern const struct protocol protocol_h1, protocol_h2;

struct conn {
    struct hub *hub;
    const struct protocol *protocol; /* NULL: not known yet */
    void *state;                     /* the protocol's */
    void *owner;
    conn *touched_next;
    bool touched;
    bool deaf; /* do not read from the socket for now */
    enum conn_phase phase;
    uint8_t matched; /* bytes of the HTTP/2 preface */
    buf out;
    size_t unsent;         /* bytes the owner took from `out` and has not sent */
    struct deadline due;   /* the peer's turn */
    struct deadline stall; /* armed by the owner while output does not move */
    int64_t peer_uid;      /* -1: none */
    bool sealed;           /* nobody between reads or changes it: TLS */
    char peer[CONN_PEER_MAX];
};

void conn_init(conn *c, struct hub *h, void *owner);
/* Calls on_gone where owed, disarms, frees. */
void conn_done(conn *c);
/* ALPN has chosen; before any byte is read.  LIMIT */
fallible conn_choose(conn *c, const struct protocol *p);

void conn_read(conn *c, str bytes);
void conn_eof(conn *c);
void conn_turn(conn *c);
void conn_stop(conn *c);
/* Puts it on the hub's list: conn_turn is to be called before the loop rests. */
void conn_touch(conn *c);
/* Off the list again; cheap soon after conn_touch. */
void conn_untouch(conn *c);
/* Raises the phase. */
void conn_finish(conn *c, enum conn_phase phase);
/* Nothing to do for now: memory that only the busy need goes back. */
void conn_rest(conn *c);
/* From now on; kinds HEADER and BODY are not prolonged when armed already. */
void conn_wait(conn *c, enum deadline_kind kind);

static inline size_t
conn_waiting_bytes(const conn *c)
{
    return c->out.len + c->unsent;
}
