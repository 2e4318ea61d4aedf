/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/fault.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_long countdown;
static atomic_bool fired;

void
fault_arm(long n)
{
    atomic_store(&fired, false);
    atomic_store(&countdown, n);
}

bool
fault_now(void)
{
    if (atomic_load_explicit(&countdown, memory_order_relaxed) <= 0)
        return false;
    if (atomic_fetch_sub(&countdown, 1) != 1)
        return false;
    atomic_store(&fired, true);
    return true;
}

bool
fault_fired(void)
{
    return atomic_load(&fired);
}

long
fault_left(void)
{
    return atomic_load(&countdown);
}

void *
mem_get(size_t size)
{
    return fault_now() ? NULL : malloc(size ? size : 1);
}

void *
mem_grow(void *p, size_t size)
{
    return fault_now() ? NULL : realloc(p, size ? size : 1);
}

void
mem_free(void *p)
{
    free(p);
}
