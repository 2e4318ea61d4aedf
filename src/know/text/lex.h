/* SPDX-License-Identifier: EUPL-1.2 */
/* lex.h - the words of a text, folded (fold.h), with their places.
 *
 * Kept whole: "§ 6a" as "§6a" and "Art. 5" as "art5" (each "§§ 3 bis 5" gives its first), "3456/21"
 * and what follows "Az." as "az:12k3456/21", numbers as "1234,5" (dots between groups of three are
 * left out).  Everything else is a run of letters and digits; a hyphen separates.  After a whole
 * "Az. …" its pieces come as well, so either way of asking finds it.
 *
 * Bad UTF-8 separates words.  A word longer than LEX_TEXT_MAX is cut.  Pure; the lexeme's text
 * lives in the walker until the next call. */
#pragma once
#include "base/str.h"

enum lex_kind { LEX_WORD, LEX_NUMBER, LEX_SECTION, LEX_FILE };
enum { LEX_TEXT_MAX = 120 };

struct lexeme {
    str text;
    enum lex_kind kind;
    size_t from, to; /* bytes of the source */
};

struct lex {
    str text;
    size_t at, len;
    char room[LEX_TEXT_MAX + 8];
};

void lex_begin(struct lex *l, str text);
bool lex_next(struct lex *l, struct lexeme *ret);
