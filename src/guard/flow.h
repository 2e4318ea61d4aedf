/* SPDX-License-Identifier: EUPL-1.2 */
/* flow.h - a text that comes in pieces, held against the guardrails for output.
 *
 * It is looked at in windows whose places follow from the number of bytes alone, so what comes out,
 * joined, does not depend on how the text was cut.  Held back is what a word, phrase or identifier
 * that is not whole yet could begin in (guard_reach); an identifier is told by what stands up to
 * guard_context bytes before it, which is less than detect/ sees of a whole text.  Memory is
 * bounded by both.  One thread. */
#pragma once
#include "guard/guard.h"

struct guard_flow {
    const guard *g;
    buf window;    /* what was let go but still tells something, then what is held */
    size_t let_go; /* bytes of it that were let go */
    size_t to_look;
    struct guard_seen seen;
    arena *work;                     /* of one look */
    const struct guardrail *blocked; /* nothing comes out any more */
};

/* `seen` lives in `a`. */
fallible guard_flow_init(struct guard_flow *f, const guard *g, arena *a);
void guard_flow_done(struct guard_flow *f);
/* Appends to `out` what is certain now. */
fallible guard_flow_add(struct guard_flow *f, str piece, buf *out);
/* Nothing follows; another text may begin. */
fallible guard_flow_end(struct guard_flow *f, buf *out);
