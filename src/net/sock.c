/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/sock.h"

#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/clock.h"

enum {
    WRITE_MAX = 256 * 1024, /* in one call: how finely a slow reader's progress is seen */
    ROUNDS_MAX = 8,         /* of output in one turn; then others get theirs */
};

/* ---- closing */

static void
on_closed(uv_handle_t *uv)
{
    sock *const s = uv->data;
    struct sock_hooks *const hooks = s->hooks;
    buf_done(&s->sending);
    buf_done(&s->wire);
    mem_free(s);
    hooks->alive--;
    hooks->on_freed(hooks->ctx);
}

void
sock_close(sock *s)
{
    if (uv_is_closing(&s->uv.any))
        return;
    conn_done(&s->c);
    tls_conn_free(s->tls);
    s->tls = NULL;
    s->hooks->on_close(s->hooks->ctx, s);
    uv_close(&s->uv.any, on_closed);
}

/* The sending side ends; the peer may read what was sent before it sees a reset. */
static void
end_sending(sock *s)
{
    int f = -1;
    s->ended = true;
    if (uv_fileno(&s->uv.any, &f) == 0)
        (void)shutdown(f, SHUT_WR); /* fails only when the peer is gone already */
    deadline_arm(&s->c.hub->deadlines, &s->c.due, DEADLINE_LINGER, clock_ms());
}

/* ---- writing */

static void on_written(uv_write_t *req, int status);

static buf *
output(sock *s)
{
    return s->tls ? &s->wire : &s->c.out;
}

static void
encrypt(sock *s)
{
    buf *const out = &s->c.out;
    if (!s->tls || !out->len || !tls_conn_ready(s->tls))
        return;
    if (tls_conn_write(s->tls, buf_str(out), &s->wire).code)
        conn_finish(&s->c, CONN_DEAD);
    buf_clear(out);
}

/* Hands the next piece to libuv, which writes when the socket takes it. */
static void
write_later(sock *s)
{
    const size_t left = s->sending.len - s->sending_at;
    const uv_buf_t piece =
        uv_buf_init(s->sending.at + s->sending_at, (unsigned)(left < WRITE_MAX ? left : WRITE_MAX));
    s->writing = true;
    if (fault_now() || uv_write(&s->write, &s->uv.stream, &piece, 1, on_written) < 0) {
        s->writing = false;
        conn_finish(&s->c, CONN_DEAD);
    }
}

static void
write_now(sock *s)
{
    buf *const out = output(s);
    if (s->writing || !out->len)
        return;
    uv_buf_t piece = uv_buf_init(out->at, (unsigned)(out->len < WRITE_MAX ? out->len : WRITE_MAX));
    const int n = fault_now() ? UV_ECONNRESET : uv_try_write(&s->uv.stream, &piece, 1);
    if (n < 0 && n != UV_EAGAIN) {
        conn_finish(&s->c, CONN_DEAD);
        return;
    }
    const size_t sent = n > 0 ? (size_t)n : 0;
    if (sent == out->len) {
        buf_clear(out);
        return;
    }
    const size_t limit = out->limit;
    s->sending = *out;
    s->sending_at = sent;
    *out = BUF(limit);
    write_later(s);
}

static void
watch_progress(sock *s, bool moved)
{
    conn *const c = &s->c;
    c->unsent = s->sending.len - s->sending_at + s->wire.len;
    if (!conn_waiting_bytes(c))
        deadline_disarm(&c->stall);
    else if (moved || !deadline_armed(&c->stall))
        deadline_arm(&c->hub->deadlines, &c->stall, DEADLINE_IDLE, clock_ms());
}

static void
on_written(uv_write_t *req, int status)
{
    sock *const s = req->data;
    s->writing = false;
    if (uv_is_closing(&s->uv.any))
        return;
    if (status < 0)
        conn_finish(&s->c, CONN_DEAD);
    const size_t left = s->sending.len - s->sending_at;
    s->sending_at += left < WRITE_MAX ? left : WRITE_MAX;
    watch_progress(s, true);
    if (s->sending_at < s->sending.len && status == 0)
        write_later(s);
    else
        buf_done(&s->sending), s->sending_at = 0;
    sock_flush(s);
}

static void
on_room(uv_handle_t *uv, size_t hint, uv_buf_t *ret)
{
    (void)hint;
    const sock *const s = uv->data;
    *ret = uv_buf_init(s->hooks->room, CONN_READ_MAX);
}

static void on_read(uv_stream_t *uv, ssize_t n, const uv_buf_t *room);

static void
listen_or_not(sock *s)
{
    const bool want = !s->c.deaf || s->c.phase == CONN_LINGERS;
    if (want == s->reading)
        return;
    s->reading = want;
    if (!want)
        uv_read_stop(&s->uv.stream);
    else if (uv_read_start(&s->uv.stream, on_room, on_read) < 0)
        conn_finish(&s->c, CONN_DEAD);
}

/* Everything is sent: what the phase demands. */
static void
conclude(sock *s)
{
    if (s->c.phase == CONN_OPEN || (s->c.phase == CONN_LINGERS && s->ended))
        return;
    if (s->tls && !s->notified) {
        s->notified = true;
        tls_conn_end(s->tls, &s->wire);
        write_now(s);
    }
    if (s->writing)
        return;
    if (s->c.phase == CONN_LINGERS)
        end_sending(s);
    else
        sock_close(s);
}

