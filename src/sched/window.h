/* SPDX-License-Identifier: EUPL-1.2 */
/* window.h - the spans of time that amounts are counted in.
 *
 * A day and a month are numbered, so that a later one has a higher number; their boundaries are
 * those of the proleptic Gregorian calendar in UTC (Howard Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms").  A minute slides: it is kept in slots of five seconds, of which the current
 * and the twelve before it count, so what was counted stays for 60 to 65 seconds and no 60 seconds
 * ever hold more than was allowed.
 *
 * Pure: time is handed in.  Monotonic time for minutes, wall time for days and months. */
#pragma once
#include "base/err.h"

struct sched_time {
    uint64_t now_ms; /* monotonic */
    int64_t wall_ms; /* since 1970 UTC */
};

/* Number of the day, of the month; and when the one of that number is over. */
int64_t day_of(int64_t wall_ms);
int64_t month_of(int64_t wall_ms);
int64_t day_end_ms(int64_t day);
int64_t month_end_ms(int64_t month);

enum { MINUTE_SLOT_MS = 5000, MINUTE_SLOTS = 13 };

struct minute {
    uint64_t slot; /* number of the current one */
    uint64_t sum;
    uint64_t at[MINUTE_SLOTS]; /* by number modulo MINUTE_SLOTS */
};

/* Forgets what is over. */
void minute_turn(struct minute *m, uint64_t now_ms);
/* The minute was turned to the present. */
void minute_add(struct minute *m, uint64_t amount);
/* Takes back what was added in that slot, unless it is forgotten already. */
void minute_take_back(struct minute *m, uint64_t slot, uint64_t amount);
/* Until at least `amount` of the sum is forgotten; all of it if there is less. */
uint64_t minute_wait_ms(const struct minute *m, uint64_t amount, uint64_t now_ms);

/* Sums that stay at their bound. */
static inline uint64_t
add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline uint64_t
less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}
