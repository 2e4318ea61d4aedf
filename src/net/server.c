/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/map.h"
#include "net/head.h"
#include "net/hub.h"
#include "net/refusal.h"
#include "net/sock.h"
#include "os/clock.h"

enum {
    ACCEPTS_MAX = 64, /* in one turn; then others get theirs */
    TURNS_MAX = 4096, /* connections served at the end of one turn */
    TICK_MS = 20,     /* how coarse deadlines are */
    PAUSE_MS = 20,    /* of accepting, when descriptors have run out */
    ADDRESS_KEY_MAX = 17,
};

struct listener {
    uv_poll_t poll;
    http_server *s;
    tls *t;
    int f;
    struct listener *next;
};

struct address {
    char key[ADDRESS_KEY_MAX];
    size_t key_len, count;
};

struct http_server {
    struct hub hub;
    struct sock_hooks socks;
    sock *first;
    size_t count;
    map addresses;
    struct listener *listeners;
    uv_loop_t *uv;
    uv_prepare_t prepare; /* the end of each turn */
    uv_idle_t again;      /* runs while some connections did not get their turn */
    uv_timer_t tick, stop;
    uv_timer_t pause; /* of accepting, when descriptors have run out */
    uint64_t tick_due_ms;
    size_t handles; /* of libuv's, not closed yet; connections not counted */
    loop_fn *on_stopped;
    void *stopped_ctx;
    bool freed;
    char room[CONN_READ_MAX];
};

/* ---- the end */

static void
free_when_closed(http_server *s)
{
    if (!s->freed || s->handles || s->socks.alive)
        return;
    hub_done(&s->hub);
    map_done(&s->addresses);
    buf_done(&s->socks.plain);
    mem_free(s);
}

static void
on_handle_closed(uv_handle_t *uv)
{
    http_server *const s = uv->data;
    s->handles--;
    free_when_closed(s);
}

static void
on_listener_closed(uv_handle_t *uv)
{
    struct listener *const l = uv->data;
    http_server *const s = l->s;
    mem_free(l);
    s->handles--;
    free_when_closed(s);
}

static void
close_listeners(http_server *s)
{
    (void)uv_timer_stop(&s->pause);
    while (s->listeners) {
        struct listener *const l = s->listeners;
        s->listeners = l->next;
        uv_close((uv_handle_t *)&l->poll, on_listener_closed);
        (void)close(l->f); /* a listening socket has nothing to lose */
    }
}

static void
close_connections(http_server *s)
{
    while (s->first)
        sock_close(s->first);
}

static void
on_sock_freed(void *ctx)
{
    free_when_closed(ctx);
}

/* ---- connections per address */

/* One host may hold a whole /64 of IPv6. */
static size_t
address_key(const struct sockaddr_storage *a, char key[ADDRESS_KEY_MAX])
{
    const struct sockaddr_in *const v4 = (const struct sockaddr_in *)(const void *)a;
    const struct sockaddr_in6 *const v6 = (const struct sockaddr_in6 *)(const void *)a;
    key[0] = a->ss_family == AF_INET ? '4' : '6';
    if (a->ss_family == AF_INET)
        memcpy(key + 1, &v4->sin_addr, 4);
    else if (a->ss_family == AF_INET6)
        memcpy(key + 1, &v6->sin6_addr, 8);
    return a->ss_family == AF_INET ? 5 : a->ss_family == AF_INET6 ? 9 : 0;
}

/* *ret stays NULL for a Unix socket: whoever may open it is not limited. */
static fallible
address_enter(http_server *s, const struct sockaddr_storage *a, struct address **ret)
{
    char key[ADDRESS_KEY_MAX];
    const size_t len = address_key(a, key);
    if (!len)
        return OK;
    struct address *at = map_get(&s->addresses, (str){key, len});
    if (!at) {
        at = mem_get(sizeof *at);
        if (!at)
            FAIL(LIMIT, "no memory for an address");
        *at = (struct address){.key_len = len};
        memcpy(at->key, key, len);
        const err e = map_put(&s->addresses, (str){at->key, len}, at);
        if (e.code) {
            mem_free(at);
            return e;
        }
    }
    if (at->count >= s->hub.p.net_connections_per_address_max)
        FAIL(BUSY, "too many connections from one address");
    at->count++;
    *ret = at;
    return OK;
}

static void
address_leave(http_server *s, struct address *at)
{
    if (!at || --at->count)
        return;
    (void)map_take(&s->addresses, (str){at->key, at->key_len});
    mem_free(at);
}

/* ---- accepting */

static void on_knock(uv_poll_t *uv, int status, int events);

