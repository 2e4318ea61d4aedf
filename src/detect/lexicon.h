/* SPDX-License-Identifier: EUPL-1.2 */
/* lexicon.h - what a word may be: a first name, a title, a label of an identifier.
 *
 * Lists of words (words.def) and labels (detectors.def) become one hash table of 64-bit hashes;
 * words themselves are not kept.  Built once in an arena, read-only after. */
#pragma once
#include "detect/detect.h"

enum word_bit {
#define WORDS(id, list) WORD_AT_##id,
#include "detect/words.def"
#undef WORDS
    WORD_AT_COUNT
};
_Static_assert(WORD_AT_COUNT <= 32, "bits of a token");
enum {
#define WORDS(id, list) WORD_##id = (int)(1u << WORD_AT_##id),
#include "detect/words.def"
#undef WORDS
};

/* Hash under construction; a hash is that of its letters, lower case, without marks. */
struct word_hash {
    uint64_t hash, stem;
    char last;
};
#define WORD_HASH ((struct word_hash){.hash = 0xcbf29ce484222325u, .stem = 0xcbf29ce484222325u})
void word_hash_add(struct word_hash *h, uint32_t code_point);
struct word_hash word_hash_of(str word);

/* What is known of a hash: bits, and the type it is a label of (DETECT_NONE). */
void lexicon_find(const lexicon *x, uint64_t hash, uint32_t *ret_bits, uint8_t *ret_label);
bool word_is_upper(uint32_t code_point);
