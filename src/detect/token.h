/* SPDX-License-Identifier: EUPL-1.2 */
/* token.h - text as words, numbers, line ends and marks, each with what the lexicon knows of it.
 *
 * Words are hashed without case, diacritics, hyphens and combining marks, so composed, decomposed
 * and damaged umlauts meet the same entry.  A word may hold hyphens and apostrophes between
 * letters.  Four empty tokens stand before the first and after the last, so that rules may look
 * around without asking where the text ends. */
#pragma once
#include "detect/lexicon.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_LINE, TOKEN_MARK };
enum { TOKEN_PAD = 4 };

struct token {
    uint64_t hash, stem; /* of a word; stem: without its last letter */
    uint32_t start, end;
    uint32_t bits; /* enum word_bit */
    uint16_t mark; /* of TOKEN_MARK: code point */
    uint8_t kind;
    uint8_t label; /* enum detect_type a label word announces */
    uint8_t taken; /* enum detect_type of the span it lies in */
    char last;     /* folded last letter of a word */
    bool is_upper; /* begins with a capital */
    bool is_glued; /* no blank before */
};

struct tokens {
    struct token *at; /* at[-TOKEN_PAD] … at[count + TOKEN_PAD - 1] may be read */
    size_t count;
};

fallible tokens_read(const lexicon *x, str text, arena *a, struct tokens *ret);
/* Index of the first token that begins at or after `offset`. */
size_t tokens_find(const struct tokens *t, uint32_t offset);
