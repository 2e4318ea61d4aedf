/* SPDX-License-Identifier: EUPL-1.2 */
/* html.h - what a reader sees of an HTML page, as Markdown (headings, list items, paragraphs).
 *
 * No browser: tags are recognised, not their nesting checked.  Scripts, styles, forms' inner life
 * and hidden text (hidden, aria-hidden, display:none, visibility:hidden, font-size:0) are dropped:
 * hidden text is how documents are poisoned.  Bounded by the length of the input. */
#pragma once
#include "base/buf.h"

void html_to_markdown(str html, buf *b);
