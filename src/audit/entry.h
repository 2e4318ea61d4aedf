/* SPDX-License-Identifier: EUPL-1.2 */
/* entry.h - a record on its way from the gate to hoheit-log: a head of fixed layout, digests, then
 * its texts, each with a NUL behind it.  For audit/ only.
 *
 * What comes out of it is written by hoheit-log itself, with its own clock and number: a gate that
 * was taken over can say untrue things, it cannot give a record another form or another time.
 * Nothing of an entry is believed before it was checked; both ends are one build.  Pure. */
#pragma once
#include "audit/audit.h"
#include "base/buf.h"

/* Adds the record.  LIMIT, and `b` as it was, when it is larger than a record may be or memory is
 * out. */
fallible entry_put(buf *b, const struct audit_record *r);

struct entry_view {
    struct audit_record record; /* points into the bytes and to the digests here */
    digest input, output, kept;
};
/* Takes one entry off the front; PARSE unless it is one.  `ret` may not be moved. */
fallible entry_take(str *rest, struct entry_view *ret);
/* Of the first of entries that entry_put made. */
size_t entry_len(str entries);
