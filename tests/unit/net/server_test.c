/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/server.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <sys/un.h>

#include "base/fault.h"
#include "cert.h"
#include "os/clock.h"
#include "served.h"

static const str get = STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

TEST(requests_are_served_on_a_port)
{
    struct served d;
    served_init(&d);
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d);
    for (int i = 0; i < 100; i++) {
        NEED(served_send(&d, f, get));
        NEED(served_status(&d, f) == 200);
    }
    CHECK_INT(d.requests, ==, 100);
    CHECK_INT(http_server_connections(d.s), ==, 1);
    CHECK_INT(meter_value(&d.m, METER_HTTP_CONNECTIONS), ==, 1);
    CHECK(str_starts(str_of(d.peer), STR("127.0.0.1:")));
    CHECK_INT(d.uid, ==, -1);
    close(f);
    for (int i = 0; i < 100 && http_server_connections(d.s); i++)
        served_turn(&d, -1);
    CHECK_INT(http_server_connections(d.s), ==, 0);
    CHECK_INT(meter_value(&d.m, METER_HTTP_CONNECTIONS), ==, 0);
    served_close(&d);
}

TEST(the_user_on_the_unix_socket_is_known)
{
    struct served d;
    int listener = -1;
    char path[100], want[32];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    served_init(&d);
    NEED_OK(served_open(&d, NULL));
    (void)snprintf(path, sizeof path, "%s/serve", test_dir());
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    NEED_OK(http_bind_unix(path, &listener));
    NEED_OK(http_server_listen(d.s, listener, NULL));
    const int f = socket(AF_UNIX, SOCK_STREAM, 0);
    NEED(connect(f, (struct sockaddr *)&a, sizeof a) == 0);
    fcntl(f, F_SETFL, O_NONBLOCK);
    NEED(served_send(&d, f, get));
    CHECK_INT(served_status(&d, f), ==, 200);
    CHECK_INT(d.uid, ==, getuid());
    (void)snprintf(want, sizeof want, "unix:%u", (unsigned)getuid());
    CHECK_STR(str_of(d.peer), str_of(want));
    close(f);
    served_close(&d);
}

TEST(a_peer_that_is_gone_does_not_end_the_process)
{
    struct served d;
    struct sigaction now;
    (void)signal(SIGPIPE, SIG_DFL);
    served_init(&d);
    NEED_OK(served_open(&d, NULL));
    CHECK(sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
    served_close(&d);
}

TEST(a_client_that_leaves_in_silence_is_noticed)
{
    struct served d;
    served_init(&d);
    d.mode = SERVED_HOLD;
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d), g = served_connect(&d);
    NEED(served_send(&d, f, get) && served_send(&d, g, get));
    for (int i = 0; i < 1000 && d.held_count < 2; i++)
        served_turn(&d, f);
    NEED(d.held_count == 2);
    http_start(d.held[0], 200, NULL, 0);
    close(f);
    close(g);
    for (int i = 0; i < 1000 && d.gone < 2; i++)
        served_turn(&d, -1);
    CHECK_INT(d.gone, ==, 2);
    CHECK_INT(d.held_count, ==, 0);
    served_close(&d);
}

TEST(a_client_that_reads_nothing_is_cut_and_the_next_one_is_served)
{
    struct served d;
    err e = OK;
    char piece[10000] = {0};
    size_t written = 0;
    served_init(&d);
    d.mode = SERVED_HOLD;
    d.p.net_stream_queue_bytes_max = 100000;
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d);
    NEED(served_send(&d, f, get));
    for (int i = 0; i < 1000 && !d.held_count; i++)
        served_turn(&d, -1);
    NEED(d.held_count == 1);
    http_exchange *const x = d.held[0];
    http_start(x, 200, NULL, 0);
    for (int i = 0; i < 10000 && !e.code; i++) {
        e = http_write(x, (str){piece, sizeof piece});
        written += sizeof piece;
        (void)loop_turn(d.l);
    }
    CHECK_INT(e.code, ==, ERR_BUSY);
    CHECK_INT(written, <, 32 << 20); /* what the kernel holds for two sockets, and a little */
    for (int i = 0; i < 10 && !d.gone; i++)
        (void)loop_turn(d.l);
    CHECK_INT(d.gone, ==, 1);
    CHECK_INT(meter_value(&d.m, METER_HTTP_CUT), ==, 1);
    CHECK_INT(http_server_connections(d.s), ==, 0);
    d.mode = SERVED_ANSWER;
    const int g = served_connect(&d);
    NEED(served_send(&d, g, get));
    CHECK_INT(served_status(&d, g), ==, 200);
    close(f);
    close(g);
    served_close(&d);
}

