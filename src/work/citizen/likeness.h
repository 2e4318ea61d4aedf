/* SPDX-License-Identifier: EUPL-1.2 */
/* likeness.h - a text's vector by the default embedder, through the gate: decided and recorded like
 * any other use of a model.
 *
 * A model that is missing, refused or lost gives no vector, and what follows goes by words alone.
 * One thread; everything lives in the arena of the call, and when that ends first nothing is
 * called. */
#pragma once
#include "gate/keep.h"

enum { LIKENESS_BYTES_MAX = 16 * 1024 };

struct likeness_ask {
    const struct keep_call *call;
    str text, label_text; /* beyond LIKENESS_BYTES_MAX the text is not read */
    uint64_t received_us;
    /* Length 1; NULL: there is none. */
    void (*done)(void *ctx, const float *vector, size_t dims);
    void *ctx;
    gate_job **job; /* set while the model works */
};

/* What fails here does not call `done`. */
fallible likeness_run(const struct likeness_ask *ask);
