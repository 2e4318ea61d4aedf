/* SPDX-License-Identifier: EUPL-1.2 */
/* residue.h - the second look at pseudonymised text, by means that share nothing with the
 * detectors: what was replaced once must not stand anywhere else, in no other spacing and no other
 * case, and nothing may be left that has the plain shape of an identifier.
 *
 * It fails closed: what it takes for a finding stops the text, even if it is none.  Pure. */
#pragma once
#include "downgrade/pseudonym.h"

/* `texts` as pseudonym_hide gave them.  DENIED with a public sentence that says what kind of thing
 * was found in which text, never what it was; LIMIT. */
fallible residue_check(const pseudonyms *m, arena *a, const str *texts, size_t count);