TEST(a_large_answer_arrives_whole_at_a_slow_reader)
{
    enum { LEN = 6000000 };
    struct served d;
    char *const answer = malloc(LEN), *const room = malloc(LEN + 1000);
    bool ended;
    NEED(answer && room);
    for (int i = 0; i < LEN; i++)
        answer[i] = (char)test_random();
    served_init(&d);
    d.answer = (str){answer, LEN};
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d);
    NEED(served_send(&d, f, get));
    size_t len = 0;
    for (int i = 0; i < 10000 && len < LEN; i++)
        len += served_read(&d, f, room + len, len + 10000 < LEN ? 10000 : LEN - len, &ended);
    const char *const body = memmem(room, len, "\r\n\r\n", 4);
    NEED(body);
    len += served_read(&d, f, room + len, (size_t)(body + 4 - room) + LEN - len, &ended);
    CHECK_INT(len, ==, body + 4 - room + LEN);
    CHECK(memcmp(body + 4, answer, LEN) == 0);
    close(f);
    served_close(&d);
    free(answer);
    free(room);
}

/* The refusal comes while the client is still sending: it must not be lost in a reset. */
TEST(a_refused_upload_reads_its_refusal)
{
    struct served d;
    char piece[10000];
    int sent = 0;
    memset(piece, 'x', sizeof piece);
    served_init(&d);
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d);
    NEED(served_send(&d, f, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000000\r\n\r\n")));
    while (sent < 100 && served_send(&d, f, (str){piece, sizeof piece}))
        sent++;
    CHECK_INT(sent, ==, 100);
    CHECK_INT(served_status(&d, f), ==, 413);
    CHECK(served_ended(&d, f));
    close(f);
    served_close(&d);
}

TEST(connections_too_many_are_turned_away_until_one_leaves)
{
    struct served d;
    int f[4];
    served_init(&d);
    d.p.net_connections_max = 3;
    NEED_OK(served_open(&d, NULL));
    for (int i = 0; i < 4; i++) {
        f[i] = served_connect(&d);
        served_turn(&d, -1);
    }
    CHECK_INT(served_status(&d, f[3]), ==, 503);
    CHECK(served_ended(&d, f[3]));
    CHECK_INT(http_server_connections(d.s), ==, 3);
    close(f[0]);
    for (int i = 0; i < 100 && http_server_connections(d.s) > 2; i++)
        served_turn(&d, -1);
    close(f[3]);
    f[3] = served_connect(&d);
    NEED(served_send(&d, f[3], get));
    CHECK_INT(served_status(&d, f[3]), ==, 200);
    for (int i = 1; i < 4; i++)
        close(f[i]);
    served_close(&d);
}

TEST(connections_of_one_address_have_a_limit_of_their_own)
{
    struct served d;
    int f[3];
    served_init(&d);
    d.p.net_connections_per_address_max = 2;
    NEED_OK(served_open(&d, NULL));
    for (int i = 0; i < 3; i++)
        f[i] = served_connect(&d);
    NEED(served_send(&d, f[0], get) && served_send(&d, f[1], get));
    CHECK_INT(served_status(&d, f[0]), ==, 200);
    CHECK_INT(served_status(&d, f[1]), ==, 200);
    CHECK_INT(served_status(&d, f[2]), ==, 503);
    for (int i = 0; i < 3; i++)
        close(f[i]);
    for (int i = 0; i < 100 && http_server_connections(d.s); i++)
        served_turn(&d, -1);
    f[0] = served_connect(&d);
    NEED(served_send(&d, f[0], get));
    CHECK_INT(served_status(&d, f[0]), ==, 200);
    close(f[0]);
    served_close(&d);
}

static bool
turn_until(struct served *d, const int *what, int value)
{
    for (int i = 0; i < 2000 && *what != value; i++)
        served_turn(d, -1);
    return *what == value;
}

TEST(a_stop_lets_the_running_finish_and_takes_no_new_ones)
{
    struct served d;
    served_init(&d);
    d.mode = SERVED_HOLD;
    NEED_OK(served_open(&d, NULL));
    const int idle = served_connect(&d), busy = served_connect(&d);
    NEED(served_send(&d, busy, get));
    for (int i = 0; i < 1000 && !d.held_count; i++)
        served_turn(&d, busy);
    NEED(d.held_count == 1);
    http_server_stop(d.s, 60000, served_on_stopped, &d);
    CHECK(served_ended(&d, idle));
    CHECK_INT(served_connect(&d), ==, -1);
    CHECK_INT(d.stopped, ==, 0);
    http_answer(d.held[0], 200, NULL, 0, STR("last"));
    CHECK_INT(served_status(&d, busy), ==, 200);
    CHECK(served_ended(&d, busy));
    close(busy);
    CHECK(turn_until(&d, &d.stopped, 1));
    CHECK_INT(d.gone, ==, 0);
    close(idle);
    served_close(&d);
}

TEST(a_stop_waits_no_longer_than_it_was_told)
{
    struct served d;
    served_init(&d);
    d.mode = SERVED_HOLD;
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d);
    NEED(served_send(&d, f, get));
    for (int i = 0; i < 1000 && !d.held_count; i++)
        served_turn(&d, f);
    http_server_stop(d.s, 0, served_on_stopped, &d);
    CHECK(turn_until(&d, &d.stopped, 1));
    CHECK_INT(d.gone, ==, 1);
    CHECK_INT(http_server_connections(d.s), ==, 0);
    close(f);
    served_close(&d);
}

