/* SPDX-License-Identifier: EUPL-1.2 */
/* file.h - files, so that what was acknowledged survives kill -9, a full disk and a torn write.
 *
 * Errors: NOT_FOUND, FORBIDDEN_FILE (EACCES, EPERM, EROFS), DISK_FULL (ENOSPC, EDQUOT), CONFLICT
 * (EEXIST), LIMIT (larger than asked for), IO.  All descriptors are O_CLOEXEC. */
#pragma once
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"

/* An open descriptor that closes itself: AUTO(fd) f = -1; */
typedef int fd;
void fd_auto(fd *f);
/* Moves it out of an AUTO variable. */
static inline int
fd_take(fd *f)
{
    const int taken = *f;
    *f = -1;
    return taken;
}

/* The whole file; LIMIT when it is larger than `size_max`. */
fallible file_read(arena *a, const char *path, size_t size_max, str *ret);
/* Write beside, fsync, rename, fsync the directory: the old or the new file is there, whole. */
fallible file_write_atomic(const char *path, str bytes, mode_t mode);
fallible file_open(const char *path, int flags, mode_t mode, fd *ret);
/* All of it or an error. */
fallible file_write_all(int f, str bytes);
/* Reads until `len` or the end; *ret_len says how much came. */
fallible file_read_at(int f, uint64_t offset, void *ret, size_t len, size_t *ret_len);
fallible file_sync(int f);
fallible file_size(int f, uint64_t *ret);
/* The directory and its missing parents; fine if it is there. */
fallible file_make_dir(const char *path, mode_t mode);
fallible file_remove(const char *path);
/* Replaces `to` by `from`, durable once the directory is. */
fallible file_rename(const char *from, const char *to);
/* The first `len` bytes become zeros that take no room; where the file system has no holes they are
 * overwritten. */
fallible file_punch(int f, uint64_t len);
/* Removes the tree below `path` and itself; links are not followed. */
fallible file_remove_tree(const char *path);
/* "dir/name" in the arena. */
const char *file_join(arena *a, const char *dir, const char *name);
/* The failure of the last system call as an err with path and reason. */
fallible file_errno(const char *what, const char *path);
