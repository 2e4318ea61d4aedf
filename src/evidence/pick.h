/* SPDX-License-Identifier: EUPL-1.2 */
/* pick.h - which entries a bundle is about, and which of them its reader may see.
 *
 * What is asked for holds together: an entry is taken when it fits all that was given.  Times are
 * RFC 3339 in UTC, or the start of one ("2026-03", "2026-03-01T12"), and both ends are included.
 *
 * The label check is the one of every reader: an entry shows when the clearance dominates its
 * label.  What belongs to a request carries the highest label of all the request's entries, so that
 * one without a label does not tell of one above.  A label that the policy cannot read, or an entry
 * that is no record, never shows.  One thread. */
#pragma once
#include "base/map.h"
#include "evidence/row.h"
#include "policy/policy.h"

enum { PICK_TEXT_MAX = 2048 };

struct pick {
    str since, until;
    str keys; /* pseudonyms with commas between them: a person's, or their keys' ids */
    str request, case_name, model, tenant;
};

/* ARGUMENT when a time is none, or a text is too long or no UTF-8. */
fallible pick_check(const struct pick *p);
bool pick_takes(const struct pick *p, const struct row *r);
/* Is it about a period alone, so that it leaves nothing out between its ends? */
bool pick_is_period(const struct pick *p);

typedef struct sight {
    policy *p;
    label clearance;
    arena *a;   /* of the names of what is held back */
    map hidden; /* requests with a label above the clearance */
} sight;
/* `clearance` empty: the bottom level.  CONFIG or PARSE when one of the texts is not what it
 * should be. */
fallible sight_open(struct sight *s, str policy_text, str clearance);
void sight_done(struct sight *s);
/* To be told of every entry of the log first.  LIMIT. */
fallible sight_learn(struct sight *s, const struct row *r);
bool sight_shows(const struct sight *s, const struct row *r);
static inline void
sight_auto(struct sight *s)
{
    sight_done(s);
}
