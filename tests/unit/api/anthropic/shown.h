/* SPDX-License-Identifier: EUPL-1.2 */
/* shown.h - an answer that was heard (listen.h), as text to compare. */
#pragma once
#include "unit/api/anthropic/listen.h"

/* "type:text" of each block in its line; calls as "tool_use NAME:input". */
static inline str
heard_shown(const struct heard *h)
{
    AUTO(buf) b = BUF(HEARD_BYTES * 4);
    for (size_t i = 0; i < h->count; i++) {
        const struct heard_block *k = &h->blocks[i];
        buf_add_fmt(&b, "%s%s%s%s:", i ? "\n" : "", k->type, k->name[0] ? " " : "", k->name);
        buf_add(&b, buf_str(&k->text));
    }
    return arena_str(h->a, buf_str(&b));
}
