/* SPDX-License-Identifier: EUPL-1.2 */
/* story.h - the records of one request as something to read: when, what was decided and why, what
 * came of it, who can change it. */
#pragma once
#include "cli/cli.h"

/* `root`: {"request":…,"records":[…]} as the daemon tells it (audit/record.h).  ARGUMENT when it
 * is not of that form. */
fallible story_tell(struct cli *c, const jval *root);
