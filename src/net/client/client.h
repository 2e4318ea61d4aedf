/* SPDX-License-Identifier: EUPL-1.2 */
/* client.h - HTTP/1.1 client on the loop, over libuv and llhttp: the CLI's way to the daemon (Unix
 * socket), the load generator's and, from hoheit-egress and over TLS, the way to providers.
 *
 * One http_client is one connection, kept alive between calls; one call at a time.  No redirects,
 * no proxies, no content decoding.  Limits: head 64 KiB and 128 fields, interim answers included;
 * answer bytes by the caller, who may cancel.  Memory is constant: a body leaves in pieces, the
 * next when the system has taken the last.
 *
 * A server may end a kept connection just when a call begins; that call fails with ENGINE_LOST and
 * is not repeated here, because only the caller knows whether it may be.
 *
 * Any hook may cancel the call or free the client; a new call may begin from on_end, not from
 * on_head, on_data or on_sent. */
#pragma once
#include "net/client/trust.h"
#include "net/http.h"
#include "os/loop.h"

typedef struct http_client http_client;

struct http_call {
    const char *method;
    str path;                        /* with query */
    const struct http_field *fields; /* copied; not those of the framing (head.h) */
    size_t field_count;
    str body;               /* must live until on_end */
    uint64_t body_file_len; /* with body_file >= 0: so many bytes of it are the body */
    int body_file;          /* -1: none; read from its beginning, wherever it stands */
    uint64_t wait_ms_max;   /* without a byte; 0: for ever */
    /* Fields are valid during the call only; names are lower-case. */
    void (*on_head)(void *ctx, int status, const struct http_field *fields, size_t count);
    void (*on_data)(void *ctx, str piece);
    /* Once, last.  ENGINE_LOST: not reachable, silent or gone in the middle; PARSE: not HTTP; what
     * reading body_file failed with. */
    void (*on_end)(void *ctx, err e);
    void (*on_sent)(void *ctx, uint64_t body_bytes_sent); /* progress of an upload; may be NULL */
    void *ctx;
};

/* How far a call came that failed. */
enum http_client_fate {
    HTTP_CLIENT_FINE,
    HTTP_CLIENT_UNREACHED,  /* no connection */
    HTTP_CLIENT_UNTRUSTED,  /* the server's certificate was refused */
    HTTP_CLIENT_NO_TLS,     /* the handshake failed otherwise, or a record is wrong */
    HTTP_CLIENT_SILENT,     /* wait_ms_max */
    HTTP_CLIENT_UNANSWERED, /* gone, or deaf, before a byte of an answer */
    HTTP_CLIENT_CUT,        /* gone in the middle of its answer */
    HTTP_CLIENT_GARBLED,    /* not HTTP */
    HTTP_CLIENT_FAILED      /* here: memory, the file of the body */
};

/* "http://127.0.0.1:7080" or "unix:/path" (dial.h). */
fallible http_client_new(loop *l, str url, http_client **ret);
/* Also "https://name"; `t` is then whom it trusts and outlives the client.  ARGUMENT for https
 * without, or anything else with it. */
fallible http_client_new_tls(loop *l, str url, trust *t, http_client **ret);
void http_client_free(http_client *c);
/* Connects when needed.  ARGUMENT if a call is running, or a path or field value holds what would
 * end its line.  Any failure here: on_end is not called. */
fallible http_client_call(http_client *c, const struct http_call *call);
/* Ends a running call without on_end and closes the connection. */
void http_client_cancel(http_client *c);

/* ---- for whoever keeps many */
/* Of the last call, from on_end on. */
enum http_client_fate http_client_fate(const http_client *c);
/* Is there a connection a call can be sent on without waiting (TLS included)? */
bool http_client_is_connected(const http_client *c);
/* clock_ms() when a byte of the running call last came or went. */
uint64_t http_client_moved_ms(const http_client *c);
/* Back-pressure: while paused no more is read; at most 64 KiB are still told.  Until the call ends
 * or it is taken back. */
void http_client_pause(http_client *c, bool paused);
