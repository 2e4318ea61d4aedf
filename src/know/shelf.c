/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/shelf.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/enc.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/map.h"
#include "crypt/hash.h"
#include "crypt/seal.h"
#include "os/entropy.h"
#include "os/file.h"

enum { MANIFEST_BYTES_MAX = 64 * 1024 * 1024, WORK_BYTES = 256 * 1024 * 1024, FORM = 1 };

static const char manifest_name[] = "manifest";

struct shelf {
    char dir[PATH_MAX];
    secret key;
    fd lock;
};

/* ---- keys */

/* The list's key, or a label's. */
static fallible
derive(const secret *key, const label *l, secret *ret)
{
    char info[64] = "hoheit know list";
    size_t len = strlen(info);
    if (l) {
        const char what[] = "hoheit know segment";
        memcpy(info, what, sizeof what);
        memcpy(info + sizeof what, l->w, sizeof l->w);
        len = sizeof what + sizeof l->w;
    }
    return hkdf_sha256(key, (str){info, len}, SEAL_KEY_LEN, ret);
}

static fallible
seal_to(const shelf *s, const char *name, const label *l, str bytes)
{
    AUTO(secret) key = {0};
    AUTO(buf) sealed = BUF(SHELF_PART_BYTES_MAX);
    char path[PATH_MAX + SHELF_NAME_MAX + 1];
    TRY(derive(&s->key, l, &key));
    TRY(seal_close(&key, str_of(name), bytes, &sealed));
    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    return file_write_atomic(path, buf_str(&sealed), 0600);
}

static fallible
read_whole(const char *path, size_t most, buf *ret)
{
    AUTO(fd) f = -1;
    uint64_t size = 0;
    size_t got = 0;
    TRY(file_open(path, O_RDONLY, 0, &f));
    TRY(file_size(f, &size));
    if (size > most)
        FAIL(CORRUPT, "%s is larger than any such file", path);
    char *const at = buf_add_room(ret, size);
    TRY(buf_end(ret));
    TRY(file_read_at(f, 0, at, size, &got));
    if (got != size)
        FAIL(CORRUPT, "%s became shorter", path);
    return OK;
}

static fallible
unseal(const shelf *s, const char *name, const label *l, buf *ret)
{
    AUTO(secret) key = {0};
    AUTO(buf) sealed = BUF(SHELF_PART_BYTES_MAX);
    char path[PATH_MAX + SHELF_NAME_MAX + 1];
    TRY(derive(&s->key, l, &key));
    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    TRY(read_whole(path, SHELF_PART_BYTES_MAX, &sealed));
    return seal_open(&key, str_of(name), buf_str(&sealed), ret);
}

/* ---- the list */

static fallible
put_label(buf *b, label l)
{
    AUTO(buf) hex = BUF(128);
    hex_put(&hex, l.w, sizeof l.w);
    TRY(buf_end(&hex));
    json_member_str(b, "label", buf_str(&hex));
    return OK;
}

static fallible
put_part(buf *b, const struct part *p)
{
    json_open(b, '{');
    json_member_str(b, "name", str_of(p->name));
    json_member_str(b, "vectors", str_of(p->vectors));
    json_member_str(b, "embedder", str_of(p->embedder));
    TRY(put_label(b, p->label));
    json_member_u64(b, "documents", p->documents);
    json_member_u64(b, "units", p->units);
    json_close(b, '}');
    return OK;
}

static fallible
put_waiting(buf *b, const struct waiting *w)
{
    json_open(b, '{');
    json_member_str(b, "name", str_of(w->name));
    json_member_str(b, "embedder", str_of(w->embedder));
    TRY(put_label(b, w->label));
    json_member_u64(b, "count", w->count);
    json_close(b, '}');
    return OK;
}

fallible
shelf_replace(shelf *s, const struct manifest *m)
{
    AUTO(buf) b = BUF(MANIFEST_BYTES_MAX);
    json_open(&b, '{');
    json_member_u64(&b, "form", FORM);
    json_member_u64(&b, "generation", m->generation);
    json_key(&b, "parts");
    json_open(&b, '[');
    for (size_t i = 0; i < m->parts.count; i++)
        TRY(put_part(&b, &m->parts.at[i]));
    json_close(&b, ']');
    json_key(&b, "waiting");
    json_open(&b, '[');
    for (size_t i = 0; i < m->waiting.count; i++)
        TRY(put_waiting(&b, &m->waiting.at[i]));
    json_close(&b, ']');
    json_close(&b, '}');
    TRY(buf_end(&b));
    return seal_to(s, manifest_name, NULL, buf_str(&b));
}

