/* SPDX-License-Identifier: EUPL-1.2 */
/* clearances.h - what people are cleared for, as rows: who proposed it, who approved it, until
 * when.
 *
 * A clearance that is in force, or was, has a turn, counted over all people; a person's highest is
 * theirs.  Rows are not changed after that but for the label, which another policy may read anew
 * from the same words. */
#pragma once
#include "policy/label.h"
#include "store/db.h"

struct clearance_row {
    int64_t id, turn; /* turn 0: was never in force */
    int64_t base;     /* the person's clearance it was proposed against; 0: none */
    str person, text; /* as given: level and compartments */
    str purposes;     /* what they may act for (policy/purpose.h); empty: whatever their keys do */
    label label;
    str proposer, proposer_line, proposer_person; /* key id, its line, whose; may be empty */
    str approver, approver_person;                /* empty: it was lowered, by the proposer */
    int64_t until_wall_ms, proposed_wall_ms, approved_wall_ms; /* approved 0: not yet */
};

fallible clearances_add(db *d, const struct clearance_row *r, int64_t *ret_id);
/* NOT_FOUND. */
fallible clearances_get(db *d, arena *a, int64_t id, struct clearance_row *ret);
/* The person's in force, also when its time is over; id 0: none. */
fallible clearances_active(db *d, arena *a, str person, struct clearance_row *ret);
/* Gives it the next turn; CONFLICT when it has one. */
fallible clearances_activate(db *d, const struct clearance_row *r);
fallible clearances_set_label(db *d, int64_t id, label l);
typedef err clearances_fn(void *ctx, const struct clearance_row *r);
/* All, oldest first; strings live in `a`.  A failure of `fn` ends the walk and is passed on; `fn`
 * does not call store/. */
fallible clearances_each(db *d, arena *a, clearances_fn *fn, void *ctx);
