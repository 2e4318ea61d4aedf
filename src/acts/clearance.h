/* SPDX-License-Identifier: EUPL-1.2 */
/* clearance.h - what a person is cleared for: raised by two security officers, lowered by one.
 *
 * A clearance is a level and compartments, the purposes the person may act for (without a list:
 * whatever their keys are for), and an end.  Of a person's keys counts what both the key and the
 * person are cleared for; when the time is over, only what needs no clearance and no purpose.
 *
 * What the person's clearance in force covers, and that ends no later, is in force at once, and
 * what runs above it ends; then it is recorded.  Anything else is a proposal: a second officer
 * approves it, who is neither the proposer nor the person; it is recorded, durable, then in force.
 * A proposal is written against the clearance in force; when that changed meanwhile it is not
 * approved any more. Nobody proposes more for themselves.  One thread, the loop's. */
#pragma once
#include "gate/admin.h"

enum { CLEARANCE_DAYS_MAX = 3660 };

struct clearance_wish {
    str person, text;  /* "VS-NfD//SOZIALDATEN" */
    str purposes;      /* "leistung,aufsicht" (policy/purpose.h); empty: not limited */
    uint64_t valid_ms; /* from now */
};

/* `done` when it is on record, as in admin.h; *ret_id and whether it is in force at once. */
fallible clearance_propose(const struct admin_call *c, const struct clearance_wish *w,
                           int64_t *ret_id, bool *ret_in_force);
fallible clearance_approve(const struct admin_call *c, int64_t id);
/* Rows as a JSON array: {"id","person","clearance","purposes","state","until","proposer",…}; state
 * is proposed, stale, active, expired or past. */
fallible clearances_put(const struct admin_call *c, buf *b);
