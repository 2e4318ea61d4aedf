/* SPDX-License-Identifier: EUPL-1.2 */
/* counter.h - one limit of one subject: what was spent in its span of time, what is reserved.
 *
 * The law:  used + reserved <= max  whenever something was reserved.  Requests are counted when
 * they are reserved; everything else is reserved as an estimate, is outstanding whatever time
 * passes, and is counted as it really was, in the span in which it is settled.  Who settles no
 * more than was reserved can therefore not overspend, in whatever order requests come and end; who
 * settles more finds the excess counted, and the next request refused.
 *
 * Days and months only go forward: a clock that is set back stays in the later one, with all that
 * was spent there.  What they spend is made durable ahead, in blocks of a hundredth of the limit:
 * `granted` is what the store has, and used + reserved never passes it.  After a crash all that was
 * granted counts as spent. */
#pragma once
#include "sched/limit.h"

struct counter {
    struct counter *next; /* of the same subject */
    uint64_t max;         /* LIMIT_NONE: unbounded for now */
    uint64_t used, reserved, granted;
    int64_t window;        /* DAY, MONTH: its number */
    struct minute *minute; /* MINUTE; NULL: nothing was spent yet */
    uint8_t limit;         /* enum limit_id */
    bool is_own;           /* not by default */
};

/* To the span of `t`.  LIMIT: no memory for a minute. */
fallible counter_turn(struct counter *c, const struct sched_time *t);
/* What follows is after a turn. */
bool counter_fits(const struct counter *c, uint64_t amount);
uint64_t counter_left(const struct counter *c);
/* Until that much may fit; more than the limit itself never does, and waits for a whole span. */
uint64_t counter_wait_ms(const struct counter *c, uint64_t amount, const struct sched_time *t);
/* Until nothing is used. */
uint64_t counter_reset_ms(const struct counter *c, const struct sched_time *t);
/* What must be durable before `amount` is reserved; 0: it is already. */
uint64_t counter_block(const struct counter *c, uint64_t amount);
/* Returns what names the span: for counter_release. */
int64_t counter_reserve(struct counter *c, uint64_t amount);
void counter_settle(struct counter *c, uint64_t reserved, uint64_t actual);
/* As if it had never been reserved. */
void counter_release(struct counter *c, uint64_t amount, int64_t span);
/* Does the store hear of it? */
bool counter_is_durable(const struct counter *c);
/* Is nothing lost when it is forgotten? */
bool counter_is_idle(const struct counter *c, const struct sched_time *t);
/* What was spent, and in which day: an operator's word goes before the clock's. */
void counter_forget(struct counter *c);
/* Used in the span of `t`, without a turn. */
uint64_t counter_used(const struct counter *c, const struct sched_time *t);
void counter_free(struct counter *c); /* the minute too */
