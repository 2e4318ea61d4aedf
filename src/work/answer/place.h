/* SPDX-License-Identifier: EUPL-1.2 */
/* place.h - the place a question is about, when it has rules of its own (place.def).
 *
 * "How fast may one drive in Italy?" is not answered by what the Road Traffic Order says, however
 * well its words fit: what answers a question about a place names the place.  Only "in", "for" or
 * "of" such a place counts, and only in the sentence that asks; where somebody lives is no
 * question.  Names in English, Russian and Ukrainian count too, and mean the German one.  Pure. */
#pragma once
#include "base/str.h"

/* False if none is named; *ret is the name, folded, and lives for ever. */
bool place_asked(str question, str *ret);
/* Does the text name it? */
bool place_is_named(str text, str place);
