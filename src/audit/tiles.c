/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/num.h"

enum { GROUP = 1000, GROUPS_MAX = 7, LEVEL_MAX = 63 };

/* ---- names */

static int
put_index(char *room, size_t len, uint64_t index)
{
    unsigned groups[GROUPS_MAX];
    int count = 0, n = 0;
    do {
        ASSERT(count < GROUPS_MAX);
        groups[count++] = (unsigned)(index % GROUP);
        index /= GROUP;
    } while (index);
    while (count-- > 0)
        n += snprintf(room + n, len - (size_t)n, count ? "x%03u/" : "%03u", groups[count]);
    return n;
}

void
tile_path(struct tile_id t, char room[TILE_PATH_MAX])
{
    ASSERT(t.width >= 1 && t.width <= TILE_WIDTH && t.level >= TILE_ENTRIES);
    int n = t.level == TILE_ENTRIES ? snprintf(room, TILE_PATH_MAX, "tile/entries/")
                                    : snprintf(room, TILE_PATH_MAX, "tile/%d/", t.level);
    n += put_index(room + n, TILE_PATH_MAX - (size_t)n, t.index);
    if (t.width < TILE_WIDTH)
        n += snprintf(room + n, TILE_PATH_MAX - (size_t)n, ".p/%u", t.width);
    ASSERT(n > 0 && n < TILE_PATH_MAX);
}

static fallible
read_level(str s, int *ret)
{
    uint64_t level;
    if (str_eq(s, STR("entries"))) {
        *ret = TILE_ENTRIES;
        return OK;
    }
    TRY(num_u64(s, 0, LEVEL_MAX, &level));
    *ret = (int)level;
    return OK;
}

static fallible
read_index(str s, uint64_t *ret)
{
    uint64_t index = 0, group;
    str part;
    for (int i = 0; str_next(&s, '/', &part); i++) {
        const bool is_last = !s.at;
        if (!is_last && !str_starts(part, STR("x")))
            FAIL(PARSE, "a group of the index has no x");
        TRY(num_u64(is_last ? part : str_slice(part, 1, part.len), 0, GROUP - 1, &group));
        if (i == GROUPS_MAX || index > (UINT64_MAX - group) / GROUP)
            FAIL(PARSE, "the index is too large");
        index = index * GROUP + group;
    }
    *ret = index;
    return OK;
}

static fallible
read_path(str rest, struct tile_id *ret)
{
    struct tile_id t = {.width = TILE_WIDTH};
    uint64_t width = TILE_WIDTH;
    str level;
    if (!str_next(&rest, '/', &level) || !rest.at)
        FAIL(PARSE, "no level");
    const ptrdiff_t part = str_find(rest, STR(".p/"));
    if (part >= 0) {
        TRY(num_u64(str_slice(rest, (size_t)part + 3, rest.len), 1, TILE_WIDTH - 1, &width));
        rest = str_slice(rest, 0, (size_t)part);
    }
    TRY(read_level(level, &t.level));
    TRY(read_index(rest, &t.index));
    t.width = (unsigned)width;
    *ret = t;
    return OK;
}

/* Whatever the parts say, only the one way to write it is taken. */
static bool
is_canonical(str path, struct tile_id t)
{
    char room[TILE_PATH_MAX];
    tile_path(t, room);
    return str_eq(path, str_of(room));
}

fallible
tile_path_read(str path, struct tile_id *ret)
{
    const str before = STR("tile/");
    struct tile_id t;
    if (path.len >= TILE_PATH_MAX || !str_starts(path, before) ||
        read_path(str_slice(path, before.len, path.len), &t).code || !is_canonical(path, t))
        REFUSE(PARSE, "", "this is not the path of a tile");
    *ret = t;
    return OK;
}

struct tile_id
tile_at_edge(int level, uint64_t size)
{
    const unsigned shift = level == TILE_ENTRIES ? 0 : 8 * (unsigned)level;
    ASSERT(level < TILE_LEVELS);
    const uint64_t hashes = size >> shift;
    return (struct tile_id){level, hashes / TILE_WIDTH, (unsigned)(hashes % TILE_WIDTH)};
}

static fallible
join(const char *dir, const char *name, char room[PATH_MAX])
{
    const int n = snprintf(room, PATH_MAX, "%s/%s", dir, name);
    if (n < 0 || n >= PATH_MAX - 8) /* room for an ending */
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(dir));
    return OK;
}

static fallible
full_path(const char *dir, struct tile_id t, char room[PATH_MAX])
{
    char below[TILE_PATH_MAX];
    tile_path(t, below);
    return join(dir, below, room);
}

/* ---- writing */

static int
broken(void)
{
    errno = EIO;
    return -1;
}

static fallible
open_new(const char *path, fd *ret)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;
    const err e = file_open(path, flags, 0600, ret);
    if (e.code != ERR_NOT_FOUND)
        return e;
    char parent[PATH_MAX + 8];
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = '\0';
    TRY(file_make_dir(parent, 0700));
    return file_open(path, flags, 0600, ret);
}

fallible
tile_write_beside(const char *dir, const char *name, str bytes)
{
    char path[PATH_MAX], beside[PATH_MAX + 8];
    AUTO(fd) f = -1;
    TRY(join(dir, name, path));
    snprintf(beside, sizeof beside, "%s.new", path);
    TRY(open_new(beside, &f));
    TRY(file_write_all(f, bytes));
    if ((fault_now() ? broken() : rename(beside, path)) != 0)
        return file_errno("rename to", path);
    return OK;
}

