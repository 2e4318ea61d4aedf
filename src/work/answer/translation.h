/* SPDX-License-Identifier: EUPL-1.2 */
/* translation.h - a model's translation of quotes, to be shown beside the German text and never
 * without it.
 *
 * Nobody checks the words, so the mark stays with them (translation_notice).  What can be checked
 * is: a line belongs to the quote whose number it begins with ("[1] …"), and holds the same numbers
 * as that quote, none more and none less, whatever marks stand between their digits.  What does not
 * is dropped and told as dropped.  Pure. */
#pragma once
#include "base/arena.h"
#include "work/answer/cards.h"

enum { TRANSLATION_CARDS_MAX = 3, TRANSLATION_BYTES_MAX = 16 * 1024 };

struct translation {
    str code, name; /* "tr", "Türkisch"; empty: nothing was translated */
    struct translated {
        str text; /* empty: there is none, or it was dropped */
        bool is_dropped;
    } at[TRANSLATION_CARDS_MAX]; /* of the first cards */
};

/* That it is a machine's, unchecked, and that the German words count; in German. */
str translation_notice(void);
/* Beyond TRANSLATION_BYTES_MAX nothing is read; fills `at`. */
fallible translation_read(arena *a, str written, const struct cards *c, struct translation *ret);
