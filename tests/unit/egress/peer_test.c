/* SPDX-License-Identifier: EUPL-1.2 */
/* One provider at work against an upstream that behaves in every bad way; the test ticks. */
#include "egress/peer.h"

#include "base/fault.h"
#include "os/clock.h"
#include "unit/net/cert.h"
#include "unit/net/client/upstream.h"

enum { LOG_MAX = 64 << 20, CALLS_MAX = 64 };

#define HELLO STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

struct heard {
    buf log;
    int status, ended;
    uint64_t bytes;
    enum egress_why why;
    peer_call *call;
};

struct rig {
    loop *l;
    struct upstream u;
    struct provider about;
    struct cert cert;
    tls *t;
    str ca;
    peer *p;
    struct peer_ask ask;
    struct heard heard[CALLS_MAX]; /* by id */
};

static struct rig r;

static void
on_head(void *ctx, uint64_t id, int status, const struct http_field *fields, size_t count)
{
    (void)ctx, (void)fields, (void)count;
    r.heard[id].status = status;
    buf_add_fmt(&r.heard[id].log, "<%d>", status);
}

static void
on_data(void *ctx, uint64_t id, str piece)
{
    (void)ctx;
    r.heard[id].bytes += piece.len;
    buf_add(&r.heard[id].log, piece);
}

static void
on_end(void *ctx, uint64_t id, enum egress_why why)
{
    (void)ctx;
    r.heard[id].ended++;
    r.heard[id].why = why;
    r.heard[id].call = NULL;
}

static const struct peer_hooks hooks = {.on_head = on_head, .on_data = on_data, .on_end = on_end};

static void
tick(void *ctx)
{
    (void)ctx;
    if (r.p)
        peer_tick(r.p, clock_ms());
}

static fallible
open_upstream(const char *name)
{
    memset(&r, 0, sizeof r);
    for (int i = 0; i < CALLS_MAX; i++)
        r.heard[i].log = BUF(LOG_MAX);
    r.about.limits = (struct provider_limits){.connect_ms = 5000,
                                              .head_ms = 20000,
                                              .idle_ms = 20000,
                                              .total_ms = 60000,
                                              .keep_ms = 20000,
                                              .open_ms = 40,
                                              .answer_bytes_max = 32 << 20,
                                              .connections_max = 8,
                                              .queue_max = 16,
                                              .repeats_max = 2,
                                              .failures_max = 100};
    r.ask = (struct peer_ask){.method = STR("POST"), .path = STR("/x"), .body = STR("{}")};
    TRY(loop_new(&r.l));
    if (name) {
        cert_make(&r.cert, name);
        TRY(tls_new(str_of(r.cert.cert), str_of(r.cert.key), &r.t));
    }
    TRY(upstream_open(&r.u, r.l, r.t));
    snprintf(r.about.url, sizeof r.about.url, "%s", r.u.url);
    r.u.answer = HELLO;
    return loop_timer_start(r.l, 5, 5, tick, NULL, NULL);
}

static fallible
open_peer(void)
{
    const struct peer_parts parts = {
        .loop = r.l, .about = &r.about, .name = "up", .ca = r.ca, .hooks = hooks};
    return peer_new(&parts, &r.p);
}

static void
close_rig(void)
{
    peer_free(TAKE(r.p));
    upstream_close(&r.u);
    loop_free(r.l);
    tls_free(r.t);
    for (int i = 0; i < CALLS_MAX; i++)
        buf_done(&r.heard[i].log);
}

#define OPEN                                                                                       \
    do {                                                                                           \
        NEED_OK(open_upstream(NULL));                                                              \
        NEED_OK(open_peer());                                                                      \
    } while (0)

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 20000;                                                \
        while (!(condition) && clock_ms() < until_)                                                \
            uv_run(loop_uv(r.l), UV_RUN_ONCE);                                                     \
        CHECK(condition);                                                                          \
    } while (0)

