/* SPDX-License-Identifier: EUPL-1.2 */
/* sight.h - the images of a request into pixels, by hoheit-reader: the gate looks into none.
 *
 * One channel to a hoheit-reader that hoheitd keeps (super/reader_proc.h).  It decodes one image
 * after the other, each in a process of its own (know/cell/cell.h), so a request's images are asked
 * for one by one and requests take turns.  What comes back is held against its bounds before it is
 * believed to be pixels.  When the channel ends, who waits gets ENGINE_LOST; until a new one comes
 * requests with images are refused as BUSY.
 *
 * One thread: the loop's.  At most SIGHT_WAITING_MAX requests wait. */
#pragma once
#include "model/conv.h"
#include "os/loop.h"

enum { SIGHT_WAITING_MAX = 64 };

typedef struct sight sight;
typedef struct sight_job sight_job;

/* `e`: OK, and all images have pixels; ARGUMENT naming the place of one that is none; or why not.
 */
typedef void sight_fn(void *ctx, err e);

fallible sight_new(loop *l, sight **ret);
/* No hook is called.  NULL is fine. */
void sight_free(sight *s);
/* Takes the channel over, also when it fails; what was asked of the one before is lost. */
fallible sight_connect(sight *s, int channel);
struct sight_wish {
    arena *a; /* pixels live in it, as the job does */
    const struct conv *conv;
    const grant *own; /* covers it */
    sight_fn *fn;     /* called from the loop, once */
    void *ctx;
};

/* Images that have pixels are not asked for again.  BUSY. */
fallible sight_ask(sight *s, const struct sight_wish *w, sight_job **ret);
/* `fn` is not called any more.  NULL is fine. */
void sight_forget(sight_job *j);