TEST(a_stop_without_connections_is_over_at_once)
{
    struct served d;
    served_init(&d);
    NEED_OK(served_open(&d, NULL));
    http_server_stop(d.s, 60000, served_on_stopped, &d);
    CHECK(turn_until(&d, &d.stopped, 1));
    served_close(&d);
}

TEST(freeing_a_busy_server_tells_the_handlers)
{
    struct served d;
    served_init(&d);
    d.mode = SERVED_HOLD;
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d);
    NEED(served_send(&d, f, get));
    for (int i = 0; i < 1000 && !d.held_count; i++)
        served_turn(&d, f);
    served_close(&d);
    CHECK_INT(d.gone, ==, 1);
    close(f);
    http_server_free(NULL);
}

TEST(a_slow_header_is_refused_without_anybody_asking)
{
    struct served d;
    served_init(&d);
    clock_fix(1000000000, 0);
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d);
    NEED(served_send(&d, f, STR("GET / HTT")));
    for (int i = 0; i < 5; i++)
        served_turn(&d, -1);
    clock_fix(1000000000 + d.p.net_header_ms_max * 1000000, 0);
    CHECK_INT(served_status(&d, f), ==, 408);
    CHECK(served_ended(&d, f));
    CHECK_INT(http_server_connections(d.s), ==, 1); /* lingers */
    clock_fix(2000000000 + d.p.net_header_ms_max * 1000000, 0);
    for (int i = 0; i < 5; i++)
        served_turn(&d, -1);
    clock_fix(9000000000 + d.p.net_header_ms_max * 1000000, 0);
    for (int i = 0; i < 5; i++)
        served_turn(&d, -1);
    CHECK_INT(http_server_connections(d.s), ==, 0);
    clock_free();
    close(f);
    served_close(&d);
}

/* With the real clock: the server's own timer wakes it. */
TEST(deadlines_need_nobody_to_turn_the_loop)
{
    struct served d;
    served_init(&d);
    d.p.net_header_ms_max = d.p.net_idle_ms_max = 100;
    NEED_OK(served_open(&d, NULL));
    const int f = served_connect(&d), g = served_connect(&d);
    NEED(served_send(&d, f, STR("GET / HTT")));
    CHECK_INT(served_status(&d, f), ==, 408);
    CHECK(served_ended(&d, f));
    CHECK(served_ended(&d, g));
    close(f);
    close(g);
    served_close(&d);
}

/* ---- over TLS */

struct secure {
    SSL_CTX *ctx;
    SSL *ssl;
    int f;
};

static bool
secure_open(struct secure *c, struct served *d, const char *alpn)
{
    c->f = served_connect(d);
    c->ctx = SSL_CTX_new(TLS_client_method());
    c->ssl = SSL_new(c->ctx);
    SSL_set_fd(c->ssl, c->f);
    SSL_set_alpn_protos(c->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    for (int i = 0; i < 2000; i++) {
        if (SSL_connect(c->ssl) == 1)
            return true;
        served_turn(d, c->f);
    }
    return false;
}

static void
secure_close(struct secure *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->f);
}

