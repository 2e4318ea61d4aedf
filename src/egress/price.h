/* SPDX-License-Identifier: EUPL-1.2 */
/* price.h - what tokens of an outside model cost, in whole millionths of a euro.
 *
 * A price is micro-euro for a million tokens, so a token costs a whole number of millionths of a
 * micro-euro: sums are exact, and one request is rounded up to the next micro-euro once, never
 * down.  Pure. */
#pragma once
#include "base/err.h"

/* Bounds under which nothing here overflows; more tokens than that count as that many. */
#define PRICE_MAX (UINT64_C(1) << 40)
#define PRICE_TOKENS_MAX (UINT64_C(1) << 40)

struct price {
    bool is_known;
    uint64_t in, cached, out; /* micro-euro for a million tokens; each at most PRICE_MAX */
};

struct price_usage {
    uint64_t in, cached, out; /* tokens; `in` with those that were cached */
};

uint64_t price_of(const struct price *p, const struct price_usage *u);
/* A price in millionths of a currency of which one unit is worth `rate` micro-euro (at most 2^30),
 * rounded up.  LIMIT above PRICE_MAX. */
fallible price_convert(uint64_t price, uint64_t rate, uint64_t *ret);
