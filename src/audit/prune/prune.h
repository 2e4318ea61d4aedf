/* SPDX-License-Identifier: EUPL-1.2 */
/* prune.h - takes the front off the log when its time is over; runs in hoheit-log.
 *
 * Counting goes over the lines from the first that is there, in turns of a few milliseconds between
 * which the log is written as ever.  It ends before the first entry of class "use" (retain.h) that
 * is younger than what was asked for or than its period, is not signed, or is no record; entries of
 * other classes whose time is not over are held back.  Each line is hashed and compared with its
 * tile: what was changed is not pruned.  Whole bundles only, so the result is a multiple of 256.
 *
 * Pruning does the same again up to the entry that a record of the log names (event log.prune,
 * object its number), and refuses when its own count does not get there: a gate that was taken over
 * can have nothing pruned but what is old enough.  Then, in this order, so that a crash at any
 * point leaves a log that is good and is finished at the next start:
 *
 *     the decision is signed; tiles of level 0 are on the disk; what is held lies in `held`
 *     `pruned` says so (floor.h)
 *     the front of audit.jsonl becomes a hole; the bundles are removed
 *
 * The entries are gone as files are when they are removed: the blocks are free, not overwritten;
 * the disk's encryption covers what stays on it.  Tiles of hashes stay for ever, 32 bytes an entry.
 * One thread, the loop's. */
#pragma once
#include "audit/book.h"
#include "audit/proto.h"

typedef struct prune prune;

/* Goes on with what a crash left undone.  The book and `p` outlive it. */
fallible prune_start(loop *l, book *b, const struct params *p, prune **ret);
/* NULL is fine. */
void prune_stop(prune *p);

/* LOG_PRUNE and LOG_CUT: begins it, unless it is under way or was done already, and says how it is:
 *
 *     {"state":"counting","before":"…","minimum":0,"below":512,"entries":512,"held":3,"bytes":…,
 *      "why":"…"}
 *
 * state: "counting", "counted" (`below` may go; `why` says what ends it), "cutting", "cut",
 * "failed" (`why`).  ARGUMENT: a time the law does not let go; BUSY: something else is under way;
 * NOT_FOUND: no such decision. */
fallible prune_ask(prune *p, const struct log_read *q, buf *ret);