static void
begin(uint64_t id)
{
    r.ask.id = id;
    CHECK_OK(peer_send(r.p, &r.ask, &r.heard[id].call));
}

static enum egress_why
run(uint64_t id)
{
    begin(id);
    UNTIL(r.heard[id].ended);
    CHECK_INT(r.heard[id].ended, ==, 1);
    return r.heard[id].why;
}

static bool
allows(void)
{
    return peer_numbers(r.p, clock_ms()).is_open;
}

/* ---- answers */

TEST(an_answer_is_handed_on_and_the_connection_kept)
{
    OPEN;
    for (uint64_t i = 0; i < 5; i++) {
        CHECK_INT(run(i), ==, EGRESS_FINE);
        CHECK_STR(buf_str(&r.heard[i].log), STR("<200>hello"));
    }
    CHECK_INT(r.u.accepted, ==, 1);
    CHECK(peer_numbers(r.p, clock_ms()).latency_us > 0);
    close_rig();
}

TEST(answers_of_4xx_and_5xx_are_answers)
{
    OPEN;
    r.u.answer = STR("HTTP/1.1 429 X\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n");
    CHECK_INT(run(0), ==, EGRESS_FINE);
    CHECK_INT(r.heard[0].status, ==, 429);
    r.u.answer = STR("HTTP/1.1 503 X\r\nContent-Length: 2\r\n\r\nno");
    CHECK_INT(run(1), ==, EGRESS_FINE);
    CHECK_STR(buf_str(&r.heard[1].log), STR("<503>no"));
    close_rig();
}

TEST(a_redirect_is_not_followed)
{
    static const int codes[] = {300, 301, 302, 303, 304, 307, 308};
    OPEN;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "HTTP/1.1 %d X\r\nLocation: http://127.0.0.1:%d/y\r\nContent-Length: 0\r\n\r\n",
                 codes[i], r.u.port);
        r.u.answer = str_of(text);
        r.ask.is_repeatable = true;
        CHECK_INT(run(i), ==, EGRESS_REDIRECTED);
        CHECK_INT(r.heard[i].log.len, ==, 0);
        CHECK_INT(r.u.requests, ==, i + 1);
    }
    close_rig();
}

TEST(garbage_is_no_answer)
{
    static const char *const texts[] = {
        "\x16\x03\x01\x02",
        "SSH-2.0-OpenSSH_9\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"};
    OPEN;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        r.u.answer = str_of(texts[i]);
        r.u.close_after = true;
        const enum egress_why why = run(i);
        CHECK(why == EGRESS_GARBLED || why == EGRESS_CUT);
    }
    close_rig();
}

TEST(an_answer_beyond_its_bound_is_cut)
{
    for (int endless = 0; endless < 2; endless++) {
        NEED_OK(open_upstream(NULL));
        AUTO(buf) big = BUF(8 << 20);
        r.about.limits.answer_bytes_max = 1 << 20;
        NEED_OK(open_peer());
        buf_add(&big, STR("HTTP/1.1 200 OK\r\n\r\n"));
        memset(buf_add_room(&big, endless ? 65536 : 4 << 20), 'x', endless ? 65536 : 4 << 20);
        r.u.answer = buf_str(&big);
        r.u.endless = endless;
        CHECK_INT(run(0), ==, EGRESS_TOO_LARGE);
        CHECK_INT(r.heard[0].bytes, <=, 1 << 20);
        UNTIL(r.u.open == 0);
        close_rig();
    }
}

TEST(exactly_its_bound_is_let_through)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.answer_bytes_max = 5;
    NEED_OK(open_peer());
    CHECK_INT(run(0), ==, EGRESS_FINE);
    r.u.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!");
    CHECK_INT(run(1), ==, EGRESS_TOO_LARGE);
    close_rig();
}

