/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/library/library.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "crypt/hash.h"
#include "os/file.h"

enum { PATH_BYTES = 4096, KEY_LEN = 32 };

struct shelf_place {
    char name[LIBRARY_NAME_MAX + 1];
    know *k; /* NULL: free */
    uint64_t used;
};

struct library {
    char dir[PATH_BYTES - LIBRARY_NAME_MAX - 2];
    secret key;
    struct shelf_place open[LIBRARY_OPEN_MAX];
    uint64_t turn;
};

fallible
library_new(const char *dir, const secret *key, library **ret)
{
    ASSERT(key->len == KEY_LEN);
    library *l = mem_get(sizeof *l);
    if (!l)
        FAIL(LIMIT, "no memory for the collections");
    *l = (library){.turn = 0};
    err e = OK;
    if (!str_copy(str_of(dir), l->dir, sizeof l->dir))
        e = err_start(ERR_CONFIG, __FILE__, __LINE__, __func__, "the path is too long");
    if (!e.code)
        e = secret_get(&l->key, KEY_LEN);
    if (e.code) {
        mem_free(l);
        return e;
    }
    memcpy(l->key.at, key->at, KEY_LEN);
    *ret = l;
    return OK;
}

static void
shut(struct shelf_place *p)
{
    know_close(p->k);
    *p = (struct shelf_place){.k = NULL};
}

void
library_free(library *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < LIBRARY_OPEN_MAX; i++)
        shut(&l->open[i]);
    secret_done(&l->key);
    mem_free(l);
}

static bool
is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

fallible
library_check_name(str name)
{
    bool is_good = name.len >= 1 && name.len <= LIBRARY_NAME_MAX && is_letter_or_digit(name.at[0]);
    for (size_t i = 0; is_good && i < name.len; i++)
        is_good = is_letter_or_digit(name.at[i]) || name.at[i] == '-' || name.at[i] == '_' ||
                  name.at[i] == '.';
    if (!is_good)
        REFUSE(ARGUMENT, "name",
               "a collection's name has 1 to %d letters, digits and - _ . and begins with a "
               "letter or digit",
               LIBRARY_NAME_MAX);
    return OK;
}

static fallible
path_of(const library *l, str name, char ret[PATH_BYTES])
{
    TRY(library_check_name(name));
    (void)snprintf(ret, PATH_BYTES, "%s/%.*s", l->dir, STR_FMT(name));
    return OK;
}

static fallible
key_of(const library *l, str name, secret *ret)
{
    char info[LIBRARY_NAME_MAX + 16];
    const int n = snprintf(info, sizeof info, "know/%.*s", STR_FMT(name));
    ASSERT(n > 0 && (size_t)n < sizeof info);
    return hkdf_sha256(&l->key, (str){info, (size_t)n}, KEY_LEN, ret);
}

fallible
library_create(library *l, str name)
{
    AUTO(secret) key = {0};
    char path[PATH_BYTES];
    TRY(path_of(l, name, path));
    TRY(key_of(l, name, &key));
    TRY(file_make_dir(path, 0700));
    const err e = know_create(path, &key);
    if (e.code == ERR_CONFLICT)
        REFUSE(CONFLICT, "name", "there is a collection of that name");
    return e;
}

/* The one of that name, or else a free one, or else the one that was not used for longest. */
static struct shelf_place *
place_for(library *l, str name)
{
    struct shelf_place *best = &l->open[0];
    for (size_t i = 0; i < LIBRARY_OPEN_MAX; i++) {
        struct shelf_place *const p = &l->open[i];
        if (p->k && str_eq(str_of(p->name), name))
            return p;
        if (best->k && (!p->k || p->used < best->used))
            best = p;
    }
    shut(best);
    return best;
}

fallible
library_find(library *l, str name, know **ret)
{
    AUTO(secret) key = {0};
    char path[PATH_BYTES];
    TRY(path_of(l, name, path));
    struct shelf_place *const p = place_for(l, name);
    if (!p->k) {
        TRY(key_of(l, name, &key));
        const err e = know_open(path, &key, &p->k);
        if (e.code == ERR_NOT_FOUND)
            REFUSE(NOT_FOUND, "name", "there is no collection of that name");
        TRY(e);
        (void)str_copy(name, p->name, sizeof p->name);
    }
    p->used = ++l->turn;
    *ret = p->k;
    return OK;
}

void
library_close(library *l, str name)
{
    for (size_t i = 0; i < LIBRARY_OPEN_MAX; i++)
        if (l->open[i].k && str_eq(str_of(l->open[i].name), name))
            shut(&l->open[i]);
}

fallible
library_remove(library *l, str name)
{
    char path[PATH_BYTES];
    struct stat about;
    TRY(path_of(l, name, path));
    if (lstat(path, &about) && errno == ENOENT)
        REFUSE(NOT_FOUND, "name", "there is no collection of that name");
    library_close(l, name);
    return file_remove_tree(path);
}

static int
by_name(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

static fallible
list_entries(DIR *d, arena *a, struct library_names *ret)
{
    for (const struct dirent *at; ret->count < LIBRARY_COUNT_MAX && (at = readdir(d));) {
        const str name = str_of(at->d_name);
        if (library_check_name(name).code)
            continue;
        TRY(try_arena_str(a, name, &ret->at[ret->count]));
        ret->count++;
    }
    return OK;
}

fallible
library_list(library *l, arena *a, struct library_names *ret)
{
    ret->count = 0;
    DIR *const d = opendir(l->dir);
    if (!d && errno == ENOENT)
        return OK;
    if (!d)
        return file_errno("list", l->dir);
    const err e = list_entries(d, a, ret);
    (void)closedir(d);
    qsort(ret->at, ret->count, sizeof *ret->at, by_name);
    return e;
}
