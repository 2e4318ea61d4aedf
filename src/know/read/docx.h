/* SPDX-License-Identifier: EUPL-1.2 */
/* docx.h - a Word document as Markdown (ISO/IEC 29500, transitional and strict).
 *
 * Read are the body, in the order of the file, and footnotes and endnotes, each behind its
 * paragraph.  Headings are what styles or paragraphs give an outline level; the style "Title" is
 * the title, else the document's properties name it.  A table's row is a line, its cells with " | "
 * between.  Paragraphs that Word numbers by itself get their number (docx_number.h: "§ 3", "(1)",
 * "a)"); those with bullets are list items.
 *
 * Left out: hidden text (w:vanish, by run or by style), white text outside of tables and shading,
 * text of at most one point, what tracked changes deleted or moved away, field codes, comments,
 * headers and footers, tables of contents.
 *
 * For the cell alone (read.h). */
#pragma once
#include "base/buf.h"

/* PARSE, LIMIT. */
fallible docx_to_markdown(str bytes, buf *b);
