/* SPDX-License-Identifier: EUPL-1.2 */
/* upstream.h - an HTTP server on loopback, on the loop of the test, that answers as it was told to,
 * over TLS if it has a certificate; `script`, where set, decides for each request instead.  Close
 * it before loop_free. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/buf.h"
#include "net/tls.h"
#include "os/loop.h"
#include "test.h"

enum { UPSTREAM_CONNS_MAX = 256 };

struct upstream;

struct up_conn {
    uv_tcp_t tcp;
    struct upstream *u;
    tls_conn *tls;
    buf got, wire;
    int requests; /* on this connection */
    bool open, closing;
    char room[65536];
};

struct upstream {
    loop *l;
    uv_tcp_t listener;
    int port;
    char url[64];
    tls *tls; /* NULL: plain */
    str answer;
    bool silent;      /* says nothing */
    bool close_after; /* each answer */
    bool endless;     /* goes on with `answer` for ever, after it */
    bool is_listening;
    void (*script)(struct upstream *u, struct up_conn *c, str request);
    int accepted, requests, open;
    uint64_t sent;
    buf last; /* the last request */
    struct up_conn *conns[UPSTREAM_CONNS_MAX];
};

static inline void
up_on_closed(uv_handle_t *h)
{
    struct up_conn *const c = h->data;
    tls_conn_free(c->tls);
    buf_done(&c->got);
    buf_done(&c->wire);
    free(c);
}

static inline void
up_end(struct up_conn *c)
{
    struct upstream *const u = c->u;
    if (c->closing)
        return;
    c->closing = true;
    u->open--;
    for (int i = 0; i < UPSTREAM_CONNS_MAX; i++)
        if (u->conns[i] == c)
            u->conns[i] = NULL;
    uv_close((uv_handle_t *)&c->tcp, up_on_closed);
}

struct up_write {
    uv_write_t req;
    struct up_conn *c;
    bool again, last;
    char bytes[];
};

static inline void up_say_all(struct up_conn *c, str s, bool again, bool last);

static inline void
up_on_written(uv_write_t *req, int status)
{
    struct up_write *const w = (void *)req;
    if (!status && w->again && !w->c->closing)
        up_say_all(w->c, w->c->u->answer, true, false);
    if (!status && w->last)
        up_end(w->c);
    free(w);
}

static inline void
up_raw(struct up_conn *c, str s, bool again, bool last)
{
    struct up_write *const w = malloc(sizeof *w + s.len);
    const uv_buf_t b = {.base = w->bytes, .len = s.len};
    *w = (struct up_write){.c = c, .again = again, .last = last};
    memcpy(w->bytes, s.at, s.len);
    c->u->sent += s.len;
    if (uv_write(&w->req, (uv_stream_t *)&c->tcp, &b, 1, up_on_written) < 0)
        free(w);
}

static inline void
up_say_all(struct up_conn *c, str s, bool again, bool last)
{
    if (!c->tls) {
        up_raw(c, s, again, last);
        return;
    }
    if (tls_conn_write(c->tls, s, &c->wire).code) {
        up_end(c); /* a fault was armed */
        return;
    }
    if (last)
        tls_conn_end(c->tls, &c->wire);
    up_raw(c, buf_str(&c->wire), again, last);
    buf_clear(&c->wire);
}

#define up_say(c, text) up_say_all((c), str_of(text), false, false)

static inline size_t
up_whole(str got)
{
    const ptrdiff_t end = str_find(got, STR("\r\n\r\n"));
    if (end < 0)
        return 0;
    const ptrdiff_t at = str_find(got, STR("Content-Length: "));
    const long body = at >= 0 && at < end ? strtol(got.at + at + 16, NULL, 10) : 0;
    const size_t whole = (size_t)(end + 4 + body);
    return got.len >= whole ? whole : 0;
}

static inline void
up_take(struct up_conn *c)
{
    struct upstream *const u = c->u;
    size_t n;
    while (!c->closing && (n = up_whole(buf_str(&c->got)))) {
        buf_clear(&u->last);
        buf_add(&u->last, str_slice(buf_str(&c->got), 0, n));
        buf_drop(&c->got, n);
        u->requests++;
        c->requests++;
        if (u->script)
            u->script(u, c, buf_str(&u->last));
        else if (!u->silent)
            up_say_all(c, u->answer, u->endless, u->close_after);
    }
}

static inline void
up_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *room)
{
    struct up_conn *const c = s->data;
    if (n < 0)
        up_end(c);
    if (n <= 0)
        return;
    const str bytes = {room->base, (size_t)n};
    if (!c->tls) {
        buf_add(&c->got, bytes);
    } else {
        const err e = tls_conn_read(c->tls, bytes, &c->got, &c->wire);
        if (c->wire.len)
            up_raw(c, buf_str(&c->wire), false, e.code != 0);
        buf_clear(&c->wire);
    }
    up_take(c);
}

static inline void
up_on_room(uv_handle_t *h, size_t hint, uv_buf_t *ret)
{
    (void)hint;
    *ret = uv_buf_init(((struct up_conn *)h->data)->room, 65536);
}

static inline void
up_on_accept(uv_stream_t *listener, int status)
{
    struct upstream *const u = listener->data;
    struct up_conn *const c = calloc(1, sizeof *c);
    (void)status;
    c->u = u;
    c->got = c->wire = BUF(256 << 20);
    c->got.at = malloc(8192); /* a fault is for whom the test is about */
    c->got.room = 8191;
    c->tcp.data = c;
    uv_tcp_init(loop_uv(u->l), &c->tcp);
    uv_accept(listener, (uv_stream_t *)&c->tcp);
    uv_tcp_nodelay(&c->tcp, 1);
    u->accepted++;
    u->open++;
    int i = 0;
    while (i < UPSTREAM_CONNS_MAX - 1 && u->conns[i])
        i++;
    u->conns[i] = c;
    if (u->tls && tls_conn_new(u->tls, &c->tls).code) /* a fault was armed */
        up_end(c);
    else
        uv_read_start((uv_stream_t *)&c->tcp, up_on_room, up_on_read);
}

static inline fallible
upstream_open(struct upstream *u, loop *l, tls *t)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    int len = sizeof a;
    *u = (struct upstream){.l = l, .tls = t, .last = BUF(256 << 20)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    uv_tcp_init(loop_uv(l), &u->listener);
    u->listener.data = u;
    if (uv_tcp_bind(&u->listener, (struct sockaddr *)&a, 0) < 0 ||
        uv_listen((uv_stream_t *)&u->listener, 128, up_on_accept) < 0 ||
        uv_tcp_getsockname(&u->listener, (struct sockaddr *)&a, &len) < 0)
        FAIL(IO, "the upstream cannot listen");
    u->is_listening = true;
    u->port = ntohs(a.sin_port);
    snprintf(u->url, sizeof u->url, "%s://127.0.0.1:%d", t ? "https" : "http", u->port);
    return OK;
}

static inline void
up_no_more(struct upstream *u)
{
    if (u->is_listening)
        uv_close((uv_handle_t *)&u->listener, NULL);
    u->is_listening = false;
}

static inline void
up_hang_up_all(struct upstream *u)
{
    for (int i = 0; i < UPSTREAM_CONNS_MAX; i++)
        if (u->conns[i])
            up_end(u->conns[i]);
}

static inline void
upstream_close(struct upstream *u)
{
    up_no_more(u);
    up_hang_up_all(u);
    buf_done(&u->last);
}
