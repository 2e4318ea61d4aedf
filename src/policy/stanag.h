/* SPDX-License-Identifier: EUPL-1.2 */
/* stanag.h - labels as confidentiality labels of STANAG 4774 (ADatP-4774 edition A).
 *
 *   level          Classification
 *   compartments   Category RESTRICTIVE "Compartments": all of them are needed
 *   parties        Category PERMISSIVE "Releasable to": any of them may read
 *   taint          Category INFORMATIVE "Source"
 *
 * The names are those of the policy file, under its own policy identifier: who reads the label
 * elsewhere needs a table of what they mean there. The way in is
 * stanag_read.h. */
#pragma once
#include "policy/label.h"

/* `policy_id` names the policy the words belong to, as "DEU"; `created` is a time of RFC 3339, or
 * empty.  UNSUPPORTED when a part has no name; nothing is written then but what `b` had. */
fallible stanag_put(const struct label_names *n, label l, str policy_id, str created, buf *b);
