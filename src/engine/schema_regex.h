/* SPDX-License-Identifier: EUPL-1.2 */
/* schema_regex.h - regular expressions of ECMA-262, as far as they are regular, for "pattern".
 *
 * Taken: literals, ".", classes, \d \w \s and their complements, \uXXXX and \xXX, groups, "|",
 * the quantifiers * + ? {m,n} (greedy or not: the language is the same), ^ at the start and $ at
 * the end.  Not anchored, the pattern may stand anywhere in the text, as the standard says.
 * Refused by name: look-around, back-references, \b \p, named groups, anchors elsewhere, and a
 * repetition of what may be empty. */
#pragma once
#include "base/vec.h"

enum regex_kind { REGEX_SET, REGEX_SEQUENCE, REGEX_CHOICE, REGEX_REPEAT };

enum { REGEX_UNBOUNDED = UINT32_MAX };

struct regex_range {
    uint32_t first, last;
};

struct regex {
    enum regex_kind kind;
    VEC(struct regex_range) set; /* sorted, apart, without surrogates; empty: matches nothing */
    VEC(struct regex *) parts;   /* SEQUENCE (none: the empty text), CHOICE */
    struct regex *part;          /* REPEAT */
    uint32_t min, max;           /* REPEAT; max REGEX_UNBOUNDED: any number */
    uint32_t shortest, longest;  /* code points it matches; REGEX_UNBOUNDED as well */
    uint32_t rule;               /* schema_grammar's; 0: none yet */
};

/* UNSUPPORTED or ARGUMENT naming `path`; the expression for the whole text. */
fallible schema_regex_read(arena *a, str pattern, const char *path, struct regex **ret);
