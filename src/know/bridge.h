/* SPDX-License-Identifier: EUPL-1.2 */
/* bridge.h - from the words of another language to those of the documents, in the space of a
 * multilingual embedder.
 *
 * Vectors of words crowd together, and each language has a place of its own in that crowd.  Less
 * the mean of the documents' vocabulary, and less what the question's language adds (the caller's
 * to take off: work/answer/foreign.h), a word lies near its translations: "deportation" near
 * "abschiebung".  The nearest BRIDGE_NEAREST with a cosine of at least bridge_least stand for it.
 *
 * Vocabulary and mean are of the segments handed in and no others: what a question becomes cannot
 * tell of the rest. */
#pragma once
#include "know/inside.h"

enum { BRIDGE_NEAREST = 2 };

/* Words of the parts, with blanks between, in `a`; empty when there are none. */
fallible bridge_words(arena *a, struct loaded *const *parts, size_t count,
                      const struct know_ask *ask, str *ret);
