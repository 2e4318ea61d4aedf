/* SPDX-License-Identifier: EUPL-1.2 */
/* prune.h - old entries of the log go when an operator proposes it and an auditor approves.
 *
 * hoheit-log counts which may go (audit/prune): nothing whose time is not over by retain.* and the
 * law.  The proposal is a record and nothing else: who approves names its request, and the log
 * itself says what was proposed, by whom and when.  It holds for seven days.  The approval is a
 * record as well, `log.prune`, whose object is the first entry that stays; once it is signed
 * hoheit-log prunes, after counting again.  Nobody holds both roles, so these are two persons.
 *
 * One thread, the loop's. */
#pragma once
#include "gate/admin.h"

enum { PRUNE_VALID_DAYS = 7 };

/* What may go of what is older than that (audit/prune/prune.h), as far as it is counted by now;
 * an operator or an auditor may ask.  `b` is written to until `done`. */
fallible prune_show(const struct admin_call *c, str before, buf *b);
/* {"request":…,"below":…}; CONFLICT when nothing may go, BUSY while it is counted. */
fallible prune_propose(const struct admin_call *c, str before, buf *b);
/* The state of the work, and "request": of the decision. */
fallible prune_approve(const struct admin_call *c, str request_id, buf *b);
/* How far it is. */
fallible prune_follow(const struct admin_call *c, str request_id, buf *b);
