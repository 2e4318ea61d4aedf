/* SPDX-License-Identifier: EUPL-1.2 */
/* doc.h - a document as units: the pieces people cite, each with its place in the source.
 *
 * A statute's unit is a section ("§ 6", "Art 5", "Anlage 1") with the headings above it; headings
 * inside an annex belong to its text; what was repealed or is empty is left out.  Other Markdown
 * gives one unit a heading, plain text one unit per 200 words at paragraph ends.  A unit's text has
 * one line per paragraph or list item, hard line breaks joined, marks and footnotes dropped, so
 * that a quote is a run of it; `from` and `to` are its bytes in the source.
 *
 * A form feed at the beginning of a line begins a page; text with pages and no headings gives one
 * unit a page.
 *
 * A section's name that comes twice gets " [2]".  Everything lives in the arena handed in.  Pure;
 * sizes are the arena's to limit. */
#pragma once
#include "base/vec.h"

enum doc_form {
    DOC_TEXT,
    DOC_MARKDOWN,
    DOC_HTML,
    DOC_CSV,
    DOC_XZUFI,
    /* Read by hoheit-reader alone (know/read/read.h), which hands Markdown on. */
    DOC_DOCX,
    DOC_ODT,
    DOC_PDF,
    DOC_FORMS
};
/* "markdown", "xzufi" */
const char *doc_form_name(enum doc_form f);
/* ARGUMENT if there is none of that name. */
fallible doc_form_read(str name, enum doc_form *ret);

struct doc_unit {
    str section, heading;
    str path; /* headings above it, '\n' between */
    str text;
    size_t from, to;
    uint32_t page, page_to; /* where it begins and ends; 0: the source has no pages */
};

struct doc {
    str name, title, abbreviation, edition;
    str origin;                    /* the caller's; may be empty */
    uint32_t valid_from, valid_to; /* days (day.h), both within; 0: open */
    bool is_statute;
    uint8_t digest[16]; /* the caller's, of the source's bytes */
    VEC(struct doc_unit) units;
};

enum { DOC_NAME_MAX = 1024, DOC_UNIT_WORDS = 200 };

/* By the name's end: .md .markdown .html .htm .csv .xml (XZuFi) .docx .odt .pdf, else text. */
enum doc_form doc_form_of(str name);
/* PARSE if the bytes are no UTF-8 or a day of validity is none, ARGUMENT for a name that is empty,
 * too long or has control characters, UNSUPPORTED for a form of hoheit-reader's, LIMIT.  A document
 * without text has no units. */
fallible doc_read(arena *a, str name, enum doc_form form, str bytes, struct doc *ret);
