/* SPDX-License-Identifier: EUPL-1.2 */
/* Both ends on one loop and a Unix socket: what the peer writes is there to read in the next turn,
 * so a split between two writes is a split between two reads. */
#include "net/client/client.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/fault.h"
#include "os/proc.h"
#include "test.h"
#include "unit/net/cert.h"
#include "unit/net/client/peer.h"
#include "unit/net/client/upstream.h"

enum { LOG_MAX = 1 << 20, BIG = 64 << 20 };

/* ---- the caller: writes down what it hears */

enum act { ACT_NONE, ACT_CANCEL, ACT_FREE, ACT_CALL };

struct caller {
    struct peer *p;
    http_client *c;
    buf log;
    int ended;
    err e;
    uint64_t sent, sent_calls;
    enum act at_head, at_data, at_end, at_sent;
    struct http_call call;
};

static void
act(struct caller *k, enum act what)
{
    if (what == ACT_CANCEL)
        http_client_cancel(k->c);
    if (what == ACT_FREE)
        http_client_free(TAKE(k->c));
    if (what == ACT_CALL) {
        k->at_end = ACT_NONE;
        buf_add_fmt(&k->log, "[again %s]", err_info(http_client_call(k->c, &k->call))->id);
    }
    if (what == ACT_CANCEL || what == ACT_FREE)
        loop_stop(k->p->l);
}

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct caller *k = ctx;
    buf_add_fmt(&k->log, "<%d", status);
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(&k->log, " %.*s=%.*s;", STR_FMT(fields[i].name), STR_FMT(fields[i].value));
    buf_add_char(&k->log, '>');
    act(k, k->at_head);
}

static void
on_data(void *ctx, str piece)
{
    struct caller *k = ctx;
    buf_add(&k->log, piece);
    act(k, k->at_data);
}

static void
on_end(void *ctx, err e)
{
    struct caller *k = ctx;
    k->ended++;
    k->e = e;
    buf_add_fmt(&k->log, " %s", err_info(e)->id);
    if (k->at_end == ACT_CALL)
        act(k, ACT_CALL);
    else {
        act(k, k->at_end);
        loop_stop(k->p->l);
    }
}

static void
on_sent(void *ctx, uint64_t bytes)
{
    struct caller *k = ctx;
    if (bytes <= k->sent)
        test_fail(__FILE__, __LINE__, "progress went from %llu to %llu",
                  (unsigned long long)k->sent, (unsigned long long)bytes);
    k->sent = bytes;
    k->sent_calls++;
    act(k, k->at_sent);
}

static fallible
caller_start(struct caller *k, struct peer *p)
{
    memset(k, 0, sizeof *k);
    k->p = p;
    k->log = BUF(LOG_MAX);
    k->call = (struct http_call){.method = "GET",
                                 .path = STR("/x"),
                                 .body_file = -1,
                                 .wait_ms_max = 20000,
                                 .on_head = on_head,
                                 .on_data = on_data,
                                 .on_end = on_end,
                                 .on_sent = on_sent,
                                 .ctx = k};
    return http_client_new(p->l, str_of(p->url), &k->c);
}

/* One call to its end. */
static err
call(struct caller *k)
{
    const int before = k->ended;
    TRY(http_client_call(k->c, &k->call));
    loop_run(k->p->l);
    return k->ended == before + 1 ? k->e : OK;
}

static void
caller_end(struct caller *k)
{
    http_client_free(TAKE(k->c));
    buf_done(&k->log);
}

/* A peer that says `answer_text`, and a caller. */
#define SETUP(answer_text)                                                                         \
    struct peer p;                                                                                 \
    struct caller k;                                                                               \
    NEED_OK(peer_start(&p, answer_text));                                                          \
    NEED_OK(caller_start(&k, &p))
#define TEARDOWN                                                                                   \
    caller_end(&k);                                                                                \
    peer_end(&p)

#define HELLO STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
#define HEARD_HELLO "<200 content-length=5;>hello OK"

/* ---- calls */

