/* SPDX-License-Identifier: EUPL-1.2 */
/* thoughts.h - tells what a model thinks from what it answers, while it writes: models that reason
 * begin with <think>, and answer behind </think> (Qwen3, DeepSeek-R1 and those after them).
 *
 * Only at the very start; a tag anywhere else is text.  Blank space around the tags belongs to
 * neither.  A thought that is not ended is a thought to the end.  What comes out, joined, does not
 * depend on the pieces; held back is less than a tag, or blank space.  One thread. */
#pragma once
#include "base/buf.h"

enum thoughts_state {
    THOUGHTS_FRESH,
    THOUGHTS_OPENED, /* behind the tag, nothing thought yet */
    THOUGHTS_INSIDE,
    THOUGHTS_BEHIND,
    THOUGHTS_OVER
};

struct thoughts {
    enum thoughts_state state;
    buf held;
    size_t given; /* bytes of `held` that the last call gave out */
};

struct thoughts_out { /* each in turn, in this order; empty: nothing */
    str thought, text;
};

void thoughts_init(struct thoughts *t);
void thoughts_done(struct thoughts *t);
/* Is all that comes from now on text, as it is? */
static inline bool
thoughts_are_over(const struct thoughts *t)
{
    return t->state == THOUGHTS_OVER;
}
/* *ret lives until the next call.  LIMIT when memory is out. */
fallible thoughts_add(struct thoughts *t, str piece, struct thoughts_out *ret);
/* Nothing follows. */
void thoughts_end(struct thoughts *t, struct thoughts_out *ret);
