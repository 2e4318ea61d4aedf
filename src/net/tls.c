/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/tls.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/fault.h"

/* BSI TR-02102-2 sections 3.4: TLS 1.3 suites, groups and signatures that OpenSSL 3.0 has. */
#define SUITES "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256"
#define GROUPS "P-256:P-384:P-521:ffdhe3072:ffdhe4096"
#define SIGNATURES                                                                                 \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:"                                                      \
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512"

enum { PLAIN_PIECE = 16 * 1024, CHAIN_MAX = 16 };

struct tls {
    SSL_CTX *ctx;
};

struct tls_conn {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
};

static void
SSL_CTX_auto(SSL_CTX **c)
{
    SSL_CTX_free(*c);
}

/* The server's order counts: h2 before http/1.1.  RFC 7301: no overlap is a fatal alert. */
static int
choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
                const unsigned char *offer, unsigned offer_len, void *arg)
{
    static const unsigned char ours[] = "\2h2\10http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl, (void)arg;
    if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof ours - 1, offer, offer_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static BIO *
bio_of(str pem)
{
    return pem.len && pem.len <= INT_MAX && !fault_now() ? BIO_new_mem_buf(pem.at, (int)pem.len)
                                                         : NULL;
}

static fallible
use_chain(SSL_CTX *ctx, str pem)
{
    BIO *const bio = bio_of(pem);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool good = cert && SSL_CTX_use_certificate(ctx, cert) == 1;
    X509_free(cert);
    for (int i = 0; good && i < CHAIN_MAX; i++) {
        X509 *const above = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!above)
            break; /* the end of the text */
        good = SSL_CTX_add0_chain_cert(ctx, above) == 1;
        if (!good)
            X509_free(above);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (!good)
        REFUSE(CONFIG, "net.tls_cert", "The TLS certificate is not readable PEM.");
    return OK;
}

static fallible
use_key(SSL_CTX *ctx, str pem)
{
    BIO *const bio = bio_of(pem);
    EVP_PKEY *const key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    const bool readable = key != NULL;
    const bool fits =
        readable && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    if (!readable)
        REFUSE(CONFIG, "net.tls_key", "The TLS key is not readable PEM.");
    if (!fits)
        REFUSE(CONFIG, "net.tls_key", "The TLS key does not belong to the certificate.");
    return OK;
}

/* No tickets: a resumed session would live on a key that outlasts it. */
static fallible
configure(SSL_CTX *ctx)
{
    char groups[] = GROUPS, signatures[] = SIGNATURES; /* the macros below cast const away */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    if (!SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
        !SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) || !SSL_CTX_set_num_tickets(ctx, 0) ||
        !SSL_CTX_set_ciphersuites(ctx, SUITES) || !SSL_CTX_set1_groups_list(ctx, groups) ||
        !SSL_CTX_set1_sigalgs_list(ctx, signatures))
        FAIL(IO, "OpenSSL refuses the TLS settings");
    return OK;
}

static fallible
ctx_new(str cert_pem, str key_pem, SSL_CTX **ret)
{
    AUTO(SSL_CTX) *ctx = fault_now() ? NULL : SSL_CTX_new(TLS_server_method());
    if (!ctx)
        FAIL(LIMIT, "no memory for a TLS context");
    TRY(configure(ctx));
    TRY(use_chain(ctx, cert_pem));
    TRY(use_key(ctx, key_pem));
    *ret = TAKE(ctx);
    return OK;
}

fallible
tls_new(str cert_pem, str key_pem, tls **ret)
{
    AUTO(SSL_CTX) *ctx = NULL;
    TRY(ctx_new(cert_pem, key_pem, &ctx));
    tls *const t = mem_get(sizeof *t);
    if (!t)
        FAIL(LIMIT, "no memory for a TLS context");
    t->ctx = TAKE(ctx);
    *ret = t;
    return OK;
}

fallible
tls_reload(tls *t, str cert_pem, str key_pem)
{
    SSL_CTX *ctx = NULL;
    TRY(ctx_new(cert_pem, key_pem, &ctx));
    SSL_CTX_free(t->ctx); /* counted: connections that use it keep it */
    t->ctx = ctx;
    return OK;
}

