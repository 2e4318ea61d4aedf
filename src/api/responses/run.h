/* SPDX-License-Identifier: EUPL-1.2 */
/* run.h - one response being made.
 *
 * A run has an arena of its own and outlives whoever asked: those who wait for it are watchers. One
 * that was not asked to be made in the background ends when its last watcher is gone.  Its way:
 *
 *   the request is decoded → the history it goes on with is read, under a label and on record → the
 *   gate runs the model over both (gate/gate.h), from the joined label up → what came is kept, if
 * it is to be kept → the last event or the whole answer leaves.
 *
 * The steps in between wait for records; each of them can fail, and then every watcher is told. */
#pragma once
#include "api/responses/decode.h"
#include "api/responses/works.h"
#include "api/responses/writer.h"

/* The request of this call; failures are the caller's to answer. */
fallible run_start(struct works *w, struct api_call *c);
/* How many tokens the model would be shown: {"object":"response.input_tokens",…}. */
fallible run_count(struct works *w, struct api_call *c);
/* Nobody wants it any more. */
void run_drop(struct run *r);

/* A response that is being made in the background, by id; NULL: none. */
struct run *run_find(const struct works *w, str id);
/* As it stands. */
fallible run_put(const struct run *r, buf *b);
/* Events with a number above `after`, then those to come; -1: all. */
fallible run_watch(struct run *r, struct api_call *c, int64_t after, str label_text);
/* Stops it, and `r` is gone; *ret_meta, in `a`, is what is to be kept of it. */
fallible run_cancel(struct run *r, arena *a, str *ret_meta);
/* Its row was removed: it is stopped, and nothing is kept. */
void run_forget(struct run *r);
