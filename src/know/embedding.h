/* SPDX-License-Identifier: EUPL-1.2 */
/* embedding.h - how a segment's vectors are put together and written, and how those of a new
 * embedder come about while the old ones serve.
 *
 * A segment's file holds rows of pieces, in their order within a unit, and behind them those of
 * words.  A unit has its vectors when it has as many as pieces; of one that has fewer it is not
 * known which, so all are made anew.
 *
 * Making vectors takes longer than a process may live.  Those that are ready are kept in files of
 * their own ("emb_…"), each of one label and sealed like its segments, by digests of what was read;
 * the list names them.  know_vectors_commit takes from there what the caller no longer has, writes
 * the segments' files and replaces the list: a search sees the old vectors or the new ones. */
#pragma once
#include "know/inside.h"

/* Rows of pieces or of words, on their way into a file. */
struct rows {
    VEC(float) at;
    VEC(uint32_t) owners;
};

fallible rows_add(arena *a, struct rows *r, const float *row, size_t dims, uint32_t owner);
/* A row of a segment's, taken back to floats: made again it is what it was. */
fallible
rows_add_old(arena *a, struct rows *r, const struct vectors *v, size_t row, uint32_t owner);
/* p->vectors becomes a new file; empty when there are no pieces. */
fallible rows_put(shelf *files, size_t dims, const struct rows *pieces, const struct rows *words,
                  struct part *p);

/* Which rows an owner has: rows[first[o]] up to rows[first[o + 1]]. */
struct row_index {
    uint32_t *first, *rows;
};
fallible row_index_make(arena *a, const struct vectors *v, size_t owners, struct row_index *ret);
