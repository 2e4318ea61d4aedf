/* SPDX-License-Identifier: EUPL-1.2 */
/* terms.h - what a record can be found by: words out of its line, as numbers.
 *
 * A term is a hash of 64 bits over a member's name and its text as it stands in the line, escapes
 * and all.  Different texts may share a term, so whoever finds a line by one looks whether the text
 * is really there.  The events that every request has (decision, completion) are no terms: half of
 * all records would carry them, and the last ones are found by reading backwards.
 *
 * Pure; any thread. */
#pragma once
#include "base/buf.h"

enum term_field {
    TERM_REQUEST,
    TERM_KEY,
    TERM_OBJECT,
    TERM_RULE,
    TERM_EVENT,
    TERM_CASE,
    TERM_FIELDS
};

/* "request", …: the member's name. */
const char *term_field_name(enum term_field f);
/* TERM_FIELDS if it is none. */
enum term_field term_field_of(str name);

/* `text` as it stands in a line. */
uint64_t term_of(enum term_field f, str text);
/* The terms of a line; returns how many.  What is no record has none. */
size_t terms_read(str line, uint64_t ret[TERM_FIELDS]);
/* Adds what a line that has this member holds: "name":"text", escaped. */
void term_put_needle(buf *b, enum term_field f, str text);
/* Do lines with this text have a term for it? */
bool term_is_kept(enum term_field f, str text);
/* Of a line: its member "time" as it stands there; empty if it has none. */
str term_time(str line);
