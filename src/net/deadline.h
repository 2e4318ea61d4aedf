/* SPDX-License-Identifier: EUPL-1.2 */
/* deadline.h - what must happen in time: headers, bodies, rests between requests, last words.
 *
 * All waits of one kind are equally long, so a queue per kind is sorted by itself: arming,
 * disarming and finding the next one take constant time, and a server needs one timer instead
 * of one per connection.  (A heap or a wheel would be needed for waits of any length.)
 *
 * Ownership: a `struct deadline` sits in what it watches and must be disarmed before that goes.
 * One thread.  Times are clock_ms() of the caller. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum deadline_kind {
    DEADLINE_HEADER,
    DEADLINE_BODY,
    DEADLINE_IDLE,
    DEADLINE_LINGER,
    DEADLINE_KINDS
};

struct deadline {
    struct deadline *prev, *next; /* NULL: not armed */
    uint64_t due_ms;
    enum deadline_kind kind;
    void (*expired)(void *owner);
    void *owner;
};

struct deadlines {
    struct deadline ends[DEADLINE_KINDS]; /* rings; next is the earliest */
    uint64_t wait_ms[DEADLINE_KINDS];
};

void deadlines_init(struct deadlines *all, const uint64_t wait_ms[DEADLINE_KINDS]);
/* From now on the full wait of that kind, also when it was armed before. */
void
deadline_arm(struct deadlines *all, struct deadline *d, enum deadline_kind kind, uint64_t now_ms);
/* Fine when it is not armed. */
void deadline_disarm(struct deadline *d);
/* Takes off one that is due; NULL when none is. */
struct deadline *deadlines_take(struct deadlines *all, uint64_t now_ms);
/* When the next one is due; UINT64_MAX if none is armed. */
uint64_t deadlines_next_ms(const struct deadlines *all);

static inline bool
deadline_armed(const struct deadline *d)
{
    return d->next != NULL;
}
