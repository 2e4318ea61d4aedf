/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/objects.h"

#include <stdio.h>

#include "base/fault.h"
#include "crypt/seal.h"
#include "store/query.h"

struct objects {
    db *d;
    subjects *keys;
};

enum { ABOUT_MAX = 1024 };

fallible
objects_open(db *d, subjects *keys, objects **ret)
{
    objects *o = mem_get(sizeof *o);
    if (!o)
        FAIL(LIMIT, "no memory for the store of objects");
    *o = (objects){d, keys};
    *ret = o;
    return OK;
}

void
objects_free(objects *o)
{
    mem_free(o);
}

db *
objects_db(const objects *o)
{
    return o->d;
}

/* ---- metas */
static fallible
check_grant(const grant *g, label l)
{
    if (!grant_covers(g, l))
        REFUSE(DENIED, "", "the label is above what this operation may touch");
    return OK;
}

/* Fields are of the program's making but for the parent, which is looked up first: none has a
 * space.  Yet each comes with its length, so that no two heads read alike. */
static fallible
about(const struct object *r, char room[ABOUT_MAX], str *ret)
{
    const int n =
        snprintf(room, ABOUT_MAX,
                 "object %d %zu %.*s %zu %.*s %zu %.*s %zu %.*s %016llx%016llx%016llx%016llx",
                 r->kind, r->id.len, STR_FMT(r->id), r->parent.len, STR_FMT(r->parent),
                 r->tenant.len, STR_FMT(r->tenant), r->owner.len, STR_FMT(r->owner),
                 (unsigned long long)r->label.w[0], (unsigned long long)r->label.w[1],
                 (unsigned long long)r->label.w[2], (unsigned long long)r->label.w[3]);
    size_t len = n < 0 ? ABOUT_MAX : (size_t)n;
    if (len < ABOUT_MAX && r->matter.len) /* rows from before there were any read as they did */
        len += (size_t)snprintf(room + len, ABOUT_MAX - len, " %zu %.*s", r->matter.len,
                                STR_FMT(r->matter));
    if (len >= ABOUT_MAX)
        FAIL(ARGUMENT, "the head of an object has more than %d bytes", ABOUT_MAX);
    *ret = (str){room, len};
    return OK;
}

static fallible
seal_meta(const objects *o, const struct object *r, str meta, buf *ret)
{
    char room[ABOUT_MAX];
    const secret *key;
    str place;
    TRY(about(r, room, &place));
    TRY(subjects_key_for(o->keys, r->owner, r->matter, &key));
    return seal_close(key, place, meta, ret);
}

static fallible
add_row(objects *o, struct object *r, const buf *sealed)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_ADD, &q));
    query_bind_str(&q, r->id);
    query_bind_i64(&q, r->kind);
    query_bind_str(&q, r->parent);
    query_bind_str(&q, r->tenant);
    query_bind_str(&q, r->owner);
    query_bind_label(&q, r->label);
    query_bind_str(&q, r->state);
    query_bind_i64(&q, r->created_wall_ms);
    query_bind_i64(&q, r->expires_wall_ms);
    query_bind_i64(&q, (int64_t)r->size_bytes);
    query_bind_blob(&q, sealed->at, sealed->len);
    query_bind_str(&q, r->matter);
    TRY(query_next(&q, &is_row));
    ASSERT(is_row);
    r->seq = query_i64(&q, 0);
    return query_next(&q, &is_row); /* to its end, which commits it */
}

fallible
objects_add(objects *o, const grant *g, struct object *row, str meta)
{
    AUTO(buf) sealed = BUF(OBJECT_META_MAX + SEAL_OVERHEAD);
    ASSERT(row->kind > 0 && row->kind < OBJECT_KINDS && row->id.len);
    TRY(check_grant(g, row->label));
    TRY(seal_meta(o, row, meta, &sealed));
    const err e = add_row(o, row, &sealed);
    if (e.code == ERR_CONFLICT)
        REFUSE(CONFLICT, "", "this id is taken");
    return e;
}

fallible
objects_set(objects *o, const grant *g, const struct object *row, str meta)
{
    AUTO(buf) sealed = BUF(OBJECT_META_MAX + SEAL_OVERHEAD);
    int64_t changed = 0;
    TRY(check_grant(g, row->label));
    TRY(seal_meta(o, row, meta, &sealed));
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_SET, &q));
    query_bind_label(&q, row->label);
    query_bind_str(&q, row->state);
    query_bind_i64(&q, row->expires_wall_ms);
    query_bind_i64(&q, (int64_t)row->size_bytes);
    query_bind_blob(&q, sealed.at, sealed.len);
    query_bind_str(&q, row->id);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "", "there is no such thing here");
    return OK;
}

fallible
objects_set_state(objects *o, str id, str state)
{
    int64_t changed = 0;
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_SET_STATE, &q));
    query_bind_str(&q, state);
    query_bind_str(&q, id);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "", "there is no such thing here");
    return OK;
}

/* ---- heads */
static fallible
read_head(query *q, arena *a, struct object *r)
{
    const int64_t kind = query_i64(q, 2);
    r->seq = query_i64(q, 0);
    TRY(query_str(q, 1, a, &r->id));
    if (kind <= 0 || kind >= OBJECT_KINDS)
        FAIL(CORRUPT, "an object is of no kind this program knows");
    r->kind = (enum object_kind)kind;
    TRY(query_str(q, 3, a, &r->parent));
    TRY(query_str(q, 4, a, &r->tenant));
    TRY(query_str(q, 5, a, &r->owner));
    TRY(query_label(q, 6, &r->label));
    TRY(query_str(q, 7, a, &r->state));
    r->created_wall_ms = query_i64(q, 8);
    r->expires_wall_ms = query_i64(q, 9);
    r->size_bytes = (uint64_t)query_i64(q, 10);
    return query_str(q, 11, a, &r->matter);
}