static size_t
secure_ask(struct secure *c, struct served *d, str request, char *room, size_t room_len)
{
    size_t len = 0;
    (void)SSL_write(c->ssl, request.at, (int)request.len);
    for (int i = 0; i < 2000 && len < room_len - 1; i++) {
        const int n = SSL_read(c->ssl, room + len, (int)(room_len - 1 - len));
        if (n > 0)
            len += (size_t)n;
        room[len] = 0;
        if (len > 5 && memcmp(room + len - 5, "hello", 5) == 0)
            break;
        served_turn(d, c->f);
    }
    return len;
}

TEST(both_protocols_are_served_over_tls_and_the_certificate_can_be_changed)
{
    struct served d;
    struct cert a, b;
    struct secure one, two;
    tls *t = NULL;
    char room[4096], name[64] = "";
    cert_make(&a, "first");
    cert_make(&b, "second");
    NEED_OK(tls_new(str_of(a.cert), str_of(a.key), &t));
    served_init(&d);
    NEED_OK(served_open(&d, t));
    NEED(secure_open(&one, &d, "\10http/1.1"));
    CHECK(secure_ask(&one, &d, get, room, sizeof room) > 0);
    CHECK(strstr(room, "HTTP/1.1 200 OK\r\n"));
    NEED_OK(tls_reload(t, str_of(b.cert), str_of(b.key)));
    CHECK(secure_ask(&one, &d, get, room, sizeof room) > 0);
    NEED(secure_open(&two, &d, "\2h2"));
    X509 *const x = SSL_get1_peer_certificate(two.ssl);
    NEED(x);
    X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
    X509_free(x);
    CHECK_STR(str_of(name), STR("second"));
    /* SETTINGS, then HEADERS of GET / with :authority h, in static and literal fields. */
    CHECK(secure_ask(&two, &d,
                     STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
                         "\0\0\6\1\5\0\0\0\1\x82\x84\x86\x41\1h"),
                     room, sizeof room) > 0);
    CHECK_INT(d.requests, ==, 3);
    secure_close(&one);
    secure_close(&two);
    served_close(&d);
    tls_free(t);
}

TEST(plain_text_on_a_tls_port_gets_an_alert_and_no_answer)
{
    struct served d;
    struct cert a;
    tls *t = NULL;
    char room[100];
    bool ended;
    cert_make(&a, "a");
    NEED_OK(tls_new(str_of(a.cert), str_of(a.key), &t));
    served_init(&d);
    NEED_OK(served_open(&d, t));
    const int f = served_connect(&d);
    NEED(served_send(&d, f, get));
    const size_t len = served_read(&d, f, room, sizeof room, &ended);
    CHECK(ended);
    CHECK(len < 20 && (len == 0 || room[0] == 21));
    CHECK_INT(d.requests, ==, 0);
    close(f);
    served_close(&d);
    tls_free(t);
}

/* ---- when things fail */

TEST(whatever_fails_costs_one_connection_and_never_the_server)
{
    struct cert a;
    cert_make(&a, "a");
    for (long n = 1; n < 2000; n++) {
        struct served d;
        tls *t = NULL;
        NEED_OK(tls_new(str_of(a.cert), str_of(a.key), &t));
        served_init(&d);
        NEED_OK(served_open(&d, NULL));
        fault_arm(n);
        const int f = served_connect(&d);
        NEED(served_send(&d, f, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")));
        const int status = served_status(&d, f);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(status == 200 || fired);
        close(f);
        const int g = served_connect(&d);
        NEED(served_send(&d, g, get));
        if (served_status(&d, g) != 200)
            test_fail(__FILE__, __LINE__, "after fault %ld", n);
        close(g);
        served_close(&d);
        tls_free(t);
        if (!fired)
            break;
    }
}

TEST(a_server_that_cannot_be_made_says_so)
{
    for (long n = 1;; n++) {
        loop *l = NULL;
        http_server *s = NULL;
        struct params p;
        meters m = {0};
        int f = -1;
        char bound[128];
        params_default(&p);
        NEED_OK(loop_new(&l));
        NEED_OK(http_bind(STR("127.0.0.1:0"), &f, bound));
        fault_arm(n);
        err e =
            http_server_new(l, &p, &m, (struct http_hooks){.on_request = served_on_request}, &s);
        if (!e.code)
            e = http_server_listen(s, f, NULL);
        else
            close(f);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        http_server_free(s);
        loop_free(l);
        if (!fired)
            break;
    }
}
