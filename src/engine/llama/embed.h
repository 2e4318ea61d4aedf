/* SPDX-License-Identifier: EUPL-1.2 */
/* embed.h - vectors for texts: many inputs of many jobs packed into each step.
 *
 * An input is never split over steps, since encoders look at all of it at once; one that is longer
 * than the model's context is refused, not cut.  Whose input is next is said by sched/fair.h, anew
 * for each, so that a long list does not hold up another's question; the first that does not fit
 * into a step begins the next.
 *
 * Vectors have length 1.  `dimensions` keeps the first so many and makes the length 1 again:
 * what models trained for it (Kusupati et al. 2022, "Matryoshka Representation Learning") expect;
 * whether the model was is the caller's to know.
 *
 * One thread. */
#pragma once
#include "engine/llama/load.h"
#include "sched/fair.h"

struct embed_job;

struct embed {
    const struct loaded *m;
    struct serve *serve;
    struct embed_job *first;
    struct llama_batch batch;
    float *vector;            /* room for one */
    uint32_t step_tokens_max; /* of several inputs; a longer one has a step of its own */
    struct fair *fair;
    uint64_t numbers; /* given to jobs */
    uint64_t steps, tokens_in;
};

/* LIMIT. */
fallible embed_init(struct embed *ret, const struct loaded *m, uint32_t step_tokens_max);
void embed_done(struct embed *e);
/* Tokenises all inputs.  CONTEXT_LENGTH when one is too long (numbers are set), ARGUMENT when
 * `dimensions` is more than the model has, LIMIT. */
fallible embed_add(struct embed *e, struct serve_job *j, struct tokens *scratch);
void embed_drop(struct embed *e, struct serve_job *j);
/* False when there was nothing to do. */
bool embed_run(struct embed *e);

struct embed_count {
    uint32_t running, waiting;
};
struct embed_count embed_count(const struct embed *e);
