/* SPDX-License-Identifier: EUPL-1.2 */
/* support.h - a model's words held against the quotes they cite; what is not there goes.
 *
 * A sentence stays when it cites quotes by number ("[1]", "[1, 3]") that exist, and
 *   - every number in it, date, fee, share and paragraph, written in digits or (up to a hundred) in
 *     letters, stands in one of the quotes it cites or in their sections' names;
 *   - every month and every negation ("nicht", "kein") in it does too;
 *   - half of its other words do, by their stems.
 * What goes is told with the reason, so that it can be shown as removed.  Pure. */
#pragma once
#include "base/arena.h"
#include "base/vec.h"
#include "work/answer/cards.h"

enum support_fault {
    SUPPORT_FINE,
    SUPPORT_UNCITED,  /* it names no quote */
    SUPPORT_NO_QUOTE, /* or one that is not there */
    SUPPORT_NUMBER,   /* a number is not in the quote */
    SUPPORT_NEGATION, /* the quote does not deny */
    SUPPORT_WORDS,    /* too little of it is in the quote */
    SUPPORT_FAULT_COUNT
};
/* "a number that the quote does not hold"; in German. */
const char *support_says(enum support_fault f);

struct supported {
    str text;       /* without the citations */
    uint32_t cites; /* bit of each quote, from 0 */
    enum support_fault fault;
};

typedef VEC(struct supported) support_list;

enum { SUPPORT_BYTES_MAX = 64 * 1024 };

/* Appends each sentence of `text`, kept or not.  Beyond SUPPORT_BYTES_MAX nothing is read. */
fallible support_check(arena *a, str text, const struct cards *c, support_list *ret);