fallible
tile_write(const char *dir, struct tile_id t, str bytes)
{
    char name[TILE_PATH_MAX];
    tile_path(t, name);
    return tile_write_beside(dir, name, bytes);
}

fallible
tile_drop_partial(const char *dir, struct tile_id t)
{
    char path[PATH_MAX], partial[PATH_MAX + 8];
    t.width = TILE_WIDTH;
    TRY(full_path(dir, t, path));
    snprintf(partial, sizeof partial, "%s.p", path);
    const err e = file_remove_tree(partial);
    return e.code == ERR_NOT_FOUND ? OK : e;
}

/* ---- reading */

static fallible
read_file(const char *path, buf *b)
{
    AUTO(fd) f = -1;
    uint64_t size;
    size_t len = 0;
    TRY(file_open(path, O_RDONLY | O_NOFOLLOW, 0, &f));
    TRY(file_size(f, &size));
    if (size > b->limit)
        FAIL(CORRUPT, "%s has %llu bytes, at most %zu are possible", path, (unsigned long long)size,
             b->limit);
    buf_clear(b);
    if (!size)
        return OK;
    char *room = buf_add_room(b, size);
    TRY(buf_end(b));
    TRY(file_read_at(f, 0, room, size, &len));
    b->len = len;
    return OK;
}

fallible
tile_read_raw(const char *dir, struct tile_id *t, buf *b)
{
    char path[PATH_MAX];
    TRY(full_path(dir, *t, path));
    const err e = read_file(path, b);
    if (e.code != ERR_NOT_FOUND || t->width == TILE_WIDTH)
        return e;
    const struct tile_id full = {t->level, t->index, TILE_WIDTH};
    TRY(full_path(dir, full, path));
    TRY(read_file(path, b));
    *t = full;
    return OK;
}

fallible
tile_read(const char *dir, struct tile_id t, digest ret[TILE_WIDTH])
{
    _Static_assert(sizeof(digest) == 32, "hashes without gaps");
    AUTO(buf) b = BUF(TILE_BYTES);
    char path[TILE_PATH_MAX];
    struct tile_id found = t;
    ASSERT(t.level >= 0);
    TRY(tile_read_raw(dir, &found, &b));
    if (b.len != found.width * sizeof *ret) {
        tile_path(found, path);
        FAIL(CORRUPT, "%s has %zu bytes instead of %zu", path, b.len, found.width * sizeof *ret);
    }
    memcpy(ret, b.at, t.width * sizeof *ret);
    return OK;
}

/* ---- bundles */

void
bundle_put(buf *b, str entry)
{
    ASSERT(entry.len <= ENTRY_BYTES_MAX);
    const char len[2] = {(char)(entry.len >> 8), (char)entry.len};
    buf_add(b, (str){len, sizeof len});
    buf_add(b, entry);
}

static size_t
len_at(str bytes, size_t at)
{
    return (size_t)(unsigned char)bytes.at[at] << 8 | (unsigned char)bytes.at[at + 1];
}

fallible
bundle_parse(str bytes, unsigned width, struct bundle *ret)
{
    size_t at = 0;
    ASSERT(width >= 1 && width <= TILE_WIDTH);
    for (unsigned i = 0; i < width; i++) {
        if (bytes.len - at < 2 || bytes.len - at - 2 < len_at(bytes, at))
            FAIL(CORRUPT, "at byte %zu an entry goes beyond the end", at);
        ret->at[i] = str_slice(bytes, at + 2, at + 2 + len_at(bytes, at));
        at += 2 + ret->at[i].len;
    }
    ret->count = width;
    if (at != bytes.len)
        FAIL(CORRUPT, "at byte %zu there is more than %u entries", at, width);
    return OK;
}

/* ---- as a source of subtrees */

digest
tile_root(const digest *at, unsigned count)
{
    digest room[TILE_WIDTH];
    ASSERT(count >= 1 && count <= TILE_WIDTH && (count & (count - 1)) == 0);
    memcpy(room, at, count * sizeof *at);
    for (; count > 1; count /= 2)
        for (unsigned i = 0; i < count / 2; i++)
            room[i] = merkle_node(&room[2 * i], &room[2 * i + 1]);
    return room[0];
}

static fallible
keep(struct tile_reader *r, struct tile_id t)
{
    if (r->kept[t.level].id.width == t.width && r->kept[t.level].id.index == t.index)
        return OK;
    r->kept[t.level].id.width = 0;
    TRY(tile_read(r->dir, t, r->kept[t.level].at));
    r->kept[t.level].id = t;
    return OK;
}

err
tile_source(void *ctx, unsigned level, uint64_t index, digest *ret)
{
    struct tile_reader *r = ctx;
    const int tile_level = (int)(level / 8);
    const unsigned count = 1u << level % 8;
    const uint64_t first = index * count;
    struct tile_id t = tile_at_edge(tile_level, r->size);
    ASSERT(tile_level < TILE_LEVELS && (index + 1) << level <= r->size);
    if (first / TILE_WIDTH < t.index)
        t = (struct tile_id){tile_level, first / TILE_WIDTH, TILE_WIDTH};
    TRY(keep(r, t));
    *ret = tile_root(&r->kept[tile_level].at[first % TILE_WIDTH], count);
    return OK;
}
