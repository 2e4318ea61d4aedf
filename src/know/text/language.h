/* SPDX-License-Identifier: EUPL-1.2 */
/* language.h - which language a text is written in, by its little words (language.def).
 *
 * Each word of the text that is one of a language's counts for it, the less the more languages
 * share it.  A text of one or two words may show nothing: then there is no answer rather than a
 * guess.  Of two that fit alike the first in the table is
 * told.  Pure; beyond LANGUAGE_WORDS_MAX words nothing is read. */
#pragma once
#include "base/str.h"

enum { LANGUAGE_WORDS_MAX = 400 };

struct language {
    str code, name; /* "de", "Deutsch"; empty: unknown */
    double share;   /* of what counted for any language, its own; 0 … 1 */
    unsigned words; /* of it that were found */
};

struct language language_of(str text);
/* Is it one of the language's little words?  `word` folded (lex.h). */
bool language_is_little(str code, str word);
