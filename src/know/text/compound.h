/* SPDX-License-Identifier: EUPL-1.2 */
/* compound.h - German compounds taken apart by how often their parts stand alone.
 *
 * Koehn and Knight, "Empirical Methods for Compound Splitting" (EACL 2003): of all ways to cut, the
 * one with the greatest geometric mean of frequencies wins over the whole word's own frequency.
 * Between the parts may stand -s- -es- -n- -en- -er- -e-.  The frequencies are the caller's: a
 * segment counts its own words only, so nothing leaks between labels.  Pure. */
#pragma once
#include "base/str.h"

enum { COMPOUND_MAX = 6, COMPOUND_PART_MIN = 4, COMPOUND_COUNT_MIN = 3 };

/* How often `word` (folded) stands alone; 0 if never. */
typedef uint32_t compound_count_fn(void *ctx, str word);

/* The parts as slices of `word`, links left out; 0 if it is best left whole. */
size_t compound_split(str word, compound_count_fn *count, void *ctx, str ret[COMPOUND_MAX]);
