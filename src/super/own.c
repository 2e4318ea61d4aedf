/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"

enum { DEPTH_MAX = 16, ENTRY_BYTES = 16 * 1024 };

fallible
own_find(const char *user, struct own *ret)
{
    char room[ENTRY_BYTES];
    struct passwd entry, *found = NULL;
    *ret = (struct own){0};
    if (!*user || geteuid() != 0)
        return OK;
    if (getpwnam_r(user, &entry, room, sizeof room, &found) != 0 || !found)
        REFUSE(CONFIG, "audit.user", "there is no user %s: make it, or leave audit.user empty",
               user);
    if (!entry.pw_uid || !entry.pw_gid)
        REFUSE(CONFIG, "audit.user", "%s is root: audit.user wants a user of its own", user);
    *ret = (struct own){entry.pw_uid, entry.pw_gid};
    return OK;
}

static fallible give_at(const struct own *o, int dir, const char *name, int depth);

static fallible
give_entries(const struct own *o, DIR *d, int depth)
{
    const struct dirent *e;
    while ((e = readdir(d)) != NULL) {
        const str name = str_of(e->d_name);
        if (!str_eq(name, STR(".")) && !str_eq(name, STR("..")))
            TRY(give_at(o, dirfd(d), e->d_name, depth + 1));
    }
    return OK;
}

/* A directory after what is in it, so that one that was given holds nothing that was not. */
static fallible
give_dir(const struct own *o, int dir, const char *name, int depth)
{
    AUTO(fd) f = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = f < 0 || fault_now() ? NULL : fdopendir(f);
    if (!d)
        return file_errno("open", name);
    fd_take(&f);
    const err e = give_entries(o, d, depth);
    closedir(d);
    return e;
}

static fallible
give_at(const struct own *o, int dir, const char *name, int depth)
{
    struct stat st;
    if (depth > DEPTH_MAX)
        FAIL(LIMIT, "%s is deeper than %d directories", name, DEPTH_MAX);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return file_errno("look at", name);
    if (S_ISDIR(st.st_mode))
        TRY(give_dir(o, dir, name, depth));
    if (st.st_uid != o->uid &&
        (fault_now() ? (errno = EIO, -1)
                     : fchownat(dir, name, o->uid, o->gid, AT_SYMLINK_NOFOLLOW)) != 0)
        return file_errno("give away", name);
    return OK;
}

/* Root may have written there since, when audit.user was left empty for a while. */
static bool
is_given(const struct own *o, arena *a, const char *dir)
{
    static const char *const telling[] = {"", "audit.jsonl", "log", "log/checkpoint"};
    struct stat st;
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++) {
        const bool is_there = stat(file_join(a, dir, telling[i]), &st) == 0;
        if (i == 0 ? !is_there || st.st_uid != o->uid : is_there && st.st_uid != o->uid)
            return false;
    }
    return true;
}

fallible
own_give(const struct own *o, const char *dir)
{
    AUTO(arena) *a = NULL;
    ASSERT(o->uid && o->gid);
    TRY(arena_open(ENTRY_BYTES, &a));
    TRY(file_make_dir(dir, 0700));
    return is_given(o, a, dir) ? OK : give_at(o, AT_FDCWD, dir, 0);
}
