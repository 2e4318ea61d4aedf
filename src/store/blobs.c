/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/blobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "crypt/seal.h"
#include "os/file.h"

#define INCOMING ".incoming-"

enum {
    ID_BYTES_MAX = 64,
    OWNER_BYTES_MAX = 64,
    MATTER_BYTES_MAX = 144,
    SEALED_PIECE = BLOB_PIECE + SEAL_OVERHEAD,
    ABOUT_MAX = 256
};

struct blobs {
    char dir[PATH_MAX - 128];
    subjects *keys;
};

struct blob_writer {
    blobs *b;
    char id[ID_BYTES_MAX + 1], owner[OWNER_BYTES_MAX + 1];
    char matter[MATTER_BYTES_MAX + 1];
    label label;
    fd file;
    sha256 *hash;
    uint64_t size, size_max, pieces;
    buf piece, sealed;
};

/* ---- names */
static bool
is_id(str id)
{
    for (size_t i = 0; i < id.len; i++) {
        const char c = id.at[i];
        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
              c == '_'))
            return false;
    }
    return id.len > 0 && id.len <= ID_BYTES_MAX;
}

static void
path_of(const blobs *b, const char *prefix, str id, char room[PATH_MAX])
{
    snprintf(room, PATH_MAX, "%s/%s%.*s", b->dir, prefix, STR_FMT(id));
}

static str
about(str id, label l, uint64_t number, bool is_last, char room[ABOUT_MAX])
{
    const int n =
        snprintf(room, ABOUT_MAX, "blob %.*s %016llx%016llx%016llx%016llx %llu%s", STR_FMT(id),
                 (unsigned long long)l.w[0], (unsigned long long)l.w[1], (unsigned long long)l.w[2],
                 (unsigned long long)l.w[3], (unsigned long long)number, is_last ? " last" : "");
    ASSERT(n > 0 && n < ABOUT_MAX);
    return (str){room, (size_t)n};
}

static fallible
check_grant(const grant *g, label l)
{
    if (!grant_covers(g, l))
        REFUSE(DENIED, "", "the label is above what this operation may touch");
    return OK;
}

/* ---- life */
static fallible
sweep(const blobs *b)
{
    DIR *d = opendir(b->dir);
    const struct dirent *e;
    if (!d)
        return file_errno("open", b->dir);
    while ((e = readdir(d)))
        if (str_starts(str_of(e->d_name), STR(INCOMING)) && unlinkat(dirfd(d), e->d_name, 0) != 0 &&
            errno != ENOENT) {
            const err failed = file_errno("remove", e->d_name);
            closedir(d);
            return failed;
        }
    closedir(d);
    return OK;
}

fallible
blobs_open(const char *dir, subjects *keys, blobs **ret)
{
    TRY(file_make_dir(dir, 0700));
    blobs *b = mem_get(sizeof *b);
    if (!b)
        FAIL(LIMIT, "no memory for the store of files");
    *b = (blobs){.keys = keys};
    err e = OK;
    if (!str_copy(str_of(dir), b->dir, sizeof b->dir))
        e = err_start(ERR_ARGUMENT, __FILE__, __LINE__, __func__, "the path is too long");
    if (!e.code)
        e = sweep(b);
    if (e.code) {
        mem_free(b);
        return e;
    }
    *ret = b;
    return OK;
}

void
blobs_free(blobs *b)
{
    mem_free(b);
}

/* ---- writing */
static fallible
open_writer(blob_writer *w)
{
    char path[PATH_MAX];
    path_of(w->b, INCOMING, str_of(w->id), path);
    TRY(sha256_new(&w->hash));
    return file_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, &w->file);
}

fallible
blob_begin(blobs *b, const grant *g, const struct blob *which, blob_writer **ret)
{
    ASSERT(is_id(which->id));
    TRY(check_grant(g, which->label));
    blob_writer *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory for a file");
    *w = (blob_writer){.b = b,
                       .label = which->label,
                       .file = -1,
                       .size_max = UINT64_MAX,
                       .piece = BUF(BLOB_PIECE),
                       .sealed = BUF(SEALED_PIECE)};
    const bool fits = str_copy(which->id, w->id, sizeof w->id) &&
                      str_copy(which->owner, w->owner, sizeof w->owner) &&
                      str_copy(which->matter, w->matter, sizeof w->matter);
    ASSERT(fits);
    const err e = open_writer(w);
    if (e.code) {
        blob_drop(w);
        return e;
    }
    *ret = w;
    return OK;
}

void
blob_limit(blob_writer *w, uint64_t size_max)
{
    w->size_max = size_max;
}

static fallible
put_piece(blob_writer *w, bool is_last)
{
    char room[ABOUT_MAX];
    const str place = about(str_of(w->id), w->label, w->pieces, is_last, room);
    const secret *key;
    buf_clear(&w->sealed);
    TRY(subjects_key_for(w->b->keys, str_of(w->owner), str_of(w->matter), &key));
    TRY(seal_close(key, place, buf_str(&w->piece), &w->sealed));
    TRY(file_write_all(w->file, buf_str(&w->sealed)));
    buf_clear(&w->piece);
    w->pieces++;
    return OK;
}

