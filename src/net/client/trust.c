/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/client/trust.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/fault.h"

/* BSI TR-02102-2; the groups and signatures are those of net/tls.c and X25519, which providers
 * outside prefer. */
#define SUITES "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
#define SUITES_1_2                                                                                 \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
#define GROUPS "X25519:P-256:P-384:P-521"

enum { CERTS_MAX = 64 };

struct trust {
    SSL_CTX *ctx;
    uint8_t pins[TRUST_PINS_MAX][TRUST_PIN_LEN];
    size_t pin_count;
    bool has_ca;
};

/* ---- checking a certificate */

static bool
is_pinned(const trust *t, const X509 *cert)
{
    uint8_t digest[EVP_MAX_MD_SIZE], *der = NULL;
    unsigned len = 0;
    bool found = false;
    const int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    if (n > 0 && EVP_Digest(der, (size_t)n, digest, &len, EVP_sha256(), NULL) == 1)
        for (size_t i = 0; i < t->pin_count; i++)
            found = found || (len == TRUST_PIN_LEN && memcmp(digest, t->pins[i], len) == 0);
    OPENSSL_free(der);
    return found;
}

/* What X509_verify_cert does besides the chain, for a certificate that is known by its key. */
static int
check_alone(X509_STORE_CTX *store, X509 *cert)
{
    X509_VERIFY_PARAM *const want = X509_STORE_CTX_get0_param(store);
    const char *const name = X509_VERIFY_PARAM_get0_host(want, 0);
    char *const ip = X509_VERIFY_PARAM_get1_ip_asc(want);
    const bool fits =
        name ? X509_check_host(cert, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1
             : ip && X509_check_ip_asc(cert, ip, 0) == 1;
    OPENSSL_free(ip);
    if (!fits)
        return X509_V_ERR_HOSTNAME_MISMATCH;
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) >= 0)
        return X509_V_ERR_CERT_NOT_YET_VALID;
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
        return X509_V_ERR_CERT_HAS_EXPIRED;
    return X509_V_OK;
}

/* OpenSSL's callback: 1 goes on, 0 is a fatal alert. */
static int
on_certificate(X509_STORE_CTX *store, void *arg)
{
    const trust *const t = arg;
    X509 *const cert = X509_STORE_CTX_get0_cert(store);
    if (t->has_ca && X509_verify_cert(store) != 1) {
        if (X509_STORE_CTX_get_error(store) == X509_V_OK)
            X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    int why = t->has_ca ? X509_V_OK : check_alone(store, cert);
    if (why == X509_V_OK && t->pin_count && !is_pinned(t, cert))
        why = X509_V_ERR_CERT_UNTRUSTED;
    X509_STORE_CTX_set_error(store, why);
    return why == X509_V_OK;
}

/* ---- a trust */

static fallible
add_certs(SSL_CTX *ctx, str pem)
{
    BIO *const bio =
        pem.len <= INT_MAX && !fault_now() ? BIO_new_mem_buf(pem.at, (int)pem.len) : NULL;
    int count = 0;
    bool good = bio != NULL;
    for (; good && count < CERTS_MAX; count++) {
        X509 *const cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!cert)
            break; /* the end of the text */
        good = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert) == 1;
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (!good || !count)
        REFUSE(CONFIG, "ca", "The file of certificates is not readable PEM.");
    return OK;
}

static fallible
configure(SSL_CTX *ctx, bool allows_tls12)
{
    char groups[] = GROUPS; /* the macro below casts const away */
    static const unsigned char http11[] = "\10http/1.1";
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (!SSL_CTX_set_min_proto_version(ctx, allows_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) ||
        !SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(ctx, SUITES) || !SSL_CTX_set_cipher_list(ctx, SUITES_1_2) ||
        !SSL_CTX_set1_groups_list(ctx, groups) ||
        SSL_CTX_set_alpn_protos(ctx, http11, sizeof http11 - 1) != 0)
        FAIL(IO, "OpenSSL refuses the TLS settings");
    return OK;
}

static fallible
fill(trust *t, const struct trust_spec *spec)
{
    t->ctx = fault_now() ? NULL : SSL_CTX_new(TLS_client_method());
    if (!t->ctx)
        FAIL(LIMIT, "no memory for a TLS context");
    TRY(configure(t->ctx, spec->allows_tls12));
    if (spec->ca_pem.len)
        TRY(add_certs(t->ctx, spec->ca_pem));
    SSL_CTX_set_cert_verify_callback(t->ctx, on_certificate, t);
    return OK;
}

fallible
trust_new(const struct trust_spec *spec, trust **ret)
{
    ASSERT(spec->pin_count <= TRUST_PINS_MAX);
    if (!spec->ca_pem.len && !spec->pin_count)
        REFUSE(CONFIG, "ca", "without a CA or a pin no certificate can be checked");
    trust *const t = mem_get(sizeof *t);
    if (!t)
        FAIL(LIMIT, "no memory for a TLS context");
    *t = (trust){.pin_count = spec->pin_count, .has_ca = spec->ca_pem.len > 0};
    if (spec->pin_count)
        memcpy(t->pins, spec->pins, spec->pin_count * TRUST_PIN_LEN);
    const err e = fill(t, spec);
    if (e.code) {
        trust_free(t);
        return e;
    }
    *ret = t;
    return OK;
}

void
trust_free(trust *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    mem_free(t);
}

/* ---- a connection */

static bool
is_numeric(const char *host)
{
    struct in6_addr room;
    return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1;
}

/* An address is no name: it is not said in the handshake (RFC 6066 section 3). */
static bool
set_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *const want = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(want, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                              X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_numeric(host))
        return X509_VERIFY_PARAM_set1_ip_asc(want, host) == 1;
    return X509_VERIFY_PARAM_set1_host(want, host, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)host) == 1;
}

fallible
trust_connect(trust *t, const char *host, tls_conn **ret)
{
    SSL *const ssl = fault_now() ? NULL : SSL_new(t->ctx);
    if (!ssl || !set_host(ssl, host)) {
        SSL_free(ssl);
        ERR_clear_error();
        FAIL(LIMIT, "no memory for a TLS connection");
    }
    SSL_set_connect_state(ssl);
    TRY(tls_conn_wrap(ssl, ret));
    return OK;
}
