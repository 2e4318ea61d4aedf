/* SPDX-License-Identifier: EUPL-1.2 */
/* remote.h - the way to the daemon: who is meant, one call with its whole answer, and what a
 * failure of it means to the user.
 *
 * The daemon of a data directory is reached through run/hoheit.sock and knows its operator by the
 * socket; one over the network wants a key.  Answers are bounded (REMOTE_ANSWER_MAX); what fails
 * is told in the daemon's own words, with its hint. */
#pragma once
#include "cli/cli.h"
#include "net/client/client.h"

enum { REMOTE_ANSWER_MAX = 32 * 1024 * 1024, REMOTE_FIELDS_MAX = 5, REMOTE_WAIT_MS = 600000 };

/* Settles data_dir, url, key and is_local: options before environment, --url before --data. */
fallible remote_choose(struct cli *c, const struct args *a);

struct remote_call {
    const char *method;
    str path;
    str body;      /* JSON; empty: none */
    str label;     /* X-Hoheit-Label; empty: none */
    str case_name; /* X-Hoheit-Case; empty: none */
    int file;      /* with file_len: the body instead; -1: none */
    uint64_t file_len;
    void (*on_sent)(void *ctx, uint64_t bytes); /* may be NULL */
    void *ctx;
};
#define REMOTE_CALL(method_name, path_text)                                                        \
    {                                                                                              \
        .method = (method_name), .path = (path_text), .file = -1                                   \
    }

/* The answer as JSON in the arena; absent when there is none.  Any status but 2xx is an err. */
fallible remote_json(struct cli *c, const struct remote_call *q, jval *ret);

/* The answer as it came, in the arena. */
fallible remote_text(struct cli *c, const struct remote_call *q, str *ret);
/* The same for an answer of any status, which it tells. */
fallible remote_any(struct cli *c, const struct remote_call *q, int *ret_status, str *ret);

/* ---- for those who call themselves (streams, load) */

/* Authorization, X-Hoheit-Label, Content-Type as they apply; returns how many. */
size_t
remote_fields(struct cli *c, str label, bool has_json, struct http_field ret[REMOTE_FIELDS_MAX]);
/* Keeps X-Request-Id of a head. */
void remote_note_request(struct cli *c, const struct http_field *fields, size_t count);
/* What an answer that is no success means: its JSON error, in either dialect, else its status. */
err remote_refused(struct cli *c, int status, str body);
/* The same for an error object within a stream. */
err remote_refused_by(struct cli *c, int status, const jval *error);
/* What a call that failed on the way means; keeps other failures as they are. */
err remote_lost(struct cli *c, err e);

/* Percent-encodes all but unreserved characters (RFC 3986 section 2.3). */
void percent_put(buf *b, str s);
/* "?name=value" or "&name=value"; nothing when `value` is empty. */
void query_put(buf *b, const char *name, str value);
