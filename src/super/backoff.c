/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/backoff.h"

uint64_t
backoff_next(struct backoff *b, uint64_t lived_ms, uint64_t wait_ms_max)
{
    if (!b->wait_ms || lived_ms >= BACKOFF_STEADY_MS)
        b->wait_ms = BACKOFF_FIRST_MS;
    else
        b->wait_ms *= 2;
    if (b->wait_ms > wait_ms_max)
        b->wait_ms = wait_ms_max;
    return b->wait_ms;
}
