/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/counter.h"

#include "base/fault.h"

enum { BLOCKS = 100, SOON_MS = 1000, MINUTE_MS = 60000 };

static enum limit_span
span_of(const struct counter *c)
{
    return limit_info((enum limit_id)c->limit)->span;
}

bool
counter_is_durable(const struct counter *c)
{
    return span_of(c) == SPAN_DAY || span_of(c) == SPAN_MONTH;
}

/* Counted when it begins: it cannot turn out to be more or less. */
static bool
is_counted_at_once(const struct counter *c)
{
    return limit_info((enum limit_id)c->limit)->unit == UNIT_REQUESTS;
}

static int64_t
window_of(const struct counter *c, const struct sched_time *t)
{
    return span_of(c) == SPAN_DAY ? day_of(t->wall_ms) : month_of(t->wall_ms);
}

fallible
counter_turn(struct counter *c, const struct sched_time *t)
{
    if (span_of(c) == SPAN_MINUTE && !c->minute) {
        c->minute = mem_get(sizeof *c->minute);
        if (!c->minute)
            FAIL(LIMIT, "no memory for a minute");
        *c->minute = (struct minute){.slot = t->now_ms / MINUTE_SLOT_MS};
    }
    if (c->minute) {
        minute_turn(c->minute, t->now_ms);
        c->used = c->minute->sum;
    }
    if (counter_is_durable(c) && window_of(c, t) > c->window) {
        c->window = window_of(c, t);
        c->used = c->granted = 0;
    }
    return OK;
}

uint64_t
counter_left(const struct counter *c)
{
    return less(c->max, add_capped(c->used, c->reserved));
}

bool
counter_fits(const struct counter *c, uint64_t amount)
{
    return amount == 0 || amount <= counter_left(c);
}

static uint64_t
window_left_ms(const struct counter *c, const struct sched_time *t)
{
    const int64_t now = window_of(c, t), w = c->window > now ? c->window : now;
    const int64_t end = span_of(c) == SPAN_DAY ? day_end_ms(w) : month_end_ms(w);
    return end > t->wall_ms ? (uint64_t)(end - t->wall_ms) : 0;
}

/* What is reserved may be given back at any time; what is used stays until its span is over. */
uint64_t
counter_wait_ms(const struct counter *c, uint64_t amount, const struct sched_time *t)
{
    if (counter_fits(c, amount))
        return 0;
    if (span_of(c) == SPAN_HELD)
        return SOON_MS;
    if (counter_is_durable(c))
        return amount <= less(c->max, c->used) ? SOON_MS : window_left_ms(c, t);
    if (amount > c->max)
        return MINUTE_MS;
    const uint64_t too_much = less(add_capped(c->used, amount), c->max);
    return too_much ? minute_wait_ms(c->minute, too_much, t->now_ms) : SOON_MS;
}

uint64_t
counter_reset_ms(const struct counter *c, const struct sched_time *t)
{
    if (counter_is_durable(c))
        return window_left_ms(c, t);
    return c->minute ? minute_wait_ms(c->minute, c->minute->sum, t->now_ms) : 0;
}

uint64_t
counter_block(const struct counter *c, uint64_t amount)
{
    const uint64_t need = add_capped(add_capped(c->used, c->reserved), amount);
    if (!counter_is_durable(c) || need <= c->granted)
        return 0;
    const uint64_t ahead = add_capped(need, c->max / BLOCKS);
    return ahead < c->max ? ahead : c->max > need ? c->max : need;
}

static void
use(struct counter *c, uint64_t amount)
{
    c->used = add_capped(c->used, amount);
    if (c->minute)
        minute_add(c->minute, amount);
}

int64_t
counter_reserve(struct counter *c, uint64_t amount)
{
    ASSERT(counter_fits(c, amount));
    if (is_counted_at_once(c))
        use(c, amount);
    else
        c->reserved += amount;
    return c->minute ? (int64_t)c->minute->slot : c->window;
}

void
counter_settle(struct counter *c, uint64_t reserved, uint64_t actual)
{
    if (is_counted_at_once(c))
        return;
    ASSERT(c->reserved >= reserved);
    c->reserved -= reserved;
    if (span_of(c) != SPAN_HELD)
        use(c, actual);
}

void
counter_release(struct counter *c, uint64_t amount, int64_t span)
{
    if (!is_counted_at_once(c)) {
        counter_settle(c, amount, 0);
        return;
    }
    if (c->minute) {
        minute_take_back(c->minute, (uint64_t)span, amount);
        c->used = c->minute->sum;
    } else if (span == c->window) {
        c->used = less(c->used, amount);
    }
}

void
counter_forget(struct counter *c)
{
    c->used = c->granted = 0;
    c->window = INT64_MIN;
    if (c->minute)
        *c->minute = (struct minute){.slot = c->minute->slot};
}

uint64_t
counter_used(const struct counter *c, const struct sched_time *t)
{
    if (!c->minute)
        return counter_is_durable(c) && window_of(c, t) > c->window ? 0 : c->used;
    struct minute m = *c->minute;
    minute_turn(&m, t->now_ms);
    return m.sum;
}

bool
counter_is_idle(const struct counter *c, const struct sched_time *t)
{
    return c->reserved == 0 && counter_used(c, t) == 0;
}

void
counter_free(struct counter *c)
{
    mem_free(c->minute);
    mem_free(c);
}
