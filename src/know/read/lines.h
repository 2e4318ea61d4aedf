/* SPDX-License-Identifier: EUPL-1.2 */
/* lines.h - what a reader of a document's form says, as Markdown: text, then what it was.
 *
 *     lines_text(&l, STR("Steuersatz"));
 *     lines_end(&l, LINES_HEADING, 2);            "## Steuersatz"
 *
 * Blanks run together, marks in the text are escaped so that doc_read gives back what stood there.
 * A form feed on a line of its own begins a page, as doc.h has it.  Notes wait until their
 * paragraph has ended and follow it as "[1] …".  Bounded by the bufs. */
#pragma once
#include "base/buf.h"

enum lines_kind { LINES_TEXT, LINES_ITEM, LINES_HEADING };

struct lines {
    buf *out;
    buf line, note, notes; /* note: while one is read */
    buf title, first;      /* the first heading of level 1, and of any */
    size_t note_count;
    bool in_note;
};

void lines_begin(struct lines *l, buf *out);
void lines_done(struct lines *l);
/* A front matter with the title into `out`, which is empty: the document's own of level 1, else
 * what its properties say, else its first heading. */
void lines_title(const struct lines *l, str properties, buf *out);
void lines_text(struct lines *l, str s);
/* Is there anything in the line? */
bool lines_has(const struct lines *l);
/* `level` 1 to 6 of a heading; nothing if the line is empty. */
void lines_end(struct lines *l, enum lines_kind kind, int level);
void lines_page(struct lines *l);
/* What comes between is a note to the line that is open. */
void lines_note_begin(struct lines *l);
void lines_note_end(struct lines *l);

static inline void
lines_auto(struct lines *l)
{
    lines_done(l);
}
typedef struct lines lines;
