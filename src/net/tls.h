/* SPDX-License-Identifier: EUPL-1.2 */
/* tls.h - TLS 1.3 (RFC 8446) for the server, over OpenSSL with memory BIOs; suites and groups as
 * BSI TR-02102-2 recommends them.
 *
 * A `tls` holds the current certificate; tls_reload swaps it for new connections while old ones
 * go on with what they have.  The engine part (tls_conn) moves bytes, knows no sockets. */
#pragma once
#include "base/buf.h"

typedef struct tls tls;
typedef struct tls_conn tls_conn;
struct ssl_st; /* OpenSSL's SSL */

/* PEM texts: the chain and its key.  CONFIG with a sentence when they do not fit together. */
fallible tls_new(str cert_pem, str key_pem, tls **ret);
fallible tls_reload(tls *t, str cert_pem, str key_pem);
void tls_free(tls *t);

fallible tls_conn_new(tls *t, tls_conn **ret);
/* Over an SSL that is set up but for its BIOs, for clients (net/client/trust.h); takes it over,
 * also when it fails. */
fallible tls_conn_wrap(struct ssl_st *ssl, tls_conn **ret);
void tls_conn_free(tls_conn *c);
/* Bytes from the wire in; what must go to the wire is appended to `wire`, plain text to `plain`.
 * PARSE: the handshake or a record is wrong (what is in `wire` is the alert to send). */
fallible tls_conn_read(tls_conn *c, str from_wire, buf *plain, buf *wire);
fallible tls_conn_write(tls_conn *c, str plain, buf *wire);
/* close_notify. */
void tls_conn_end(tls_conn *c, buf *wire);
bool tls_conn_ready(const tls_conn *c);
/* After the handshake: did ALPN choose h2? */
bool tls_conn_is_h2(const tls_conn *c);
/* Did the handshake fail because the peer's certificate was refused? */
bool tls_conn_is_untrusted(const tls_conn *c);
/* Has the peer said that nothing follows (close_notify)? */
bool tls_conn_is_ended(const tls_conn *c);
