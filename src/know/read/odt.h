/* SPDX-License-Identifier: EUPL-1.2 */
/* odt.h - an OpenDocument text as Markdown (ISO/IEC 26300).
 *
 * As docx.h: headings by their outline level, the style "Title" or the document's properties for
 * the title, lists, a table's row as a line, notes behind their paragraph.  Left out: hidden text
 * (text:display="none", hidden paragraphs and fields), white text outside of tables and of a ground
 * of its own, deletions of tracked changes, annotations, indexes.
 *
 * For the cell alone (read.h). */
#pragma once
#include "base/buf.h"

/* PARSE, LIMIT. */
fallible odt_to_markdown(str bytes, buf *b);
