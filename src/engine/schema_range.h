/* SPDX-License-Identifier: EUPL-1.2 */
/* schema_range.h - the numbers between two bounds as alternatives of digits, in GBNF.
 *
 * A range is cut into runs in which every digit has a range of its own: 17 to 342 is
 * 1[7-9] | [2-9][0-9] | [1-2][0-9]{2} | 3[0-3][0-9] | 34[0-2].  Decimals are the same digits with
 * a point set in; what lies strictly between two neighbours may have further digits.  Numbers
 * have at most 15 digits, which a double holds exactly. */
#pragma once
#include "base/buf.h"
#include "engine/schema_tree.h"

enum { SCHEMA_DIGITS_MAX = 15, SCHEMA_DECIMALS_MAX = 6 };

/* Adds the alternatives; false (and nothing added) when no number lies within. */
bool schema_put_integers(buf *out, const struct schema_bound *low, const struct schema_bound *high);
bool schema_put_numbers(buf *out, const struct schema_bound *low, const struct schema_bound *high);