TEST(a_call_is_answered)
{
    SETUP(HELLO);
    const struct http_field f[] = {{STR("Accept"), STR("*/*")}, {STR("X-A"), STR("b c")}};
    k.call.fields = f;
    k.call.field_count = 2;
    CHECK_OK(call(&k));
    CHECK_STR(buf_str(&k.log), STR(HEARD_HELLO));
    CHECK(strncmp(p.got, "GET /x HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nX-A: b c\r\n\r\n",
                  60) == 0);
    TEARDOWN;
}

TEST(a_body_is_sent_with_its_length)
{
    SETUP(HELLO);
    k.call.method = "POST";
    k.call.body = STR("{\"a\":1}");
    p.answer_at = sizeof "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\n" - 1 + 7;
    CHECK_OK(call(&k));
    CHECK(strstr(p.got, "Content-Length: 7\r\n\r\n{\"a\":1}") != NULL);
    CHECK_INT(k.sent, ==, 7);
    TEARDOWN;
}

TEST(an_empty_post_says_that_it_is_empty)
{
    SETUP(HELLO);
    k.call.method = "POST";
    CHECK_OK(call(&k));
    CHECK(strstr(p.got, "Content-Length: 0\r\n\r\n") != NULL);
    TEARDOWN;
}

TEST(every_split_on_the_wire_gives_the_same_calls)
{
    static const char *const fixtures[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello",
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        "HTTP/1.1 200 OK\r\n\r\nto the end",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\nhel",
    };
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        SETUP(str_of(fixtures[i]));
        AUTO(buf) whole = BUF(LOG_MAX);
        p.close_after = true;
        IGNORE(call(&k)); /* some fixtures fail; how, is in the log */
        buf_add(&whole, buf_str(&k.log));
        for (p.split = 1; p.split < p.answer.len; p.split++) {
            buf_clear(&k.log);
            IGNORE(call(&k));
            CHECK_STR(buf_str(&k.log), buf_str(&whole));
        }
        CHECK_INT(p.accepted, ==, p.answer.len);
        TEARDOWN;
    }
}

/* ---- keeping the connection */

TEST(a_connection_is_kept_between_calls)
{
    SETUP(HELLO);
    for (int i = 0; i < 5; i++)
        CHECK_OK(call(&k));
    CHECK_INT(p.accepted, ==, 1);
    CHECK_INT(p.answered, ==, 5);
    TEARDOWN;
}

