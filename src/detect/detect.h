/* SPDX-License-Identifier: EUPL-1.2 */
/* detect.h - finds what points to a person in German office text: identifiers, names, addresses.
 *
 * Rules only, no model and nothing downloaded: forms and labels come from detectors.def, words and
 * names from words.def, check digits from checkdigit.c.  One pass makes tokens; then come, in this
 * order, table columns, contacts, identifiers, file numbers, addresses, births and names.  A name
 * that was certain once (after "Frau", in a signature, beside a birth date) is found everywhere.
 *
 * What is found is scored: form, check digit, label.  A number beside its label whose check digit
 * fails is still found, with a lower score and `is_damaged`: typing errors and scans are the rule
 * in office work, and a detector that drops them leaks.
 *
 * Pure: no clock, no files, no state but the read-only lexicon.  Any thread.  Time is linear in the
 * text, memory about 40 bytes a token, taken from the caller's arena.  Text need not be valid
 * UTF-8; spans never split a valid character. */
#pragma once
#include "base/arena.h"
#include "base/vec.h"

enum detect_type {
    DETECT_NONE,
#define TYPE(id) DETECT_##id,
#define LABEL(...)
#define FORM(...)
#define LAYOUT(...)
#include "detect/detectors.def"
#undef TYPE
#undef LABEL
#undef FORM
#undef LAYOUT
    DETECT_TYPE_COUNT
};

enum { DETECT_TEXT_MAX = 64 * 1024 * 1024 };

struct detect_span {
    uint32_t start, end; /* bytes, end exclusive */
    uint8_t type;        /* enum detect_type */
    uint8_t score;       /* percent */
    bool is_damaged;     /* its check digit fails, or it was read through confused characters */
};

struct detect_options {
    uint64_t types;     /* bit of each wanted type; 0: all */
    unsigned score_min; /* percent */
};

typedef VEC(struct detect_span) detect_spans;
typedef struct lexicon lexicon;

/* The word lists made ready; lives in `a`, is read-only from then on. */
fallible detect_open(arena *a, const lexicon **ret);
/* Appends spans in order, none overlapping.  LIMIT if the arena is too small, TOO_LARGE beyond
 * DETECT_TEXT_MAX. */
fallible
detect(const lexicon *x, str text, const struct detect_options *o, arena *a, detect_spans *ret);
/* `text` with a blank in place of each span of that score or more. */
fallible
detect_leave_out(arena *a, str text, const detect_spans *spans, unsigned score_min, str *ret);
/* From bytes to code points, in place; spans must be in order. */
void detect_code_points(str text, struct detect_span *spans, size_t count);
/* "IBAN", or NULL. */
const char *detect_name(enum detect_type t);
