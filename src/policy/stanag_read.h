/* SPDX-License-Identifier: EUPL-1.2 */
/* stanag_read.h - labels of STANAG 4774 (stanag.h) on their way in.
 *
 * As strict as a label's own grammar: what is not understood - another policy, category, name or
 * element - is refused and never passed over, since it might protect something.  CreationDateTime
 * and OriginatorID say nothing of it and are passed over.  No document type, so no entities, from
 * inside or outside.  Parsed by expat, in memory alone. */
#pragma once
#include "policy/label.h"

enum { STANAG_BYTES_MAX = 64 * 1024 };

/* One originatorConfidentialityLabel of that policy.  PARSE with a public sentence that says what
 * is wrong, without a word of the document; *ret untouched. */
fallible stanag_read(const struct label_names *n, str xml, str policy_id, label *ret);
