/* SPDX-License-Identifier: EUPL-1.2 */
/* day.h - a day as a number that sorts: 20260301 is 2026-03-01, in the calendar of today, of UTC.
 * 0 is no day.  Pure. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define DAY_ANY UINT32_MAX

/* "2026-03-01" (ISO 8601); PARSE if it is no day, which must exist. */
fallible day_read(str text, uint32_t *ret);
void day_put(buf *b, uint32_t day);
/* Milliseconds since 1970-01-01. */
uint32_t day_at(int64_t wall_ms);
