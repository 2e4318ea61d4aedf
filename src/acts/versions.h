/* SPDX-License-Identifier: EUPL-1.2 */
/* versions.h - policy in versions: one security officer proposes, another puts it in force.
 *
 * A proposal is refused when it is no policy, when it gives a number that ever had a name another
 * one (policy/change.h), or when it is the one in force.  It is written against the version in
 * force; when that changed meanwhile the proposal is not approved any more, since what its approver
 * read is not what would change.  Rolling back is proposing the version before once more.
 *
 * Approving: recorded, durable, then in force without a restart (clearances of keys anew, running
 * jobs go on as they were decided), then recorded as such.  What fails leaves the version before in
 * force, and says so in the log and on record.
 *
 * Until the first version is approved the policy file is in force; that text is kept as a version
 * too then, and the file is not looked at any more.  One thread, the loop's. */
#pragma once
#include "gate/admin.h"
#include "store/policies.h"

/* At the start: `p`, from the file, becomes the version in force, if there is one. */
fallible versions_load(db *d, str level_max, policy *p);

/* `done` when it is on record, as in admin.h; *ret_id at once. */
fallible versions_propose(const struct admin_call *c, str text, int64_t *ret_id);
/* CONFLICT when nothing was in force before. */
fallible versions_rollback(const struct admin_call *c, int64_t *ret_id);
fallible versions_approve(const struct admin_call *c, int64_t id);
/* {"active":ID,"sha256":…,"versions":[…]}; active 0: the file. */
fallible versions_put(const struct admin_call *c, buf *b);
/* One, with its text and "changes": sentences about what it would change now. */
fallible version_put(const struct admin_call *c, int64_t id, buf *b);