TEST(gone_in_the_middle_is_told_from_gone_without_an_answer)
{
    OPEN;
    r.u.close_after = true;
    r.u.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
    CHECK_INT(run(0), ==, EGRESS_CUT);
    r.u.answer = STR("");
    CHECK_INT(run(1), ==, EGRESS_UNANSWERED);
    close_rig();
}

/* ---- times */

TEST(silence_before_and_after_the_head_has_an_end)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.head_ms = r.about.limits.idle_ms = 60;
    NEED_OK(open_peer());
    r.u.silent = true;
    r.ask.is_repeatable = true; /* it may be at work, so it is not asked again */
    CHECK_INT(run(0), ==, EGRESS_SILENT);
    CHECK_INT(r.u.requests, ==, 1);
    r.u.silent = false;
    r.u.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
    CHECK_INT(run(1), ==, EGRESS_SILENT);
    CHECK_STR(buf_str(&r.heard[1].log), STR("<200>hello"));
    UNTIL(r.u.open == 0);
    close_rig();
}

TEST(the_call_may_set_its_own_bound_of_silence)
{
    OPEN;
    r.u.silent = true;
    r.ask.wait_ms_max = 40;
    const uint64_t begun_ms = clock_ms();
    CHECK_INT(run(0), ==, EGRESS_SILENT);
    CHECK_INT(clock_ms() - begun_ms, >=, 40);
    close_rig();
}

static void
drip(struct upstream *u, struct up_conn *c, str request)
{
    (void)u, (void)request;
    if (c->requests == 1)
        up_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void
drip_more(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < UPSTREAM_CONNS_MAX; i++)
        if (r.u.conns[i] && r.u.conns[i]->requests)
            up_say(r.u.conns[i], "1\r\nx\r\n");
}

TEST(an_endless_drip_ends_with_the_total_time)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.total_ms = 200;
    r.about.limits.idle_ms = 150;
    NEED_OK(open_peer());
    r.u.script = drip;
    NEED_OK(loop_timer_start(r.l, 10, 10, drip_more, NULL, NULL));
    CHECK_INT(run(0), ==, EGRESS_LATE);
    CHECK(r.heard[0].bytes > 0);
    close_rig();
}

TEST(who_waits_for_a_connection_waits_no_longer_than_the_total_time)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.total_ms = 100;
    r.about.limits.connections_max = 1;
    NEED_OK(open_peer());
    r.u.silent = true;
    begin(0);
    begin(1);
    UNTIL(r.heard[0].ended && r.heard[1].ended);
    CHECK_INT(r.heard[0].why, ==, EGRESS_LATE);
    CHECK_INT(r.heard[1].why, ==, EGRESS_LATE);
    CHECK_INT(r.u.requests, ==, 1);
    close_rig();
}

TEST(a_server_that_takes_no_connection_is_given_up)
{
    NEED_OK(open_upstream("127.0.0.1"));
    tls_free(TAKE(r.t));
    r.u.tls = NULL; /* it accepts, and never answers the handshake */
    r.u.silent = true;
    r.about.limits.connect_ms = 50;
    r.about.limits.repeats_max = 0;
    r.about.pin_count = 1;
    NEED_OK(open_peer());
    CHECK_INT(run(0), ==, EGRESS_UNREACHED);
    close_rig();
}

TEST(a_connection_that_rests_too_long_is_closed)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.keep_ms = 30;
    NEED_OK(open_peer());
    CHECK_INT(run(0), ==, EGRESS_FINE);
    CHECK(!peer_is_at_rest(r.p, clock_ms()));
    UNTIL(r.u.open == 0);
    CHECK(peer_is_at_rest(r.p, clock_ms()));
    CHECK_INT(run(1), ==, EGRESS_FINE);
    close_rig();
}

/* ---- not there */

