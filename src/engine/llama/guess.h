/* SPDX-License-Identifier: EUPL-1.2 */
/* guess.h - what an answer may say next, guessed from what was said before; pure.
 *
 * Who quotes, extracts, corrects or fills in a form says again what stands in the prompt.  So the
 * last GUESS_GRAM tokens are looked up in prompt and answer, and what followed them the last time
 * is the guess ("prompt lookup decoding", Saxena 2023).  Nothing depends on a guess being right:
 * step.h has the model look at it and takes only what the model says itself.
 *
 * How likely a guess is right is known without decoding it: each token that is said is compared
 * with what would have been guessed.  It is likelier the more were right just before (who has begun
 * to quote goes on), so it is counted by that: for the answer, and for all answers of the model, by
 * which a new answer begins, and at first it is taken to be seldom.  The counts fade.
 *
 * It holds tokens of a conversation, its own alone, and wipes them.  Room for all of them is
 * taken at the start.  What is kept of all answers are counts.  One thread. */
#pragma once
#include "base/err.h"

enum { GUESS_GRAM = 3, GUESS_MAX = 8, GUESS_RUNS = 5 };

/* How often a guess was right, by how many were right just before: 0, 1, 2–3, 4–7, more. */
struct guess_odds {
    uint32_t right[GUESS_RUNS], said[GUESS_RUNS];
};

struct guess {
    int32_t *at; /* prompt and answer */
    uint32_t count, room;
    uint32_t *after; /* by hash of GUESS_GRAM tokens: what came after them the last time; 0: none */
    uint32_t slots;  /* a power of two */
    uint32_t run;    /* guesses right up to now */
    struct guess_odds odds;
};

/* For an answer of at most `tokens_max` tokens.  LIMIT. */
fallible guess_new(const int32_t *prompt, uint32_t count, uint32_t tokens_max, struct guess **ret);
void guess_free(struct guess *g); /* NULL is fine */
/* One more token of the answer; beyond the room it is not kept.  `all`: of the model. */
void guess_hear(struct guess *g, struct guess_odds *all, int32_t token);
/* At most `most` tokens that may follow; 0: no idea. */
uint32_t guess_next(const struct guess *g, uint32_t most, int32_t ret[GUESS_MAX]);
/* Thousandths that the first `count` of them are right, and each with all before it. */
void guess_chances(const struct guess *g, const struct guess_odds *all, uint32_t count,
                   uint16_t ret[GUESS_MAX]);
