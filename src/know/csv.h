/* SPDX-License-Identifier: EUPL-1.2 */
/* csv.h - a table as Markdown: each row a section, named by its first column, with a line
 * "Column: value" for each value that is there.
 *
 * RFC 4180, with the separators people use: of ; , tab and | the one that stands most often in the
 * first row, which names the columns.  Quoted values may hold separators and line ends; these
 * become blanks.  A quote that is not closed goes on to the end.  Values are escaped, so that what
 * is read back is what stood there.  Rows longer than the first one lose what has no name.  Bounded
 * by the input. */
#pragma once
#include "base/buf.h"

void csv_to_markdown(str csv, buf *b);
