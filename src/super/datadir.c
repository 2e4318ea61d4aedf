/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/datadir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/entropy.h"

enum { MASTER_KEY_LEN = 32, SCRATCH_BYTES = 256 * 1024, PATH_BYTES = 1024 };

static const char *const parts[] = {"keys", "models",  "audit",     "records",
                                    "run",  "local.d", "override.d"};

/* ---- make */
static fallible
write_if_missing(arena *a, const char *dir, const char *name, str bytes)
{
    const char *path = file_join(a, dir, name);
    if (access(path, F_OK) == 0)
        return OK;
    return file_write_atomic(path, bytes, 0600);
}

static fallible
make_master_key(arena *a, const char *dir)
{
    AUTO(secret) key = {.at = NULL};
    TRY(secret_get(&key, MASTER_KEY_LEN));
    TRY(entropy_get(key.at, key.len));
    return write_if_missing(a, dir, "keys/master.key", (str){(const char *)key.at, key.len});
}

static const char config_head[] =
    "# Settings of this installation: one \"section.name: value\" a line.\n"
    "# `hoheit doc params` lists them all; what is not here has its default.\n"
    "# Files in local.d/ are merged over this one, files in override.d/ have the last word.\n";

fallible
datadir_make(const char *path, str policy_text)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(file_make_dir(path, 0700));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        TRY(file_make_dir(file_join(a, path, parts[i]), 0700));
    TRY(make_master_key(a, path));
    TRY(write_if_missing(a, path, "policy.yaml", policy_text));
    return write_if_missing(a, path, "hoheit.yaml", str_of(config_head));
}

/* ---- check */
/* The log's files may be another user's (audit.user), where this is root. */
static fallible
check_one(const char *path)
{
    ASSERT(path);
    const bool is_audit = str_ends(str_of(path), STR("/audit"));
    struct stat st;
    if (stat(path, &st) != 0)
        REFUSE(CONFIG, path, "%s is missing: make the data directory with `hoheit init`", path);
    if (st.st_uid != geteuid() && !(is_audit && geteuid() == 0))
        REFUSE(FORBIDDEN_FILE, path, "%s belongs to user %u, not to this one (%u)", path,
               (unsigned)st.st_uid, (unsigned)geteuid());
    if (st.st_mode & 077)
        REFUSE(FORBIDDEN_FILE, path, "%s is open to others: chmod go= %s", path, path);
    return OK;
}

fallible
datadir_check(const char *path)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(check_one(path));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        TRY(check_one(file_join(a, path, parts[i])));
    return check_one(file_join(a, path, "keys/master.key"));
}

/* A path that was cut would be another file. */
static fallible
name_in(const char *dir, const char *file, char room[PATH_BYTES])
{
    if (snprintf(room, PATH_BYTES, "%s/%s", dir, file) >= PATH_BYTES)
        REFUSE(ARGUMENT, "--data", "the path of the data directory is too long");
    return OK;
}

fallible
datadir_master_key(const char *path, secret *ret)
{
    AUTO(secret) key = {.at = NULL};
    char name[PATH_BYTES];
    AUTO(fd) f = -1;
    uint64_t size;
    size_t len = 0;
    TRY(name_in(path, "keys/master.key", name));
    TRY(secret_get(&key, MASTER_KEY_LEN));
    TRY(file_open(name, O_RDONLY, 0, &f));
    TRY(file_size(f, &size));
    if (size == MASTER_KEY_LEN)
        TRY(file_read_at(f, 0, key.at, key.len, &len));
    if (len != MASTER_KEY_LEN)
        REFUSE(CORRUPT, name, "%s holds %ju bytes instead of %d", name, (uintmax_t)size,
               MASTER_KEY_LEN);
    *ret = key;
    key.at = NULL;
    key.len = 0;
    return OK;
}

/* ---- lock */
static long
pid_in(int f)
{
    char text[24] = "";
    size_t len = 0;
    uint64_t pid = 0;
    if (file_read_at(f, 0, text, sizeof text - 1, &len).code)
        return 0;
    for (size_t i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
        pid = pid * 10 + (uint64_t)(text[i] - '0');
    return (long)pid;
}

fallible
datadir_lock(const char *path, fd *ret)
{
    char name[PATH_BYTES], text[24];
    AUTO(fd) f = -1;
    TRY(name_in(path, "run/hoheitd.pid", name));
    TRY(file_open(name, O_RDWR | O_CREAT, 0600, &f));
    if (flock(f, LOCK_EX | LOCK_NB) != 0)
        REFUSE(CONFLICT, name, "%s is in use by the hoheitd with process id %ld", path, pid_in(f));
    const int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(f, 0) != 0)
        return file_errno("truncate", name);
    TRY(file_write_all(f, (str){text, (size_t)n}));
    *ret = fd_take(&f);
    return OK;
}
