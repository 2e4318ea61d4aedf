/* SPDX-License-Identifier: EUPL-1.2 */
/* edge.h - a tree that grows into tiles: in memory is its right edge, all else lies on disk.
 *
 * The edge is the unfinished tile of each level and the unfinished bundle of entries: 64 KiB and
 * up to 256 entries.  A tile that is full is written before the next entry is taken, so a disk that
 * fails stops the tree where it is: the entry was not added and may be tried again.
 *
 * One thread. */
#pragma once
#include "audit/tiles.h"

struct edge {
    const char *dir; /* the caller's */
    struct merkle tree;
    struct {
        uint64_t index;          /* of this tile */
        unsigned width, written; /* hashes held, and held by the partial tile on disk */
        digest at[TILE_WIDTH];
    } tiles[TILE_LEVELS];
    buf entries; /* of the bundle beside tiles[0] */
    struct tile_reader reader;
};

/* The tree of the first `size` entries, a multiple of 256, of a tree of `have` entries whose tiles
 * lie in `dir`.  On failure *e is as edge_done leaves it. */
fallible edge_open(struct edge *e, const char *dir, uint64_t have, uint64_t size);
void edge_done(struct edge *e);
/* DISK_FULL, IO …, and nothing added, when a full tile cannot be written. */
fallible edge_add(struct edge *e, str entry);
/* The 256 entries of the next bundle, of which only the hashes are there (retain/floor.h). */
fallible edge_add_pruned(struct edge *e, const digest hashes_there[TILE_WIDTH]);
/* Writes what the tree of this size needs and is not on disk. */
fallible edge_write(struct edge *e);
/* For proofs about the tree as it is. */
struct merkle_source edge_source(struct edge *e);