TEST(nobody_there_is_tried_again_only_if_the_call_may_be)
{
    OPEN;
    up_no_more(&r.u);
    const uint64_t begun_ms = clock_ms();
    CHECK_INT(run(0), ==, EGRESS_UNREACHED);
    CHECK_INT(peer_numbers(r.p, clock_ms()).failures, ==, 1);
    r.ask.is_repeatable = true;
    CHECK_INT(run(1), ==, EGRESS_UNREACHED);
    CHECK_INT(peer_numbers(r.p, clock_ms()).failures, ==, 4); /* two repeats */
    CHECK_INT(clock_ms() - begun_ms, >=, 150);                /* half of 100 + 200 */
    close_rig();
}

TEST(a_name_nobody_knows_is_not_reached)
{
    NEED_OK(open_upstream(NULL));
    snprintf(r.about.url, sizeof r.about.url, "http://no-such-host.invalid:80");
    r.about.limits.connect_ms = 3000;
    NEED_OK(open_peer());
    CHECK_INT(run(0), ==, EGRESS_UNREACHED);
    close_rig();
}

static void
close_first(struct upstream *u, struct up_conn *c, str request)
{
    (void)request;
    if (u->requests == 1)
        up_end(c);
    else
        up_say_all(c, u->answer, false, false);
}

TEST(a_call_without_an_answer_is_repeated_only_if_it_may_be)
{
    OPEN;
    r.u.script = close_first;
    CHECK_INT(run(0), ==, EGRESS_UNANSWERED);
    CHECK_INT(r.u.requests, ==, 1);
    r.u.requests = 0;
    r.ask.is_repeatable = true;
    CHECK_INT(run(1), ==, EGRESS_FINE);
    CHECK_INT(r.u.requests, ==, 2);
    CHECK_STR(buf_str(&r.heard[1].log), STR("<200>hello"));
    close_rig();
}

static void
die_on_second(struct upstream *u, struct up_conn *c, str request)
{
    (void)request;
    if (c->requests > 1)
        up_end(c);
    else
        up_say_all(c, u->answer, false, false);
}

TEST(a_kept_connection_that_is_dead_is_replaced_at_once_and_counts_for_nothing)
{
    OPEN;
    r.u.script = die_on_second;
    r.ask.is_repeatable = true;
    CHECK_INT(run(0), ==, EGRESS_FINE);
    const uint64_t begun_ms = clock_ms();
    CHECK_INT(run(1), ==, EGRESS_FINE);
    CHECK_INT(clock_ms() - begun_ms, <, 5000);
    CHECK_INT(peer_numbers(r.p, clock_ms()).failures, ==, 0);
    CHECK_INT(r.u.accepted, ==, 2);
    r.ask.is_repeatable = false;
    CHECK_INT(run(2), ==, EGRESS_UNANSWERED);
    close_rig();
}

TEST(an_answer_that_has_begun_is_never_repeated)
{
    OPEN;
    r.ask.is_repeatable = true;
    r.u.close_after = true;
    r.u.answer = STR("HTTP/1.1 200 OK\r\nContent-Le");
    CHECK_INT(run(0), ==, EGRESS_CUT);
    CHECK_INT(r.u.requests, ==, 1);
    close_rig();
}

/* ---- the breaker */

TEST(a_storm_of_5xx_opens_the_breaker_and_429_does_not)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.failures_max = 3;
    r.about.limits.open_ms = 100;
    NEED_OK(open_peer());
    r.u.answer = STR("HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n");
    for (uint64_t i = 0; i < 6; i++)
        CHECK_INT(run(i), ==, EGRESS_FINE);
    CHECK(allows());
    r.u.answer = STR("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
    for (uint64_t i = 6; i < 9; i++)
        CHECK_INT(run(i), ==, EGRESS_FINE);
    CHECK(!allows());
    const int before = r.u.requests;
    CHECK_INT(run(9), ==, EGRESS_BREAKER);
    CHECK_INT(r.u.requests, ==, before);
    CHECK(!peer_is_at_rest(r.p, clock_ms()));
    UNTIL(allows());
    CHECK_INT(run(10), ==, EGRESS_FINE); /* the one that tries; it fails again */
    CHECK_INT(run(11), ==, EGRESS_BREAKER);
    UNTIL(allows());
    r.u.answer = HELLO;
    CHECK_INT(run(12), ==, EGRESS_FINE);
    CHECK_INT(run(13), ==, EGRESS_FINE);
    CHECK_INT(peer_numbers(r.p, clock_ms()).failures, ==, 0);
    close_rig();
}