static fallible
read_name(const jval *o, const char *member, char room[SHELF_NAME_MAX])
{
    str name;
    const jval v = json_get(o, member);
    TRY(json_str(&v, SHELF_NAME_MAX - 1, &name));
    if (!str_copy(name, room, SHELF_NAME_MAX) || str_find_char(name, '/') >= 0)
        FAIL(CORRUPT, "the list names no file");
    return OK;
}

static fallible
read_label(const jval *o, label *ret)
{
    str hex;
    const jval l = json_get(o, "label");
    TRY(json_str(&l, 64, &hex));
    return hex_read(hex, ret->w, sizeof ret->w);
}

/* Lists of an earlier version have none. */
static fallible
read_embedder(const jval *o, char room[SHELF_EMBEDDER_MAX])
{
    str name = STR_NONE;
    const jval v = json_get(o, "embedder");
    TRY(opt_json_str(&v, SHELF_EMBEDDER_MAX - 1, &name));
    if (!str_copy(name, room, SHELF_EMBEDDER_MAX))
        FAIL(CORRUPT, "the list names no embedder");
    return OK;
}

static fallible
read_waiting(const jval *root, arena *a, struct manifest *m)
{
    struct jwalk w = {0};
    const jval all = json_get(root, "waiting");
    if (!all.v)
        return OK;
    TRY(json_array(&all, 0, SHELF_PARTS_MAX));
    for (jval v; json_each(&all, &w, &v);) {
        struct waiting one = {0};
        TRY(read_name(&v, "name", one.name));
        TRY(read_embedder(&v, one.embedder));
        TRY(read_label(&v, &one.label));
        const jval n = json_get(&v, "count");
        int64_t count = 0;
        TRY(json_i64(&n, 0, INT64_MAX, &count));
        one.count = (uint64_t)count;
        TRY(VEC_ADD(a, &m->waiting, &one));
    }
    return OK;
}

static fallible
read_part(const jval *o, struct part *p)
{
    int64_t documents = 0, units = 0;
    const jval d = json_get(o, "documents"), u = json_get(o, "units");
    TRY(read_name(o, "name", p->name));
    TRY(read_name(o, "vectors", p->vectors));
    TRY(read_embedder(o, p->embedder));
    TRY(read_label(o, &p->label));
    TRY(json_i64(&d, 0, INT64_MAX, &documents));
    TRY(json_i64(&u, 0, INT64_MAX, &units));
    p->documents = (uint64_t)documents;
    p->units = (uint64_t)units;
    return OK;
}

static fallible
read_list(const jval *root, arena *a, struct manifest *m)
{
    int64_t form = 0, generation = 0;
    const jval f = json_get(root, "form"), n = json_get(root, "generation");
    const jval parts = json_get(root, "parts");
    TRY(json_i64(&f, FORM, FORM, &form));
    TRY(json_i64(&n, 0, INT64_MAX, &generation));
    TRY(json_array(&parts, 0, SHELF_PARTS_MAX));
    m->generation = (uint64_t)generation;
    struct jwalk w = {0};
    for (jval v; json_each(&parts, &w, &v);) {
        struct part p = {0};
        TRY(read_part(&v, &p));
        TRY(VEC_ADD(a, &m->parts, &p));
    }
    return read_waiting(root, a, m);
}

fallible
shelf_list(shelf *s, arena *a, struct manifest *ret)
{
    AUTO(buf) text = BUF(MANIFEST_BYTES_MAX);
    AUTO(arena) *work = NULL;
    struct manifest m = {0};
    jval root;
    TRY(unseal(s, manifest_name, NULL, &text));
    TRY(arena_open(WORK_BYTES, &work));
    TRY(json_read(work, buf_str(&text), &root));
    TRY(read_list(&root, a, &m));
    *ret = m;
    return OK;
}

/* ---- files */