static void
on_sock_close(void *ctx, sock *k)
{
    http_server *const s = ctx;
    if (k->prev)
        k->prev->next = k->next;
    else
        s->first = k->next;
    if (k->next)
        k->next->prev = k->prev;
    s->count--;
    meter_add(s->hub.m, METER_HTTP_CONNECTIONS, -1);
    address_leave(s, k->address);
}

static void
put_turned_away(http_server *s, buf *b)
{
    struct http_field sent[] = {{STR_INIT("Content-Type"), STR_NONE},
                                {STR_INIT("Retry-After"), STR_INIT("1")}};
    char id[ID_MAX];
    str body;
    arena *a = NULL;
    if (hub_take_arena(&s->hub, &a).code)
        return;
    refusal_make(&s->hub.hooks, 503, STR("Too many connections are open."), a, &sent[0].value,
                 &body);
    head_put(b, &(struct head){
                    .status = 503,
                    .framing = HEAD_LENGTH,
                    .length = body.len,
                    .connection = STR("close"),
                    .date = hub_date(&s->hub),
                    .id = id_new("req_", id),
                    .fields = sent,
                    .count = 2,
                });
    buf_add(b, body);
    hub_give_arena(&s->hub, a);
}

/* One connection too many.  Nothing was read, nothing is waited for. */
static void
turn_away(http_server *s, int f, const struct listener *l)
{
    AUTO(buf) b = BUF(CONN_READ_MAX);
    meter_add(s->hub.m, METER_HTTP_ERRORS, 1);
    if (!l->t)
        put_turned_away(s, &b);
    if (b.len)
        (void)send(f, b.at, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)close(f);
}

static fallible
admit(http_server *s, const struct listener *l, int f, const struct sockaddr_storage *a)
{
    struct address *address = NULL;
    sock *k = NULL;
    err full = {ERR_BUSY};
    if (s->count < s->hub.p.net_connections_max)
        full = address_enter(s, a, &address);
    if (full.code) {
        turn_away(s, f, l);
        return full;
    }
    const err e = sock_open(f, a, l->t, &s->socks, &k);
    if (e.code) {
        address_leave(s, address);
        return e;
    }
    k->address = address;
    k->next = s->first;
    if (s->first)
        s->first->prev = k;
    s->first = k;
    s->count++;
    meter_add(s->hub.m, METER_HTTP_CONNECTIONS, 1);
    sock_start(k);
    return OK;
}

static void
on_pause_over(uv_timer_t *uv)
{
    http_server *const s = uv->data;
    for (struct listener *l = s->listeners; l; l = l->next)
        (void)uv_poll_start(&l->poll, UV_READABLE, on_knock);
}

/* A listener that cannot accept would be readable for ever. */
static void
pause_accepting(http_server *s)
{
    for (struct listener *l = s->listeners; l; l = l->next)
        (void)uv_poll_stop(&l->poll);
    uv_update_time(s->uv);
    (void)uv_timer_start(&s->pause, on_pause_over, PAUSE_MS, 0);
}

