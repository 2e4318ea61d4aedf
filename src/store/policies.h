/* SPDX-License-Identifier: EUPL-1.2 */
/* policies.h - policy as a line of versions, each a row: its text, who proposed it, who approved
 * it.
 *
 * A version that is in force, or was, has a turn, counted from 1; the highest is in force.  Rows
 * are never changed after that and never removed. */
#pragma once
#include "store/db.h"

struct policy_row {
    int64_t id, turn; /* turn 0: was never in force */
    int64_t base;     /* the version it was written against; 0: the file */
    str text;
    str sha256;                                   /* 64 hexadecimal digits */
    str proposer, proposer_line, proposer_person; /* key id, its line, whose; may be empty */
    str approver, approver_person;
    int64_t proposed_wall_ms, approved_wall_ms; /* 0: not yet */
};

/* Sets the id. */
fallible policies_add(db *d, const struct policy_row *r, int64_t *ret_id);
/* NOT_FOUND. */
fallible policies_get(db *d, arena *a, int64_t id, struct policy_row *ret);
/* The one in force; id 0 if there is none yet. */
fallible policies_active(db *d, arena *a, struct policy_row *ret);
/* Gives it the next turn; CONFLICT when it has one. */
fallible policies_activate(db *d, const struct policy_row *r);
typedef err policies_fn(void *ctx, const struct policy_row *r);
/* All, oldest first; strings live in `a`.  A failure of `fn` ends the walk and is passed on; `fn`
 * does not call store/. */
fallible policies_each(db *d, arena *a, policies_fn *fn, void *ctx);
