/* SPDX-License-Identifier: EUPL-1.2 */
/* docx_number.h - the numbers that Word shows before paragraphs and keeps out of their text
 * (word/numbering.xml): "§ 3", "(1)", "a)", "2.1".
 *
 * A list is an instance (w:num) of an abstract one whose levels say how they count and look.
 * Instances of one abstract list count on together, as Word has it, unless they say where to start.
 * Bullets, and ways of counting that are not known here, have no number. */
#pragma once
#include "base/buf.h"
#include "base/vec.h"

enum { NUMBER_LEVELS = 9 };

struct number_level {
    char format; /* '1', 'a', 'A', 'i', 'I'; 0: none */
    uint32_t start;
    str text; /* "§ %1" */
};

struct number_list {
    str id;
    struct number_level levels[NUMBER_LEVELS];
    uint32_t counts[NUMBER_LEVELS]; /* how far it is; 0: not begun */
};

struct number_instance {
    str id, list;
};

struct docx_numbers {
    arena *a;
    VEC(struct number_list) lists;
    VEC(struct number_instance) instances;
};

/* Into `n->a`; PARSE, LIMIT. */
fallible docx_numbers_read(struct docx_numbers *n, str xml);
/* Counts on and adds what is shown, nothing if that is a bullet or unknown; false then. */
bool docx_number_next(struct docx_numbers *n, str instance, uint32_t level, buf *b);
