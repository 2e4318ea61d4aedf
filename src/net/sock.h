/* SPDX-License-Identifier: EUPL-1.2 */
/* sock.h - the socket of one connection: bytes between libuv, TLS and the protocol (conn.h).
 *
 * What was written in one turn goes out in one piece: the end of a read, and the server before
 * the loop rests, call sock_flush, which tries a write at once and leaves the rest to libuv.
 * Memory is freed in libuv's close callback, sometime after sock_close. */
#pragma once
#include <sys/socket.h>
#include <uv.h>

#include "net/conn.h"
#include "net/tls.h"

typedef struct sock sock;

/* What all sockets of a server share. */
struct sock_hooks {
    uv_loop_t *l;
    struct hub *hub;
    /* The connection is over; `s` must be unlinked by this call and is freed later. */
    void (*on_close)(void *ctx, sock *s);
    /* One of `alive` was freed. */
    void (*on_freed)(void *ctx);
    void *ctx;
    char *room; /* CONN_READ_MAX bytes to read into */
    buf plain;  /* what TLS made of them */
    size_t alive;
};

struct sock {
    conn c;
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_write_t write;
    struct sock_hooks *hooks;
    tls_conn *tls; /* NULL: plain */
    buf wire;      /* with TLS: to be written */
    buf sending;   /* in libuv's hands, from sending_at on */
    size_t sending_at;
    bool writing, reading, notified, ended;
    struct sock *prev, *next;
    void *address; /* the server's, for counting */
};

/* Takes the descriptor over in any case.  `a` is the peer's address, `t` NULL: plain.  LIMIT, IO */
fallible
sock_open(int f, const struct sockaddr_storage *a, tls *t, struct sock_hooks *hooks, sock **ret);
/* Begins to read. */
void sock_start(sock *s);
/* The connection's turn, and its output to the socket.  May close it. */
void sock_flush(sock *s);
void sock_close(sock *s);
