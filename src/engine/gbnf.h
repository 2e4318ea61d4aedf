/* SPDX-License-Identifier: EUPL-1.2 */
/* gbnf.h - grammars in llama.cpp's notation, read under limits before its own parser sees them.
 *
 * The part of the notation that engine/schema.h writes: rules of names, literals, classes,
 * brackets, "|" and the repetitions * + ? {m} {m,} {m,n}.  Read, a grammar is known to name no
 * rule it lacks, to have an end from every rule, to repeat within bounds, and not to lead back to
 * a rule without taking a character: what makes other parsers crash or never end.
 *
 * It can then be walked at random (the toy engine is a model that obeys its grammar) or be asked
 * whether a text belongs to it.  Pure; everything lives in the arena. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum {
    GBNF_BYTES_MAX = 256 * 1024,
    GBNF_RULES_MAX = 32768,
    GBNF_NESTING_MAX = 16,
    GBNF_REPEAT_MAX = 2000, /* llama.cpp drops a larger bound */
    GBNF_MATCH_BYTES_MAX = 1023
};

struct gbnf;

/* ARGUMENT when it is malformed or beyond the limits; LIMIT when the arena is full. */
fallible gbnf_read(arena *a, str text, struct gbnf **ret);
/* Adds a text of the grammar, the same for the same seed.  Once it is longer than `aim`, every
 * choice is the shortest. */
fallible gbnf_sample(const struct gbnf *g, uint64_t seed, size_t aim, buf *out);
/* At most GBNF_MATCH_BYTES_MAX bytes of UTF-8. */
bool gbnf_matches(const struct gbnf *g, str text);
