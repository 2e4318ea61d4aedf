/* SPDX-License-Identifier: EUPL-1.2 */
/* word.h - the words of a text as guardrails compare them: letters and digits without case and
 * diacritics, "ä" as "ae" as "a", with what cannot be seen left out (soft hyphens, marks without
 * width, combining marks), full-width and look-alike Cyrillic letters as the Latin ones.
 *
 * Memory does not grow with the text: of a word longer than WORD_BYTES_MAX the rest is dropped.
 * Text need not be valid UTF-8: bad bytes stand between words.  Pure; any thread. */
#pragma once
#include "base/str.h"

/* WORD_UNSEEN_MAX: bytes of what cannot be seen, after which a word is over. */
enum { WORD_BYTES_MAX = 64, WORD_UNSEEN_MAX = 12 };

struct word {
    uint32_t start, end; /* bytes of the text */
    uint32_t len;        /* folded */
    bool is_cut;
    char at[WORD_BYTES_MAX];
};

struct words {
    str text;
    size_t at;
    bool goes_on; /* the text does: a word at its end is not whole */
};

bool word_next(struct words *w, struct word *ret);
