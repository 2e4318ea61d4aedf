/* SPDX-License-Identifier: EUPL-1.2 */
/* export.h - an evidence bundle (bundle.h) out of a log's files.
 *
 * The log is read twice: first every entry is hashed and the tree built anew, so that nothing is
 * proved from a log that is not what its checkpoint signed, and the labels of all requests are
 * learnt; then the entries asked for are written with their proofs, each of which is checked.  The
 * log may grow meanwhile: the newest checkpoint is read once.
 *
 * The manifest's signature is written last; a directory without it is no bundle.  What was begun
 * is taken away when it fails.  Memory: a few tiles, the names of requests held back, the
 * summary. */
#pragma once
#include "evidence/bundle.h"

typedef void export_progress_fn(void *ctx, uint64_t done, uint64_t of);

struct export_ask {
    const char *log_dir;                      /* holds `checkpoint` */
    const char *dir;                          /* to be made; CONFLICT when it is there */
    const struct note_key *log_key, *witness; /* witness NULL: none; else it must have signed */
    const struct note_key *seal_key;          /* signs the manifest */
    const secret *seal;
    str anchor; /* a checkpoint to prove against; empty: the newest */
    struct pick pick;
    str clearance;   /* empty: the policy's bottom level */
    str policy_text; /* of the file, as it is */
    int64_t now_wall_ms;
    export_progress_fn *progress; /* NULL: nobody looks */
    void *ctx;
};

/* ARGUMENT: what was asked for makes no sense; NOT_FOUND: no entry fits; CORRUPT: the log is not
 * what was signed. */
fallible evidence_export(arena *a, const struct export_ask *ask, struct manifest *ret);
