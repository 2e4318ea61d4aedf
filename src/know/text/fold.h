/* SPDX-License-Identifier: EUPL-1.2 */
/* fold.h - one spelling for what people take for the same letter.
 *
 * Lower case (Latin, Greek, Cyrillic), ß as ss, accents off, combining diaeresis composed, full
 * width forms, ligatures and superscript digits as their plain ones, soft hyphens and joiners out:
 * the cheap part of NFKC with case folding (Unicode 14, chapter 3.13).  ä ö ü stay letters of
 * their own, because German stems need them.  Pure. */
#pragma once
#include "base/str.h"

/* What a code point is to the reader of words. */
enum fold_class { FOLD_OTHER, FOLD_LETTER, FOLD_DIGIT, FOLD_IGNORED };

enum { FOLD_MAX = 3 };

/* The code points `c` folds to, at most FOLD_MAX; 0 of them for what is ignored. */
size_t fold_char(uint32_t c, uint32_t ret[FOLD_MAX]);
enum fold_class fold_class(uint32_t c);
/* ä ö ü of a vowel that a combining diaeresis (U+0308) follows; else `c`. */
uint32_t fold_with_diaeresis(uint32_t c);
