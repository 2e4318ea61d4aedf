/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/edge.h"

/* ---- reading the edge back */

static fallible
load_level(struct edge *e, int level, uint64_t size)
{
    const struct tile_id t = tile_at_edge(level, size);
    e->tiles[level].index = t.index;
    for (unsigned i = 0; i < t.width; i++)
        TRY(tile_source(&e->reader, 8 * (unsigned)level, t.index * TILE_WIDTH + i,
                        &e->tiles[level].at[i]));
    e->tiles[level].width = t.width;
    return OK;
}

static fallible
load(struct edge *e, uint64_t size)
{
    const struct merkle_source s = {tile_source, &e->reader};
    for (int level = 0; level < TILE_LEVELS; level++)
        TRY(load_level(e, level, size));
    return merkle_load(&s, size, &e->tree);
}

fallible
edge_open(struct edge *e, const char *dir, uint64_t have, uint64_t size)
{
    ASSERT(size % TILE_WIDTH == 0 && size <= have);
    memset(e, 0, sizeof *e);
    e->dir = dir;
    e->entries = BUF(BUNDLE_BYTES_MAX);
    e->reader = (struct tile_reader){.dir = dir, .size = have};
    return load(e, size);
}

void
edge_done(struct edge *e)
{
    buf_done(&e->entries);
}

/* ---- growing */

static str
hashes(const struct edge *e, int level)
{
    return (str){(const char *)e->tiles[level].at, e->tiles[level].width * sizeof(digest)};
}

static fallible
write_one(const struct edge *e, struct tile_id t, str bytes)
{
    TRY(tile_write(e->dir, t, bytes));
    if (t.width == TILE_WIDTH)
        IGNORE(tile_drop_partial(e->dir, t)); /* what stays takes room, nothing else */
    return OK;
}

static fallible
write_level(struct edge *e, int level)
{
    const struct tile_id t = {level, e->tiles[level].index, e->tiles[level].width};
    const struct tile_id bundle = {TILE_ENTRIES, t.index, t.width};
    if (t.width == e->tiles[level].written)
        return OK;
    if (level == 0)
        TRY(write_one(e, bundle, buf_str(&e->entries)));
    TRY(write_one(e, t, hashes(e, level)));
    e->tiles[level].written = t.width;
    return OK;
}

/* Makes room for one more hash on every level. */
static fallible
settle(struct edge *e)
{
    for (int level = 0; level < TILE_LEVELS; level++) {
        if (e->tiles[level].width < TILE_WIDTH)
            continue;
        TRY(write_level(e, level));
        e->tiles[level].index++;
        e->tiles[level].width = e->tiles[level].written = 0;
        if (level == 0)
            buf_clear(&e->entries);
    }
    return OK;
}

static void
take_hash(void *ctx, unsigned level, uint64_t index, const digest *root)
{
    struct edge *e = ctx;
    const unsigned tile = level / 8;
    if (level % 8)
        return;
    ASSERT(tile < TILE_LEVELS && e->tiles[tile].width < TILE_WIDTH);
    ASSERT(index == e->tiles[tile].index * TILE_WIDTH + e->tiles[tile].width);
    e->tiles[tile].at[e->tiles[tile].width++] = *root;
}

fallible
edge_add(struct edge *e, str entry)
{
    if (entry.len > ENTRY_BYTES_MAX)
        FAIL(LIMIT, "an entry of %zu bytes is too long for a tile", entry.len);
    TRY(settle(e));
    const size_t before = e->entries.len;
    bundle_put(&e->entries, entry);
    if (e->entries.failed) {
        e->entries.len = before;
        e->entries.failed = false;
        FAIL(LIMIT, "no memory for entries of the log");
    }
    const digest leaf = merkle_leaf(entry);
    merkle_add(&e->tree, &leaf, take_hash, e);
    return OK;
}

/* Level 0 is never dirty here: that tile is on disk, and its bundle is not to be. */
fallible
edge_add_pruned(struct edge *e, const digest hashes_there[TILE_WIDTH])
{
    ASSERT(e->tree.size % TILE_WIDTH == 0 && !e->entries.len);
    for (unsigned i = 0; i < TILE_WIDTH; i++) {
        TRY(settle(e));
        merkle_add(&e->tree, &hashes_there[i], take_hash, e);
        e->tiles[0].written = e->tiles[0].width;
    }
    return OK;
}

fallible
edge_write(struct edge *e)
{
    TRY(settle(e));
    for (int level = 0; level < TILE_LEVELS; level++)
        if (e->tiles[level].width)
            TRY(write_level(e, level));
    return OK;
}

/* ---- proofs */

static err
read_subtree(void *ctx, unsigned level, uint64_t index, digest *ret)
{
    struct edge *e = ctx;
    const unsigned tile = level / 8, count = 1u << level % 8;
    const uint64_t first = index * count;
    ASSERT(tile < TILE_LEVELS && (index + 1) << level <= e->tree.size);
    if (first / TILE_WIDTH < e->tiles[tile].index) {
        e->reader.size = e->tree.size;
        return tile_source(&e->reader, level, index, ret);
    }
    *ret = tile_root(&e->tiles[tile].at[first % TILE_WIDTH], count);
    return OK;
}

struct merkle_source
edge_source(struct edge *e)
{
    return (struct merkle_source){read_subtree, e};
}
