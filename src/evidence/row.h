/* SPDX-License-Identifier: EUPL-1.2 */
/* row.h - an entry of the log as a row of texts (columns.def), and as a line of a table.
 *
 * The table is RFC 4180 with a head line.  A cell that a spreadsheet would take for a formula (one
 * that begins with = + - @, a tab or a carriage return) gets an apostrophe in front (OWASP, CSV
 * injection).  A row points into the arena it was read with.  Pure but for memory; any thread. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum row_column {
#define COLUMN(name) ROW_##name,
#include "evidence/columns.def"
#undef COLUMN
    ROW_COUNT
};

struct row {
    str at[ROW_COUNT]; /* empty: the entry does not have it */
};

/* PARSE unless the entry is a JSON object.  Members of another type than text and number are left
 * out. */
fallible row_read(arena *a, str entry, struct row *ret);
/* The member as a number, 0 if it is none. */
uint64_t row_number(const struct row *r, enum row_column c);
/* A copy that lives as long as the arena; LIMIT. */
fallible row_copy(arena *a, const struct row *r, struct row *ret);

void csv_put_head(buf *b);
void csv_put(buf *b, const struct row *r);
