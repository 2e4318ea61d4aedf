/* SPDX-License-Identifier: EUPL-1.2 */
/* detached.h - an exchange without a connection: a request this process makes of itself (a line of
 * a batch), and its answer, through the same handlers as one that came over the wire.
 *
 * The answer is collected, streamed or not, and told on a later turn of the loop, once; never from
 * inside the handler.  It is not counted among the HTTP requests.  Like any exchange it has an
 * arena of its own.  One thread: the loop's. */
#pragma once
#include "base/params.h"
#include "net/http.h"
#include "os/loop.h"

typedef struct detached detached;

struct detached_request { /* strings are copied; names of fields are lower-case */
    enum http_method method;
    str path; /* with its query, if it has one */
    str body;
    const struct http_field *fields;
    size_t field_count;
};

struct detached_answer {
    int status; /* 0: it was broken off */
    const struct http_field *fields;
    size_t field_count;
    str body;
};

typedef void detached_fn(void *ctx, const struct detached_answer *a);

/* `l` and `p` outlive it.  The answer has at most gate.request_memory_bytes_max bytes; a longer one
 * is broken off. */
fallible
detached_new(loop *l, const struct params *p, const struct detached_request *r, detached **ret);
/* To be given to a handler, after detached_listen. */
http_exchange *detached_exchange(detached *d);
void detached_listen(detached *d, detached_fn *fn, void *ctx);
/* Has the handler given its whole answer? */
bool detached_is_over(const detached *d);
/* Also from `fn`, or before there was an answer: then `fn` is not called, and what the handler
 * still does for it is the caller's to stop first.  NULL is fine. */
void detached_free(detached *d);
