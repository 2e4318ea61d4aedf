/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/intake/know_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/map.h"
#include "os/file.h"

enum { FILES_MAX = 1000000, DEPTH_MAX = 32 };
#define LIST_BYTES ((size_t)1 << 30)

/* The path below the root, or a single file's last part, without its ending. */
static str
name_of(str path, str root)
{
    str name = path;
    if (str_starts(path, root) && path.len > root.len)
        name = str_slice(path, root.len + (path.at[root.len] == '/'), path.len);
    else
        for (ptrdiff_t n; (n = str_find_char(name, '/')) >= 0;)
            name = str_slice(name, (size_t)n + 1, name.len);
    for (size_t i = name.len; i > 1 && name.at[i - 1] != '/'; i--)
        if (name.at[i - 1] == '.')
            return str_slice(name, 0, i - 1);
    return name;
}

static uint64_t
mark_of(const struct stat *st)
{
    const uint64_t parts[] = {(uint64_t)st->st_size,         (uint64_t)st->st_mtim.tv_sec,
                              (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ino,
                              (uint64_t)st->st_ctim.tv_sec,  (uint64_t)st->st_ctim.tv_nsec};
    uint64_t mark = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        mark = (mark ^ parts[i]) * 0x9e3779b97f4a7c15u;
    return mark;
}

static fallible look_at(know_files *f, const char *path, int depth);

static fallible
look_into(know_files *f, const char *path, int depth)
{
    str kept;
    DIR *const d = opendir(path);
    if (!d)
        return file_errno("list", path);
    TRY(try_arena_str(f->a, str_of(path), &kept));
    err e = VEC_ADD(f->a, &f->folders, &kept);
    for (const struct dirent *at; !e.code && (at = readdir(d));)
        if (at->d_name[0] != '.')
            e = look_at(f, file_join(f->a, path, at->d_name), depth + 1);
    (void)closedir(d);
    return e;
}

/* What is gone between the listing and the look was not there. */
static fallible
look_at(know_files *f, const char *path, int depth)
{
    struct stat st;
    struct know_file one = {0};
    if (f->all.count >= FILES_MAX)
        REFUSE(LIMIT, "", "more than %d files", FILES_MAX);
    if (stat(path, &st) != 0)
        return depth && errno == ENOENT ? OK : file_errno("look at", path);
    if (S_ISDIR(st.st_mode))
        return depth == DEPTH_MAX ? OK : look_into(f, path, depth);
    if (!S_ISREG(st.st_mode))
        return OK;
    TRY(try_arena_str(f->a, str_of(path), &one.path));
    one.name = name_of(one.path, f->root);
    one.mark = mark_of(&st);
    return VEC_ADD(f->a, &f->all, &one);
}

static int
by_path(const void *a, const void *b)
{
    return str_cmp(((const struct know_file *)a)->path, ((const struct know_file *)b)->path);
}

/* Of files whose documents would have one name, the later keep their endings. */
static fallible
tell_apart(know_files *f, map *seen)
{
    for (size_t i = 0; i < f->all.count; i++) {
        struct know_file *const at = &f->all.at[i];
        if (map_get(seen, at->name))
            at->name.len = (size_t)(at->path.at + at->path.len - at->name.at);
        TRY(map_put(seen, at->name, at));
    }
    return OK;
}

static fallible
fill(know_files *f, str root)
{
    AUTO(map) seen = {0};
    while (root.len > 1 && root.at[root.len - 1] == '/')
        root.len--;
    TRY(try_arena_str(f->a, root, &f->root));
    TRY(look_at(f, f->root.at, 0));
    if (f->all.count)
        qsort(f->all.at, f->all.count, sizeof *f->all.at, by_path);
    return tell_apart(f, &seen);
}

fallible
know_files_read(str root, know_files *ret)
{
    know_files f = {0};
    TRY(arena_open(LIST_BYTES, &f.a));
    const err e = fill(&f, root);
    if (e.code) {
        arena_free(f.a);
        return e;
    }
    *ret = f;
    return OK;
}

void
know_files_auto(know_files *f)
{
    arena_free(f->a);
}

const struct know_file *
know_files_find(const know_files *f, str path)
{
    size_t from = 0, to = f->all.count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int c = str_cmp(path, f->all.at[middle].path);
        if (c == 0)
            return &f->all.at[middle];
        if (c < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}
