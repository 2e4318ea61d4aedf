/* SPDX-License-Identifier: EUPL-1.2 */
/* json_guide.h - keeps an answer on the way to one JSON object (RFC 8259), byte by byte.
 *
 * A guide is the state of a pushdown automaton: what may come next.  A token is allowed when all
 * its bytes are.  From every state that can be reached the object can still be finished, so a
 * model that follows the guide never runs into a dead end.
 *
 * Why not a grammar of llama.cpp: its matcher works on code points and decodes overlong UTF-8
 * (C0 A2 reads as a quote), so what it lets through need not be JSON; it cannot bound runs of
 * white space or digits, in which small models get lost; and testing a whole vocabulary costs it
 * tens of milliseconds, here a few.  Grammars from a JSON Schema will still need it.
 *
 * Bounded: nesting, white space in a row, digits of a number (a number stays finite).  Escaped
 * surrogates come in pairs.  Equal names in one object are not detected.
 * A plain value of 24 bytes, copied freely; any thread. */
#pragma once
#include "base/str.h"

enum { JSON_GUIDE_DEPTH_MAX = 32, JSON_GUIDE_SPACES_MAX = 160, JSON_GUIDE_DIGITS_MAX = 20 };

struct json_guide {
    uint64_t arrays;           /* bit d: the container at depth d is an array */
    uint8_t state, depth;      /* enum state of json_guide.c */
    uint8_t run;               /* white space or digits in a row */
    uint8_t word, word_at;     /* which of true, false, null, and how far */
    uint8_t follow, low, high; /* UTF-8: bytes still to come, bounds of the next */
    uint16_t escape;           /* \uXXXX so far */
    bool is_name, needs_low_surrogate;
};

#define JSON_GUIDE_INIT ((struct json_guide){0})

/* False when `bytes` cannot follow; *g is then unchanged.  Nothing can follow a whole object. */
bool json_guide_take(struct json_guide *g, str bytes);
/* The object is whole. */
bool json_guide_is_whole(const struct json_guide *g);
