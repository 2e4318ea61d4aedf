/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/ipc.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "os/clock.h"
#include "os/packet.h"
#include "os/quick.h"
#include "os/share.h"
#include "os/sys.h"

enum { TURN_MESSAGES_MAX = 64 };

/* A message that waits for the socket. */
struct waiting {
    struct waiting *next;
    size_t cost, len, fd_count;
    int fds[PACKET_FDS_MAX];
    char bytes[];
};

struct ipc {
    uv_poll_t poll;
    loop *l;
    struct quick peer;
    int f; /* -1: ended */
    struct ipc_hooks hooks;
    struct waiting *first, *last;
    size_t queued_bytes, queue_bytes_max;
    bool send_lost, poll_closed, freed;
    _Alignas(16) char room[IPC_ROOM];
};

fallible
ipc_pair(int ret[2])
{
    int pair[2];
    if (SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) != 0)
        return file_errno("make", "socket pair");
    ret[0] = pair[0];
    ret[1] = pair[1];
    return OK;
}

/* ---- sending */

static void
waiting_free(struct waiting *w)
{
    for (size_t i = 0; i < w->fd_count; i++)
        close(w->fds[i]);
    mem_free(w);
}

static void
queue_take(ipc *c)
{
    struct waiting *w = c->first;
    c->first = w->next;
    if (!c->first)
        c->last = NULL;
    c->queued_bytes -= w->cost;
    waiting_free(w);
}

static void
queue_drop(ipc *c)
{
    while (c->first)
        queue_take(c);
    ASSERT(c->queued_bytes == 0);
}

/* What a message binds while it waits; a large tail's memfd counts. */
static size_t
cost_of(const packet_out *p)
{
    return sizeof(struct waiting) + sizeof p->head + p->head.body_len + p->head.tail_len;
}

/* Descriptors are the caller's again when ipc_send returns, so the queue keeps its own. */
static fallible
waiting_keep(struct waiting *w, const packet_out *p)
{
    for (size_t i = 0; i < p->fd_count; i++) {
        const int f = SYS(fcntl(p->fds[i], F_DUPFD_CLOEXEC, 3));
        if (f < 0)
            return file_errno("duplicate", "descriptor");
        w->fds[w->fd_count++] = f;
    }
    for (size_t i = 0; i < PACKET_PARTS; i++) {
        if (p->parts[i].iov_len)
            memcpy(w->bytes + w->len, p->parts[i].iov_base, p->parts[i].iov_len);
        w->len += p->parts[i].iov_len;
    }
    return OK;
}

static void on_poll(uv_poll_t *uv, int status, int events);

static fallible
watch(ipc *c)
{
    const int events = UV_READABLE | (c->first ? UV_WRITABLE : 0);
    if (fault_now() || uv_poll_start(&c->poll, events, on_poll) != 0)
        FAIL(IO, "a channel cannot be watched");
    return OK;
}

static fallible
queue_add(ipc *c, const packet_out *p)
{
    const size_t len = packet_len(p);
    struct waiting *w = mem_get(sizeof *w + len);
    if (!w)
        FAIL(LIMIT, "no memory for a message of %zu bytes", len);
    *w = (struct waiting){.cost = cost_of(p)};
    const err e = waiting_keep(w, p);
    if (e.code) {
        waiting_free(w);
        return e;
    }
    if (c->last)
        c->last->next = w;
    else
        c->first = w;
    c->last = w;
    c->queued_bytes += w->cost;
    return OK;
}

static fallible
send_later(ipc *c, const packet_out *p)
{
    const bool was_empty = !c->first;
    TRY(queue_add(c, p));
    const err e = was_empty ? watch(c) : OK;
    if (e.code)
        queue_take(c);
    return e;
}

fallible
ipc_send(ipc *c, uint32_t type, uint64_t id, const void *body, size_t body_len, str tail, int f)
{
    AUTO(packet_out) p = packet_out_for(type, id, body_len, tail.len);
    if (c->f < 0 || c->send_lost)
        FAIL(ENGINE_LOST, "the other process is gone");
    const bool may_wait = cost_of(&p) <= c->queue_bytes_max - c->queued_bytes;
    if (c->first && !may_wait)
        FAIL(BUSY, "%zu bytes already wait for the other process", c->queued_bytes);
    TRY(packet_fill(&p, body, tail, f));
    if (!c->first) {
        if (packet_put(c->f, p.parts, PACKET_PARTS, p.fds, p.fd_count) >= 0) {
            loop_linger(c->l, quick_ask(&c->peer, clock_ns()));
            return OK;
        }
        if (!packet_is_full(errno))
            return packet_failure(errno);
    }
    if (!may_wait)
        FAIL(BUSY, "the other process is slow, and the message too large to wait");
    TRY(send_later(c, &p));
    return OK;
}

size_t
ipc_queued_bytes(const ipc *c)
{
    return c->queued_bytes;
}

/* ---- receiving */

static void
on_poll_closed(uv_handle_t *uv)
{
    ipc *c = uv->data;
    c->poll_closed = true;
    if (c->freed)
        mem_free(c);
}

/* From here on the channel is silent; its memory lives at least until the loop's next turn. */
static void
shut(ipc *c)
{
    if (c->f < 0)
        return;
    uv_close((uv_handle_t *)&c->poll, on_poll_closed);
    close(c->f);
    c->f = -1;
    queue_drop(c);
}

static void
end(ipc *c)
{
    ASSERT(c->f >= 0);
    shut(c);
    c->hooks.on_end(c->hooks.ctx);
}

