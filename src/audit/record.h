/* SPDX-License-Identifier: EUPL-1.2 */
/* record.h - a record as the log holds it: one JSON object, one line.  For audit/ only.
 *
 *     {"seq":7,"time":"2026-03-01T12:00:00.123Z","event":"decision","request":"req_…",…}
 *
 * The number is set when the line is written, so that the numbers of the file have no gap even
 * where a flush failed.  What a record does not have is left out; a completion always shows its
 * numbers.  Pure but for memory. */
#pragma once
#include "audit/audit.h"

enum { RECORD_BYTES_MAX = 32 * 1024 };

/* Adds the line without its number: '{' … "}\n".  LIMIT, and `b` as it was, when the record is
 * larger than RECORD_BYTES_MAX or memory is out. */
fallible record_put(buf *b, const struct audit_record *r, int64_t wall_ms);
/* Adds a line of record_put with its number. */
void record_put_numbered(buf *b, uint64_t seq, str line);
/* CORRUPT unless `line` (without its end) is a record; its number. */
fallible record_check(arena *a, str line, uint64_t *ret_seq);
