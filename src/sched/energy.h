/* SPDX-License-Identifier: EUPL-1.2 */
/* energy.h - whose energy it was: what the machine used while engines worked, shared among the
 * requests they worked on.
 *
 * Between two readings each request an engine has gets the same part; so over its life a request
 * gets its share of the engines' time.  Nothing is lost and nothing counted twice: the parts add
 * up to what was used while there was a request, but for what rounding leaves (less than a
 * microjoule each).  What is used while nobody asks is nobody's.  What other programs of the
 * machine use meanwhile cannot be told apart, and counts as well.
 *
 * `per_token` is for estimates: over all that ended, so one model's price is the mean of all.
 * Pure; one thread. */
#pragma once
#include "base/err.h"

struct energy {
    uint64_t last_uj;   /* reading */
    uint64_t shared_nj; /* of one that was there from the start; begins anew after 2^64 */
    uint64_t running;
    uint64_t ended_mj, ended_tokens;
};

/* A new reading; it never goes back. */
void energy_tick(struct energy *e, uint64_t total_uj);
/* A request begins, or ends, right after a tick; the end gets what the beginning returned. */
uint64_t energy_begin(struct energy *e);
/* Millijoules, rounded up. */
uint64_t energy_end(struct energy *e, uint64_t begun, uint64_t tokens);
/* Joules, at least 1. */
uint64_t energy_estimate(const struct energy *e, uint64_t tokens);