static void
receive_one(ipc *c, struct packet_in *p)
{
    struct ipc_message m;
    const err e = packet_open(p, c->room, &m);
    if (e.code) {
        end(c);
        return;
    }
    const bool wanted = c->hooks.on_message(c->hooks.ctx, &m);
    ipc_release(&m);
    if (!wanted && c->f >= 0)
        end(c);
}

/* What remains after TURN_MESSAGES_MAX wakes the loop again: others get their turn. */
static void
receive(ipc *c)
{
    for (int i = 0; i < TURN_MESSAGES_MAX && c->f >= 0; i++) {
        struct packet_in p;
        const ssize_t n = packet_get(c->f, c->room, &p);
        if (n > 0) {
            quick_answer(&c->peer, clock_ns());
            receive_one(c, &p);
            continue;
        }
        /* ECONNRESET is told once, before what the peer had sent; the end follows. */
        if (n < 0 && (errno == EINTR || errno == ECONNRESET))
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        packet_close_fds(&p);
        end(c);
    }
}

/* A peer that is gone may have left messages, so a failed send alone ends nothing: reading does. */
static void
flush(ipc *c)
{
    while (c->first) {
        struct waiting *w = c->first;
        struct iovec part = {w->bytes, w->len};
        if (packet_put(c->f, &part, 1, w->fds, w->fd_count) >= 0) {
            queue_take(c);
        } else if (packet_is_full(errno)) {
            return;
        } else if (packet_is_lost(errno)) {
            c->send_lost = true;
            queue_drop(c);
        } else {
            end(c);
            return;
        }
    }
    if (watch(c).code)
        end(c);
}

static void
on_poll(uv_poll_t *uv, int status, int events)
{
    ipc *c = uv->data;
    /* A peer that died with our messages unread is a socket error to libuv, which then stops
     * watching; but what the peer had sent before is still there to be read. */
    if (status < 0 || events & UV_READABLE)
        receive(c);
    if (c->f >= 0 && status < 0 && watch(c).code)
        end(c);
    if (c->f >= 0 && c->first && events & UV_WRITABLE)
        flush(c);
}

fallible
ipc_new(loop *l, int f, size_t queue_bytes_max, struct ipc_hooks hooks, ipc **ret)
{
    ASSERT(f >= 0 && hooks.on_message && hooks.on_end);
    AUTO(fd) own = f;
    ipc *c = mem_get(sizeof *c);
    if (!c)
        FAIL(LIMIT, "no memory for a channel");
    memset(c, 0, sizeof *c);
    c->l = l;
    c->hooks = hooks;
    c->queue_bytes_max = queue_bytes_max;
    c->f = -1;
    c->poll.data = c;
    if (fault_now() || uv_poll_init(loop_uv(l), &c->poll, own) != 0) {
        mem_free(c);
        FAIL(IO, "a channel cannot be watched");
    }
    c->f = fd_take(&own);
    const err e = watch(c);
    if (e.code) {
        ipc_free(c);
        return e;
    }
    *ret = c;
    return OK;
}

void
ipc_free(ipc *c)
{
    if (!c)
        return;
    ASSERT(!c->freed);
    shut(c);
    if (c->poll_closed)
        mem_free(c);
    else
        c->freed = true;
}

/* ---- without a loop */

/* Until `f` is ready for `events` or the time is over (BUSY). */
static fallible
wait_for(int f, short events, int wait_ms)
{
    const uint64_t until_ms = clock_ms() + (uint64_t)(wait_ms > 0 ? wait_ms : 0);
    for (;;) {
        struct pollfd p = {.fd = f, .events = events};
        const int n = SYS(poll(&p, 1, wait_ms));
        if (n > 0)
            return OK;
        if (n == 0)
            FAIL(BUSY, "no message in time");
        if (errno != EINTR)
            return file_errno("wait for", "the other process");
        const uint64_t now_ms = clock_ms();
        if (wait_ms > 0)
            wait_ms = now_ms < until_ms ? (int)(until_ms - now_ms) : 0;
    }
}

void
ipc_release(struct ipc_message *m)
{
    if (m->tail.len > IPC_INLINE_MAX)
        share_unmap(m->tail);
    m->tail = STR_NONE;
}

fallible
ipc_recv_wait(int f, int wait_ms, void *room, struct ipc_message *ret)
{
    ASSERT((uintptr_t)room % 16 == 0);
    for (;;) {
        struct packet_in p;
        const ssize_t n = packet_get(f, room, &p);
        if (n > 0)
            return packet_open(&p, room, ret);
        if (n == 0) {
            packet_close_fds(&p);
            FAIL(ENGINE_LOST, "the other process is gone");
        }
        if (errno == EAGAIN)
            TRY(wait_for(f, POLLIN, wait_ms));
        else if (errno != EINTR && errno != ECONNRESET)
            return file_errno("receive from", "the other process");
    }
}

fallible
ipc_send_wait(int f, uint32_t type, uint64_t id, const void *body, size_t body_len, str tail,
              int pass)
{
    AUTO(packet_out) p = packet_out_for(type, id, body_len, tail.len);
    TRY(packet_fill(&p, body, tail, pass));
    while (packet_put(f, p.parts, PACKET_PARTS, p.fds, p.fd_count) < 0) {
        if (!packet_is_full(errno))
            return packet_failure(errno);
        TRY(wait_for(f, POLLOUT, -1));
    }
    return OK;
}
