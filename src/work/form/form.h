/* SPDX-License-Identifier: EUPL-1.2 */
/* form.h - a form's description, explained field by field, and what somebody entered held against
 * it, in plain words.
 *
 * Descriptions are JSON schemas (draft 2020-12; what is read of them is below) and XDatenfelder
 * (xdatenfelder.h), which FIM publishes for German administrations.  Both become the same list of
 * fields; fields in an object or group have its name before theirs ("antragsteller.name").
 *
 * Of a schema: properties (objects within objects), required, title, description, type, format
 * (date, email), enum, minLength, maxLength, minimum, maximum, pattern; "x-legal-basis" gives the
 * legal basis.  What is not read is not checked, and the field says so; nothing is submitted by
 * anything here.
 *
 * Pure; everything lives in the arena handed in. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/vec.h"

enum { FORM_FIELDS_MAX = 1000, FORM_OPTIONS_MAX = 100, FORM_DEPTH_MAX = 8 };
enum { FORM_TEXT_MAX = 16384, FORM_BYTES_MAX = 4 * 1024 * 1024 };

enum form_type {
    FORM_TEXT,
    FORM_WHOLE,
    FORM_NUMBER,
    FORM_YES_NO,
    FORM_DATE,
    FORM_EMAIL,
    FORM_FILE,
    FORM_OTHER /* a list, or something this does not know: not checked */
};

struct form_field {
    str name, title, help, legal;
    enum form_type type;
    bool is_required, has_least, has_most, is_unchecked; /* unchecked: a rule that is not read */
    double least, most;                                  /* of a number, or of a text's length */
    str options[FORM_OPTIONS_MAX];
    size_t option_count;
};

struct form {
    str title;
    VEC(struct form_field) fields;
};

/* Whichever it is: XML begins with '<'.  PARSE; LIMIT. */
fallible form_read(arena *a, str text, struct form *ret);
fallible form_read_schema(arena *a, const jval *root, struct form *ret);
/* "Pflichtangabe: ein Datum …" */
fallible form_say(arena *a, const struct form_field *f, str *ret);

struct form_remark {
    str name, says; /* of the field, and what is wrong, in German */
};
typedef VEC(struct form_remark) form_remarks;
/* Appends what is wrong with the values, in the order of the fields; then fields that the form does
 * not have.  ARGUMENT unless `values` is an object. */
fallible form_check(arena *a, const struct form *f, const jval *values, form_remarks *ret);

/* Members of an object that is open: "title", "fields"; and "remarks", "complete". */
fallible form_put_json(arena *a, const struct form *f, buf *b);
void form_put_remarks(const form_remarks *r, buf *b);
