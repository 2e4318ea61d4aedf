/* SPDX-License-Identifier: EUPL-1.2 */
/* A lane to a socket the test holds; over TLS the test is a server of its own. */
#include "net/client/lane.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"
#include "unit/net/cert.h"

enum { TURNS_MAX = 100000 };

struct rig {
    loop *l;
    struct lane lane;
    int far; /* the other end */
    buf heard;
    int opened, sent, deaf, ended;
    enum lane_end why;
    bool closes_at_bytes;
    struct cert cert;
    tls *t;
    tls_conn *server;
    trust *trust;
    buf plain;
};

static struct rig r;

static void
on_bytes(void *ctx, str bytes)
{
    (void)ctx;
    if (!bytes.len)
        r.opened++;
    buf_add(&r.heard, bytes);
    if (r.closes_at_bytes)
        lane_close(&r.lane);
}

static void
on_sent(void *ctx)
{
    (void)ctx;
    r.sent++;
}

static void
on_deaf(void *ctx)
{
    (void)ctx;
    r.deaf++;
}

static void
on_end(void *ctx, enum lane_end why, int uv)
{
    (void)ctx, (void)uv;
    r.ended++;
    r.why = why;
    lane_close(&r.lane);
}

static const struct lane_hooks hooks = {on_bytes, on_sent, on_deaf, on_end};

static wire *
wire_to(int f)
{
    wire *w = mem_get(sizeof *w);
    memset(w, 0, sizeof *w);
    uv_pipe_init(loop_uv(r.l), &w->uv.pipe, 0);
    uv_pipe_open(&w->uv.pipe, f);
    w->uv.any.data = w;
    return w;
}

static fallible
open_rig(bool with_tls)
{
    int pair[2];
    memset(&r, 0, offsetof(struct rig, cert));
    r.server = NULL;
    r.t = NULL;
    r.trust = NULL;
    r.heard = r.plain = BUF(64 << 20);
    TRY(loop_new(&r.l));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        FAIL(IO, "no sockets");
    r.far = pair[1];
    lane_init(&r.lane, &hooks, &r);
    if (with_tls) {
        cert_make(&r.cert, "a.example");
        const struct trust_spec spec = {.ca_pem = str_of(r.cert.cert)};
        TRY(trust_new(&spec, &r.trust));
        TRY(tls_new(str_of(r.cert.cert), str_of(r.cert.key), &r.t));
        TRY(tls_conn_new(r.t, &r.server));
    }
    return lane_start(&r.lane, wire_to(pair[0]), r.trust, "a.example");
}

static void
close_rig(void)
{
    lane_done(&r.lane);
    tls_conn_free(r.server);
    trust_free(r.trust);
    tls_free(r.t);
    if (r.far >= 0)
        close(r.far);
    buf_done(&r.heard);
    buf_done(&r.plain);
    loop_free(r.l);
}

static void
hang_up(void)
{
    close(r.far);
    r.far = -1;
}