TEST(only_one_tries_while_the_breaker_is_open_and_a_cancelled_one_lets_the_next)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.failures_max = 1;
    NEED_OK(open_peer());
    r.u.close_after = true;
    r.u.answer = STR("");
    CHECK_INT(run(0), ==, EGRESS_UNANSWERED);
    UNTIL(allows());
    r.u.close_after = false;
    r.u.silent = true;
    begin(1);
    CHECK_INT(run(2), ==, EGRESS_BREAKER);
    peer_cancel(r.heard[1].call);
    r.u.silent = false;
    r.u.answer = HELLO;
    CHECK_INT(run(3), ==, EGRESS_FINE);
    CHECK_INT(r.heard[1].ended, ==, 0);
    close_rig();
}

TEST(who_waits_is_let_go_when_the_breaker_opens)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.failures_max = 1;
    r.about.limits.connections_max = 1;
    r.about.limits.open_ms = 10000;
    NEED_OK(open_peer());
    r.u.close_after = true;
    r.u.answer = STR("");
    for (uint64_t i = 0; i < 5; i++)
        begin(i);
    for (uint64_t i = 0; i < 5; i++)
        UNTIL(r.heard[i].ended);
    CHECK_INT(r.heard[0].why, ==, EGRESS_UNANSWERED);
    for (uint64_t i = 1; i < 5; i++)
        CHECK_INT(r.heard[i].why, ==, EGRESS_BREAKER);
    close_rig();
}

/* ---- many */

TEST(connections_and_the_queue_are_bounded)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.connections_max = 2;
    r.about.limits.queue_max = 3;
    NEED_OK(open_peer());
    r.u.silent = true;
    for (uint64_t i = 0; i < 8; i++)
        begin(i);
    for (uint64_t i = 5; i < 8; i++)
        CHECK(r.heard[i].ended == 1 && r.heard[i].why == EGRESS_BUSY);
    UNTIL(r.u.requests == 2);
    CHECK_INT(peer_numbers(r.p, clock_ms()).running, ==, 5);
    r.u.silent = false;
    for (int i = 0; i < UPSTREAM_CONNS_MAX; i++)
        if (r.u.conns[i])
            up_say_all(r.u.conns[i], r.u.answer, false, false);
    for (uint64_t i = 0; i < 5; i++)
        UNTIL(r.heard[i].ended);
    for (uint64_t i = 0; i < 5; i++)
        CHECK_INT(r.heard[i].why, ==, EGRESS_FINE);
    CHECK_INT(r.u.accepted, ==, 2);
    close_rig();
}

TEST(cancelling_gives_the_connection_to_the_next)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.connections_max = 1;
    NEED_OK(open_peer());
    r.u.silent = true;
    begin(0);
    UNTIL(r.u.requests == 1);
    r.u.silent = false;
    begin(1);
    begin(2);
    peer_cancel(r.heard[2].call); /* while it waits */
    peer_cancel(r.heard[0].call);
    UNTIL(r.heard[1].ended);
    CHECK_INT(r.heard[1].why, ==, EGRESS_FINE);
    CHECK(r.heard[0].ended == 0 && r.heard[2].ended == 0);
    close_rig();
}

