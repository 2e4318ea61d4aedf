/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/client/dial.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"

/* ---- addresses */

TEST(an_address_is_split_into_host_and_port)
{
    struct dial_target t;
    NEED_OK(dial_parse(STR("http://127.0.0.1:7080"), &t));
    CHECK_STR(str_of(t.host), STR("127.0.0.1"));
    CHECK_STR(str_of(t.port), STR("7080"));
    CHECK_STR(str_of(t.authority), STR("127.0.0.1:7080"));
    NEED_OK(dial_parse(STR("http://[::1]:81/"), &t));
    CHECK_STR(str_of(t.host), STR("::1"));
    CHECK_STR(str_of(t.authority), STR("[::1]:81"));
    CHECK_STR(str_of(t.text), STR("http://[::1]:81"));
    NEED_OK(dial_parse(STR("http://ki.amt-1.example"), &t));
    CHECK_STR(str_of(t.host), STR("ki.amt-1.example"));
    CHECK_STR(str_of(t.port), STR("80"));
}

TEST(a_unix_socket_is_named_by_its_path)
{
    struct dial_target t;
    NEED_OK(dial_parse(STR("unix:/run/hoheit.sock"), &t));
    CHECK_STR(str_of(t.path), STR("/run/hoheit.sock"));
    CHECK_STR(str_of(t.authority), STR("localhost"));
    CHECK_STR(str_of(t.text), STR("unix:/run/hoheit.sock"));
}

TEST(what_is_no_address_is_refused_and_leaves_the_result_alone)
{
    static const char *const bad[] = {
        "",
        "127.0.0.1:7080",
        "https://127.0.0.1",
        "ftp://127.0.0.1",
        "http://",
        "http://:80",
        "http://host:",
        "http://host:0",
        "http://host:65536",
        "http://host:+80",
        "http://host:80:80",
        "http://host/path",
        "http://user@host",
        "http://ho st",
        "http://host\r\nX: y",
        "http://[::1",
        "http://[]",
        "http://[::1]x",
        "http://[g::1]@",
        "http://::1",
        "unix:",
        "unix:relative",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dial_target t = {.host = "kept"};
        const err e = dial_parse(str_of(bad[i]), &t);
        if (e.code != ERR_ARGUMENT)
            test_fail(__FILE__, __LINE__, "\"%s\" was taken", bad[i]);
        if (e.code)
            CHECK_STR(str_of(t.host), STR("kept"));
    }
}

TEST(an_address_that_is_too_long_is_refused)
{
    char url[400];
    struct dial_target t;
    memset(url, 'a', sizeof url - 1);
    url[sizeof url - 1] = 0;
    memcpy(url, "http://", 7);
    CHECK_ERR(dial_parse(str_of(url), &t), ARGUMENT);
    memcpy(url, "unix:/a", 7);
    CHECK_ERR(dial_parse(str_of(url), &t), ARGUMENT);
    url[5 + DIAL_PATH_MAX - 1] = 0;
    CHECK_OK(dial_parse(str_of(url), &t));
}

static bool
is_loopback(const char *url)
{
    struct dial_target t;
    return !dial_parse(str_of(url), &t).code && dial_is_loopback(&t);
}

TEST(this_machine_is_told_from_others)
{
    CHECK(is_loopback("unix:/run/x"));
    CHECK(is_loopback("http://127.0.0.1:80") && is_loopback("http://127.1.2.3"));
    CHECK(is_loopback("http://[::1]:80") && is_loopback("http://LocalHost"));
    CHECK(!is_loopback("http://128.0.0.1") && !is_loopback("http://0.0.0.0"));
    CHECK(!is_loopback("http://[::2]") && !is_loopback("http://localhost.example"));
    CHECK(!is_loopback("http://127.0.0.1.example") && !is_loopback("http://10.0.0.1"));
}

/* ---- connecting */

struct outcome {
    loop *l;
    int called;
    bool connected;
    enum err_code code;
};

static void
on_dialed(void *ctx, wire *w, err e)
{
    struct outcome *const o = ctx;
    o->called++;
    o->connected = w != NULL;
    o->code = (enum err_code)e.code;
    wire_close(w);
}

/* Dials and runs until nothing is active. */
static err
try_dial(const char *url, struct outcome *o)
{
    struct dial_target t;
    dial *d;
    loop *l = NULL;
    err e = dial_parse(str_of(url), &t);
    if (!e.code)
        e = loop_new(&l);
    if (!e.code)
        e = dial_start(l, &t, on_dialed, o, &d);
    if (!e.code)
        loop_run(l);
    loop_free(l);
    return e;
}

