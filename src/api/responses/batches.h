/* SPDX-License-Identifier: EUPL-1.2 */
/* batches.h - what dialects share of batches: how one stands, and stopping it. */
#pragma once
#include "api/responses/batcher.h"
#include "api/responses/kept.h"

enum { BATCH_WINDOW_MS = 24 * 60 * 60 * 1000 };

/* As it stands now, worked on or not. */
fallible batches_load(struct kept_work *w, const struct kept *k, struct batch *ret);
/* A batch whose input is there: `b` has endpoint, input, window and metadata; kept, then w->then.
 * Its id begins with `prefix`, or is b->id where that is set; its label covers the input's. */
fallible
batches_begin(struct kept_work *w, const char *prefix, struct batch *b, const struct kept *input);
/* It was kept: it is worked on from now. */
void batches_take(struct kept_work *w);
/* w->one is one that is worked on; CONFLICT when it is over or ending.  Then w->then. */
fallible batches_stop(struct kept_work *w);
/* Begun as OpenAI's? */
bool batches_is_openai(str id);