static void
say(str s)
{
    while (s.len) {
        const ssize_t n = send(r.far, s.at, s.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        s = str_slice(s, n > 0 ? (size_t)n : 0, s.len);
        (void)loop_turn(r.l);
    }
}

/* What the lane wrote; with TLS it is answered too. */
static size_t
hear(void)
{
    static char room[65536];
    const ssize_t n = recv(r.far, room, sizeof room, 0);
    if (n <= 0)
        return 0;
    if (!r.server) {
        buf_add(&r.plain, (str){room, (size_t)n});
        return (size_t)n;
    }
    AUTO(buf) out = BUF(1 << 20);
    CHECK_OK(tls_conn_read(r.server, (str){room, (size_t)n}, &r.plain, &out));
    say(buf_str(&out));
    return (size_t)n;
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        for (int i_ = 0; i_ < TURNS_MAX && !(condition); i_++) {                                   \
            (void)loop_turn(r.l);                                                                  \
            if (r.far >= 0)                                                                        \
                (void)hear();                                                                      \
        }                                                                                          \
        CHECK(condition);                                                                          \
    } while (0)

static uv_buf_t
part(str s)
{
    return (uv_buf_t){.base = (char *)(uintptr_t)s.at, .len = s.len};
}

TEST(small_things_are_sent_at_once_and_bytes_come)
{
    bool sent = false;
    NEED_OK(open_rig(false));
    CHECK(r.lane.open);
    const uv_buf_t parts[] = {part(STR("hello ")), part(STR("world"))};
    CHECK_OK(lane_send(&r.lane, parts, 2, true, &sent));
    CHECK(sent);
    (void)hear();
    CHECK_STR(buf_str(&r.plain), STR("hello world"));
    say(STR("answer"));
    UNTIL(r.heard.len == 6);
    CHECK_INT(r.sent, ==, 0);
    close_rig();
}

TEST(who_wants_to_hear_of_it_hears_from_the_loop)
{
    bool sent = true;
    NEED_OK(open_rig(false));
    const uv_buf_t one = part(STR("hello"));
    CHECK_OK(lane_send(&r.lane, &one, 1, false, &sent));
    CHECK(!sent && r.sent == 0);
    UNTIL(r.sent == 1);
    UNTIL(r.plain.len == 5);
    close_rig();
}

TEST(what_the_socket_does_not_take_follows_in_order)
{
    static char big[8 << 20];
    for (int with_tls = 0; with_tls < 2; with_tls++) {
        bool sent = true;
        NEED_OK(open_rig(with_tls));
        UNTIL(r.lane.open && (!r.server || tls_conn_ready(r.server)));
        for (size_t i = 0; i < sizeof big; i++)
            big[i] = (char)test_random();
        const size_t len = with_tls ? sizeof big / 4 : sizeof big;
        const uv_buf_t parts[] = {part(STR("head")), part((str){big, len})};
        CHECK_OK(lane_send(&r.lane, parts, 2, true, &sent));
        CHECK(!sent);
        UNTIL(r.sent == 1);
        UNTIL(r.plain.len == len + 4);
        CHECK_STR(str_slice(buf_str(&r.plain), 4, r.plain.len), ((str){big, len}));
        close_rig();
    }
}

TEST(tls_opens_before_anything_is_sent)
{
    bool sent = false;
    NEED_OK(open_rig(true));
    CHECK(!r.lane.open);
    UNTIL(r.lane.open && (!r.server || tls_conn_ready(r.server)));
    CHECK_INT(r.opened, ==, 1);
    const uv_buf_t one = part(STR("hello"));
    CHECK_OK(lane_send(&r.lane, &one, 1, true, &sent));
    UNTIL(r.plain.len == 5);
    AUTO(buf) out = BUF(1 << 20);
    CHECK_OK(tls_conn_write(r.server, STR("answer"), &out));
    say(buf_str(&out));
    UNTIL(r.heard.len == 6);
    CHECK_STR(buf_str(&r.heard), STR("answer"));
    close_rig();
}

TEST(an_end_is_an_end_only_if_it_was_announced)
{
    NEED_OK(open_rig(false));
    hang_up();
    UNTIL(r.ended);
    CHECK_INT(r.why, ==, LANE_CLOSED);
    close_rig();
    NEED_OK(open_rig(true));
    UNTIL(r.lane.open && (!r.server || tls_conn_ready(r.server)));
    hang_up();
    UNTIL(r.ended);
    CHECK_INT(r.why, ==, LANE_BROKEN);
    close_rig();
    NEED_OK(open_rig(true));
    UNTIL(r.lane.open && (!r.server || tls_conn_ready(r.server)));
    AUTO(buf) out = BUF(1 << 20);
    tls_conn_end(r.server, &out);
    say(buf_str(&out));
    hang_up();
    UNTIL(r.ended);
    CHECK_INT(r.why, ==, LANE_CLOSED);
    close_rig();
}

TEST(what_is_not_tls_and_who_is_not_trusted_are_told_apart)
{
    NEED_OK(open_rig(true));
    say(STR("HTTP/1.1 400 Bad Request\r\n\r\n"));
    UNTIL(r.ended);
    CHECK_INT(r.why, ==, LANE_NO_TLS);
    CHECK(!r.lane.open && r.opened == 0);
    close_rig();
    NEED_OK(open_rig(true));
    struct cert other;
    tls_conn_free(r.server);
    cert_make(&other, "a.example");
    NEED_OK(tls_reload(r.t, str_of(other.cert), str_of(other.key)));
    NEED_OK(tls_conn_new(r.t, &r.server));
    for (int i = 0; i < TURNS_MAX && !r.ended; i++) {
        static char room[65536];
        AUTO(buf) out = BUF(1 << 20);
        (void)loop_turn(r.l);
        const ssize_t n = recv(r.far, room, sizeof room, 0);
        if (n > 0)
            IGNORE(tls_conn_read(r.server, (str){room, (size_t)n}, &r.plain, &out));
        say(buf_str(&out));
    }
    CHECK_INT(r.why, ==, LANE_UNTRUSTED);
    CHECK(r.opened == 0);
    close_rig();
}

TEST(nothing_is_read_while_it_is_paused)
{
    NEED_OK(open_rig(false));
    lane_pause(&r.lane, true);
    say(STR("hello"));
    for (int i = 0; i < 10; i++)
        (void)loop_turn(r.l);
    CHECK_INT(r.heard.len, ==, 0);
    lane_pause(&r.lane, false);
    UNTIL(r.heard.len == 5);
    close_rig();
}

TEST(a_hook_may_close_it_and_nothing_follows)
{
    for (int with_tls = 0; with_tls < 2; with_tls++) {
        NEED_OK(open_rig(with_tls));
        UNTIL(r.lane.open && (!r.server || tls_conn_ready(r.server)));
        r.closes_at_bytes = true;
        AUTO(buf) out = BUF(1 << 20);
        if (with_tls)
            CHECK_OK(tls_conn_write(r.server, STR("answer"), &out));
        say(with_tls ? buf_str(&out) : STR("answer"));
        UNTIL(r.heard.len == 6);
        CHECK(!r.lane.w);
        hang_up();
        for (int i = 0; i < 5; i++)
            (void)loop_turn(r.l);
        CHECK_INT(r.ended, ==, 0);
        close_rig();
    }
}

TEST(a_resting_lane_keeps_no_loop_running)
{
    NEED_OK(open_rig(false));
    lane_rest(&r.lane, true);
    loop_run(r.l); /* returns */
    lane_rest(&r.lane, false);
    close_rig();
}

TEST(a_lane_can_be_started_again)
{
    int pair[2];
    NEED_OK(open_rig(false));
    hang_up();
    UNTIL(r.ended);
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    r.far = pair[1];
    CHECK_OK(lane_start(&r.lane, wire_to(pair[0]), NULL, ""));
    say(STR("again"));
    UNTIL(r.heard.len == 5);
    close_rig();
}

TEST(whatever_fails_it_is_said_or_made_good)
{
    bool fired = true;
    for (long n = 1; fired && n < 200; n++) {
        bool sent = false;
        const uv_buf_t one = part(STR("hello"));
        NEED_OK(open_rig(false));
        buf_add(&r.plain, STR("so that only the lane needs memory"));
        buf_clear(&r.plain);
        fault_arm(n);
        const err e = lane_send(&r.lane, &one, 1, true, &sent);
        fired = fault_fired();
        fault_arm(0);
        if (!e.code) {
            UNTIL(r.plain.len == 5);
            CHECK(sent || r.sent == 1);
        } else {
            CHECK(fired);
        }
        close_rig();
    }
}
