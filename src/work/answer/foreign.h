/* SPDX-License-Identifier: EUPL-1.2 */
/* foreign.h - a question in another language made comparable with German documents.
 *
 * A multilingual embedder gives what means the same nearly the same vector; what is left between
 * them is mostly the language itself.  The same few sentences in both (phrases.def) show it: the
 * difference of their means is taken off the question's vector and off those of its words, which
 * then lie near the words of the documents (know/bridge.h).  Nothing is trained, and no dictionary
 * is needed; the embedder must know the language.
 *
 * What is to be embedded: the question, its words that are no little words of its language, and
 * the sentences of both languages.  Without any of their vectors the question's own stands.
 * Pure. */
#pragma once
#include "know/know.h"
#include "know/text/language.h"

enum { FOREIGN_PHRASES = 8, FOREIGN_WORDS_MAX = KNOW_BRIDGE_MAX };

struct foreign {
    str code; /* "en" */
    str words[FOREIGN_WORDS_MAX];
    size_t count;
};

/* False: it is German, too short to tell, or in a language without phrases. */
bool foreign_read(str question, struct foreign *ret);
/* The languages that have phrases, one after the other; then empty. */
str foreign_language(size_t number);
str foreign_phrase(str code, size_t number);

/* Vectors of length 1; any may be NULL. */
struct foreign_vectors {
    size_t dims;
    const float *question;
    const float *words[FOREIGN_WORDS_MAX]; /* as foreign.words */
    const float *phrases[FOREIGN_PHRASES]; /* of the language */
    const float *german[FOREIGN_PHRASES];
};
/* The question without its language, of length 1, and its words; both in `a`.  Without a whole set
 * of phrases: as it was, and no words. */
fallible foreign_apply(arena *a, const struct foreign *f, const struct foreign_vectors *v,
                       const float **ret_question, struct know_bridge *ret);
