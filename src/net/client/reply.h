/* SPDX-License-Identifier: EUPL-1.2 */
/* reply.h - the answer to one request as its bytes come (RFC 9112), over llhttp in its strict form.
 *
 * It knows no sockets, so it can be driven by bytes alone (client.h, tests, fuzzing).  Any split of
 * the bytes gives the same calls, but for where one piece of the body ends and the next begins.
 *
 * Limits: heads, interim answers (1xx) included, 64 KiB and 128 fields; chunk sizes, extensions
 * and trailers together 128 KiB and 32 bytes per chunk.  The body is handed on, never kept. */
#pragma once
#include "net/http.h"

enum { REPLY_HEAD_MAX = 64 * 1024, REPLY_FIELDS_MAX = 128 };

typedef struct reply reply;

struct reply_hooks {
    /* Fields are valid during the call only; names are lower-case. */
    void (*on_head)(void *ctx, int status, const struct http_field *fields, size_t count);
    void (*on_data)(void *ctx, str piece);
    void *ctx;
};

fallible reply_new(const struct reply_hooks *hooks, reply **ret);
void reply_free(reply *r);
/* Forgets what came before.  `bodiless`: the request was HEAD. */
void reply_begin(reply *r, bool bodiless);
/* From a hook: no further hook is called. */
void reply_stop(reply *r);
/* Takes bytes off `piece` until the answer is complete.  PARSE when it is not HTTP or beyond a
 * limit; the err_text says which. */
fallible reply_read(reply *r, str *piece);
/* The stream has ended, which ends some answers well (RFC 9112 section 6.3, rule 8). */
void reply_eof(reply *r);
bool reply_is_complete(const reply *r);
/* Has any byte come? */
bool reply_began(const reply *r);
/* Once complete: may the connection carry another call? */
bool reply_keeps(const reply *r);
