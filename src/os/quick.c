/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/quick.h"

#include <stdbool.h>

static bool
is_quick(const struct quick *q)
{
    return q->in_a_row == QUICK_MIN;
}

uint64_t
quick_ask(struct quick *q, uint64_t now_ns)
{
    if (!q->asked_ns)
        q->asked_ns = now_ns;
    return is_quick(q) ? QUICK_LINGER_NS : 0;
}

void
quick_answer(struct quick *q, uint64_t now_ns)
{
    if (!q->asked_ns)
        return;
    const uint64_t took_ns = now_ns - q->asked_ns;
    q->asked_ns = 0;
    if (took_ns > (is_quick(q) ? QUICK_LINGER_NS : QUICK_NS))
        q->in_a_row = 0;
    else if (!is_quick(q))
        q->in_a_row++;
}
