/* SPDX-License-Identifier: EUPL-1.2 */
/* h1.h - the inside of an HTTP/1.1 connection, for h1.c (requests) and h1_answer.c (answers). */
#pragma once
#include "net/conn.h"
#include "net/parser.h"

struct h1 {
    llhttp_t parser;
    conn *c;
    http_exchange *x; /* being read or answered */
    buf rest;
    size_t rest_at;
    str name;
    uint64_t raw_bytes;       /* since the last request; then since this one began */
    uint64_t overhead_bytes;  /* of the body's chunks, extensions, trailers */
    uint64_t delivered_bytes; /* of bodies, in this call of llhttp */
    uint64_t length;          /* of the body, if announced */
    size_t trailer_count;
    const char *fed; /* the bytes llhttp is given now */
    char before[2];  /* the last ones before them */
    bool version_done, head_done, paused;
    int fail_status;
    const char *fail_text;
};

/* The exchange is done with. */
void h1_forget(struct h1 *h);

/* The protocol's answers; contracts as in http.h. */
void h1_answer_whole(http_exchange *x, int status, const struct http_field *fields, size_t count,
                     str body);
void h1_answer_start(http_exchange *x, int status, const struct http_field *fields, size_t count);
fallible h1_answer_write(http_exchange *x, str bytes);
void h1_answer_end(http_exchange *x);
void h1_answer_abort(http_exchange *x);
