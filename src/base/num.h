/* SPDX-License-Identifier: EUPL-1.2 */
/* num.h - numbers out of text, bounded; no locale, no leading space, no sign unless said. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* Decimal digits only, no leading '+'; PARSE if not a number, ARGUMENT if outside [min, max].
 * *ret is untouched on failure. */
fallible num_u64(str s, uint64_t min, uint64_t max, uint64_t *ret);
fallible num_i64(str s, int64_t min, int64_t max, int64_t *ret);
/* Decimal point notation with optional exponent; finite only. */
fallible num_f64(str s, double min, double max, double *ret);
/* A size with an optional unit K, M, G (powers of 1024): "16M". */
fallible num_bytes(str s, uint64_t min, uint64_t max, uint64_t *ret);
/* A duration with unit ms, s, min, h, d: "90d"; milliseconds. */
fallible num_ms(str s, uint64_t min, uint64_t max, uint64_t *ret);
