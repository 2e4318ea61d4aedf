/* SPDX-License-Identifier: EUPL-1.2 */
/* backoff.h - how long to wait before starting again what died: 50 ms, doubled while it keeps
 * dying within STEADY_MS, from the start again once it lived longer.  Pure. */
#pragma once
#include <stdint.h>

enum { BACKOFF_FIRST_MS = 50, BACKOFF_STEADY_MS = 10000 };

struct backoff {
    uint64_t wait_ms; /* of the last time; 0: none yet */
};

/* `lived_ms`: how long it ran; the answer is at most `wait_ms_max`. */
uint64_t backoff_next(struct backoff *b, uint64_t lived_ms, uint64_t wait_ms_max);
