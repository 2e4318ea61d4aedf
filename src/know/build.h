/* SPDX-License-Identifier: EUPL-1.2 */
/* build.h - documents of one label into a segment (segment.h).
 *
 * Words are counted first, over all documents added; only then are compounds taken apart by these
 * counts, stems made and postings written.  What a text points to ("§ 12") is resolved inside its
 * document.  Weights in tenths: text 10, heading 20, headings above 5, title and abbreviation 10;
 * a compound's part counts 6 of 10.
 *
 * Everything is held in the builder's arena, texts included, until build_end.  One thread. */
#pragma once
#include "base/buf.h"
#include "know/doc.h"

typedef struct build build;

/* LIMIT when `bytes_max` of address space are not to be had. */
fallible build_new(size_t bytes_max, build **ret);
void build_free(build *b);
/* Copies what it needs. */
fallible build_add(build *b, const struct doc *d);
/* Bytes of text so far. */
size_t build_size(const build *b);
/* The segment's bytes, added to an empty `out`; the builder is spent. */
fallible build_end(build *b, buf *out);

static inline void
build_auto(build **b)
{
    build_free(*b);
}
