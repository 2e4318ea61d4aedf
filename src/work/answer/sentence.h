/* SPDX-License-Identifier: EUPL-1.2 */
/* sentence.h - a text's sentences, one after the other.
 *
 * A sentence ends at a line's end, or after . ! ? (and the marks that close a quotation or a
 * citation: " ' ) ] ) when a blank follows.  A full stop behind a number ("am 1. März") or an
 * abbreviation of office German ("Abs. 2", "z. B.") ends none.  Pure. */
#pragma once
#include "base/str.h"

/* Takes the next one off, without blanks around it; false when nothing is left. */
bool sentence_next(str *rest, str *ret);
