/* SPDX-License-Identifier: EUPL-1.2 */
/* read.h - documents of foreign forms as Markdown; the part of the work that a hostile document
 * could turn, so it is done in a process that has nothing: hoheit-reader (know/cell/cell.h).
 *
 * What comes out is UTF-8 with marks as markdown.h reads them, a form feed on a line of its own
 * where a page begins.  Pure, but for memory. */
#pragma once
#include "base/buf.h"
#include "know/doc.h"

/* The XML a PDF was made into, not the PDF, for DOC_PDF.  PARSE says what is wrong as the rest of
 * a sentence that begins with the document's name; LIMIT. */
fallible read_to_markdown(enum doc_form form, str bytes, buf *b);
