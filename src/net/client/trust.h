/* SPDX-License-Identifier: EUPL-1.2 */
/* trust.h - whom a client believes to be who it says (TLS 1.3, RFC 8446; X.509, RFC 5280).
 *
 * There is no list of authorities that anybody ships: a certificate holds when it was issued under
 * one of the given ones, or when the SHA-256 of its public key (SubjectPublicKeyInfo, as RFC 7469
 * counts it) is one of the given pins, or both where both are given.  In each case it must be in
 * its time and name the host (RFC 6125; the old common name does not count).  A connection says the
 * host's name (SNI), and http/1.1 by ALPN.  No sessions are resumed, nothing is renegotiated.
 * TLS 1.2 only where asked for, then with forward secrecy and AEAD (BSI TR-02102-2).
 *
 * A `trust` must outlive its connections; one thread. */
#pragma once
#include "net/tls.h"

enum { TRUST_PINS_MAX = 8, TRUST_PIN_LEN = 32 };

typedef struct trust trust;

struct trust_spec {
    str ca_pem;                           /* certificates, one after the other; empty: pins alone */
    const uint8_t (*pins)[TRUST_PIN_LEN]; /* SHA-256; the peer's own key must be one of them */
    size_t pin_count;
    bool allows_tls12;
};

/* CONFIG with a sentence when the text is no certificates, or there is neither CA nor pin. */
fallible trust_new(const struct trust_spec *spec, trust **ret);
void trust_free(trust *t);
/* A connection to be: drive it by tls_conn_read, first with nothing.  `host` is a name or a
 * numeric address without brackets. */
fallible trust_connect(trust *t, const char *host, tls_conn **ret);
