/* SPDX-License-Identifier: EUPL-1.2 */
/* clock.h - the only source of time.  policy/ and detect/ may not read it: they are handed a
 * time.  Tests set it; any thread may read. */
#pragma once
#include <stdint.h>

#include "base/buf.h"

/* Monotonic; for durations. */
uint64_t clock_ns(void);
static inline uint64_t
clock_us(void)
{
    return clock_ns() / 1000;
}
static inline uint64_t
clock_ms(void)
{
    return clock_ns() / 1000000;
}
/* Wall clock, milliseconds since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);
/* "2026-03-01T12:00:00.123Z" (RFC 3339). */
void clock_put(buf *b, int64_t wall_ms);
/* A member with that text, or null for 0. */
void clock_put_member(buf *b, const char *name, int64_t wall_ms);

/* Tests: both clocks stand still at these values until the next call; clock_free lets them run. */
void clock_fix(uint64_t ns, int64_t wall_ms);
void clock_free(void);
