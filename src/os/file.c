/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/sys.h"

enum { READ_STEP = 64 * 1024, TREE_DEPTH_MAX = 64 };

void
fd_auto(fd *f)
{
    if (*f >= 0)
        close(*f);
    *f = -1;
}

static enum err_code
code_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_FORBIDDEN_FILE;
    case ENOSPC:
    case EDQUOT:
        return ERR_DISK_FULL;
    case EEXIST:
        return ERR_CONFLICT;
    default:
        return ERR_IO;
    }
}

fallible
file_errno(const char *what, const char *path)
{
    const int number = errno;
    const char *reason = strerrordesc_np(number);
    return err_start(code_of(number), __FILE__, __LINE__, __func__, "%s %s: %s", what, path,
                     reason ? reason : "unknown error");
}

fallible
file_open(const char *path, int flags, mode_t mode, fd *ret)
{
    const int f = SYS(open(path, flags | O_CLOEXEC, mode));
    if (f < 0)
        return file_errno("open", path);
    *ret = f;
    return OK;
}

/* Bytes read into `b` until the end; what stands in /proc has no size to ask for. */
static fallible
read_to_end(int f, const char *path, size_t size_max, buf *b)
{
    for (;;) {
        char *at = buf_add_room(b, READ_STEP);
        TRY(buf_end(b));
        const ssize_t n = SYS(read(f, at, READ_STEP));
        b->len -= READ_STEP;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_errno("read", path);
        b->len += (size_t)n;
        if (b->len > size_max)
            FAIL(LIMIT, "%s is larger than %zu bytes", path, size_max);
        if (n == 0)
            return OK;
    }
}

fallible
file_read(arena *a, const char *path, size_t size_max, str *ret)
{
    ASSERT(size_max < SIZE_MAX - 2 * READ_STEP);
    AUTO(fd) f = -1;
    TRY(file_open(path, O_RDONLY, 0, &f));
    AUTO(buf) b = BUF(size_max + READ_STEP + 1);
    TRY(read_to_end(f, path, size_max, &b));
    TRY(try_arena_str(a, buf_str(&b), ret));
    return OK;
}

fallible
file_write_all(int f, str bytes)
{
    while (bytes.len) {
        const ssize_t n = SYS(write(f, bytes.at, bytes.len));
        if (n < 0 && errno != EINTR)
            return file_errno("write", "descriptor");
        bytes = n > 0 ? str_slice(bytes, (size_t)n, bytes.len) : bytes;
    }
    return OK;
}

fallible
file_read_at(int f, uint64_t offset, void *ret, size_t len, size_t *ret_len)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t n = SYS(pread(f, (char *)ret + done, len - done, (off_t)(offset + done)));
        if (n < 0 && errno != EINTR)
            return file_errno("read", "descriptor");
        if (n == 0)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    *ret_len = done;
    return OK;
}

fallible
file_sync(int f)
{
    if (SYS(fsync(f)) != 0)
        return file_errno("sync", "descriptor");
    return OK;
}

fallible
file_size(int f, uint64_t *ret)
{
    struct stat st;
    if (SYS(fstat(f, &st)) != 0)
        return file_errno("stat", "descriptor");
    *ret = (uint64_t)st.st_size;
    return OK;
}

/* The directory that holds `path`, into `room` of PATH_MAX bytes. */
static fallible
parent_of(const char *path, char *room)
{
    const char *slash = strrchr(path, '/');
    const str dir = !slash          ? STR(".")
                    : slash == path ? STR("/")
                                    : str_slice(str_of(path), 0, (size_t)(slash - path));
    if (!str_copy(dir, room, PATH_MAX))
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(path));
    return OK;
}

/* A new or renamed name is on disk only when its directory is. */
static fallible
sync_parent(const char *path)
{
    char dir[PATH_MAX];
    TRY(parent_of(path, dir));
    AUTO(fd) f = -1;
    TRY(file_open(dir, O_RDONLY | O_DIRECTORY, 0, &f));
    if (SYS(fsync(f)) != 0)
        return file_errno("sync", dir);
    return OK;
}

