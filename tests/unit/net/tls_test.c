/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/tls.h"

#include <openssl/ssl.h>

#include "base/fault.h"
#include "cert.h"
#include "test.h"

/* A client in memory. */
struct peer {
    SSL_CTX *ctx;
    SSL *ssl;
    tls_conn *server;
    buf plain, wire;
    size_t step; /* bytes handed to the server at once */
    err failed;  /* what the server said */
};

static bool
peer_open(struct peer *p, tls *t, const char *alpn, int version)
{
    *p = (struct peer){
        .plain = BUF(16 << 20), .wire = BUF(16 << 20), .step = SIZE_MAX, .failed = OK};
    p->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(p->ctx, version);
    p->ssl = SSL_new(p->ctx);
    if (alpn)
        SSL_set_alpn_protos(p->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    SSL_set_bio(p->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(p->ssl);
    return !tls_conn_new(t, &p->server).code;
}

static void
peer_close(struct peer *p)
{
    tls_conn_free(p->server);
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    buf_done(&p->plain);
    buf_done(&p->wire);
}

/* What the client has to say goes to the server, and back, until both are silent. */
static void
talk(struct peer *p)
{
    for (int round = 0; round < 10000; round++) {
        char *at = NULL;
        char bytes[65536];
        const int done = SSL_do_handshake(p->ssl);
        const long n = BIO_get_mem_data(SSL_get_wbio(p->ssl), &at);
        (void)done;
        if (n > 0) {
            const size_t len = (size_t)BIO_read(SSL_get_wbio(p->ssl), bytes, sizeof bytes);
            for (size_t i = 0; i < len && !p->failed.code;) {
                const size_t piece = p->step < len - i ? p->step : len - i;
                p->failed = tls_conn_read(p->server, (str){bytes + i, piece}, &p->plain, &p->wire);
                i += piece;
            }
        }
        if (!p->wire.len && n <= 0)
            return;
        if (p->wire.len)
            BIO_write(SSL_get_rbio(p->ssl), p->wire.at, (int)p->wire.len);
        buf_clear(&p->wire);
    }
}

static tls *
fresh(const char *name)
{
    struct cert c;
    tls *t = NULL;
    cert_make(&c, name);
    if (tls_new(str_of(c.cert), str_of(c.key), &t).code)
        test_fail(__FILE__, __LINE__, "%s", err_trail());
    return t;
}

static const char *
peer_name(struct peer *p, char room[64])
{
    X509 *const x = SSL_get1_peer_certificate(p->ssl);
    room[0] = 0;
    if (x)
        X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, room, 64);
    X509_free(x);
    return room;
}

TEST(a_client_and_the_server_understand_each_other_in_tls_1_3)
{
    tls *t = fresh("a");
    struct peer p;
    char got[100];
    NEED(peer_open(&p, t, NULL, TLS1_3_VERSION));
    CHECK(!tls_conn_ready(p.server));
    talk(&p);
    CHECK_OK(p.failed);
    CHECK(tls_conn_ready(p.server));
    CHECK(!tls_conn_is_h2(p.server));
    CHECK_STR(str_of(SSL_get_version(p.ssl)), STR("TLSv1.3"));
    CHECK_STR(str_of(SSL_get_cipher(p.ssl)), STR("TLS_AES_256_GCM_SHA384"));
    SSL_write(p.ssl, "question", 8);
    talk(&p);
    CHECK_STR(buf_str(&p.plain), STR("question"));
    CHECK_OK(tls_conn_write(p.server, STR("answer"), &p.wire));
    talk(&p);
    CHECK_INT(SSL_read(p.ssl, got, sizeof got), ==, 6);
    CHECK(memcmp(got, "answer", 6) == 0);
    peer_close(&p);
    tls_free(t);
}

TEST(any_split_of_the_handshake_is_the_same_handshake)
{
    tls *t = fresh("a");
    static const size_t steps[] = {1, 2, 3, 5, 17, 100, 1000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct peer p;
        NEED(peer_open(&p, t, "\2h2", TLS1_3_VERSION));
        p.step = steps[i];
        talk(&p);
        CHECK_OK(p.failed);
        CHECK(tls_conn_ready(p.server) && tls_conn_is_h2(p.server));
        SSL_write(p.ssl, "question", 8);
        talk(&p);
        CHECK_STR(buf_str(&p.plain), STR("question"));
        peer_close(&p);
    }
    tls_free(t);
}

TEST(alpn_prefers_h2_and_knows_http_1_1)
{
    static const struct {
        const char *offer;
        bool h2, good;
    } offers[] = {
        {"\2h2", true, true},
        {"\10http/1.1", false, true},
        {"\10http/1.1\2h2", true, true},
        {"\2h3\10http/1.1", false, true},
        {NULL, false, true},
        {"\2h3", false, false},
        {"\3h2c", false, false},
    };
    tls *t = fresh("a");
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
        struct peer p;
        NEED(peer_open(&p, t, offers[i].offer, TLS1_3_VERSION));
        talk(&p);
        CHECK_INT(p.failed.code, ==, offers[i].good ? ERR_OK : ERR_PARSE);
        CHECK_INT(tls_conn_is_h2(p.server), ==, offers[i].h2);
        CHECK_INT(tls_conn_ready(p.server), ==, offers[i].good);
        peer_close(&p);
    }
    tls_free(t);
}