void
sock_flush(sock *s)
{
    conn *const c = &s->c;
    int round = 0;
    if (uv_is_closing(&s->uv.any))
        return;
    for (; round < ROUNDS_MAX && c->phase != CONN_DEAD; round++) {
        conn_turn(c);
        encrypt(s);
        if (!output(s)->len || s->writing)
            break;
        write_now(s);
    }
    conn_untouch(c);
    watch_progress(s, false);
    if (!conn_waiting_bytes(c))
        conclude(s);
    if (c->phase == CONN_DEAD)
        sock_close(s);
    if (uv_is_closing(&s->uv.any))
        return;
    if (round == ROUNDS_MAX)
        conn_touch(c);
    listen_or_not(s);
    conn_rest(c);
    if (!s->wire.len)
        buf_done(&s->wire);
}

/* ---- reading */

static void
decrypt(sock *s, str bytes)
{
    buf *const plain = &s->hooks->plain;
    const bool was_ready = tls_conn_ready(s->tls);
    buf_clear(plain);
    if (tls_conn_read(s->tls, bytes, plain, &s->wire).code) {
        conn_finish(&s->c, CONN_CLOSES); /* the alert goes out first */
        return;
    }
    if (!was_ready && tls_conn_ready(s->tls)) {
        conn_wait(&s->c, DEADLINE_IDLE);
        if (tls_conn_is_h2(s->tls) && conn_choose(&s->c, &protocol_h2).code)
            conn_finish(&s->c, CONN_DEAD);
    }
    if (plain->len)
        conn_read(&s->c, buf_str(plain));
}

static void
on_read(uv_stream_t *uv, ssize_t n, const uv_buf_t *room)
{
    sock *const s = uv->data;
    if (n == 0)
        return;
    if (n == UV_EOF)
        conn_eof(&s->c);
    else if (n < 0)
        conn_finish(&s->c, CONN_DEAD);
    else if (s->tls && s->c.phase == CONN_OPEN)
        decrypt(s, (str){room->base, (size_t)n});
    else
        conn_read(&s->c, (str){room->base, (size_t)n});
    sock_flush(s);
}

/* ---- the beginning */

static void
name_inet(conn *c, const struct sockaddr_storage *a)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *const in = (const struct sockaddr_in *)(const void *)a;
        uv_ip4_name(in, text, sizeof text);
        (void)snprintf(c->peer, sizeof c->peer, "%s:%u", text, ntohs(in->sin_port));
    } else if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *const in = (const struct sockaddr_in6 *)(const void *)a;
        uv_ip6_name(in, text, sizeof text);
        (void)snprintf(c->peer, sizeof c->peer, "[%s]:%u", text, ntohs(in->sin6_port));
    }
}

static void
name_unix(conn *c, int f)
{
    struct ucred who;
    socklen_t len = sizeof who;
    if (getsockopt(f, SOL_SOCKET, SO_PEERCRED, &who, &len))
        return;
    c->peer_uid = who.uid;
    (void)snprintf(c->peer, sizeof c->peer, "unix:%u", (unsigned)who.uid);
}

static fallible
check(int rc, const char *what)
{
    if (rc < 0)
        FAIL(IO, "connection: %s: %s", what, uv_strerror(rc));
    return OK;
}

/* libuv knows the handle already, so on failure it is closed, not freed; and `f` with it, once
 * libuv has it. */
static fallible
take_over(sock *s, int f, bool local, tls *t)
{
    const int rc = fault_now() ? UV_EMFILE
                   : local     ? uv_pipe_open(&s->uv.pipe, f)
                               : uv_tcp_open(&s->uv.tcp, f);
    if (rc < 0)
        (void)close(f);
    TRY(check(rc, "open"));
    if (!local)
        (void)uv_tcp_nodelay(&s->uv.tcp, 1); /* refused only when the peer is gone */
    if (t)
        TRY(tls_conn_new(t, &s->tls));
    return OK;
}

fallible
sock_open(int f, const struct sockaddr_storage *a, tls *t, struct sock_hooks *hooks, sock **ret)
{
    const bool local = a->ss_family == AF_UNIX;
    sock *const s = mem_get(sizeof *s);
    if (!s) {
        (void)close(f);
        FAIL(LIMIT, "no memory for a connection");
    }
    *s = (sock){.hooks = hooks, .wire = BUF(SIZE_MAX / 4), .sending = BUF(SIZE_MAX / 4)};
    if (local)
        (void)uv_pipe_init(hooks->l, &s->uv.pipe, 0); /* neither can fail */
    else
        (void)uv_tcp_init(hooks->l, &s->uv.tcp);
    s->uv.any.data = s->write.data = s;
    hooks->alive++;
    const err e = take_over(s, f, local, t);
    if (e.code) {
        uv_close(&s->uv.any, on_closed);
        return e;
    }
    conn_init(&s->c, hooks->hub, s);
    s->c.sealed = t != NULL;
    if (t)
        conn_wait(&s->c, DEADLINE_HEADER);
    if (local)
        name_unix(&s->c, f);
    else
        name_inet(&s->c, a);
    *ret = s;
    return OK;
}

void
sock_start(sock *s)
{
    listen_or_not(s);
    sock_flush(s);
}
