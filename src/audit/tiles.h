/* SPDX-License-Identifier: EUPL-1.2 */
/* tiles.h - the tree as plain files, in the layout of C2SP tlog-tiles, for anybody's tools.
 *
 *     tile/<level>/<index>[.p/<width>]     256 hashes of 32 bytes, or `width` of them
 *     tile/entries/<index>[.p/<width>]     256 entries, each after its length (2 bytes, big endian)
 *
 * The index is written in groups of three digits, all but the last with an x before it: 1234067 is
 * x001/x234/067.  Level n holds the roots of complete subtrees of 256^n leaves.  A tile with fewer
 * than 256 hashes stands at the right edge; it is kept under its width until the full one is there.
 *
 * A file appears whole or not at all, by rename, but is not synced: every tile can be made again
 * from what is durable elsewhere (ledger.h).  Reading checks sizes to the byte; what a file says is
 * for the tree to prove.  One thread at a time for a directory that is written. */
#pragma once
#include "audit/merkle.h"
#include "os/file.h"

enum {
    TILE_WIDTH = 256,
    TILE_LEVELS = 8,   /* enough for 2^63 leaves */
    TILE_ENTRIES = -1, /* in place of a level: a bundle of entries */
    TILE_PATH_MAX = 64,
    TILE_BYTES = TILE_WIDTH * (int)sizeof(digest),
    ENTRY_BYTES_MAX = 65535,
    BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + ENTRY_BYTES_MAX)
};

struct tile_id {
    int level;
    uint64_t index;
    unsigned width; /* 1 to TILE_WIDTH */
};

/* Below the log's directory. */
void tile_path(struct tile_id t, char room[TILE_PATH_MAX]);
/* The way back; PARSE unless `path` is exactly what tile_path would write, levels to 63. */
fallible tile_path_read(str path, struct tile_id *ret);

/* The last tile of a level (or bundle) in a tree of `size` leaves; width 0 if the edge is even. */
struct tile_id tile_at_edge(int level, uint64_t size);

fallible tile_write(const char *dir, struct tile_id t, str bytes);
/* The same for another file of the log. */
fallible tile_write_beside(const char *dir, const char *name, str bytes);
/* Takes the partial ones away once the full one is there; fine if there are none. */
fallible tile_drop_partial(const char *dir, struct tile_id t);

/* The file's bytes, in place of what was in `b`, of tile `t` or, where that is gone, of the full
 * one; then t->width says so.  NOT_FOUND if neither is there, CORRUPT when it is larger than the
 * limit of `b`. */
fallible tile_read_raw(const char *dir, struct tile_id *t, buf *b);
/* The first t.width hashes.  CORRUPT unless the file has exactly the size it should. */
fallible tile_read(const char *dir, struct tile_id t, digest ret[TILE_WIDTH]);

struct bundle {
    unsigned count;
    str at[TILE_WIDTH];
};
/* Adds an entry as a bundle has it; at most ENTRY_BYTES_MAX. */
void bundle_put(buf *b, str entry);
/* Exactly `width` entries and nothing behind them, else CORRUPT with the offset; `ret` points into
 * `bytes`. */
fallible bundle_parse(str bytes, unsigned width, struct bundle *ret);

/* Hashes of complete subtrees out of tiles, with the last tile of each level kept at hand. */
struct tile_reader {
    const char *dir;
    uint64_t size; /* of the tree whose tiles are there */
    struct {
        struct tile_id id; /* width 0: none yet */
        digest at[TILE_WIDTH];
    } kept[TILE_LEVELS];
};
/* For merkle_source; ctx is a tile_reader.  NOT_FOUND or CORRUPT when a tile is. */
err tile_source(void *ctx, unsigned level, uint64_t index, digest *ret);
/* The root of the complete subtree over `count` hashes, a power of two up to TILE_WIDTH. */
digest tile_root(const digest *at, unsigned count);
