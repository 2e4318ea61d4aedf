/* SPDX-License-Identifier: EUPL-1.2 */
/* markdown.h - Markdown into units (doc.h), and what else is Markdown-like: plain text is a
 * document without headings.
 *
 * A front part between two lines "---" gives title ("Title:"), abbreviation ("jurabk:") and edition
 * ("edition:", "stand:").  A document with at least three headings "§ N" or "Art N" is a statute.
 */
#pragma once
#include "know/doc.h"

/* Fills `d`, whose name is set. */
fallible markdown_read(arena *a, str text, struct doc *d);
/* Lines from `from` to `to` of the text, joined and cleaned as doc.h says. */
fallible markdown_clean(arena *a, str lines, str *ret);
