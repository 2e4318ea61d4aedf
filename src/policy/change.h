/* SPDX-License-Identifier: EUPL-1.2 */
/* change.h - from one policy to another: what may not change, and what does, in words.
 *
 * Labels that are stored hold bits, not names.  So a bit that ever had a name has it for good: no
 * other name may get it, and the name may get no other bit (policy_check_bits, asked for every
 * version that was ever in force).  Everything else may change, and whoever approves a change reads
 * it as sentences: names, downgrades, and whose keys see more or less than before. */
#pragma once
#include "policy/policy.h"

/* CONFLICT that names both. */
fallible policy_check_bits(const policy *past, const policy *now);

/* A key and what it may read, as it was given. */
struct holder {
    str name, clearance;
};

/* One sentence a line; nothing when nothing changes.  A clearance that one of the two policies
 * cannot read counts as none there. */
void policy_diff(const policy *from, const policy *to, const struct holder *holders, size_t count,
                 buf *b);
