/* SPDX-License-Identifier: EUPL-1.2 */
/* A client and a server in memory. */
#include "net/client/trust.h"

#include <openssl/ssl.h>

#include "base/fault.h"
#include "test.h"
#include "unit/net/cert.h"

struct pair {
    tls *t;
    tls_conn *server, *client;
    buf to_server, to_client, server_plain, client_plain;
    err server_failed, client_failed;
};

static bool
pair_open(struct pair *p, const struct cert *c, trust *t, const char *host)
{
    *p = (struct pair){.server_failed = OK};
    p->to_server = p->to_client = p->server_plain = p->client_plain = BUF(1 << 20);
    return !tls_new(str_of(c->cert), str_of(c->key), &p->t).code &&
           !tls_conn_new(p->t, &p->server).code && !trust_connect(t, host, &p->client).code;
}

static void
pair_close(struct pair *p)
{
    tls_conn_free(p->client);
    tls_conn_free(p->server);
    tls_free(p->t);
    buf_done(&p->to_server);
    buf_done(&p->to_client);
    buf_done(&p->server_plain);
    buf_done(&p->client_plain);
}

static void
pair_talk(struct pair *p)
{
    for (int i = 0; i < 20 && !p->client_failed.code && !p->server_failed.code; i++) {
        AUTO(buf) taken = p->to_client;
        p->to_client = BUF(1 << 20);
        p->client_failed =
            tls_conn_read(p->client, buf_str(&taken), &p->client_plain, &p->to_server);
        if (p->to_server.len)
            p->server_failed =
                tls_conn_read(p->server, buf_str(&p->to_server), &p->server_plain, &p->to_client);
        buf_clear(&p->to_server);
        if (!p->to_client.len)
            return;
    }
}

static trust *
trusting(str ca, const uint8_t (*pins)[32], size_t count)
{
    const struct trust_spec spec = {.ca_pem = ca, .pins = pins, .pin_count = count};
    trust *t = NULL;
    CHECK_OK(trust_new(&spec, &t));
    return t;
}

/* Does a client that trusts `t` take `c` for `host`? */
static bool
takes(trust *t, const struct cert *c, const char *host)
{
    struct pair p;
    CHECK(pair_open(&p, c, t, host));
    pair_talk(&p);
    const bool ready = !p.client_failed.code && tls_conn_ready(p.client);
    CHECK(ready != tls_conn_is_untrusted(p.client));
    if (!ready) {
        CHECK_ERR(p.client_failed, PARSE);
        CHECK(!tls_conn_ready(p.client));
    }
    pair_close(&p);
    return ready;
}

static bool
takes_ca(const struct cert *ca, const struct cert *c, const char *host)
{
    trust *t = trusting(str_of(ca->cert), NULL, 0);
    const bool answer = takes(t, c, host);
    trust_free(t);
    return answer;
}

static bool
takes_pin(const struct cert *pinned, const struct cert *c, const char *host)
{
    trust *t = trusting(STR_NONE, &pinned->pin, 1);
    const bool answer = takes(t, c, host);
    trust_free(t);
    return answer;
}

TEST(a_certificate_under_the_ca_is_taken_for_its_name_alone)
{
    struct cert c, other;
    cert_make(&c, "a.example");
    cert_make(&other, "a.example");
    CHECK(takes_ca(&c, &c, "a.example"));
    CHECK(takes_ca(&c, &c, "A.EXAMPLE"));
    CHECK(!takes_ca(&c, &c, "b.example"));
    CHECK(!takes_ca(&c, &c, "x.a.example"));
    CHECK(!takes_ca(&c, &c, "example"));
    CHECK(!takes_ca(&other, &c, "a.example"));
}

TEST(a_pinned_key_is_taken_for_its_name_alone)
{
    struct cert c, other;
    cert_make(&c, "a.example");
    cert_make(&other, "a.example");
    CHECK(takes_pin(&c, &c, "a.example"));
    CHECK(!takes_pin(&c, &c, "b.example"));
    CHECK(!takes_pin(&other, &c, "a.example"));
    const uint8_t pins[2][32] = {{1}, {0}};
    uint8_t both[2][32];
    memcpy(both, pins, sizeof both);
    memcpy(both[1], c.pin, 32);
    trust *t = trusting(STR_NONE, both, 2);
    CHECK(takes(t, &c, "a.example"));
    trust_free(t);
    t = trusting(STR_NONE, pins, 2);
    CHECK(!takes(t, &c, "a.example"));
    trust_free(t);
}

TEST(where_both_are_given_both_must_hold)
{
    struct cert c, other;
    cert_make(&c, "a.example");
    cert_make(&other, "a.example");
    trust *t = trusting(str_of(c.cert), &c.pin, 1);
    CHECK(takes(t, &c, "a.example"));
    trust_free(t);
    t = trusting(str_of(c.cert), &other.pin, 1);
    CHECK(!takes(t, &c, "a.example"));
    trust_free(t);
    t = trusting(str_of(other.cert), &c.pin, 1);
    CHECK(!takes(t, &c, "a.example"));
    trust_free(t);
}

