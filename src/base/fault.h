/* SPDX-License-Identifier: EUPL-1.2 */
/* fault.h - the n-th failure, injected (SQLite's method).
 *
 * Every allocation in base/ and every system call in os/ asks fault_now() first.  A test runs
 * its case with fault_arm(1), fault_arm(2), ... until fault_fired() says that no fault was left
 * to fire; a flow does the same with the environment variable FAULT=n, read once by main/.
 * In processes that never arm it, the cost is one load.  Counting is atomic: any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The n-th ask from now on (1 = the next) answers true, once.  0 disarms. */
void fault_arm(long n);
bool fault_now(void);
/* Has the armed fault fired? */
bool fault_fired(void);

/* Asks until the armed fault fires; below 1 when none is armed.  Armed with a number that is never
 * reached it counts work: allocations and system calls. */
long fault_left(void);

/* malloc, realloc and free of the house; NULL when the fault fires or memory is out. */
void *mem_get(size_t size);
void *mem_grow(void *p, size_t size);
void mem_free(void *p);
