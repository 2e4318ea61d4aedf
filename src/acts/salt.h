/* SPDX-License-Identifier: EUPL-1.2 */
/* salt.h - shows that given bytes were what was asked, answered or sent in a request.
 *
 * The log holds SHA-256(salt ‖ SHA-256(bytes)) (audit/audit.h).  An auditor whose clearance covers
 * the labels of the request is told its salt; with it anybody can hold bytes against the log.  That
 * is recorded as a reading of content, since whoever has the salt can also try out guesses.  There
 * is no salt any more when the person was erased.  One thread, the loop's. */
#pragma once
#include "gate/admin.h"

/* {"request":…,"salt":64 digits}; `b` is written to until `done`. */
fallible salt_show(const struct admin_call *c, str request_id, buf *b);