static int
knock(int f, struct sockaddr_storage *ret, socklen_t *len)
{
    if (fault_now()) {
        errno = EMFILE;
        return -1;
    }
    return accept4(f, (struct sockaddr *)ret, len, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void
on_knock(uv_poll_t *uv, int status, int events)
{
    (void)status, (void)events;
    struct listener *const l = uv->data;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage a = {0};
        socklen_t len = sizeof a;
        const int f = knock(l->f, &a, &len);
        if (f < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(l->s);
            return;
        }
        IGNORE(admit(l->s, l, f, &a)); /* the connection is closed; others go on */
    }
}

fallible
http_server_listen(http_server *s, int f, tls *t)
{
    struct listener *const l = mem_get(sizeof *l);
    ASSERT(!s->hub.stopping && !s->freed);
    if (!l) {
        (void)close(f);
        FAIL(LIMIT, "no memory for a listener");
    }
    *l = (struct listener){.s = s, .t = t, .f = f};
    l->poll.data = l;
    const int rc = fault_now() ? UV_EIO : uv_poll_init(s->uv, &l->poll, f);
    if (rc < 0) {
        mem_free(l);
        (void)close(f);
        FAIL(IO, "listen: %s", uv_strerror(rc));
    }
    s->handles++;
    l->next = s->listeners;
    s->listeners = l;
    (void)uv_poll_start(&l->poll, UV_READABLE, on_knock); /* cannot fail on a new handle */
    return OK;
}

/* ---- the turn */

static void
on_nothing(uv_idle_t *uv)
{
    (void)uv; /* an idle handle keeps the loop from resting, that is all */
}

static void
on_tick(uv_timer_t *uv)
{
    http_server *const s = uv->data;
    s->tick_due_ms = UINT64_MAX; /* the turn's end does the work */
}

/* Restarted only when something is due before it fires; firing in vain is cheap and rare. */
static void
set_tick(http_server *s)
{
    const uint64_t due_ms = deadlines_next_ms(&s->hub.deadlines);
    if (due_ms >= s->tick_due_ms)
        return;
    const uint64_t now_ms = clock_ms(), wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    uv_update_time(s->uv);
    (void)uv_timer_start(&s->tick, on_tick, wait_ms > TICK_MS ? wait_ms : TICK_MS, 0);
    s->tick_due_ms = due_ms;
}

static void
tell_stopped(http_server *s)
{
    loop_fn *const done = s->on_stopped;
    s->on_stopped = NULL;
    (void)uv_timer_stop(&s->stop);
    uv_unref((uv_handle_t *)&s->prepare);
    if (done)
        done(s->stopped_ctx);
}

static void
on_turn(uv_prepare_t *uv)
{
    http_server *const s = uv->data;
    hub_expire(&s->hub);
    for (int i = 0; s->hub.touched && i < TURNS_MAX; i++)
        sock_flush(s->hub.touched->owner);
    if (s->hub.touched)
        (void)uv_idle_start(&s->again, on_nothing);
    else
        (void)uv_idle_stop(&s->again);
    set_tick(s);
    if (s->hub.stopping && !s->first)
        tell_stopped(s);
}

/* ---- the server */

static void
add_handle(http_server *s, uv_handle_t *uv)
{
    uv->data = s;
    uv_unref(uv); /* the listeners keep the loop going, not these */
    s->handles++;
}

fallible
http_server_new(loop *l, const struct params *p, meters *m, struct http_hooks hooks,
                http_server **ret)
{
    http_server *const s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for a server");
    /* libuv writes without MSG_NOSIGNAL. */
    (void)signal(SIGPIPE, SIG_IGN);
    memset(s, 0, offsetof(http_server, room));
    hub_init(&s->hub, p, m, hooks);
    s->uv = loop_uv(l);
    s->tick_due_ms = UINT64_MAX;
    s->socks = (struct sock_hooks){
        .l = s->uv,
        .hub = &s->hub,
        .on_close = on_sock_close,
        .on_freed = on_sock_freed,
        .ctx = s,
        .room = s->room,
        .plain = BUF(8 * CONN_READ_MAX),
    };
    (void)uv_prepare_init(s->uv, &s->prepare); /* none of these can fail */
    (void)uv_idle_init(s->uv, &s->again);
    (void)uv_timer_init(s->uv, &s->tick);
    (void)uv_timer_init(s->uv, &s->stop);
    (void)uv_timer_init(s->uv, &s->pause);
    (void)uv_prepare_start(&s->prepare, on_turn);
    add_handle(s, (uv_handle_t *)&s->prepare);
    add_handle(s, (uv_handle_t *)&s->again);
    add_handle(s, (uv_handle_t *)&s->tick);
    add_handle(s, (uv_handle_t *)&s->stop);
    add_handle(s, (uv_handle_t *)&s->pause);
    uv_ref((uv_handle_t *)&s->pause); /* it stands in for the listeners */
    *ret = s;
    return OK;
}

static void
on_stop_due(uv_timer_t *uv)
{
    close_connections(uv->data);
}

void
http_server_stop(http_server *s, uint64_t wait_ms, loop_fn *done, void *ctx)
{
    ASSERT(!s->hub.stopping && !s->freed);
    s->hub.stopping = true;
    s->on_stopped = done;
    s->stopped_ctx = ctx;
    close_listeners(s);
    for (sock *k = s->first; k; k = k->next)
        conn_stop(&k->c);
    uv_update_time(s->uv);
    (void)uv_timer_start(&s->stop, on_stop_due, wait_ms, 0);
    uv_ref((uv_handle_t *)&s->stop);
    uv_ref((uv_handle_t *)&s->prepare);
}

void
http_server_free(http_server *s)
{
    if (!s)
        return;
    ASSERT(!s->freed);
    s->freed = true;
    close_listeners(s);
    close_connections(s);
    uv_close((uv_handle_t *)&s->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&s->again, on_handle_closed);
    uv_close((uv_handle_t *)&s->tick, on_handle_closed);
    uv_close((uv_handle_t *)&s->stop, on_handle_closed);
    uv_close((uv_handle_t *)&s->pause, on_handle_closed);
}

size_t
http_server_connections(const http_server *s)
{
    return s->count;
}