TEST(older_versions_are_refused_with_an_alert)
{
    tls *t = fresh("a");
    struct peer p;
    NEED(peer_open(&p, t, NULL, TLS1_2_VERSION));
    talk(&p);
    CHECK_ERR(p.failed, PARSE);
    CHECK(!tls_conn_ready(p.server));
    CHECK(SSL_do_handshake(p.ssl) != 1);
    peer_close(&p);
    tls_free(t);
}

TEST(what_is_no_tls_is_refused)
{
    static const str garbage[] = {
        STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        STR_INIT("\x16\x03\x01\xff\xff\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        STR_INIT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        STR_INIT("\x17\x03\x03\0\5abcdeabcdeabcdeabcde"),
    };
    tls *t = fresh("a");
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        tls_conn *c = NULL;
        AUTO(buf) plain = BUF(1 << 20), wire = BUF(1 << 20);
        NEED_OK(tls_conn_new(t, &c));
        CHECK_ERR(tls_conn_read(c, garbage[i], &plain, &wire), PARSE);
        CHECK_INT(plain.len, ==, 0);
        tls_conn_free(c);
    }
    tls_free(t);
}

TEST(a_record_that_was_touched_is_refused_and_yields_nothing)
{
    tls *t = fresh("a");
    for (size_t k = 5; k < 20; k++) {
        struct peer p;
        char record[200];
        NEED(peer_open(&p, t, NULL, TLS1_3_VERSION));
        talk(&p);
        SSL_write(p.ssl, "question", 8);
        const int n = BIO_read(SSL_get_wbio(p.ssl), record, sizeof record);
        NEED(n > 20);
        record[k] ^= 1;
        CHECK_ERR(tls_conn_read(p.server, (str){record, (size_t)n}, &p.plain, &p.wire), PARSE);
        CHECK_INT(p.plain.len, ==, 0);
        CHECK_INT(p.wire.len, >, 0);
        peer_close(&p);
    }
    tls_free(t);
}

TEST(megabytes_come_through_both_ways)
{
    enum { LEN = 3000000 };
    tls *t = fresh("a");
    struct peer p;
    AUTO(buf) sent = BUF(4 << 20), got = BUF(4 << 20);
    NEED(peer_open(&p, t, NULL, TLS1_3_VERSION));
    talk(&p);
    for (int i = 0; i < LEN; i++)
        buf_add_char(&sent, (char)test_random());
    for (size_t at = 0; at < LEN;) {
        const int n = SSL_write(p.ssl, sent.at + at, LEN - at > 10000 ? 10000 : (int)(LEN - at));
        NEED(n > 0);
        at += (size_t)n;
        talk(&p);
    }
    CHECK(str_eq(buf_str(&sent), buf_str(&p.plain)));
    CHECK_OK(tls_conn_write(p.server, buf_str(&sent), &p.wire));
    BIO_write(SSL_get_rbio(p.ssl), p.wire.at, (int)p.wire.len);
    char room[16384];
    int n;
    while ((n = SSL_read(p.ssl, room, sizeof room)) > 0)
        buf_add(&got, (str){room, (size_t)n});
    CHECK(str_eq(buf_str(&sent), buf_str(&got)));
    peer_close(&p);
    tls_free(t);
}

