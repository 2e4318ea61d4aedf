/* SPDX-License-Identifier: EUPL-1.2 */
/* guess.h - what an answer may say next, guessed from what was said before; pure.
 *
 * Who quotes, extracts, corrects or fills in a form says again what stands in the prompt.  So the
 * last GUESS_GRAM tokens are looked up in prompt and answer, and what followed them the last time
 * is the guess ("prompt lookup decoding", Saxena 2023).  Nothing depends on a guess being right:
 * step.h has the model look at it and takes only what the model says itself.
 *
 * An answer whose guesses are wrong rests, each time twice as long, GUESS_REST_MAX tokens at most.
 *
 * It holds tokens of a conversation, its own alone, and wipes them.  Room for all of them is
 * taken at the start.  One thread. */
#pragma once
#include "base/err.h"

enum { GUESS_GRAM = 3, GUESS_MAX = 8, GUESS_REST_MAX = 64 };

struct guess {
    int32_t *at; /* prompt and answer */
    uint32_t count, room;
    uint32_t *after; /* by hash of GUESS_GRAM tokens: what came after them the last time; 0: none */
    uint32_t slots;  /* a power of two */
    uint32_t rest, rested; /* tokens to go, and how many the last time, since it was right */
};

/* For an answer of at most `tokens_max` tokens.  LIMIT. */
fallible guess_new(const int32_t *prompt, uint32_t count, uint32_t tokens_max, struct guess **ret);
void guess_free(struct guess *g); /* NULL is fine */
/* One more token of the answer; beyond the room it is not kept. */
void guess_add(struct guess *g, int32_t token);
/* At most `most` tokens that may follow, 0: no idea, or it rests. */
uint32_t guess_next(const struct guess *g, uint32_t most, int32_t ret[GUESS_MAX]);
/* Of the last guess `right` tokens were right. */
void guess_learn(struct guess *g, uint32_t right);
