/* SPDX-License-Identifier: EUPL-1.2 */
/* h2.h - the inside of an HTTP/2 connection, for h2.c (requests) and h2_answer.c (answers). */
#pragma once
#include <nghttp2/nghttp2.h>

#include "net/conn.h"

struct h2 {
    conn *c;
    nghttp2_session *session;
    http_exchange *first;
    size_t waiting; /* unsent bytes of all streams */
    size_t cuts;    /* exchanges being reset whose handlers were not told yet */
};

static inline size_t
h2_waiting_bytes(const http_exchange *x)
{
    return x->out.len - x->out_at;
}

/* The result of a call: a lack of memory ends the connection; a stream that is gone already does
 * not matter. */
void h2_check(struct h2 *h, int rc);
void h2_reset(http_exchange *x, uint32_t code);
/* Arms the exchange's own deadline. */
void h2_wait(http_exchange *x, enum deadline_kind kind);
/* A reader too slow: the stream ends; its handler hears of it in the next turn. */
void h2_cut(http_exchange *x);

/* The protocol's answers; contracts as in http.h. */
void h2_answer_whole(http_exchange *x, int status, const struct http_field *fields, size_t count,
                     str body);
void h2_answer_start(http_exchange *x, int status, const struct http_field *fields, size_t count);
fallible h2_answer_write(http_exchange *x, str bytes);
void h2_answer_end(http_exchange *x);
void h2_answer_abort(http_exchange *x);
/* 100 Continue */
void h2_answer_go_on(http_exchange *x);
