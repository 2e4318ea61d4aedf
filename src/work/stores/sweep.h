/* SPDX-License-Identifier: EUPL-1.2 */
/* sweep.h - removes words that nobody can ask for any more: the collection of a store whose row is
 * gone, because its time is over or the process ended between row and words.  What belonged to a
 * person or a case that is erased goes at once, before the erasing is told of.
 *
 * Once at the start and then every minute, STORES_SWEEP_MAX collections at a time, so that nobody
 * waits for it.  On the loop's thread. */
#pragma once
#include "os/loop.h"
#include "work/stores/stores.h"

enum { STORES_SWEEP_MAX = 64 };

/* Looks at collections from the `from`-th on; *ret_next is where to go on, 0: from the beginning.
 */
fallible stores_sweep(const struct stores *s, size_t from, size_t *ret_next);

typedef struct stores_sweeper stores_sweeper;
/* `s` and its gate outlive it. */
fallible stores_sweeper_new(const struct stores *s, loop *l, stores_sweeper **ret);
/* NULL is fine. */
void stores_sweeper_free(stores_sweeper *w);