TEST(while_paused_nothing_is_read_and_nobody_is_late)
{
    NEED_OK(open_upstream(NULL));
    AUTO(buf) big = BUF(32 << 20);
    r.about.limits.idle_ms = 600;
    NEED_OK(open_peer());
    buf_add(&big, STR("HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n"));
    memset(buf_add_room(&big, 16 << 20), 'x', 16 << 20);
    r.u.answer = buf_str(&big);
    begin(0);
    UNTIL(r.heard[0].bytes > 0);
    peer_pause(r.p, true);
    const uint64_t before = r.heard[0].bytes, until_ms = clock_ms() + 900;
    while (clock_ms() < until_ms)
        uv_run(loop_uv(r.l), UV_RUN_ONCE);
    CHECK_INT(r.heard[0].bytes - before, <=, 65536);
    CHECK_INT(r.heard[0].ended, ==, 0);
    begin(1); /* what begins meanwhile is paused too */
    peer_pause(r.p, false);
    UNTIL(r.heard[0].ended && r.heard[1].ended);
    CHECK_INT(r.heard[0].why, ==, EGRESS_FINE);
    CHECK_INT(r.heard[0].bytes, ==, 16 << 20);
    close_rig();
}

TEST(freeing_it_in_the_middle_of_everything_is_quiet)
{
    NEED_OK(open_upstream(NULL));
    r.about.limits.connections_max = 2;
    NEED_OK(open_peer());
    r.u.silent = true;
    for (uint64_t i = 0; i < 6; i++)
        begin(i);
    UNTIL(r.u.requests == 2);
    peer_free(TAKE(r.p));
    UNTIL(r.u.open == 0);
    for (uint64_t i = 0; i < 6; i++)
        CHECK_INT(r.heard[i].ended, ==, 0);
    peer_free(NULL);
    close_rig();
}

TEST(the_memory_of_calls_is_bounded)
{
    static char body[64 << 20];
    NEED_OK(open_upstream(NULL));
    NEED_OK(open_peer());
    r.u.silent = true;
    r.ask.body = (str){body, sizeof body};
    peer_call *c = NULL;
    for (r.ask.id = 0; r.ask.id < 3; r.ask.id++)
        CHECK_OK(peer_send(r.p, &r.ask, &c));
    CHECK_ERR(peer_send(r.p, &r.ask, &c), LIMIT);
    peer_cancel(c);
    CHECK_OK(peer_send(r.p, &r.ask, &c));
    close_rig();
}

/* ---- certificates */

TEST(over_tls_the_right_certificate_is_taken)
{
    for (int by_ca = 0; by_ca < 2; by_ca++) {
        NEED_OK(open_upstream("127.0.0.1"));
        if (by_ca)
            r.ca = str_of(r.cert.cert);
        else
            memcpy(r.about.pins[r.about.pin_count++], r.cert.pin, 32);
        NEED_OK(open_peer());
        CHECK_INT(run(0), ==, EGRESS_FINE);
        CHECK_INT(run(1), ==, EGRESS_FINE);
        CHECK_INT(r.u.accepted, ==, 1);
        close_rig();
    }
}

TEST(a_certificate_that_is_not_the_agreed_one_gets_no_request_and_no_repeat)
{
    enum { PIN, CA, HOST };
    for (int wrong = PIN; wrong <= HOST; wrong++) {
        struct cert other;
        NEED_OK(open_upstream(wrong == HOST ? "127.0.0.2" : "127.0.0.1"));
        cert_make(&other, "127.0.0.1");
        if (wrong == CA)
            r.ca = str_of(other.cert);
        else
            memcpy(r.about.pins[r.about.pin_count++], wrong == PIN ? other.pin : r.cert.pin, 32);
        r.ask.is_repeatable = true;
        NEED_OK(open_peer());
        CHECK_INT(run(0), ==, EGRESS_UNTRUSTED);
        CHECK_INT(r.u.requests, ==, 0);
        CHECK_INT(r.u.accepted, ==, 1);
        close_rig();
    }
}