TEST(a_connection_the_server_ends_is_made_anew)
{
    SETUP(STR("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    CHECK_OK(call(&k));
    peer_hang_up(&p);
    CHECK_OK(call(&k));
    CHECK_INT(p.accepted, ==, 2);
    TEARDOWN;
}

TEST(a_connection_that_ended_while_idle_is_made_anew)
{
    SETUP(HELLO);
    CHECK_OK(call(&k));
    peer_hang_up(&p);
    for (int i = 0; i < 3; i++)
        loop_turn(p.l);
    CHECK_OK(call(&k));
    CHECK_INT(p.accepted, ==, 2);
    TEARDOWN;
}

TEST(bytes_after_the_answer_end_the_connection_but_not_the_call)
{
    SETUP(STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n"));
    CHECK_OK(call(&k));
    CHECK_STR(buf_str(&k.log), STR(HEARD_HELLO));
    for (int i = 0; i < 3; i++)
        loop_turn(p.l);
    CHECK(!p.open);
    TEARDOWN;
}

TEST(an_idle_connection_keeps_no_loop_running)
{
    SETUP(HELLO);
    CHECK_OK(call(&k));
    uv_close((uv_handle_t *)&p.listener, NULL);
    uv_unref((uv_handle_t *)p.conn);
    loop_run(p.l); /* returns */
    TEARDOWN;
}

/* ---- uploads */

static uint64_t
sum(str s)
{
    uint64_t h = 0;
    for (size_t i = 0; i < s.len; i++)
        h = h * 31 + (unsigned char)s.at[i];
    return h;
}

/* A file of `len` bytes; if `text` is set they are in it too. */
static int
make_file(size_t len, char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/upload", test_dir());
    const int f = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (size_t i = 0; text && i < len; i++)
        text[i] = (char)test_random();
    if (f < 0 || (text ? write(f, text, len) != (ssize_t)len : ftruncate(f, (off_t)len) != 0))
        return -1;
    return f;
}

static void
post_file(struct caller *k, struct peer *p, int f, size_t len)
{
    char head[200];
    const int n =
        snprintf(head, sizeof head,
                 "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", len);
    k->call.method = "POST";
    k->call.body_file = f;
    k->call.body_file_len = len;
    p->answer_at = (size_t)n + len;
}

TEST(a_file_arrives_as_it_is)
{
    static char text[3000001];
    SETUP(HELLO);
    const int f = make_file(sizeof text, text);
    NEED(f >= 0);
    post_file(&k, &p, f, sizeof text);
    for (int i = 0; i < 2; i++) {
        k.sent = 0;
        CHECK_OK(call(&k));
        CHECK_INT(k.sent, ==, sizeof text);
        CHECK(p.body_sum == sum((str){text, sizeof text}));
        p.body_sum = 0;
    }
    CHECK(k.sent_calls >= 2 * (sizeof text / 262144));
    CHECK_INT(p.accepted, ==, 1);
    close(f);
    TEARDOWN;
}

TEST(a_large_file_takes_no_more_memory_than_a_small_one)
{
    SETUP(HELLO);
    const int f = make_file(BIG, NULL);
    NEED(f >= 0);
    post_file(&k, &p, f, BIG);
    const uint64_t before = proc_resident_bytes(getpid());
    CHECK_OK(call(&k));
    CHECK_INT(k.sent, ==, BIG);
    CHECK_INT(proc_resident_bytes(getpid()) - before, <, 4 << 20);
    close(f);
    TEARDOWN;
}

TEST(a_file_that_is_shorter_than_was_said_fails_the_call)
{
    SETUP(HELLO);
    const int f = make_file(1000, NULL);
    NEED(f >= 0);
    post_file(&k, &p, f, 2000);
    CHECK_ERR(call(&k), IO);
    CHECK_STR(buf_str(&k.log), STR(" IO"));
    close(f);
    TEARDOWN;
}

TEST(an_answer_before_the_body_is_sent_ends_the_call_and_the_connection)
{
    SETUP(STR("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"));
    const int f = make_file(BIG, NULL);
    NEED(f >= 0);
    post_file(&k, &p, f, BIG);
    p.answer_at = 0;
    CHECK_OK(call(&k));
    CHECK_STR(buf_str(&k.log), STR("<413 content-length=0;> OK"));
    CHECK_INT(k.sent, <, BIG);
    for (int i = 0; i < 50 && p.open; i++)
        loop_turn(p.l);
    CHECK(!p.open);
    close(f);
    TEARDOWN;
}

TEST(a_refusal_is_heard_though_the_server_stopped_reading)
{
    SETUP(STR("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
    const int f = make_file(BIG, NULL);
    NEED(f >= 0);
    post_file(&k, &p, f, BIG);
    p.answer_at = 0;
    p.close_after = true;
    CHECK_OK(call(&k));
    CHECK_STR(buf_str(&k.log), STR("<403 content-length=0;> OK"));
    close(f);
    TEARDOWN;
}

/* ---- what goes wrong */

TEST(nobody_there_is_said_once)
{
    SETUP(HELLO);
    http_client_free(k.c);
    NEED_OK(http_client_new(p.l, STR("unix:/no/such/socket"), &k.c));
    CHECK_ERR(call(&k), ENGINE_LOST);
    CHECK_STR(buf_str(&k.log), STR(" ENGINE_LOST"));
    TEARDOWN;
}

TEST(a_bad_address_is_refused)
{
    SETUP(HELLO);
    http_client *c = NULL;
    CHECK_ERR(http_client_new(p.l, STR("https://127.0.0.1"), &c), ARGUMENT);
    CHECK(c == NULL);
    TEARDOWN;
}

TEST(a_server_that_goes_away_is_lost)
{
    static const char *const cut[] = {"", "HTTP/1.1 2",
                                      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"};
    for (size_t i = 0; i < 3; i++) {
        SETUP(str_of(cut[i]));
        p.close_after = true;
        CHECK_ERR(call(&k), ENGINE_LOST);
        CHECK_INT(k.ended, ==, 1);
        TEARDOWN;
    }
}

TEST(a_silent_server_is_given_up)
{
    SETUP(HELLO);
    p.silent = true;
    k.call.wait_ms_max = 20;
    CHECK_ERR(call(&k), ENGINE_LOST);
    CHECK_INT(k.ended, ==, 1);
    p.silent = false;
    k.call.wait_ms_max = 20000;
    CHECK_OK(call(&k));
    TEARDOWN;
}

TEST(what_would_break_the_request_apart_is_refused)
{
    static const char *const paths[] = {"", "x", "/a b", "/a\r\nX: y", "/\x7f", "*"};
    SETUP(HELLO);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        k.call.path = str_of(paths[i]);
        CHECK_ERR(http_client_call(k.c, &k.call), ARGUMENT);
    }
    const struct http_field f = {STR("Authorization"), STR("Bearer x\r\nX-Hoheit-Label: offen")};
    k.call.path = STR("/x");
    k.call.fields = &f;
    k.call.field_count = 1;
    CHECK_ERR(http_client_call(k.c, &k.call), ARGUMENT);
    k.call.field_count = 0;
    CHECK_OK(call(&k));
    CHECK_INT(k.ended, ==, 1);
    TEARDOWN;
}

TEST(one_call_at_a_time)
{
    SETUP(HELLO);
    NEED_OK(http_client_call(k.c, &k.call));
    CHECK_ERR(http_client_call(k.c, &k.call), ARGUMENT);
    http_client_cancel(k.c);
    CHECK_OK(call(&k));
    TEARDOWN;
}

/* ---- hooks that act */

TEST(a_cancelled_call_hears_nothing_more)
{
    SETUP(HELLO);
    k.at_head = ACT_CANCEL;
    CHECK_OK(call(&k));
    CHECK_STR(buf_str(&k.log), STR("<200 content-length=5;>"));
    for (int i = 0; i < 3; i++)
        loop_turn(p.l);
    CHECK(k.ended == 0 && !p.open);
    k.at_head = ACT_NONE;
    k.at_data = ACT_CANCEL;
    buf_clear(&k.log);
    CHECK_OK(call(&k));
    CHECK_STR(buf_str(&k.log), STR("<200 content-length=5;>hello"));
    TEARDOWN;
}

TEST(a_hook_may_free_the_client)
{
    for (int i = 0; i < 4; i++) {
        SETUP(HELLO);
        k.call.method = "POST";
        k.call.body = STR("!");
        *(enum act *[]){&k.at_head, &k.at_data, &k.at_end, &k.at_sent}[i] = ACT_FREE;
        IGNORE(call(&k));
        CHECK(k.c == NULL);
        CHECK_INT(k.ended, ==, i == 2);
        TEARDOWN;
    }
}

TEST(the_next_call_may_begin_at_the_end_of_the_last_but_not_before)
{
    SETUP(HELLO);
    k.at_end = ACT_CALL;
    NEED_OK(http_client_call(k.c, &k.call));
    loop_run(p.l);
    CHECK_STR(buf_str(&k.log), STR(HEARD_HELLO "[again OK]" HEARD_HELLO));
    CHECK_INT(p.accepted, ==, 1);
    buf_clear(&k.log);
    k.at_data = ACT_CALL;
    CHECK_OK(call(&k));
    CHECK_STR(buf_str(&k.log), STR("<200 content-length=5;>hello[again ARGUMENT] OK"));
    TEARDOWN;
}

TEST(whatever_fails_the_call_ends_once)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        SETUP(HELLO);
        caller_end(&k);
        buf_add(&k.log, STR("so that only the client needs memory"));
        fault_arm(n);
        err e = http_client_new(p.l, str_of(p.url), &k.c);
        if (!e.code)
            e = http_client_call(k.c, &k.call);
        if (!e.code)
            loop_run(p.l);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(k.ended, ==, e.code ? 0 : 1);
        CHECK_INT(e.code || k.e.code, ==, fired);
        TEARDOWN;
        NEED(n < 60);
    }
}

/* ---- over TLS */

struct secure {
    loop *l;
    struct cert cert;
    tls *t;
    trust *trust;
    struct upstream u;
    struct peer p; /* for its loop only */
    struct caller k;
};

static struct secure secure;

static fallible
secure_open(const char *name, bool pins_another)
{
    struct secure *const s = &secure;
    struct cert other;
    memset(s, 0, sizeof *s);
    cert_make(&s->cert, name);
    cert_make(&other, name);
    const struct trust_spec spec = {.pins = pins_another ? &other.pin : &s->cert.pin,
                                    .pin_count = 1};
    TRY(loop_new(&s->l));
    TRY(tls_new(str_of(s->cert.cert), str_of(s->cert.key), &s->t));
    TRY(trust_new(&spec, &s->trust));
    TRY(upstream_open(&s->u, s->l, s->t));
    s->u.answer = HELLO;
    s->p.l = s->l;
    s->k = (struct caller){.p = &s->p, .log = BUF(LOG_MAX)};
    s->k.call = (struct http_call){.method = "GET",
                                   .path = STR("/x"),
                                   .body_file = -1,
                                   .wait_ms_max = 20000,
                                   .on_head = on_head,
                                   .on_data = on_data,
                                   .on_end = on_end,
                                   .ctx = &s->k};
    return http_client_new_tls(s->l, str_of(s->u.url), s->trust, &s->k.c);
}

static void
secure_close(void)
{
    caller_end(&secure.k);
    upstream_close(&secure.u);
    loop_free(secure.l);
    trust_free(secure.trust);
    tls_free(secure.t);
}

TEST(calls_over_tls_are_like_others_and_keep_their_connection)
{
    NEED_OK(secure_open("127.0.0.1", false));
    for (int i = 0; i < 3; i++) {
        buf_clear(&secure.k.log);
        CHECK_OK(call(&secure.k));
        CHECK_STR(buf_str(&secure.k.log), STR(HEARD_HELLO));
        CHECK_INT(http_client_fate(secure.k.c), ==, HTTP_CLIENT_FINE);
        CHECK(http_client_is_connected(secure.k.c));
    }
    CHECK_INT(secure.u.accepted, ==, 1);
    secure_close();
}

TEST(nothing_is_said_to_a_server_with_the_wrong_certificate)
{
    for (int i = 0; i < 2; i++) {
        NEED_OK(secure_open(i ? "192.0.2.1" : "127.0.0.1", i == 0));
        CHECK_ERR(call(&secure.k), ENGINE_LOST);
        CHECK_INT(http_client_fate(secure.k.c), ==, HTTP_CLIENT_UNTRUSTED);
        CHECK_INT(secure.k.ended, ==, 1);
        CHECK_INT(secure.u.requests, ==, 0);
        secure_close();
    }
}

TEST(large_bodies_go_both_ways_over_tls)
{
    static char body[1 << 20];
    NEED_OK(secure_open("127.0.0.1", false));
    AUTO(buf) answer = BUF(4 << 20);
    buf_add_fmt(&answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", sizeof body / 2);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)test_random();
    buf_add(&answer, (str){body, sizeof body / 2});
    secure.u.answer = buf_str(&answer);
    secure.k.call.method = "POST";
    secure.k.call.body = (str){body, sizeof body};
    CHECK_OK(call(&secure.k));
    CHECK(str_ends(buf_str(&secure.u.last), secure.k.call.body));
    CHECK(str_find(buf_str(&secure.k.log), (str){body, sizeof body / 2}) > 0);
    secure_close();
}

TEST(a_hook_may_cancel_or_free_over_tls)
{
    NEED_OK(secure_open("127.0.0.1", false));
    secure.k.at_data = ACT_CANCEL;
    CHECK_OK(call(&secure.k));
    CHECK_STR(buf_str(&secure.k.log), STR("<200 content-length=5;>hello"));
    secure.k.at_data = ACT_FREE;
    CHECK_OK(call(&secure.k));
    CHECK(secure.k.c == NULL && secure.k.ended == 0);
    secure_close();
}

TEST(an_answer_cut_off_without_tls_saying_so_is_lost)
{
    NEED_OK(secure_open("127.0.0.1", false));
    secure.u.answer = STR("HTTP/1.1 200 OK\r\n\r\nuntil the end");
    secure.u.close_after = true;
    CHECK_OK(call(&secure.k));
    secure.u.close_after = false;
    NEED_OK(http_client_call(secure.k.c, &secure.k.call));
    const uint64_t before = secure.u.sent;
    for (int i = 0; i < 100000 && (secure.u.sent == before || secure.u.requests < 2); i++)
        (void)loop_turn(secure.l);
    for (int i = 0; i < 20; i++)
        (void)loop_turn(secure.l);
    up_hang_up_all(&secure.u);
    loop_run(secure.l);
    CHECK_ERR(secure.k.e, ENGINE_LOST);
    CHECK_INT(http_client_fate(secure.k.c), ==, HTTP_CLIENT_CUT);
    secure_close();
}

TEST(https_and_somebody_to_trust_belong_together)
{
    http_client *c = NULL;
    NEED_OK(secure_open("127.0.0.1", false));
    CHECK_ERR(http_client_new_tls(secure.l, STR("https://a"), NULL, &c), ARGUMENT);
    CHECK_ERR(http_client_new_tls(secure.l, STR("http://a"), secure.trust, &c), ARGUMENT);
    CHECK_ERR(http_client_new_tls(secure.l, STR("unix:/a"), secure.trust, &c), ARGUMENT);
    CHECK(c == NULL);
    NEED_OK(http_client_new_tls(secure.l, STR("http://a"), NULL, &c));
    http_client_free(c);
    secure_close();
}

TEST(whatever_fails_over_tls_the_call_ends_once)
{
    bool fired = true;
    for (long n = 1; fired && n < 100; n++) {
        NEED_OK(secure_open("127.0.0.1", false));
        buf_add(&secure.k.log, STR("so that only the client needs memory"));
        buf_add(&secure.u.last, STR("x"));
        NEED_OK(http_client_call(secure.k.c, &secure.k.call));
        fault_arm(n);
        while (!secure.k.ended && !fault_fired())
            uv_run(loop_uv(secure.l), UV_RUN_ONCE);
        fired = fault_fired();
        fault_arm(0);
        secure.k.call.wait_ms_max = 0;
        for (int i = 0; !secure.k.ended && i < 200 && secure.u.open; i++)
            uv_run(loop_uv(secure.l), UV_RUN_NOWAIT);
        CHECK_INT(secure.k.ended, <=, 1);
        secure_close();
    }
}

/* ---- for whoever keeps many */

TEST(how_far_a_failed_call_came_is_told)
{
    static const struct {
        const char *answer;
        enum http_client_fate fate;
    } cases[] = {{"", HTTP_CLIENT_UNANSWERED},
                 {"HTTP/1.1 2", HTTP_CLIENT_CUT},
                 {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", HTTP_CLIENT_CUT},
                 {"not HTTP\r\n\r\n", HTTP_CLIENT_GARBLED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SETUP(str_of(cases[i].answer));
        p.close_after = true;
        IGNORE(call(&k));
        CHECK_INT(http_client_fate(k.c), ==, cases[i].fate);
        TEARDOWN;
    }
    SETUP(HELLO);
    http_client_free(k.c);
    NEED_OK(http_client_new(p.l, STR("unix:/no/such/socket"), &k.c));
    IGNORE(call(&k));
    CHECK_INT(http_client_fate(k.c), ==, HTTP_CLIENT_UNREACHED);
    CHECK(!http_client_is_connected(k.c));
    TEARDOWN;
}

TEST(a_silent_server_is_told_from_others)
{
    SETUP(HELLO);
    p.silent = true;
    k.call.wait_ms_max = 20;
    CHECK_ERR(call(&k), ENGINE_LOST);
    CHECK_INT(http_client_fate(k.c), ==, HTTP_CLIENT_SILENT);
    TEARDOWN;
}

TEST(a_paused_client_hears_nothing_until_it_goes_on)
{
    SETUP(HELLO);
    NEED_OK(http_client_call(k.c, &k.call));
    http_client_pause(k.c, true);
    for (int i = 0; i < 50; i++)
        (void)loop_turn(p.l);
    CHECK_INT(p.answered, ==, 1);
    CHECK_INT(k.log.len, ==, 0);
    http_client_pause(k.c, false);
    loop_run(p.l);
    CHECK_STR(buf_str(&k.log), STR(HEARD_HELLO));
    http_client_pause(k.c, true); /* nothing runs: no effect */
    CHECK_OK(call(&k));
    TEARDOWN;
}
