/* SPDX-License-Identifier: EUPL-1.2 */
/* parts.h - takes the answers of a local model apart into the parts of engine.h, while they are
 * written: what it thought (thoughts.h), text, and the calls of the tools that were offered
 * (calls.h).  Remote engines say by themselves what is what; so whoever stands above sees the same
 * of both.
 *
 * The token count of a piece goes with the first part that comes out at or after it.  One thread.
 */
#pragma once
#include "engine/engine.h"

typedef struct parts parts;
struct parts_hook {
    void (*fn)(void *ctx, const struct engine_piece *p);
    void *ctx;
};

/* For `n` answers to a conversation that offers `t`, maybe none, which outlives it; what comes out
 * is labelled `l`. */
fallible
parts_new(const struct conv_tools *t, uint32_t n, label l, struct parts_hook hook, parts **ret);
/* NULL is fine.  Not from inside the hook. */
void parts_free(parts *p);
/* `raw` as it came, but for its text, which is `text`.  LIMIT when memory is out or a call is too
 * long; the answer is then spoilt. */
fallible parts_add(parts *p, const struct engine_piece *raw, str text);
/* No text of this answer follows.  *ret_calls: how many calls it had. */
fallible parts_end(parts *p, uint32_t index, uint32_t *ret_calls);
