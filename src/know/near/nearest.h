/* SPDX-License-Identifier: EUPL-1.2 */
/* nearest.h - the rows whose codes are nearest to a question's, in one walk over the codes.
 *
 * Rows are looked at in blocks that stay in the processor's cache.  Those nearer than the bound are
 * noted; when twice as many are noted as wanted, the better half is kept and its greatest distance
 * is the new bound.  After a few blocks hardly a row passes it, so the walk costs what reading the
 * codes costs.  Of equal distances the lower row wins: the outcome does not depend on blocks. */
#pragma once
#include "base/arena.h"
#include "know/near/vector.h"

struct nearest {
    uint32_t *rows; /* ascending */
    size_t count;
};

/* The `most` rows of `v` nearest to `code` (v->code_len bytes), or all.  LIMIT. */
fallible nearest_find(arena *a, const struct vectors *v, const uint8_t *code, size_t most,
                      struct nearest *ret);
