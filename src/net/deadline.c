/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/deadline.h"

#include "base/err.h"

void
deadlines_init(struct deadlines *all, const uint64_t wait_ms[DEADLINE_KINDS])
{
    for (size_t k = 0; k < DEADLINE_KINDS; k++) {
        all->ends[k] = (struct deadline){.prev = &all->ends[k], .next = &all->ends[k]};
        all->wait_ms[k] = wait_ms[k];
    }
}

void
deadline_arm(struct deadlines *all, struct deadline *d, enum deadline_kind kind, uint64_t now_ms)
{
    ASSERT(kind < DEADLINE_KINDS && d->expired);
    struct deadline *const end = &all->ends[kind];
    deadline_disarm(d);
    d->kind = kind;
    d->due_ms = now_ms + all->wait_ms[kind];
    d->prev = end->prev;
    d->next = end;
    d->prev->next = d;
    end->prev = d;
}

void
deadline_disarm(struct deadline *d)
{
    if (!d->next)
        return;
    d->prev->next = d->next;
    d->next->prev = d->prev;
    d->prev = d->next = NULL;
}

struct deadline *
deadlines_take(struct deadlines *all, uint64_t now_ms)
{
    for (size_t k = 0; k < DEADLINE_KINDS; k++) {
        struct deadline *const first = all->ends[k].next;
        if (first != &all->ends[k] && first->due_ms <= now_ms) {
            deadline_disarm(first);
            return first;
        }
    }
    return NULL;
}

uint64_t
deadlines_next_ms(const struct deadlines *all)
{
    uint64_t next = UINT64_MAX;
    for (size_t k = 0; k < DEADLINE_KINDS; k++) {
        const struct deadline *const first = all->ends[k].next;
        if (first != &all->ends[k] && first->due_ms < next)
            next = first->due_ms;
    }
    return next;
}