TEST(a_certificate_that_changes_meanwhile_is_noticed_at_the_next_connection)
{
    struct cert other;
    NEED_OK(open_upstream("127.0.0.1"));
    memcpy(r.about.pins[r.about.pin_count++], r.cert.pin, 32);
    NEED_OK(open_peer());
    CHECK_INT(run(0), ==, EGRESS_FINE);
    cert_make(&other, "127.0.0.1");
    CHECK_OK(tls_reload(r.t, str_of(other.cert), str_of(other.key)));
    CHECK_INT(run(1), ==, EGRESS_FINE); /* the old connection */
    up_hang_up_all(&r.u);
    r.ask.is_repeatable = true; /* should it not have seen the end yet */
    CHECK_INT(run(2), ==, EGRESS_UNTRUSTED);
    CHECK_INT(r.u.requests, ==, 2);
    close_rig();
}

TEST(who_does_not_speak_tls_gets_no_request)
{
    NEED_OK(open_upstream("127.0.0.1"));
    memcpy(r.about.pins[r.about.pin_count++], r.cert.pin, 32);
    r.u.tls = NULL;
    NEED_OK(open_peer());
    begin(0);
    UNTIL(r.u.open == 1);
    for (int i = 0; i < UPSTREAM_CONNS_MAX; i++)
        if (r.u.conns[i])
            up_say(r.u.conns[i], "HTTP/1.1 400 Bad\r\n\r\n");
    UNTIL(r.heard[0].ended);
    CHECK_INT(r.heard[0].why, ==, EGRESS_NO_TLS);
    CHECK_INT(r.u.requests, ==, 0);
    close_rig();
}

/* ---- credentials and faults */

TEST(the_credential_is_added_and_no_other_let_through)
{
    NEED_OK(open_upstream(NULL));
    r.about.credential.scheme = SCHEME_BEARER;
    snprintf(r.about.credential.secret, sizeof r.about.credential.secret, "sk-1");
    NEED_OK(open_peer());
    CHECK_INT(run(0), ==, EGRESS_FINE);
    CHECK(str_find(buf_str(&r.u.last), STR("\r\nAuthorization: Bearer sk-1\r\n")) > 0);
    const struct http_field own = {STR("authorization"), STR("Bearer mine")};
    r.ask.fields = &own;
    r.ask.field_count = 1;
    peer_call *c = NULL;
    CHECK_ERR(peer_send(r.p, &r.ask, &c), ARGUMENT);
    close_rig();
}

TEST(whatever_fails_a_peer_is_there_or_not)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        NEED_OK(open_upstream("127.0.0.1"));
        r.ca = str_of(r.cert.cert);
        fault_arm(n);
        const err e = open_peer();
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK_INT(r.p == NULL, ==, fired);
        close_rig();
    }
}

TEST(whatever_fails_a_call_ends_once)
{
    for (int with_tls = 0; with_tls < 2; with_tls++) {
        bool fired = true;
        for (long n = 1; fired && n < 100; n++) {
            NEED_OK(open_upstream(with_tls ? "127.0.0.1" : NULL));
            r.ca = with_tls ? str_of(r.cert.cert) : STR_NONE;
            r.about.limits.connect_ms = r.about.limits.head_ms = 300;
            NEED_OK(open_peer());
            buf_add(&r.heard[0].log, STR("so that only the peer needs memory"));
            buf_add(&r.u.last, STR("x"));
            r.ask.id = 0;
            fault_arm(n);
            const err e = peer_send(r.p, &r.ask, &r.heard[0].call);
            for (int i = 0; !e.code && !r.heard[0].ended && !fault_fired() && i < 1000; i++)
                uv_run(loop_uv(r.l), UV_RUN_ONCE);
            fired = fault_fired();
            fault_arm(0);
            if (!e.code)
                UNTIL(r.heard[0].ended);
            CHECK_INT(r.heard[0].ended, ==, e.code ? 0 : 1);
            close_rig();
        }
    }
}
