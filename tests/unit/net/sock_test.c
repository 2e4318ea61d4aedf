/* SPDX-License-Identifier: EUPL-1.2 */
/* One connection over a socket pair; the other end is the test. */
#include "net/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "cert.h"
#include "os/clock.h"
#include "os/loop.h"
#include "test.h"

struct bed {
    loop *l;
    struct params p;
    meters m;
    struct hub hub;
    struct sock_hooks hooks;
    sock *s;
    int peer, closed, freed, requests, gone;
    http_exchange *held;
    bool hold;
    str answer;
    char room[CONN_READ_MAX];
};

static void
on_close(void *ctx, sock *s)
{
    struct bed *const b = ctx;
    CHECK(s == b->s);
    b->closed++;
}

static void
on_freed(void *ctx)
{
    ((struct bed *)ctx)->freed++;
}

static void
on_request(void *ctx, http_exchange *x)
{
    struct bed *const b = ctx;
    b->requests++;
    if (b->hold)
        b->held = x;
    else
        http_answer(x, 200, NULL, 0, b->answer);
}

static void
on_gone(void *ctx, http_exchange *x)
{
    struct bed *const b = ctx;
    b->gone++;
    b->held = b->held == x ? NULL : b->held;
}

/* False when a fault kept it from being made. */
static bool
bed_open(struct bed *b, tls *t)
{
    const struct sockaddr_storage a = {.ss_family = AF_UNIX};
    int pair[2];
    memset(b, 0, sizeof *b);
    params_default(&b->p);
    b->answer = STR("hello");
    if (loop_new(&b->l).code || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return false;
    hub_init(&b->hub, &b->p, &b->m,
             (struct http_hooks){.on_request = on_request, .on_gone = on_gone, .ctx = b});
    b->hooks = (struct sock_hooks){
        .l = loop_uv(b->l),
        .hub = &b->hub,
        .on_close = on_close,
        .on_freed = on_freed,
        .ctx = b,
        .room = b->room,
        .plain = BUF(1 << 20),
    };
    b->peer = pair[1];
    fcntl(b->peer, F_SETFL, O_NONBLOCK);
    return !sock_open(pair[0], &a, t, &b->hooks, &b->s).code;
}

static void
turn(struct bed *b)
{
    (void)loop_turn(b->l);
    hub_expire(&b->hub);
    for (int i = 0; b->hub.touched && i < 10; i++)
        sock_flush(b->hub.touched->owner);
}

static void
bed_close(struct bed *b)
{
    if (b->s && !b->closed)
        sock_close(b->s);
    loop_free(b->l);
    hub_done(&b->hub);
    buf_done(&b->hooks.plain);
    CHECK_INT(b->hooks.alive, ==, 0);
    close(b->peer);
}

static size_t
drain(struct bed *b, size_t want)
{
    char room[65536];
    size_t len = 0;
    for (int i = 0; i < 20000 && len < want && !b->freed; i++) {
        const ssize_t n = recv(b->peer, room, sizeof room, 0);
        len += n > 0 ? (size_t)n : 0;
        if (n <= 0)
            turn(b);
    }
    return len;
}

static void
say(struct bed *b, str s)
{
    CHECK_INT(send(b->peer, s.at, s.len, MSG_NOSIGNAL), ==, s.len);
    for (int i = 0; i < 5; i++)
        turn(b);
}

static const str get = STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
static const str bad = STR_INIT("BAD\r\n\r\n");

TEST(bytes_go_in_and_out_of_the_socket)
{
    struct bed b;
    NEED(bed_open(&b, NULL));
    sock_start(b.s);
    say(&b, get);
    CHECK_INT(b.requests, ==, 1);
    CHECK_INT(drain(&b, 100), >, 100);
    CHECK_INT(b.s->c.peer_uid, ==, getuid());
    CHECK(!b.s->wire.at && !b.s->sending.at && !b.s->c.out.at);
    bed_close(&b);
}

TEST(what_the_socket_does_not_take_at_once_goes_later_and_whole)
{
    enum { LEN = 3000000 };
    struct bed b;
    char *const answer = calloc(LEN, 1);
    NEED(answer && bed_open(&b, NULL));
    b.answer = (str){answer, LEN};
    sock_start(b.s);
    say(&b, get);
    CHECK(b.s->writing);
    CHECK_INT(b.s->c.unsent, >, LEN / 2);
    CHECK(deadline_armed(&b.s->c.stall));
    CHECK_INT(drain(&b, LEN), >=, LEN);
    for (int i = 0; i < 5; i++)
        turn(&b);
    CHECK(!b.s->writing);
    CHECK_INT(b.s->c.unsent, ==, 0);
    CHECK(!deadline_armed(&b.s->c.stall));
    bed_close(&b);
    free(answer);
}

TEST(output_that_does_not_move_ends_the_connection)
{
    enum { LEN = 3000000 };
    struct bed b;
    char *const answer = calloc(LEN, 1);
    clock_fix(1, 0);
    NEED(answer && bed_open(&b, NULL));
    b.answer = (str){answer, LEN};
    sock_start(b.s);
    say(&b, get);
    clock_fix((b.p.net_idle_ms_max - 1) * 1000000, 0);
    CHECK_INT(drain(&b, 1000000), >=, 1000000);
    clock_fix((b.p.net_idle_ms_max + 1) * 1000000, 0);
    turn(&b);
    CHECK_INT(b.closed, ==, 0);
    clock_fix(2 * b.p.net_idle_ms_max * 1000000, 0);
    turn(&b);
    CHECK_INT(b.closed, ==, 1);
    CHECK_INT(meter_value(&b.m, METER_HTTP_CUT), ==, 1);
    clock_free();
    bed_close(&b);
    free(answer);
}

TEST(after_a_refusal_the_peer_may_go_on_sending_for_a_while)
{
    struct bed b;
    char c;
    clock_fix(1, 0);
    NEED(bed_open(&b, NULL));
    sock_start(b.s);
    say(&b, bad);
    CHECK(drain(&b, 100) > 100);
    CHECK_INT(recv(b.peer, &c, 1, 0), ==, 0);
    for (int i = 0; i < 100; i++)
        say(&b, get);
    CHECK_INT(b.closed, ==, 0);
    CHECK_INT(b.requests, ==, 0);
    clock_fix(3000000000, 0);
    turn(&b);
    CHECK_INT(b.closed, ==, 1);
    clock_free();
    bed_close(&b);
}

TEST(after_a_refusal_the_peers_end_is_the_end)
{
    struct bed b;
    NEED(bed_open(&b, NULL));
    sock_start(b.s);
    say(&b, bad);
    shutdown(b.peer, SHUT_WR);
    for (int i = 0; i < 10 && !b.closed; i++)
        turn(&b);
    CHECK_INT(b.closed, ==, 1);
    bed_close(&b);
    CHECK_INT(b.freed, ==, 1);
}

TEST(a_peer_that_vanishes_is_told_to_the_handler)
{
    struct bed b;
    NEED(bed_open(&b, NULL));
    b.hold = true;
    sock_start(b.s);
    say(&b, get);
    NEED(b.held);
    close(b.peer);
    b.peer = -1;
    for (int i = 0; i < 10 && !b.closed; i++)
        turn(&b);
    CHECK_INT(b.gone, ==, 1);
    CHECK_INT(b.closed, ==, 1);
    bed_close(&b);
}

TEST(a_deaf_connection_does_not_read)
{
    struct bed b;
    char piece[10000];
    size_t sent = 0;
    memset(piece, 'x', sizeof piece);
    NEED(bed_open(&b, NULL));
    b.hold = true;
    sock_start(b.s);
    say(&b, get);
    for (int i = 0; i < 1000; i++) {
        const ssize_t n = send(b.peer, piece, sizeof piece, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        turn(&b);
    }
    CHECK(b.s->c.deaf && !b.s->reading);
    CHECK_INT(sent, <, 2000000);
    http_answer(b.held, 200, NULL, 0, STR("a"));
    turn(&b);
    CHECK(b.s->reading);
    CHECK_INT(b.gone, ==, 0);
    bed_close(&b);
}

TEST(closing_twice_is_closing_once)
{
    struct bed b;
    NEED(bed_open(&b, NULL));
    sock_start(b.s);
    sock_close(b.s);
    sock_close(b.s);
    sock_flush(b.s);
    CHECK_INT(b.closed, ==, 1);
    bed_close(&b);
    CHECK_INT(b.freed, ==, 1);
}

TEST(a_handshake_that_does_not_come_is_closed_when_its_time_is_over)
{
    struct bed b;
    struct cert c;
    tls *t = NULL;
    cert_make(&c, "a");
    NEED_OK(tls_new(str_of(c.cert), str_of(c.key), &t));
    clock_fix(1, 0);
    NEED(bed_open(&b, t));
    sock_start(b.s);
    say(&b, STR("\x16\x03"));
    clock_fix((b.p.net_header_ms_max + 1) * 1000000, 0);
    turn(&b);
    CHECK_INT(b.closed, ==, 1);
    clock_free();
    bed_close(&b);
    tls_free(t);
}

TEST(whatever_fails_ends_the_socket_and_frees_it)
{
    enum { LEN = 600000 };
    char *const answer = calloc(LEN, 1);
    NEED(answer);
    for (long n = 1; n < 2000; n++) {
        struct bed b;
        fault_arm(0);
        loop *warm = NULL;
        NEED_OK(loop_new(&warm));
        loop_free(warm);
        memset(&b, 0, sizeof b);
        fault_arm(n);
        const bool made = bed_open(&b, NULL);
        if (made) {
            b.answer = (str){answer, LEN};
            sock_start(b.s);
            say(&b, get);
            (void)drain(&b, LEN);
        }
        const bool fired = fault_fired();
        fault_arm(0);
        if (b.hooks.l)
            bed_close(&b);
        else
            loop_free(b.l);
        if (!fired)
            break;
    }
    free(answer);
}
