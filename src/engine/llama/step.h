/* SPDX-License-Identifier: EUPL-1.2 */
/* step.h - one step of the engine: a batch of at most step_tokens_max tokens is decoded, and each
 * answer that got logits gets a token.
 *
 * Each answer that writes has one token in every step.  What is left of the budget goes to the
 * prompts that are being read, in equal parts, so a short prompt is not stuck behind a long one
 * and no stream waits for more than one step, whatever comes in.  Where answers are being written
 * the budget is what fits into gap_us_max, by what steps took up to now: a step takes as long as
 * its writers alone would, and so much for each token read beside them.  On a slow processor the
 * writers alone may need most of that time, and a long prompt would never be read: so a step may
 * also take STEP_SLOWER_TENTHS tenths of what its writers take alone.
 *
 * The library works on tiles of STEP_TILE tokens, and with parts of one it is slow: so a step that
 * reads holds whole tiles, one at least, and fewer of a long prompt's end, for what stands further
 * behind takes longer.  (Measured on a quiet machine beside four answers: in steps of 128, 3,000
 * tokens take 29 to 31 s of processor time, in steps of one or two tiles 33 to 48, in steps of any
 * multiple of 16 42 to 59, of 256 24 to 26.)
 *
 * Decoding few tokens together can take longer than one after the other: for several ways of
 * storing weights the library has a fast product with one column, a fast one with many, and a slow
 * one between (measured on the default model: 21 ms for one token, 80 ms for two, 112 for four).
 * So both are timed, and where only writers are in a step they go together or singly, whichever
 * took less.
 *
 * Guessing.  Where nobody reads, an answer may come with a guess of what it says next (guess.h).
 * The guess is decoded in the same step, and after each of its tokens the answer's own sampler
 * chooses, in order, as it would have done a step later: what it chooses is what is said, and with
 * the first choice that is another token than the guess had, the rest of the guess is cut off
 * again.  So each token is chosen from the model's own logits by the request's own settings, greedy
 * or drawn, and guessing changes when it comes and not what: with a temperature the same draws are
 * made in the same order.  How many tokens of a guess are decoded is decided by what they cost and
 * how likely they are (sched/bet.h); on a processor that is busy with one token, mostly none.
 *
 * Reproducible.  With the same build, processor and number of threads an answer with a seed is the
 * same bit for bit when it is written alone and none of its prompt was kept from before
 * (cached_tokens 0 in usage; a request whose n is 1); so nothing is guessed for it.  Beside others
 * it is not promised: what shares a batch decides in which order sums are rounded, logits differ in
 * their last bits, and now and then that changes a token that was nearly undecided.
 *
 * llama.cpp finding no cells does not happen while the ledger of jobs.h is right.  If it does, the
 * job that came last is failed with BUSY and the step is tried again: never another's.  Any
 * other failure means that the context is in doubt; the process ends, and with it all its jobs,
 * to be started anew.
 *
 * One thread, the only one that calls llama_decode. */
#pragma once
#include "engine/llama/jobs.h"
#include "sched/bet.h"

enum {
    STEP_TILE = 64,
    STEP_READ_FIRST = 128, /* tokens of prompts in a step, while it is not known what they take */
    STEP_SLOWER_TENTHS = 130
};

struct step {
    struct jobs *jobs;
    struct llama_batch batch;
    uint32_t tokens_max; /* of one batch */
    struct candidates room;
    struct pace pace;
    struct purse purse;
    uint64_t gap_us_max; /* 0: any */
    uint32_t guess_max;  /* tokens for an answer; 0: none */
    bool has_looked;     /* the last step was an image's */
    bool is_eager;       /* guesses whether it pays or not, for tests */
    uint64_t steps, tokens_in, tokens_out, guessed, guessed_right;
};

/* LIMIT. */
fallible step_init(struct step *ret, struct jobs *q);
void step_done(struct step *s);
/* False when no job is left. */
bool step_run(struct step *s);