TEST(an_address_is_compared_as_one)
{
    struct cert four, six, named;
    cert_make(&four, "127.0.0.1");
    cert_make(&six, "::1");
    cert_make_as(&named, "127.0.0.1", "localhost", -60, 60);
    CHECK(takes_ca(&four, &four, "127.0.0.1") && takes_pin(&four, &four, "127.0.0.1"));
    CHECK(takes_ca(&six, &six, "::1") && takes_pin(&six, &six, "0:0:0:0:0:0:0:1"));
    CHECK(!takes_ca(&four, &four, "127.0.0.2") && !takes_pin(&four, &four, "127.0.0.2"));
    CHECK(!takes_ca(&named, &named, "127.0.0.1") && !takes_pin(&named, &named, "127.0.0.1"));
}

TEST(the_old_common_name_does_not_count)
{
    struct cert c;
    cert_make_as(&c, "a.example", NULL, -60, 60);
    CHECK(!takes_ca(&c, &c, "a.example"));
    CHECK(!takes_pin(&c, &c, "a.example"));
}

TEST(a_certificate_is_good_in_its_time_only)
{
    struct cert past, future;
    cert_make_as(&past, "a.example", "a.example", -7200, -3600);
    cert_make_as(&future, "a.example", "a.example", 3600, 7200);
    CHECK(!takes_ca(&past, &past, "a.example") && !takes_pin(&past, &past, "a.example"));
    CHECK(!takes_ca(&future, &future, "a.example") && !takes_pin(&future, &future, "a.example"));
}

TEST(bytes_go_both_ways_and_http_1_1_is_agreed_on)
{
    struct cert c;
    struct pair p;
    cert_make(&c, "a.example");
    trust *t = trusting(str_of(c.cert), NULL, 0);
    NEED(pair_open(&p, &c, t, "a.example"));
    pair_talk(&p);
    NEED(tls_conn_ready(p.client) && tls_conn_ready(p.server));
    CHECK(!tls_conn_is_h2(p.server));
    CHECK_OK(tls_conn_write(p.client, STR("question"), &p.to_server));
    CHECK_OK(tls_conn_read(p.server, buf_str(&p.to_server), &p.server_plain, &p.to_client));
    CHECK_STR(buf_str(&p.server_plain), STR("question"));
    buf_clear(&p.to_server);
    CHECK_OK(tls_conn_write(p.server, STR("answer"), &p.to_client));
    CHECK(!tls_conn_is_ended(p.client));
    tls_conn_end(p.server, &p.to_client);
    CHECK_OK(tls_conn_read(p.client, buf_str(&p.to_client), &p.client_plain, &p.to_server));
    CHECK_STR(buf_str(&p.client_plain), STR("answer"));
    CHECK(tls_conn_is_ended(p.client));
    pair_close(&p);
    trust_free(t);
}

TEST(a_server_that_speaks_tls_1_2_only_is_refused_unless_allowed)
{
    struct cert c;
    cert_make(&c, "a.example");
    for (int allowed = 0; allowed < 2; allowed++) {
        const struct trust_spec spec = {.ca_pem = str_of(c.cert), .allows_tls12 = allowed == 1};
        struct pair p;
        trust *t = NULL;
        NEED_OK(trust_new(&spec, &t));
        SSL_CTX *const ctx = SSL_CTX_new(TLS_server_method());
        BIO *const cert = BIO_new_mem_buf(c.cert, -1), *const key = BIO_new_mem_buf(c.key, -1);
        X509 *const x = PEM_read_bio_X509(cert, NULL, NULL, NULL);
        EVP_PKEY *const k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
        SSL_CTX_use_certificate(ctx, x);
        SSL_CTX_use_PrivateKey(ctx, k);
        SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
        SSL *const ssl = SSL_new(ctx);
        SSL_set_accept_state(ssl);
        NEED(pair_open(&p, &c, t, "a.example"));
        tls_conn_free(TAKE(p.server));
        NEED_OK(tls_conn_wrap(ssl, &p.server));
        pair_talk(&p);
        CHECK_INT(tls_conn_ready(p.client), ==, allowed);
        pair_close(&p);
        X509_free(x);
        EVP_PKEY_free(k);
        BIO_free(cert);
        BIO_free(key);
        SSL_CTX_free(ctx);
        trust_free(t);
    }
}

TEST(without_anything_to_check_against_there_is_no_trust)
{
    static const char *const texts[] = {"not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n", "\n"};
    struct trust_spec spec = {.pin_count = 0};
    trust *t = NULL;
    CHECK_ERR(trust_new(&spec, &t), CONFIG);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        spec.ca_pem = str_of(texts[i]);
        CHECK_ERR(trust_new(&spec, &t), CONFIG);
    }
    CHECK(t == NULL);
    trust_free(NULL);
}

TEST(whatever_fails_nothing_is_left)
{
    struct cert c;
    cert_make(&c, "a.example");
    const struct trust_spec spec = {.ca_pem = str_of(c.cert), .pins = &c.pin, .pin_count = 1};
    bool fired = true;
    for (long n = 1; fired; n++) {
        trust *t = NULL;
        tls_conn *conn = NULL;
        fault_arm(n);
        err e = trust_new(&spec, &t);
        if (!e.code)
            e = trust_connect(t, "a.example", &conn);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK_INT(conn == NULL, ==, fired);
        tls_conn_free(conn);
        trust_free(t);
    }
}
