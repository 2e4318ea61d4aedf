/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/subjects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/enc.h"
#include "base/fault.h"
#include "crypt/quick.h"
#include "crypt/seal.h"
#include "os/entropy.h"
#include "os/file.h"

enum {
    SLOTS = 64,
    NAME_LEN = 32,
    SEALED_LEN = SEAL_KEY_LEN + SEAL_OVERHEAD,
    OWNER_MAX = 160,
    SCRATCH_BYTES = 64 * 1024
};

struct subjects {
    char dir[PATH_MAX - 128];
    const secret *seal_key;
    struct slot {
        char owner[OWNER_MAX]; /* empty: none */
        secret key;            /* in `room` */
    } slots[SLOTS];
    secret joint; /* in `room` too: made of two keys, when it was last asked for */
    secret room;
};

/* ---- names */
static struct slot *
slot_of(subjects *s, str owner)
{
    const digest d = quick_hash(0, STR("owner "), owner);
    return &s->slots[d.bytes[31] % SLOTS];
}

static void
path_of(const subjects *s, str owner, char room[PATH_MAX])
{
    const digest d = quick_hash(0, STR("owner "), owner);
    char hex[65];
    digest_text(&d, hex);
    snprintf(room, PATH_MAX, "%s/%.*s", s->dir, NAME_LEN, hex);
}

/* ---- life */
/* What a crash left beside a file that was being written may hold a key. */
static fallible
sweep(const subjects *s)
{
    DIR *const d = fault_now() ? NULL : opendir(s->dir);
    const struct dirent *e;
    err failed = OK;
    if (!d)
        return file_errno("open", s->dir);
    while (!failed.code && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && strlen(e->d_name) != NAME_LEN &&
            unlinkat(dirfd(d), e->d_name, 0) != 0)
            failed = file_errno("remove", e->d_name);
    closedir(d);
    return failed;
}

/* Guarded memory is dear (pages, locks), so all slots share one piece. */
static fallible
make_room(subjects *s)
{
    TRY(secret_get(&s->room, (size_t)(SLOTS + 1) * SEAL_KEY_LEN));
    for (size_t i = 0; i < SLOTS; i++)
        s->slots[i].key = (secret){s->room.at + i * SEAL_KEY_LEN, SEAL_KEY_LEN};
    s->joint = (secret){s->room.at + (size_t)SLOTS * SEAL_KEY_LEN, SEAL_KEY_LEN};
    return OK;
}

fallible
subjects_open(const char *dir, const secret *seal_key, subjects **ret)
{
    ASSERT(seal_key->len == SEAL_KEY_LEN);
    TRY(file_make_dir(dir, 0700));
    subjects *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for the keys of owners");
    memset(s, 0, sizeof *s);
    s->seal_key = seal_key;
    err e = OK;
    if (!str_copy(str_of(dir), s->dir, sizeof s->dir))
        e = err_start(ERR_ARGUMENT, __FILE__, __LINE__, __func__, "the path is too long");
    if (!e.code)
        e = make_room(s);
    if (!e.code)
        e = sweep(s);
    if (e.code) {
        subjects_free(s);
        return e;
    }
    *ret = s;
    return OK;
}

void
subjects_free(subjects *s)
{
    if (s)
        secret_done(&s->room);
    mem_free(s);
}

/* ---- keys */
static str
about(str owner, char room[OWNER_MAX + 16])
{
    const int n = snprintf(room, OWNER_MAX + 16, "subject %.*s", STR_FMT(owner));
    ASSERT(n > 0 && n < OWNER_MAX + 16);
    return (str){room, (size_t)n};
}

static fallible
open_sealed(const subjects *s, str owner, str sealed, secret *ret)
{
    AUTO(buf) plain = BUF(SEAL_KEY_LEN + 1);
    char room[OWNER_MAX + 16];
    if (!sealed.len)
        REFUSE(NOT_FOUND, "",
               "what belonged to this key or case was erased, and nothing more is taken for it");
    err e = seal_open(s->seal_key, about(owner, room), sealed, &plain);
    if (!e.code && plain.len != ret->len)
        e = err_start(ERR_CORRUPT, __FILE__, __LINE__, __func__, "an owner's key is too short");
    if (!e.code)
        memcpy(ret->at, plain.at, ret->len);
    if (plain.at)
        wipe(plain.at, plain.len);
    return e;
}

