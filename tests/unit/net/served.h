/* SPDX-License-Identifier: EUPL-1.2 */
/* served.h - a server on loopback and plain clients, all in one thread: the loop is turned until
 * what is waited for has come. */
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/server.h"
#include "os/loop.h"
#include "test.h"

enum { SERVED_HELD_MAX = 64, SERVED_TURNS_MAX = 20000 };

enum served_mode { SERVED_ANSWER, SERVED_HOLD };

struct served {
    loop *l;
    struct params p;
    meters m;
    http_server *s;
    int port;
    char bound[128];
    enum served_mode mode;
    str answer;
    int requests, gone, stopped;
    http_exchange *held[SERVED_HELD_MAX];
    size_t held_count;
    char peer[128];
    int64_t uid;
};

static inline void
served_on_request(void *ctx, http_exchange *x)
{
    struct served *const d = ctx;
    d->requests++;
    (void)snprintf(d->peer, sizeof d->peer, "%.*s", STR_FMT(http_peer(x)));
    d->uid = http_peer_uid(x);
    if (d->mode == SERVED_ANSWER)
        http_answer(x, 200, NULL, 0, d->answer);
    else if (d->held_count < SERVED_HELD_MAX)
        d->held[d->held_count++] = x;
}

static inline void
served_on_gone(void *ctx, http_exchange *x)
{
    struct served *const d = ctx;
    d->gone++;
    for (size_t i = 0; i < d->held_count; i++)
        if (d->held[i] == x)
            d->held[i] = d->held[--d->held_count];
}

static inline void
served_on_stopped(void *ctx)
{
    ((struct served *)ctx)->stopped++;
}

/* `p` is to be set before; the port is picked. */
static inline fallible
served_open(struct served *d, tls *t)
{
    int f = -1;
    const struct http_hooks hooks = {
        .on_request = served_on_request, .on_gone = served_on_gone, .ctx = d};
    TRY(loop_new(&d->l));
    TRY(http_server_new(d->l, &d->p, &d->m, hooks, &d->s));
    TRY(http_bind(STR("127.0.0.1:0"), &f, d->bound));
    TRY(http_server_listen(d->s, f, t));
    d->port = (int)strtol(d->bound + 10, NULL, 10);
    return OK;
}

static inline void
served_init(struct served *d)
{
    *d = (struct served){.answer = STR("hello")};
    params_default(&d->p);
}

static inline void
served_close(struct served *d)
{
    http_server_free(d->s);
    loop_free(d->l);
}

/* A client; -1 when refused. */
static inline int
served_connect(const struct served *d)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)d->port)};
    const int f = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
    if (connect(f, (struct sockaddr *)&a, sizeof a)) {
        close(f);
        return -1;
    }
    fcntl(f, F_SETFL, O_NONBLOCK);
    return f;
}

/* One turn, after a moment if nothing is there yet. */
static inline void
served_turn(struct served *d, int f)
{
    struct pollfd p = {.fd = f, .events = POLLIN};
    (void)loop_turn(d->l);
    (void)poll(&p, 1, f >= 0 ? 1 : 0);
}

/* Writes all of it, turning the loop where the socket is full. */
static inline bool
served_send(struct served *d, int f, str s)
{
    for (int i = 0; s.len && i < SERVED_TURNS_MAX; i++) {
        const ssize_t n = send(f, s.at, s.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return false;
        s = str_slice(s, n > 0 ? (size_t)n : 0, s.len);
        if (s.len)
            (void)loop_turn(d->l);
    }
    return !s.len;
}

/* Reads until `want` bytes are there or the peer has ended; *ret_ended if it has. */
static inline size_t
served_read(struct served *d, int f, char *room, size_t want, bool *ret_ended)
{
    size_t len = 0;
    *ret_ended = false;
    for (int i = 0; len < want && i < SERVED_TURNS_MAX; i++) {
        const ssize_t n = recv(f, room + len, want - len, 0);
        if (n > 0)
            len += (size_t)n;
        *ret_ended = n == 0 || (n < 0 && errno != EAGAIN);
        if (*ret_ended)
            break;
        if (n < 0)
            served_turn(d, f);
    }
    return len;
}

/* The status of the next answer, which is read to the end of its Content-Length; 0 if none. */
static inline int
served_status(struct served *d, int f)
{
    static char room[65536];
    size_t len = 0, body = 0;
    const char *end = NULL;
    bool ended = false;
    while (!end && !ended && len + 1 < sizeof room) {
        len += served_read(d, f, room + len, 1, &ended);
        room[len] = 0;
        end = strstr(room, "\r\n\r\n");
    }
    const char *const length = strstr(room, "Content-Length: ");
    if (length)
        body = (size_t)strtol(length + 16, NULL, 10);
    const int status = end && len > 12 ? (int)strtol(room + 9, NULL, 10) : 0;
    if (end && !strstr(room, "chunked") && body < sizeof room)
        (void)served_read(d, f, room, body, &ended);
    return status;
}

static inline bool
served_ended(struct served *d, int f)
{
    char c;
    bool ended = false;
    return served_read(d, f, &c, 1, &ended) == 0 && ended;
}
