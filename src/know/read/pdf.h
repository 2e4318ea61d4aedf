/* SPDX-License-Identifier: EUPL-1.2 */
/* pdf.h - a PDF's text as Markdown, from the XML that poppler's pdftohtml prints (-xml -i): pages
 * of lines, each with place, font, size and color.  Poppler itself runs as a program of its own,
 * in a sandbox of its own (cell.h); what it says is read here like any foreign bytes.
 *
 * Lines become paragraphs by their distances, words cut at a line's end are joined.  Headings are
 * what is set larger than most of the text, bold on a line of its own, or a short line that begins
 * as a statute's section does; the larger, the higher.  What stands beside each other with a gap is
 * a table's row, with " | " between.  Lines at the top or bottom that come on several pages, but
 * for their digits, are headers and footers and left out, as is what nobody sees: white, of at
 * most two points, outside of the page; poppler leaves invisible text out itself.  Pages are begun
 * by form feeds.
 *
 * A file of pictures alone has no text: PARSE says so. */
#pragma once
#include "base/buf.h"

/* PARSE, LIMIT. */
fallible pdf_to_markdown(str xml, buf *b);