void
tls_free(tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    mem_free(t);
}

void
tls_conn_free(tls_conn *c)
{
    if (!c)
        return;
    SSL_free(c->ssl); /* and both BIOs */
    mem_free(c);
}

fallible
tls_conn_wrap(SSL *ssl, tls_conn **ret)
{
    tls_conn *const c = mem_get(sizeof *c);
    if (!c) {
        SSL_free(ssl);
        FAIL(LIMIT, "no memory for a TLS connection");
    }
    *c = (tls_conn){.ssl = ssl};
    c->in = c->ssl ? BIO_new(BIO_s_mem()) : NULL;
    c->out = c->in ? BIO_new(BIO_s_mem()) : NULL;
    if (!c->out) {
        BIO_free(c->in);
        tls_conn_free(c);
        FAIL(LIMIT, "no memory for a TLS connection");
    }
    (void)BIO_set_mem_eof_return(c->in, -1); /* empty is not the end */
    SSL_set_bio(c->ssl, c->in, c->out);
    *ret = c;
    return OK;
}

fallible
tls_conn_new(tls *t, tls_conn **ret)
{
    SSL *const ssl = fault_now() ? NULL : SSL_new(t->ctx);
    if (ssl)
        SSL_set_accept_state(ssl);
    return tls_conn_wrap(ssl, ret);
}

/* What the SSL wants to send. */
static void
drain(tls_conn *c, buf *wire)
{
    char *at = NULL;
    const long n = BIO_get_mem_data(c->out, &at);
    if (n > 0)
        buf_add(wire, (str){at, (size_t)n});
    (void)BIO_reset(c->out);
}

static fallible
feed(tls_conn *c, str from_wire)
{
    if (!from_wire.len)
        return OK;
    const int len = from_wire.len <= INT_MAX ? (int)from_wire.len : -1;
    if (len < 0 || fault_now() || BIO_write(c->in, from_wire.at, len) != len)
        FAIL(LIMIT, "no memory for TLS records");
    return OK;
}

fallible
tls_conn_read(tls_conn *c, str from_wire, buf *plain, buf *wire)
{
    char *room;
    int n;
    TRY(feed(c, from_wire));
    do {
        room = buf_add_room(plain, PLAIN_PIECE);
        if (!room)
            FAIL(LIMIT, "no memory for TLS records");
        n = SSL_read(c->ssl, room, PLAIN_PIECE);
        plain->len -= (size_t)(PLAIN_PIECE - (n > 0 ? n : 0));
    } while (n > 0);
    const int why = SSL_get_error(c->ssl, n);
    drain(c, wire);
    ERR_clear_error();
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_ZERO_RETURN)
        FAIL(PARSE, "TLS: the handshake or a record is wrong");
    return buf_end(wire);
}

fallible
tls_conn_write(tls_conn *c, str plain, buf *wire)
{
    ASSERT(tls_conn_ready(c));
    while (plain.len) {
        size_t n = 0;
        if (SSL_write_ex(c->ssl, plain.at, plain.len, &n) != 1) {
            ERR_clear_error();
            FAIL(IO, "TLS: nothing can be written any more");
        }
        plain = str_slice(plain, n, plain.len);
        drain(c, wire);
    }
    return buf_end(wire);
}

void
tls_conn_end(tls_conn *c, buf *wire)
{
    if (tls_conn_ready(c))
        (void)SSL_shutdown(c->ssl); /* into memory: nothing to wait for */
    ERR_clear_error();
    drain(c, wire);
}

bool
tls_conn_ready(const tls_conn *c)
{
    return SSL_is_init_finished(c->ssl);
}

bool
tls_conn_is_h2(const tls_conn *c)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(c->ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

bool
tls_conn_is_untrusted(const tls_conn *c)
{
    return SSL_get_verify_result(c->ssl) != X509_V_OK;
}

bool
tls_conn_is_ended(const tls_conn *c)
{
    return (SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}
