/* SPDX-License-Identifier: EUPL-1.2 */
/* works.h - what this process works on for nobody who waits at the other end: responses made in the
 * background, and batches.  One for each process, made in main/; ended before the gate. */
#pragma once
#include "api/api.h"
#include "gate/keep.h"

struct run;
struct batcher;

struct works {
    gate *gate;
    api *api;
    struct run *runs; /* all that are being made */
    size_t background;
    struct batcher *batcher;
};

/* Sets them as those of `a`.  Goes on with the batches an earlier process left unfinished. */
fallible works_new(gate *g, api *a, struct works **ret);
/* Stops what runs; what was recorded stays.  NULL is fine. */
void works_free(struct works *w);
