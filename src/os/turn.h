/* SPDX-License-Identifier: EUPL-1.2 */
/* turn.h - the end of a turn of the loop: what was gathered in it is sent in one piece.
 *
 * `fn` is called before the loop waits for the next event, in every turn; turn_soon makes sure
 * that there is one without waiting.  It keeps no loop running.  One thread: the loop's. */
#pragma once
#include "os/loop.h"

typedef struct turn turn;

fallible turn_new(loop *l, loop_fn *fn, void *ctx, turn **ret);
void turn_soon(turn *t);
/* `tick` once, after so long; what was set before is forgotten. */
void turn_tick(turn *t, uint64_t ms, loop_fn *tick);
/* Not from inside `fn`'s last use of it: nothing may follow.  NULL is fine. */
void turn_free(turn *t);
