/* SPDX-License-Identifier: EUPL-1.2 */
/* dial.h - reaching a server: an address in text form, and a connection to it (client.h).
 *
 *     http://127.0.0.1:7080    http://[::1]:7080    http://name:7080    unix:/path/to/socket
 *     https://name             where TLS is spoken (trust.h)
 *
 * The port is 80, with https 443, unless given.  A name's addresses are tried in the order the
 * system gives them (RFC 6724); looking up happens on a thread of the pool.
 *
 * Ownership: a dial belongs to the loop and is gone once `fn` was called or it was cancelled.  The
 * wire it leads to is the caller's until wire_close; its memory goes when libuv lets go of it.
 * One thread, the loop's. */
#pragma once
#include <uv.h>

#include "base/str.h"
#include "os/loop.h"

enum { DIAL_HOST_MAX = 256, DIAL_PATH_MAX = 108 };

struct dial_target {
    char path[DIAL_PATH_MAX]; /* of a Unix socket; "": over TCP */
    char host[DIAL_HOST_MAX]; /* without brackets */
    char port[6];
    char authority[DIAL_HOST_MAX + 8]; /* for the Host field */
    char text[DIAL_HOST_MAX + 16];     /* for people */
    bool is_tls;
};

/* ARGUMENT with a public sentence when `url` is neither form, or has a path or a user. */
fallible dial_parse(str url, struct dial_target *ret);
/* The same, and https is taken. */
fallible dial_parse_tls(str url, struct dial_target *ret);
/* Surely this machine: a Unix socket, 127.0.0.0/8, ::1 or "localhost". */
bool dial_is_loopback(const struct dial_target *t);

/* A connection and the one write it may have under way. */
typedef struct wire {
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_write_t write;
    void *owner;
} wire;

/* No callback comes after this but that of a running write, with UV_ECANCELED.  NULL is fine. */
void wire_close(wire *w);

typedef struct dial dial;
/* `w` is connected, or NULL and `e` is ENGINE_LOST. */
typedef void dial_fn(void *ctx, wire *w, err e);

fallible dial_start(loop *l, const struct dial_target *to, dial_fn *fn, void *ctx, dial **ret);
/* `fn` is not called.  NULL is fine. */
void dial_cancel(dial *d);
