/* SPDX-License-Identifier: EUPL-1.2 */
/* check.h - is this evidence bundle what its signatures and proofs say?  Files and public keys
 * only; nothing of the installation it came from.
 *
 * The maker's signature covers every file, so a later hand is found.  The maker is not believed
 * either: entries, proofs and checkpoints are held against the log's signature, entries against
 * what the bundle says it is about and who may see it, and table, summary and reports are made
 * again and compared.  What nobody can see from a bundle: that a selection (not a whole period)
 * leaves something out.
 *
 * The keys that lie in the bundle are whoever's who made it: give the ones you know. */
#pragma once
#include "evidence/bundle.h"

struct check_ask {
    const char *dir;
    const struct note_key *log_key, *seal_key, *witness; /* NULL: the bundle's own */
    str known; /* a signed checkpoint noted earlier that must be the bundle's; empty: none */
};

struct check_report {
    struct manifest m;
    struct note_key log_key, seal_key;
    uint64_t witness_time_s; /* 0: no witness */
};

/* CORRUPT with a public sentence that names the file: something does not fit. */
fallible evidence_check(arena *a, const struct check_ask *ask, struct check_report *ret);