static fallible
fill_beside(int f, const char *beside, const char *path, str bytes, mode_t mode)
{
    if (SYS(fchmod(f, mode)) != 0)
        return file_errno("set the mode of", beside);
    TRY(file_write_all(f, bytes));
    if (SYS(fsync(f)) != 0)
        return file_errno("sync", beside);
    if (SYS(rename(beside, path)) != 0)
        return file_errno("rename to", path);
    return OK;
}

fallible
file_write_atomic(const char *path, str bytes, mode_t mode)
{
    char beside[PATH_MAX];
    const int n = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof beside)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(path));
    AUTO(fd) f = SYS(mkostemp(beside, O_CLOEXEC));
    if (f < 0)
        return file_errno("make a file beside", path);
    const err e = fill_beside(f, beside, path, bytes, mode);
    if (e.code) {
        unlink(beside);
        return e;
    }
    TRY(sync_parent(path));
    return OK;
}

static fallible
make_one_dir(const char *path, mode_t mode)
{
    if (SYS(mkdir(path, mode)) == 0) {
        TRY(sync_parent(path));
        return OK;
    }
    if (errno != EEXIST)
        return file_errno("make directory", path);
    struct stat st;
    if (SYS(stat(path, &st)) != 0)
        return file_errno("stat", path);
    if (!S_ISDIR(st.st_mode))
        FAIL(CONFLICT, "%s is there and is no directory", path);
    return OK;
}

fallible
file_make_dir(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    if (!path[0] || !str_copy(str_of(path), part, sizeof part))
        FAIL(ARGUMENT, "path of %zu bytes is empty or too long", strlen(path));
    for (char *p = part + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            TRY(make_one_dir(part, mode));
            *p = '/';
        }
    TRY(make_one_dir(part, mode));
    return OK;
}

fallible
file_remove(const char *path)
{
    if (SYS(unlink(path)) != 0)
        return file_errno("remove", path);
    return OK;
}

fallible
file_rename(const char *from, const char *to)
{
    if (SYS(rename(from, to)) != 0)
        return file_errno("rename", from);
    return OK;
}

static fallible
overwrite(int f, uint64_t len)
{
    static const char zeros[64 * 1024];
    for (uint64_t at = 0; at < len; at += sizeof zeros) {
        const uint64_t left = len - at;
        const size_t n = left < sizeof zeros ? (size_t)left : sizeof zeros;
        if (SYS(pwrite(f, zeros, n, (off_t)at)) != (ssize_t)n)
            return file_errno("overwrite", "the front of a file");
    }
    return OK;
}

fallible
file_punch(int f, uint64_t len)
{
    if (!len || SYS(fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)len)) == 0)
        return OK;
    if (errno == EOPNOTSUPP || errno == ENOSYS)
        return overwrite(f, len);
    return file_errno("cut", "the front of a file");
}

static fallible remove_at(int dir, const char *name, int depth);

static fallible
remove_entries(DIR *d, int depth)
{
    const struct dirent *e;
    while ((e = readdir(d))) {
        const str name = str_of(e->d_name);
        if (!str_eq(name, STR(".")) && !str_eq(name, STR("..")))
            TRY(remove_at(dirfd(d), e->d_name, depth + 1));
    }
    return OK;
}

/* By descriptor, not by path: a directory swapped for a link meanwhile leads nowhere else. */
static fallible
remove_at(int dir, const char *name, int depth)
{
    if (depth > TREE_DEPTH_MAX)
        FAIL(LIMIT, "%s is deeper than %d directories", name, TREE_DEPTH_MAX);
    if (SYS(unlinkat(dir, name, 0)) == 0)
        return OK;
    if (errno != EISDIR)
        return file_errno("remove", name);
    AUTO(fd) f = SYS(openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    DIR *d = f < 0 ? NULL : SYS_PTR(fdopendir(f));
    if (!d)
        return file_errno("open", name);
    fd_take(&f);
    const err e = remove_entries(d, depth);
    closedir(d);
    TRY(e);
    if (SYS(unlinkat(dir, name, AT_REMOVEDIR)) != 0)
        return file_errno("remove", name);
    return OK;
}

fallible
file_remove_tree(const char *path)
{
    TRY(remove_at(AT_FDCWD, path, 0));
    return OK;
}

const char *
file_join(arena *a, const char *dir, const char *name)
{
    const char *between = str_ends(str_of(dir), STR("/")) ? "" : "/";
    return arena_fmt(a, "%s%s%s", dir, between, name).at;
}
