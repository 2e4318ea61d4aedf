/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/breaker.h"

#include "base/err.h"

bool
breaker_allows(const struct breaker *b, uint64_t now_ms)
{
    return !b->waits || (!b->probing && now_ms >= b->until_ms);
}

bool
breaker_try(struct breaker *b, uint64_t now_ms, bool *ret_probe)
{
    ASSERT(b->failures_max > 0);
    if (!breaker_allows(b, now_ms))
        return false;
    *ret_probe = b->waits > 0;
    b->probing = *ret_probe;
    return true;
}

void
breaker_good(struct breaker *b)
{
    b->failures = b->waits = 0;
    b->probing = false;
}

void
breaker_bad(struct breaker *b, uint64_t now_ms)
{
    const bool is_open = b->waits && !b->probing;
    b->failures += b->failures < UINT32_MAX;
    /* What was begun before it opened may still fail; that says nothing new. */
    if (is_open || (!b->probing && b->failures < b->failures_max))
        return;
    b->probing = false;
    b->waits = b->waits ? b->waits * 2 : 1;
    if (b->waits > BREAKER_WAITS_MAX)
        b->waits = BREAKER_WAITS_MAX;
    b->until_ms = now_ms + b->waits * b->wait_ms;
}

void
breaker_forget(struct breaker *b)
{
    b->probing = false;
}
