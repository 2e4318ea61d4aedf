/* SPDX-License-Identifier: EUPL-1.2 */
/* batcher.h - runs batches: line by line, few at a time, through the same handlers as a request
 * that comes over the wire (net/detached.h), for the key that left the batch and under its label.
 *
 * A result is durable, under the line's own id, before it counts; so a batch that was interrupted
 * anywhere goes on with the lines that have none, and no line has two.  When all have one, or the
 * batch is cancelled or out of time, the results become files.  What the store refuses for now (a
 * full disk) leaves the batch as it is, to be taken up again a little later.
 *
 * Everything is done in small steps, so that requests somebody waits for do not. */
#pragma once
#include "api/responses/batch.h"
#include "api/responses/works.h"

fallible batcher_new(struct works *w, struct batcher **ret);
/* Lets go of all lines that run; their batches go on in the next process.  NULL is fine. */
void batcher_free(struct batcher *b);
/* A batch that was kept as VALIDATING. */
void batcher_take(struct batcher *b, const struct object *head);
/* The batch as it stands, if it is being worked on. */
bool batcher_show(const struct batcher *b, str id, struct batch *ret);
/* Stops its lines and has what is done finished; false when it is not worked on.  *ret_meta, in
 * `a`, is what is to be kept of it. */
bool batcher_cancel(struct batcher *b, str id, arena *a, str *ret_meta);