/* A full piece waits for what comes behind it: only then it is known not to be the last. */
fallible
blob_add(blob_writer *w, str bytes)
{
    if (bytes.len > w->size_max - w->size)
        REFUSE(TOO_LARGE, "file", "a file may have %llu bytes at most",
               (unsigned long long)w->size_max);
    TRY(sha256_add(w->hash, bytes));
    w->size += bytes.len;
    while (bytes.len) {
        if (w->piece.len == BLOB_PIECE)
            TRY(put_piece(w, false));
        const str now = str_slice(bytes, 0, BLOB_PIECE - w->piece.len);
        buf_add(&w->piece, now);
        TRY(buf_end(&w->piece));
        bytes = str_slice(bytes, now.len, bytes.len);
    }
    return OK;
}

static fallible
settle(blob_writer *w)
{
    char from[PATH_MAX], to[PATH_MAX];
    AUTO(fd) dir = -1;
    TRY(put_piece(w, true));
    TRY(file_sync(w->file));
    path_of(w->b, INCOMING, str_of(w->id), from);
    path_of(w->b, "", str_of(w->id), to);
    if (fault_now() || rename(from, to) != 0)
        return file_errno("rename", from);
    TRY(file_open(w->b->dir, O_RDONLY | O_DIRECTORY, 0, &dir));
    return file_sync(dir);
}

fallible
blob_end(blob_writer *w, digest *ret, uint64_t *ret_size)
{
    digest d;
    err e = sha256_end(TAKE(w->hash), &d);
    if (!e.code)
        e = settle(w);
    if (!e.code) {
        *ret = d;
        *ret_size = w->size;
        fd_auto(&w->file);
    }
    blob_drop(w);
    return e;
}

void
blob_drop(blob_writer *w)
{
    char path[PATH_MAX];
    if (!w)
        return;
    if (w->file >= 0) { /* not taken: what there is goes */
        fd_auto(&w->file);
        path_of(w->b, INCOMING, str_of(w->id), path);
        if (unlink(path) != 0) {
            path_of(w->b, "", str_of(w->id), path);
            (void)unlink(path); /* else it is swept away at the next start */
        }
    }
    sha256_free(w->hash);
    buf_done(&w->piece);
    buf_done(&w->sealed);
    mem_free(w);
}

/* ---- reading */
struct reader {
    const blobs *b;
    const struct blob *which;
    fd file;
    buf sealed, plain;
};

static fallible
read_piece(struct reader *r, uint64_t number)
{
    const uint64_t size = r->which->size_bytes, start = number * BLOB_PIECE;
    const bool is_last = size - start <= BLOB_PIECE;
    const size_t want = (size_t)(is_last ? size - start : BLOB_PIECE) + SEAL_OVERHEAD;
    char room[ABOUT_MAX];
    const secret *key;
    size_t came = 0;
    buf_clear(&r->sealed);
    buf_clear(&r->plain);
    char *at = buf_add_room(&r->sealed, want);
    TRY(buf_end(&r->sealed));
    TRY(file_read_at(r->file, number * SEALED_PIECE, at, want, &came));
    if (came != want)
        FAIL(CORRUPT, "a stored file is shorter than it was");
    TRY(subjects_find_for(r->b->keys, r->which->owner, r->which->matter, &key));
    return seal_open(key, about(r->which->id, r->which->label, number, is_last, room),
                     buf_str(&r->sealed), &r->plain);
}

static fallible
read_range(struct reader *r, uint64_t from, uint64_t end, buf *to)
{
    uint64_t number = from / BLOB_PIECE;
    do {
        const uint64_t start = number * BLOB_PIECE;
        TRY(read_piece(r, number));
        const size_t first = from > start ? (size_t)(from - start) : 0;
        const size_t last = end - start < BLOB_PIECE ? (size_t)(end - start) : BLOB_PIECE;
        buf_add(to, str_slice(buf_str(&r->plain), first, last));
        TRY(buf_end(to));
        number++;
    } while (number * BLOB_PIECE < end);
    return OK;
}

static fallible
open_blob(const blobs *b, str id, fd *ret)
{
    char path[PATH_MAX];
    path_of(b, "", id, path);
    const err e = file_open(path, O_RDONLY | O_NOFOLLOW, 0, ret);
    if (e.code == ERR_NOT_FOUND)
        FAIL(CORRUPT, "a stored file is not where its row says");
    return e;
}

fallible
blob_read(const blobs *b, const grant *g, const struct blob *which, struct blob_range range,
          buf *to)
{
    ASSERT(is_id(which->id) && range.from <= which->size_bytes);
    TRY(check_grant(g, which->label));
    const uint64_t rest = which->size_bytes - range.from;
    const uint64_t len = range.len < rest ? range.len : rest;
    if (!len && which->size_bytes)
        return OK;
    struct reader r = {.b = b,
                       .which = which,
                       .file = -1,
                       .sealed = BUF(SEALED_PIECE),
                       .plain = BUF(BLOB_PIECE + 1)};
    err e = open_blob(b, which->id, &r.file);
    if (!e.code)
        e = read_range(&r, range.from, range.from + len, to);
    fd_auto(&r.file);
    buf_done(&r.sealed);
    buf_done(&r.plain);
    return e;
}

fallible
blob_remove(blobs *b, str id)
{
    char path[PATH_MAX];
    ASSERT(is_id(id));
    path_of(b, "", id, path);
    const err e = file_remove(path);
    return e.code == ERR_NOT_FOUND ? OK : e;
}