/* A listener of the kernel: connecting needs nobody to accept. */
static int
listen_tcp(uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    const int f = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(f, (struct sockaddr *)&a, sizeof a) != 0 || listen(f, 8) != 0 ||
        getsockname(f, (struct sockaddr *)&a, &len) != 0)
        return -1;
    *ret_port = ntohs(a.sin_port);
    return f;
}

TEST(a_listener_is_reached_by_number_and_by_name)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    uint16_t port = 0;
    const int f = listen_tcp(&port);
    NEED(f >= 0);
    for (size_t i = 0; i < 2; i++) {
        struct outcome o = {.called = 0};
        char url[64];
        snprintf(url, sizeof url, "http://%s:%u", hosts[i], port);
        NEED_OK(try_dial(url, &o));
        CHECK(o.called == 1 && o.connected && o.code == ERR_OK);
    }
    close(f);
}

TEST(where_nobody_listens_the_dial_fails_once)
{
    uint16_t port = 0;
    struct outcome o = {.called = 0};
    char url[64];
    close(listen_tcp(&port));
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    NEED_OK(try_dial(url, &o));
    CHECK(o.called == 1 && !o.connected && o.code == ERR_ENGINE_LOST);
    NEED_OK(try_dial("unix:/no/such/socket", &o));
    CHECK(o.called == 2 && !o.connected && o.code == ERR_ENGINE_LOST);
}

TEST(a_cancelled_dial_calls_nobody)
{
    static const char *const urls[] = {"http://127.0.0.1:9", "unix:/no/such/socket",
                                       "http://localhost:9"};
    for (size_t i = 0; i < 3; i++) {
        struct outcome o = {.called = 0};
        struct dial_target t;
        dial *d = NULL;
        loop *l = NULL;
        NEED_OK(dial_parse(str_of(urls[i]), &t));
        NEED_OK(loop_new(&l));
        NEED_OK(dial_start(l, &t, on_dialed, &o, &d));
        dial_cancel(d);
        loop_run(l);
        loop_free(l);
        CHECK_INT(o.called, ==, 0);
    }
    dial_cancel(NULL);
    wire_close(NULL);
}

TEST(whatever_fails_the_dial_ends_once)
{
    uint16_t port = 0;
    char url[64];
    const int f = listen_tcp(&port);
    NEED(f >= 0);
    snprintf(url, sizeof url, "http://localhost:%u", port);
    bool fired = true;
    for (long n = 1; fired; n++) {
        struct outcome o = {.called = 0};
        fault_arm(n);
        const err e = try_dial(url, &o);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(o.called, ==, e.code ? 0 : 1);
        if (!fired)
            CHECK(o.connected);
        NEED(n < 50);
    }
    close(f);
}

/* ---- where TLS is spoken */

TEST(https_has_its_own_port_and_says_it_only_where_it_is_another)
{
    struct dial_target t;
    NEED_OK(dial_parse_tls(STR("https://api.example"), &t));
    CHECK(t.is_tls);
    CHECK_STR(str_of(t.port), STR("443"));
    CHECK_STR(str_of(t.authority), STR("api.example"));
    CHECK_STR(str_of(t.text), STR("https://api.example"));
    NEED_OK(dial_parse_tls(STR("https://[::1]:8443/"), &t));
    CHECK_STR(str_of(t.host), STR("::1"));
    CHECK_STR(str_of(t.authority), STR("[::1]:8443"));
    NEED_OK(dial_parse_tls(STR("https://a:443"), &t));
    CHECK_STR(str_of(t.authority), STR("a"));
}

TEST(where_tls_may_be_spoken_it_need_not_be)
{
    struct dial_target t = {.is_tls = true};
    NEED_OK(dial_parse_tls(STR("http://127.0.0.1:1"), &t));
    CHECK(!t.is_tls);
    NEED_OK(dial_parse_tls(STR("unix:/a"), &t));
    CHECK(!t.is_tls);
    CHECK_ERR(dial_parse_tls(STR("https://"), &t), ARGUMENT);
    CHECK_ERR(dial_parse_tls(STR("https://a b"), &t), ARGUMENT);
    CHECK_ERR(dial_parse_tls(STR("https://u@a"), &t), ARGUMENT);
    CHECK_ERR(dial_parse_tls(STR("ftp://a"), &t), ARGUMENT);
    CHECK_ERR(dial_parse(STR("https://a"), &t), ARGUMENT);
}
