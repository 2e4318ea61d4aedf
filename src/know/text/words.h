/* SPDX-License-Identifier: EUPL-1.2 */
/* words.h - words that say nothing about what is looked for (stop.def), and how people say what
 * authorities write otherwise (everyday.def).
 *
 * The everyday words are read once into an arena that must outlive the lexicon; then any thread
 * may ask. */
#pragma once
#include "base/arena.h"

typedef struct everyday everyday;

enum { EVERYDAY_WORDS_MAX = 4 };

/* `word` folded, not stemmed. */
bool words_is_stop(str word);

fallible everyday_open(arena *a, const everyday **ret);
/* The longest saying that the words begin with; how many of them it takes, 0 if none.  `stems` are
 * folded and stemmed.  *ret_official holds the other words, unfolded, blanks between. */
size_t everyday_find(const everyday *e, const str *stems, size_t count, str *ret_official);
