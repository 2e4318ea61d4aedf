/* SPDX-License-Identifier: EUPL-1.2 */
/* breaker.h - leaves a provider alone that keeps failing (circuit breaker, Nygard 2007).
 *
 * Closed until `failures_max` failures in a row; then open for `wait_ms`, doubled each time up to
 * BREAKER_WAITS_MAX of them; then one call may try.  If it succeeds, all may; if it fails, it is
 * open again.  Pure: times are the caller's clock_ms(). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_WAITS_MAX = 32 };

struct breaker {
    uint32_t failures_max;
    uint64_t wait_ms; /* the first time */
    uint32_t failures;
    uint32_t waits;    /* how many times wait_ms; 0: closed */
    uint64_t until_ms; /* open so long */
    bool probing;      /* the one call that may try is under way */
};

/* May a call begin?  *ret_probe: it is the one that tries, and must end in one of the three
 * below. */
bool breaker_try(struct breaker *b, uint64_t now_ms, bool *ret_probe);
void breaker_good(struct breaker *b);
void breaker_bad(struct breaker *b, uint64_t now_ms);
/* The probe was taken back and says nothing. */
void breaker_forget(struct breaker *b);
/* Would a call be let through? */
bool breaker_allows(const struct breaker *b, uint64_t now_ms);