static fallible
make(const subjects *s, str owner, secret *ret)
{
    AUTO(buf) sealed = BUF(SEALED_LEN);
    char room[OWNER_MAX + 16], path[PATH_MAX];
    TRY(entropy_get(ret->at, ret->len));
    const str plain = {(const char *)ret->at, ret->len};
    TRY(seal_close(s->seal_key, about(owner, room), plain, &sealed));
    path_of(s, owner, path);
    return file_write_atomic(path, buf_str(&sealed), 0600);
}

static fallible
load(const subjects *s, str owner, bool may_make, secret *ret)
{
    AUTO(arena) *a = NULL;
    char path[PATH_MAX];
    str sealed;
    TRY(arena_open(SCRATCH_BYTES, &a));
    path_of(s, owner, path);
    const err e = file_read(a, path, SEALED_LEN, &sealed);
    if (e.code == ERR_NOT_FOUND && may_make)
        return make(s, owner, ret);
    if (e.code == ERR_NOT_FOUND || e.code == ERR_LIMIT)
        FAIL(CORRUPT, "the key of an owner is not there, or not one");
    TRY(e);
    return open_sealed(s, owner, sealed, ret);
}

static fallible
find(subjects *s, str owner, bool may_make, const secret **ret)
{
    struct slot *const slot = slot_of(s, owner);
    ASSERT(owner.len && owner.len < OWNER_MAX);
    if (!str_eq(str_of(slot->owner), owner)) {
        slot->owner[0] = '\0';
        TRY(load(s, owner, may_make, &slot->key));
        const bool fits = str_copy(owner, slot->owner, sizeof slot->owner);
        ASSERT(fits);
    }
    *ret = &slot->key;
    return OK;
}

fallible
subjects_key(subjects *s, str owner, const secret **ret)
{
    return find(s, owner, true, ret);
}

fallible
subjects_find(subjects *s, str owner, const secret **ret)
{
    return find(s, owner, false, ret);
}

/* Neither key is looked up while the other is used: both may lie in one slot. */
static fallible
join(subjects *s, str owner, str matter, bool may_make, const secret **ret)
{
    static const char what[] = "hoheit key of an owner for a matter v1";
    char about_both[sizeof what + SEAL_KEY_LEN];
    const secret *key;
    digest d;
    if (!matter.len)
        return find(s, owner, may_make, ret);
    TRY(find(s, owner, may_make, &key));
    memcpy(about_both, what, sizeof what);
    memcpy(about_both + sizeof what, key->at, SEAL_KEY_LEN);
    err e = find(s, matter, may_make, &key);
    if (!e.code)
        e = hmac_sha256(key, (str){about_both, sizeof about_both}, &d);
    wipe(about_both, sizeof about_both);
    if (e.code)
        return e;
    memcpy(s->joint.at, d.bytes, SEAL_KEY_LEN);
    wipe(&d, sizeof d);
    *ret = &s->joint;
    return OK;
}

fallible
subjects_key_for(subjects *s, str owner, str matter, const secret **ret)
{
    return join(s, owner, matter, true, ret);
}

fallible
subjects_find_for(subjects *s, str owner, str matter, const secret **ret)
{
    return join(s, owner, matter, false, ret);
}

/* ---- erasing */
static void
forget(subjects *s, str owner)
{
    struct slot *const slot = slot_of(s, owner);
    if (!str_eq(str_of(slot->owner), owner))
        return;
    wipe(slot->key.at, slot->key.len);
    wipe(s->joint.at, s->joint.len);
    slot->owner[0] = '\0';
}

/* First other bytes in its place, on the disk; then none. */
static fallible
overwrite(int f)
{
    static const char zeros[SEALED_LEN];
    uint64_t size;
    TRY(file_size(f, &size));
    if (size) {
        TRY(file_write_all(f, (str){zeros, sizeof zeros}));
        TRY(file_sync(f));
    }
    if ((fault_now() ? (errno = EIO, -1) : ftruncate(f, 0)) != 0)
        return file_errno("empty", "an owner's key");
    return file_sync(f);
}

fallible
subjects_erase(subjects *s, str owner)
{
    AUTO(fd) f = -1;
    AUTO(fd) dir = -1;
    char path[PATH_MAX];
    ASSERT(owner.len && owner.len < OWNER_MAX);
    path_of(s, owner, path);
    TRY(file_open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600, &f));
    forget(s, owner);
    TRY(overwrite(f));
    TRY(file_open(s->dir, O_RDONLY | O_DIRECTORY, 0, &dir));
    return file_sync(dir);
}