fallible
objects_find(objects *o, arena *a, str id, int64_t now_wall_ms, struct object *ret)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_FIND, &q));
    query_bind_str(&q, id);
    query_bind_i64(&q, now_wall_ms);
    TRY(query_next(&q, &is_row));
    if (!is_row)
        REFUSE(NOT_FOUND, "", "there is no such thing here");
    return read_head(&q, a, ret);
}

fallible
objects_meta(objects *o, arena *a, const grant *g, const struct object *row, str *ret)
{
    char room[ABOUT_MAX];
    const secret *key;
    str place;
    bool is_row = false;
    TRY(check_grant(g, row->label));
    TRY(about(row, room, &place));
    TRY(subjects_find_for(o->keys, row->owner, row->matter, &key));
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_META, &q));
    query_bind_str(&q, row->id);
    TRY(query_next(&q, &is_row));
    if (!is_row)
        REFUSE(NOT_FOUND, "", "there is no such thing here");
    AUTO(buf) meta = BUF(OBJECT_META_MAX + 1);
    TRY(seal_open(key, place, query_bytes(&q, 0), &meta));
    return try_arena_str(a, buf_str(&meta), ret);
}

fallible
objects_remove(objects *o, str id)
{
    int64_t changed = 0;
    ASSERT(id.len); /* what has no parent has the empty one */
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_REMOVE, &q));
    query_bind_str(&q, id);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "", "there is no such thing here");
    return OK;
}

fallible
objects_remove_lines(objects *o, str id)
{
    ASSERT(id.len);
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_REMOVE_LINES, &q));
    query_bind_str(&q, id);
    return query_run(&q, NULL);
}

/* ---- lists */
static fallible
walk(query *q, arena *a, object_fn *fn, void *ctx)
{
    bool is_row = false;
    for (;;) {
        struct object r = {.seq = 0};
        TRY(query_next(q, &is_row));
        if (!is_row)
            return OK;
        TRY(read_head(q, a, &r));
        const err e = fn(ctx, &r);
        if (e.code == ERR_CANCELLED)
            return OK;
        TRY(e);
    }
}

static enum query_id
list_of(const struct object_query *q)
{
    if (q->owner.len)
        return q->newest_first ? QUERY_OBJECT_OF_OWNER_DOWN : QUERY_OBJECT_OF_OWNER_UP;
    if (q->parent.len)
        return q->newest_first ? QUERY_OBJECT_OF_PARENT_DOWN : QUERY_OBJECT_OF_PARENT_UP;
    ASSERT(!q->newest_first);
    return QUERY_OBJECT_OF_KIND;
}

fallible
objects_each(objects *o, arena *a, const struct object_query *want, object_fn *fn, void *ctx)
{
    ASSERT(!want->owner.len || !want->parent.len);
    AUTO(query) q = {0};
    TRY(query_begin(o->d, list_of(want), &q));
    query_bind_i64(&q, want->kind);
    query_bind_str(&q, want->owner.len ? want->owner : want->parent);
    query_bind_i64(&q, want->after);
    query_bind_i64(&q, want->now_wall_ms);
    return walk(&q, a, fn, ctx);
}

fallible
objects_expired(objects *o, arena *a, int64_t now_wall_ms, object_fn *fn, void *ctx)
{
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_EXPIRED, &q));
    query_bind_i64(&q, now_wall_ms);
    return walk(&q, a, fn, ctx);
}

struct whose {
    enum query_id first;
    str name;
};

static fallible
first_of(objects *o, arena *a, const struct whose *w, bool *ret_is_there, struct object *ret)
{
    AUTO(query) q = {0};
    TRY(query_begin(o->d, w->first, &q));
    query_bind_str(&q, w->name);
    TRY(query_next(&q, ret_is_there));
    return *ret_is_there ? read_head(&q, a, ret) : OK;
}

static fallible
erase_all(objects *o, arena *a, const struct whose *w, object_fn *fn, void *ctx)
{
    ASSERT(w->name.len);
    for (bool is_there = true;;) {
        struct object r;
        TRY(first_of(o, a, w, &is_there, &r));
        if (!is_there)
            return OK;
        TRY(fn(ctx, &r));
        TRY(objects_remove(o, r.id));
        arena_reset(a);
    }
}

fallible
objects_erase(objects *o, arena *a, str owner, object_fn *fn, void *ctx)
{
    return erase_all(o, a, &(struct whose){QUERY_OBJECT_OF_ANY, owner}, fn, ctx);
}

fallible
objects_erase_matter(objects *o, arena *a, str matter, object_fn *fn, void *ctx)
{
    return erase_all(o, a, &(struct whose){QUERY_OBJECT_OF_MATTER, matter}, fn, ctx);
}

fallible
objects_bytes(objects *o, str tenant, uint64_t *ret)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_BYTES, &q));
    query_bind_str(&q, tenant);
    TRY(query_next(&q, &is_row));
    ASSERT(is_row);
    *ret = (uint64_t)query_i64(&q, 0);
    return OK;
}

fallible
objects_kind_bytes(objects *o, enum object_kind kind, uint64_t *ret)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(o->d, QUERY_OBJECT_KIND_BYTES, &q));
    query_bind_i64(&q, kind);
    TRY(query_next(&q, &is_row));
    ASSERT(is_row);
    *ret = (uint64_t)query_i64(&q, 0);
    return OK;
}
