/* SPDX-License-Identifier: EUPL-1.2 */
/* text.h - tokens become text: whole UTF-8 characters only, stop strings across token borders.
 *
 * Two stages.  Bytes become characters: an unfinished one waits for its rest, and the longest
 * start of a character that can never be finished becomes one U+FFFD (Unicode 15, chapter 3,
 * "maximal subpart").  Then stop strings are looked for in the characters, so one that is made
 * of U+FFFD matches too.  Of several matches the one that ends first counts, for it can be acted
 * on at once; of those that end at the same byte the one that began first.  Its text and all that
 * follows is dropped.  Text that may still become a stop string is held back: always less than
 * the longest.
 *
 * What comes out over all calls, joined, depends on the bytes only, not on their split into
 * tokens; it is valid UTF-8 and holds no stop string.  One thread. */
#pragma once
#include "base/buf.h"

enum { TEXT_STOPS_MAX = 16 };

struct text_out {
    const str *stops;
    size_t stop_count;
    buf held;     /* characters not yet decided */
    char part[4]; /* a character not yet whole */
    uint8_t part_len;
    bool stopped;  /* a stop string matched; nothing more is emitted */
    uint32_t stop; /* which, then */
};

/* Each stop string is UTF-8 and not empty; they must outlive `t`. */
void text_init(struct text_out *t, const str *stops, size_t stop_count);
void text_done(struct text_out *t);
/* Appends to `out` what is certain now.  LIMIT when memory is out; `t` is then spoilt. */
fallible text_add(struct text_out *t, str bytes, buf *out);
/* The end: what was held back comes out (an unfinished character as U+FFFD). */
fallible text_end(struct text_out *t, buf *out);
