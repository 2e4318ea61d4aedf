/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/client/lane.h"

#include "base/fault.h"

enum { PLAIN_MAX = 8 * LANE_ROOM, OUT_MAX = 4 * 1024 * 1024 };

void
lane_init(struct lane *l, const struct lane_hooks *hooks, void *ctx)
{
    ASSERT(hooks->on_bytes && hooks->on_sent && hooks->on_deaf && hooks->on_end);
    l->w = NULL;
    l->tls = NULL;
    l->hooks = hooks;
    l->ctx = ctx;
    l->plain = BUF(PLAIN_MAX);
    l->out = l->sending = BUF(OUT_MAX);
    l->open = l->writing = l->carrying = l->paused = false;
}

void
lane_close(struct lane *l)
{
    wire_close(TAKE(l->w));
    tls_conn_free(TAKE(l->tls));
    buf_clear(&l->out);
    buf_clear(&l->sending);
    l->open = l->writing = l->carrying = l->paused = false;
}

void
lane_done(struct lane *l)
{
    lane_close(l);
    buf_done(&l->plain);
    buf_done(&l->out);
    buf_done(&l->sending);
}

/* ---- sending */

static void on_written(uv_write_t *req, int status);

/* Takes `n` bytes off the parts; what is left comes to stand first. */
static unsigned
advance(uv_buf_t *parts, unsigned count, size_t n)
{
    unsigned first = 0;
    while (first < count && n >= parts[first].len)
        n -= parts[first++].len;
    for (unsigned i = first; i < count; i++)
        parts[i - first] = parts[i];
    if (first < count) {
        parts[0].base += n;
        parts[0].len -= n;
    }
    return count - first;
}

static fallible
put(struct lane *l, const uv_buf_t *given, unsigned count, bool now)
{
    uv_buf_t parts[LANE_PARTS_MAX];
    ASSERT(count <= LANE_PARTS_MAX && !l->writing);
    memcpy(parts, given, count * sizeof *parts);
    if (now) {
        const int n = fault_now() ? UV_EAGAIN : uv_try_write(&l->w->uv.stream, parts, count);
        count = n > 0 ? advance(parts, count, (size_t)n) : count;
    }
    if (!count)
        return OK;
    const int rc = fault_now() ? UV_ENOMEM
                               : uv_write(&l->w->write, &l->w->uv.stream, parts, count, on_written);
    if (rc < 0)
        FAIL(ENGINE_LOST, "the connection takes nothing: %s", uv_strerror(rc));
    l->writing = true;
    return OK;
}

/* What TLS has to say. */
static fallible
flush(struct lane *l, bool now)
{
    if (l->writing || !l->out.len)
        return OK;
    const buf empty = l->sending;
    l->sending = l->out;
    l->out = empty;
    const uv_buf_t part = {.base = l->sending.at, .len = l->sending.len};
    TRY(put(l, &part, 1, now));
    if (!l->writing)
        buf_clear(&l->sending);
    return OK;
}

static void
on_written(uv_write_t *req, int status)
{
    const wire *const w = req->data;
    struct lane *const l = w->owner;
    if (!l) /* the wire is closed */
        return;
    l->writing = false;
    buf_clear(&l->sending);
    if (status < 0 || flush(l, true).code) {
        l->hooks->on_deaf(l->ctx);
        return;
    }
    if (l->writing || !l->carrying)
        return;
    l->carrying = false;
    l->hooks->on_sent(l->ctx);
}

fallible
lane_send(struct lane *l, const uv_buf_t *parts, unsigned count, bool now, bool *ret_sent)
{
    ASSERT(l->open && !l->carrying);
    if (l->tls) {
        for (unsigned i = 0; i < count; i++)
            TRY(tls_conn_write(l->tls, (str){parts[i].base, parts[i].len}, &l->out));
        TRY(flush(l, now));
    } else {
        TRY(put(l, parts, count, now));
    }
    l->carrying = l->writing;
    *ret_sent = !l->writing;
    return OK;
}

/* ---- receiving */

static void
fail_tls(struct lane *l)
{
    const bool untrusted = tls_conn_is_untrusted(l->tls);
    if (flush(l, true).code)
        buf_clear(&l->out); /* only the alert is lost */
    l->hooks->on_end(l->ctx, untrusted ? LANE_UNTRUSTED : LANE_NO_TLS, UV_EPROTO);
}

static void
read_tls(struct lane *l, str bytes)
{
    buf_clear(&l->plain);
    const err e = tls_conn_read(l->tls, bytes, &l->plain, &l->out);
    if (e.code) {
        fail_tls(l);
        return;
    }
    const bool opened = !l->open && tls_conn_ready(l->tls);
    l->open = l->open || opened;
    if (flush(l, true).code) {
        l->hooks->on_end(l->ctx, LANE_BROKEN, UV_EPIPE);
        return;
    }
    if (opened || l->plain.len)
        l->hooks->on_bytes(l->ctx, buf_str(&l->plain));
}

static void
on_read(uv_stream_t *uv, ssize_t n, const uv_buf_t *room)
{
    const wire *const w = uv->data;
    struct lane *const l = w->owner;
    if (n == 0 || !l)
        return;
    const str bytes = {room->base, n > 0 ? (size_t)n : 0};
    if (n < 0) {
        /* An end that TLS did not announce may be anybody's. */
        const bool cut = n != UV_EOF || (l->tls && !tls_conn_is_ended(l->tls));
        l->hooks->on_end(l->ctx, cut ? LANE_BROKEN : LANE_CLOSED, (int)n);
    } else if (l->tls) {
        read_tls(l, bytes);
    } else {
        l->hooks->on_bytes(l->ctx, bytes);
    }
}

static void
on_room(uv_handle_t *uv, size_t hint, uv_buf_t *ret)
{
    (void)hint;
    const wire *const w = uv->data;
    struct lane *const l = w->owner;
    *ret = uv_buf_init(l->room, LANE_ROOM);
}

/* ---- beginning */

static fallible
begin_tls(struct lane *l, trust *t, const char *host)
{
    TRY(trust_connect(t, host, &l->tls));
    TRY(tls_conn_read(l->tls, STR_NONE, &l->plain, &l->out));
    TRY(flush(l, true));
    return OK;
}

fallible
lane_start(struct lane *l, wire *w, trust *t, const char *host)
{
    ASSERT(!l->w);
    l->w = w;
    w->owner = l;
    w->write.data = w;
    const int rc = fault_now() ? UV_EIO : uv_read_start(&w->uv.stream, on_room, on_read);
    if (rc < 0)
        FAIL(ENGINE_LOST, "the connection cannot be read: %s", uv_strerror(rc));
    if (t)
        return begin_tls(l, t, host);
    l->open = true;
    return OK;
}

void
lane_pause(struct lane *l, bool paused)
{
    if (!l->w || l->paused == paused)
        return;
    l->paused = paused;
    if (paused)
        (void)uv_read_stop(&l->w->uv.stream); /* never fails */
    else if (uv_read_start(&l->w->uv.stream, on_room, on_read) < 0)
        l->hooks->on_end(l->ctx, LANE_BROKEN, UV_EIO);
}

void
lane_rest(struct lane *l, bool resting)
{
    if (!l->w)
        return;
    if (resting)
        uv_unref(&l->w->uv.any);
    else
        uv_ref(&l->w->uv.any);
}
