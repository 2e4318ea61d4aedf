/* SPDX-License-Identifier: EUPL-1.2 */
/* replay.h - is an entry that is sent again on record already?  For audit/ only.
 *
 * Holds a hash of what each record behind a given one says, all but its number and time.  Entries
 * are sought in their order; one found is not found a second time. */
#pragma once
#include "audit/book.h"

enum { REPLAY_MAX = 2 * 1024 * 1024 }; /* more than may ever wait */

struct replay {
    uint64_t *at;
    size_t count, room; /* count 0: nothing to compare with */
    size_t next;
    uint64_t from, found;
};

/* What lies behind record `seq`, in place of what was there.  On failure it is empty.  r->found is
 * the number of the record that was found last, 0 if none was. */
fallible replay_load(struct replay *r, book *b, uint64_t seq);
bool replay_has(struct replay *r, const struct audit_record *record);
void replay_clear(struct replay *r);
