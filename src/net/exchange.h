/* SPDX-License-Identifier: EUPL-1.2 */
/* exchange.h - the inside of an http_exchange, for the two protocols that fill it (h1.c, h2.c).
 *
 * An exchange and everything in it but the collected body lives in one arena of the hub's.
 * Header text is gathered in pieces, as the parsers give it. */
#pragma once
#include "base/buf.h"
#include "base/vec.h"
#include "net/deadline.h"
#include "net/http.h"
#include "os/entropy.h"

struct conn;

/* Text that comes in pieces: the finished ones stay where they are. */
struct text {
    char *at;
    size_t len, room;
    size_t start; /* of the unfinished one */
};

struct http_exchange {
    struct conn *conn;
    arena *a;
    struct http_exchange *prev, *next; /* of one HTTP/2 connection */

    enum http_method method;
    str method_name, target, path, query;
    VEC(struct http_field) fields;
    struct text text;
    size_t head_bytes;
    buf body;
    uint64_t body_bytes, body_bytes_max;
    uint64_t received_us;
    char id_room[ID_MAX];
    str id;
    str trace; /* sent with the answer; empty: none */
    void *user;

    bool announced; /* the handler has heard of it */
    bool streamed;  /* the body is handed on, not collected */
    bool whole;     /* the last byte of the request has come */
    bool started;   /* the head of the answer is written */
    bool ended;     /* the answer is written */
    bool pinned;    /* a hook is running that it must outlive */
    bool doomed;    /* to be freed once it is not */

    /* HTTP/1.1 */
    bool keep;     /* the connection may go on after this one */
    bool chunked;  /* the answer is */
    bool bodiless; /* HEAD, 204, 304 */
    bool expects;  /* waits for "100 Continue", which was not sent */

    /* HTTP/2 */
    int32_t stream;
    buf out; /* of the body, from out_at on not yet sent */
    size_t out_at;
    struct deadline due;
    int refused_status; /* to be said when the head is complete; 0: none */
    str refused_text;
    bool cut; /* being reset */
};

fallible exchange_new(struct conn *c, http_exchange **ret);
/* Now, or when it is no longer pinned.  NULL is fine. */
void exchange_free(http_exchange *x);

/* A further piece of the text being gathered.  LIMIT */
fallible exchange_text(http_exchange *x, str piece);
/* The text gathered since the last call, with ASCII letters made small on demand; stays valid. */
str exchange_take(http_exchange *x, bool lower);
/* Name (lower-case) and value.  HEADERS_TOO_LARGE past net.header_bytes_max or
 * net.header_count_max. */
fallible exchange_field(http_exchange *x, str name, str value);
/* Will so many bytes more of header be one too many? */
bool exchange_head_full(const http_exchange *x, size_t more);
/* Fields of that name. */
size_t exchange_count(const http_exchange *x, str name);
/* The head is complete: method and target are set.  Makes the id, splits the target.  PARSE */
fallible exchange_head(http_exchange *x);

/* A piece of the body: counted, and collected unless streamed or answered.  TOO_LARGE, LIMIT */
fallible exchange_body(http_exchange *x, str piece);
/* Calls on_header.  The exchange may have ended in it. */
void exchange_announce(http_exchange *x);
/* Calls on_gone, if the handler is owed one. */
void exchange_gone(http_exchange *x);

/* Counts an answer. */
void exchange_meter(const http_exchange *x, int status);
/* Answers with a refusal, in the form the hooks or the house give it; the handler, if it knows
 * of the exchange, gets on_gone.  Not after the answer was started. */
void exchange_refuse(http_exchange *x, int status, str text);