fallible
shelf_put(shelf *s, const char *prefix, label l, str bytes, char ret_name[SHELF_NAME_MAX])
{
    char room[ID_MAX];
    _Static_assert((int)ID_MAX <= (int)SHELF_NAME_MAX, "a name fits");
    const str name = id_new(prefix, room);
    TRY(seal_to(s, name.at, &l, bytes));
    (void)str_copy(name, ret_name, SHELF_NAME_MAX);
    return OK;
}

fallible
shelf_get(shelf *s, const char *name, label l, buf *ret)
{
    ASSERT(*name && !strchr(name, '/'));
    return unseal(s, name, &l, ret);
}

static bool
is_ours(const char *name)
{
    return strncmp(name, "seg_", 4) == 0 || strncmp(name, "vec_", 4) == 0 ||
           strncmp(name, "emb_", 4) == 0;
}

fallible
shelf_sweep(shelf *s, const struct manifest *m)
{
    AUTO(map) kept = {0};
    for (size_t i = 0; i < m->parts.count; i++) {
        TRY(map_put(&kept, str_of(m->parts.at[i].name), s));
        if (*m->parts.at[i].vectors)
            TRY(map_put(&kept, str_of(m->parts.at[i].vectors), s));
    }
    for (size_t i = 0; i < m->waiting.count; i++)
        TRY(map_put(&kept, str_of(m->waiting.at[i].name), s));
    DIR *const d = fault_now() ? NULL : opendir(s->dir);
    if (!d)
        return file_errno("list", s->dir);
    err e = OK;
    for (const struct dirent *at; !e.code && (at = readdir(d));) {
        char path[PATH_MAX + NAME_MAX + 2];
        if (!is_ours(at->d_name) || map_get(&kept, str_of(at->d_name)))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", s->dir, at->d_name);
        e = file_remove(path);
    }
    (void)closedir(d);
    return e;
}

/* ---- opening */

static fallible
take_place(const char *dir, const secret *key, shelf **ret)
{
    ASSERT(key->len == 32);
    shelf *const s = (shelf *)mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for a collection");
    *s = (shelf){.lock = -1};
    err e = secret_get(&s->key, key->len);
    if (!e.code && !str_copy(str_of(dir), s->dir, sizeof s->dir))
        e = err_start(ERR_ARGUMENT, __FILE__, __LINE__, __func__, "the path is too long");
    if (e.code) {
        shelf_close(s);
        return e;
    }
    memcpy(s->key.at, key->at, key->len);
    *ret = s;
    return OK;
}

void
shelf_close(shelf *s)
{
    if (!s)
        return;
    secret_done(&s->key);
    fd_auto(&s->lock);
    mem_free(s);
}

fallible
shelf_create(const char *dir, const secret *key)
{
    AUTO(shelf) *s = NULL;
    AUTO(fd) f = -1;
    char path[PATH_MAX + SHELF_NAME_MAX + 1];
    const struct manifest m = {.generation = 1};
    TRY(take_place(dir, key, &s));
    TRY(file_make_dir(dir, 0700));
    (void)snprintf(path, sizeof path, "%s/%s", dir, manifest_name);
    const err e = file_open(path, O_RDONLY, 0, &f);
    if (!e.code)
        REFUSE(CONFLICT, "", "there is a collection already");
    if (e.code != ERR_NOT_FOUND)
        TRY(e);
    return shelf_replace(s, &m);
}

fallible
shelf_open(const char *dir, const secret *key, shelf **ret)
{
    AUTO(shelf) *s = NULL;
    AUTO(arena) *a = NULL;
    struct manifest m;
    TRY(take_place(dir, key, &s));
    TRY(arena_open(WORK_BYTES, &a));
    TRY(shelf_list(s, a, &m));
    *ret = TAKE(s);
    return OK;
}

fallible
shelf_lock(shelf *s)
{
    AUTO(fd) f = -1;
    if (s->lock >= 0)
        return OK;
    TRY(file_open(s->dir, O_RDONLY | O_DIRECTORY, 0, &f));
    if (flock(f, LOCK_EX | LOCK_NB) != 0)
        REFUSE(BUSY, "", "another program is changing this collection");
    s->lock = fd_take(&f);
    return OK;
}
