/* SPDX-License-Identifier: EUPL-1.2 */
/* lane.h - the bytes of one client connection, plain or over TLS, between libuv and client.c.
 *
 * What is sent is tried at once; what the system does not take goes on in the background, and
 * on_sent tells when it is all gone.  With TLS the parts are copied (encrypted), without they must
 * stay as they are until then.  Hooks are the last thing a lane does in a turn, so that they may
 * close it, or free what it lies in.
 *
 * A lane lies in its owner; after lane_close it can be started again.  One thread: the loop's. */
#pragma once
#include "net/client/dial.h"
#include "net/client/trust.h"

enum { LANE_ROOM = 64 * 1024, LANE_PARTS_MAX = 2 };

enum lane_end { LANE_CLOSED, LANE_BROKEN, LANE_UNTRUSTED, LANE_NO_TLS };

struct lane_hooks {
    /* It can be sent on (once, with no bytes), or bytes came. */
    void (*on_bytes)(void *ctx, str bytes);
    /* All of the last lane_send is with the system.  Not if it was so at once. */
    void (*on_sent)(void *ctx);
    /* The peer takes no more; it may still have something to say. */
    void (*on_deaf)(void *ctx);
    /* CLOSED in order; BROKEN: reset, or with TLS cut off; `uv` is libuv's code of why. */
    void (*on_end)(void *ctx, enum lane_end why, int uv);
};

struct lane {
    wire *w; /* NULL: closed */
    tls_conn *tls;
    const struct lane_hooks *hooks;
    void *ctx;
    buf plain;   /* what TLS made of what came */
    buf out;     /* TLS: to be written */
    buf sending; /* TLS: in libuv's hands */
    bool open, writing, carrying, paused;
    char room[LANE_ROOM];
};

void lane_init(struct lane *l, const struct lane_hooks *hooks, void *ctx);
/* Takes the wire over, also when it fails.  `t` NULL: plain, and open when it returns. */
fallible lane_start(struct lane *l, wire *w, trust *t, const char *host);
/* No hook is called any more; bytes that a hook is looking at stay.  Fine when it is closed. */
void lane_close(struct lane *l);
/* Memory given back; not from a hook. */
void lane_done(struct lane *l);
/* At most one under way.  `now`: try at once; else on_sent comes in any case.  *ret_sent: nothing
 * is left to wait for. */
fallible lane_send(struct lane *l, const uv_buf_t *parts, unsigned count, bool now, bool *ret_sent);
/* No more bytes are read; at most LANE_ROOM are still handed on. */
void lane_pause(struct lane *l, bool paused);
/* An idle lane keeps no loop running. */
void lane_rest(struct lane *l, bool resting);
