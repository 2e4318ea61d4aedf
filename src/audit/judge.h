/* SPDX-License-Identifier: EUPL-1.2 */
/* judge.h - is this log what its signatures say?  Needs the files and public keys, nothing else.
 *
 * Every entry is hashed and the tree built anew beside the one on disk.  Each hash of each tile,
 * each root of each checkpoint ever signed (past.h) and each signature is compared, so all of them
 * are shown to be of one tree that only grew.  The first thing that does not fit ends it, with the
 * file and the byte: CORRUPT.  Where an entry and its hash disagree, the rest of the tree says
 * which of them is wrong.
 *
 * A log may be intact and yet say of itself that a witness has seen another (events.def,
 * witness.alarm): that is told in the report, until an auditor's record ends it.
 *
 * What files alone cannot show is that the whole directory was set back to an earlier state.  For
 * that, give a checkpoint noted elsewhere (`known`).
 *
 * A log that was pruned from the front (retain/floor.h) says so: its tiles of hashes take the place
 * of the entries that are gone, so all that was ever signed is still checked, and the decision must
 * be an entry of the log itself.  Bundles that are missing without one are missing.
 *
 * The log is at rest or a copy.  Memory: two bundles, a tile for each level. */
#pragma once
#include "audit/note.h"

enum { JUDGE_FOUND_MAX = 64, JUDGE_DECIDED_MAX = 512 };

struct judge_ask {
    const char *dir; /* holds `checkpoint` */
    const struct note_key *key;
    /* Must have signed the newest checkpoint or, kept in cosigned/, an earlier one; NULL: none. */
    const struct note_key *witness;
    str known;   /* a signed checkpoint from earlier; empty: none */
    str request; /* an id whose entries are shown to be in it; empty: none */
};

struct judge_report {
    struct tree_head head;
    uint64_t checkpoints, entry_bytes;
    uint64_t witness_time_s, witness_size; /* when the witness signed, and how many entries */
    uint64_t pruned_below, held;     /* entries below are gone, but for these; 0: all are there */
    uint64_t decision;               /* the entry that says so */
    char decided[JUDGE_DECIDED_MAX]; /* by whom, when and why, out of it */
    uint64_t found[JUDGE_FOUND_MAX]; /* entries of the request, each with a proof that held */
    size_t found_count;
    uint64_t alarm; /* the record that raised the alarm about witnesses that stands; 0: none does */
};

/* CORRUPT: not what was signed; err_text says what and where.  NOT_FOUND: a file or the request is
 * not there. */
fallible judge_log(const struct judge_ask *ask, struct judge_report *ret);
