/* SPDX-License-Identifier: EUPL-1.2 */
/* http.h - one HTTP exchange as the layers above see it, the same over HTTP/1.1 (RFC 9112) and
 * HTTP/2 (RFC 9113), plain, over TLS 1.3, or on the Unix socket of the CLI.
 *
 * A request is whole before anybody hears of it (header and collected body), or its body is
 * handed on piece by piece where on_header asked for that.  An answer is given at once
 * (http_answer) or as a stream (http_start, http_write ..., http_end).  What is written in one
 * turn of the loop goes out in one piece.
 *
 * Back-pressure: unsent bytes of a stream are bounded by stream_queue_bytes_max; a reader slower
 * than that is cut, and on_gone is called.  A writer never waits and never grows memory.
 *
 * Lifetime: an http_exchange lives until its answer has ended or on_gone was called, whichever
 * comes first; after that the pointer is dead.  Everything http_x() returns lives in the
 * exchange's arena, and as long.  One thread: the loop's. */
#pragma once
#include "base/arena.h"
#include "base/str.h"

typedef struct http_exchange http_exchange;

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};

struct http_field {
    str name, value; /* in a request the name is lower-case */
};

/* ---- the request */
enum http_method http_method(const http_exchange *x);
str http_method_name(const http_exchange *x);
/* The path as it came, percent-encoded, without query; "/" at least. */
str http_path(const http_exchange *x);
/* What stands behind '?', undecoded; empty if nothing. */
str http_query(const http_exchange *x);
/* Value of the first field of that (lower-case) name; at == NULL when there is none.  Over HTTP/2
 * the authority is found as ":authority" and, unless a Host field was sent, as "host". */
str http_header(const http_exchange *x, str name);
size_t http_header_count(const http_exchange *x);
struct http_field http_header_at(const http_exchange *x, size_t i);
/* The collected body; empty when it was streamed. */
str http_body(const http_exchange *x);
arena *http_arena(http_exchange *x);
/* "127.0.0.1:51234", "[::1]:51234" or "unix:UID". */
str http_peer(const http_exchange *x);
/* The user id at the other end of the Unix socket (SO_PEERCRED); -1 over the network. */
int64_t http_peer_uid(const http_exchange *x);
/* Can nobody on the way have read or changed it?  TLS, or the Unix socket. */
bool http_is_sealed(const http_exchange *x);
/* 1 or 2. */
int http_version(const http_exchange *x);
/* "req_…", made when the header was complete; also sent as X-Request-Id and x-request-id. */
str http_request_id(const http_exchange *x);
/* clock_us() when the last byte of the request had come. */
uint64_t http_received_us(const http_exchange *x);
/* The trace it belongs to, sent with its answer as X-Trace-Id; copied. */
void http_set_trace(http_exchange *x, str id);
/* A place for the handler's own state. */
void http_set_user(http_exchange *x, void *user);
void *http_user(const http_exchange *x);

/* ---- the answer */
/* Control characters in fields become spaces; fields of the connection (Connection,
 * Transfer-Encoding, Content-Length, Date, X-Request-Id) are the server's and are left out.
 *
 * Whole answer; copies what it needs. */
void http_answer(http_exchange *x, int status, const struct http_field *fields, size_t field_count,
                 str body);
/* Header of a stream; chunked in HTTP/1.1. */
void http_start(http_exchange *x, int status, const struct http_field *fields, size_t count);
/* BUSY: the reader is too slow and is being cut; on_gone follows in this or the next turn. */
fallible http_write(http_exchange *x, str bytes);
void http_end(http_exchange *x);
/* Has http_answer or http_start been called? */
bool http_started(const http_exchange *x);
/* Ends the exchange in the middle: RST_STREAM, or the connection is closed.  No on_gone. */
void http_abort(http_exchange *x);

/* ---- the server */
enum http_body_mode { HTTP_COLLECT, HTTP_STREAM };

struct http_hooks {
    /* The header is complete.  Says how the body is taken and how large it may be (in: the
     * configured limit).  May answer right away: then nothing else is called, and the body is
     * not read.  NULL: collect. */
    enum http_body_mode (*on_header)(void *ctx, http_exchange *x, uint64_t *body_bytes_max);
    /* The request is whole. */
    void (*on_request)(void *ctx, http_exchange *x);
    /* A piece of a streamed body; may answer to refuse the rest.  net.body_ms_max then counts
     * from piece to piece. */
    void (*on_data)(void *ctx, http_exchange *x, str piece);
    /* The client is gone (or was cut, or refused in the middle of its body) before the answer
     * ended; last call for `x`, nothing may be answered.  Not called after a complete answer, nor
     * for what no hook was called with. */
    void (*on_gone)(void *ctx, http_exchange *x);
    /* Every refusal the server makes itself (400, 408, 413, 414, 431, 503 …): fills the body and
     * its type so that it has the dialect's shape.  `text` is a public sentence.  NULL: JSON
     * {"error":{"message":…,"type":…,"code":…}}. */
    void (*on_refusal)(void *ctx, int status, str text, arena *a, str *ret_type, str *ret_body);
    void *ctx;
};
