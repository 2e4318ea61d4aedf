/* SPDX-License-Identifier: EUPL-1.2 */
/* sight.h - the images of a request into pixels: in cells (gate/cells), for the gate looks into
 * none.
 *
 * A request's images are asked for one by one, so that requests take turns.  What comes back is
 * held against its bounds before it is believed to be pixels.
 *
 * One thread: the loop's. */
#pragma once
#include "gate/cells/cells.h"
#include "model/conv.h"

typedef struct sight_job sight_job;

/* `e`: OK, and all images have pixels; ARGUMENT naming the place of one that is none; or why not.
 */
typedef void sight_fn(void *ctx, err e);

struct sight_wish {
    arena *a; /* pixels live in it, as the job does */
    const struct conv *conv;
    const grant *own; /* covers it */
    sight_fn *fn;     /* called from the loop, once */
    void *ctx;
};

/* Images that have pixels are not asked for again.  DENIED, BUSY, LIMIT. */
fallible sight_ask(cells *c, const struct sight_wish *w, sight_job **ret);
/* `fn` is not called any more.  NULL is fine, and so is a job that is over. */
void sight_forget(sight_job *j);
