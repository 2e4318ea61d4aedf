/* SPDX-License-Identifier: EUPL-1.2 */
/* likeness.h - the vectors of texts by the default embedder, through the gate: decided and recorded
 * like any other use of a model.
 *
 * A model that is missing, refused or lost gives no vector, and what follows goes by words alone.
 * One thread; everything lives in the arena of the call, and when that ends first nothing is
 * called. */
#pragma once
#include "gate/keep.h"

enum { LIKENESS_BYTES_MAX = 16 * 1024, LIKENESS_TEXTS_MAX = 64 };

struct likeness_ask {
    const struct keep_call *call;
    const str *texts; /* beyond LIKENESS_BYTES_MAX one is not read */
    size_t count;     /* 1 to LIKENESS_TEXTS_MAX */
    str label_text;
    uint64_t received_us;
    /* One for each text, of length 1; the first is never NULL.  `vectors` NULL: there are none. */
    void (*done)(void *ctx, const float *const *vectors, size_t dims);
    void *ctx;
    str *embedder;  /* set before that: who made them (model_embedder); NULL: nobody asks */
    gate_job **job; /* set while the model works */
};

/* What fails here does not call `done`. */
fallible likeness_run(const struct likeness_ask *ask);