TEST(the_end_is_said)
{
    tls *t = fresh("a");
    struct peer p;
    char room[16];
    NEED(peer_open(&p, t, NULL, TLS1_3_VERSION));
    talk(&p);
    tls_conn_end(p.server, &p.wire);
    CHECK(p.wire.len > 0);
    BIO_write(SSL_get_rbio(p.ssl), p.wire.at, (int)p.wire.len);
    const int n = SSL_read(p.ssl, room, sizeof room);
    CHECK_INT(SSL_get_error(p.ssl, n), ==, SSL_ERROR_ZERO_RETURN);
    peer_close(&p);
    NEED(peer_open(&p, t, NULL, TLS1_3_VERSION));
    tls_conn_end(p.server, &p.wire); /* before the handshake: nothing to say, no harm */
    peer_close(&p);
    tls_free(t);
}

TEST(a_reload_is_for_new_connections)
{
    tls *t = fresh("old");
    struct cert c;
    struct peer before, after;
    char name[64];
    NEED(peer_open(&before, t, NULL, TLS1_3_VERSION));
    talk(&before);
    CHECK_STR(str_of(peer_name(&before, name)), STR("old"));
    cert_make(&c, "new");
    CHECK_OK(tls_reload(t, str_of(c.cert), str_of(c.key)));
    NEED(peer_open(&after, t, NULL, TLS1_3_VERSION));
    talk(&after);
    CHECK_STR(str_of(peer_name(&after, name)), STR("new"));
    SSL_write(before.ssl, "still", 5);
    talk(&before);
    CHECK_STR(buf_str(&before.plain), STR("still"));
    peer_close(&before);
    peer_close(&after);
    tls_free(t);
}

TEST(certificates_and_keys_that_do_not_fit_are_refused_with_a_sentence)
{
    struct cert a, b;
    tls *t = NULL;
    cert_make(&a, "a");
    cert_make(&b, "b");
    const struct {
        str cert, key;
    } bad[] = {
        {STR(""), STR("")},
        {STR("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n"), str_of(a.key)},
        {str_of(a.cert), STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")},
        {str_of(a.cert), str_of(b.key)},
        {str_of(a.key), str_of(a.cert)},
        {str_of(a.cert), STR("")},
        {STR("text"), STR("text")},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const err e = tls_new(bad[i].cert, bad[i].key, &t);
        CHECK_INT(e.code, ==, ERR_CONFIG);
        CHECK(strlen(err_public(e)) > 10);
        CHECK(t == NULL);
    }
    NEED_OK(tls_new(str_of(a.cert), str_of(a.key), &t));
    CHECK_ERR(tls_reload(t, str_of(b.cert), str_of(a.key)), CONFIG);
    struct peer p;
    char name[64];
    NEED(peer_open(&p, t, NULL, TLS1_3_VERSION));
    talk(&p);
    CHECK_STR(str_of(peer_name(&p, name)), STR("a"));
    peer_close(&p);
    tls_free(t);
}

TEST(a_chain_is_sent_whole)
{
    struct cert a, b;
    char chain[8192];
    tls *t = NULL;
    struct peer p;
    cert_make(&a, "leaf");
    cert_make(&b, "above");
    (void)snprintf(chain, sizeof chain, "%s%s", a.cert, b.cert);
    NEED_OK(tls_new(str_of(chain), str_of(a.key), &t));
    NEED(peer_open(&p, t, NULL, TLS1_3_VERSION));
    talk(&p);
    CHECK_INT(sk_X509_num(SSL_get_peer_cert_chain(p.ssl)), ==, 2);
    peer_close(&p);
    tls_free(t);
}

TEST(without_memory_every_step_fails_clean)
{
    struct cert c;
    cert_make(&c, "a");
    for (long n = 1;; n++) {
        tls *t = NULL;
        tls_conn *conn = NULL;
        AUTO(buf) plain = BUF(1 << 20), wire = BUF(1 << 20);
        fault_arm(n);
        err e = tls_new(str_of(c.cert), str_of(c.key), &t);
        if (!e.code)
            e = tls_conn_new(t, &conn);
        if (!e.code)
            e = tls_conn_read(conn, STR("\x16"), &plain, &wire);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        tls_conn_free(conn);
        tls_free(t);
        if (!fired)
            break;
    }
}
