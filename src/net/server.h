/* SPDX-License-Identifier: EUPL-1.2 */
/* server.h - the HTTP server: listeners, connections, limits, graceful stop.
 *
 * Listening sockets are inherited, bound by somebody with the right to.  On a plain listener the
 * first bytes decide: the 24-byte HTTP/2 preface (prior knowledge) or HTTP/1.1; under TLS 1.3,
 * ALPN does.  Connections are cheap when idle; an arena per exchange, pooled.  Limits come from
 * params.def section net.  What is refused is refused with a status and a sentence, and after a
 * framing error the connection is closed (RFC 9112 section 11). */
#pragma once
#include "base/meters.h"
#include "base/params.h"
#include "net/http.h"
#include "net/tls.h"
#include "os/loop.h"

typedef struct http_server http_server;

/* Also has the process ignore SIGPIPE: a peer that is gone is an error of its connection. */
fallible http_server_new(loop *l, const struct params *p, meters *m, struct http_hooks hooks,
                         http_server **ret);
/* Serves a bound, listening TCP or Unix socket; takes the descriptor over.  `t` NULL: plain.
 * The tls may be reloaded while it serves. */
fallible http_server_listen(http_server *s, int f, tls *t);
/* No new connections or requests; `done` when the running ones have ended or after `wait_ms`. */
void http_server_stop(http_server *s, uint64_t wait_ms, loop_fn *done, void *ctx);
/* Whoever waits for an answer gets on_gone.  Before loop_free, and not from a hook; from `done` it
 * may be called.  NULL is fine. */
void http_server_free(http_server *s);
size_t http_server_connections(const http_server *s);

/* Binds and listens.  "host:port" (IPv4, [IPv6], port 0 picks one), or a path for a Unix socket
 * (mode 0600).  PORT_TAKEN, ARGUMENT or FORBIDDEN_FILE with a sentence. */
fallible http_bind(str address, int *ret_fd, char ret_bound[128]);
fallible http_bind_unix(const char *path, int *ret_fd);
