/* SPDX-License-Identifier: EUPL-1.2 */
/* quote.h - the line of a unit's text that answers a question best, verbatim.
 *
 * A line is a paragraph or list item (doc.h).  It scores by the rarest of what it holds of each
 * group of the question; compounds count by their parts.  Pure. */
#pragma once
#include "know/question.h"

enum { QUOTE_SCAN_MAX = 128 * 1024 };

/* The line's bytes in `text`; the first line when none holds anything. */
void
quote_find(struct cleared c, const struct question *q, str text, size_t *ret_from, size_t *ret_to);
