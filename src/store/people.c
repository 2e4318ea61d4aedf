/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/people.h"

#include "store/query.h"

/* Does a statement with one text have a row? */
static fallible
has_row(db *d, enum query_id id, str name, bool *ret)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, id, &q));
    query_bind_str(&q, name);
    return query_next(&q, ret);
}

static fallible
remove_unused(db *d, enum query_id used, enum query_id gone, str name, const char *what)
{
    bool is_used = false;
    int64_t changed = 0;
    TRY(has_row(d, used, name, &is_used));
    if (is_used)
        REFUSE(CONFLICT, "name", "this %s is still in use: remove or revoke what is theirs first",
               what);
    AUTO(query) q = {0};
    TRY(query_begin(d, gone, &q));
    query_bind_str(&q, name);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "name", "there is no %s of this name", what);
    return OK;
}

/* Three texts and a time. */
static fallible
add(db *d, enum query_id id, const str texts[3], int64_t created)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, id, &q));
    for (int i = 0; i < 3; i++)
        query_bind_str(&q, texts[i]);
    query_bind_i64(&q, created);
    const err e = query_run(&q, NULL);
    if (e.code == ERR_CONFLICT)
        REFUSE(CONFLICT, "name", "the name is taken");
    TRY(e);
    return OK;
}

static fallible
check_tenant(db *d, str name, const char *field)
{
    bool is_there = false;
    TRY(tenants_have(d, name, &is_there));
    if (!is_there)
        REFUSE(NOT_FOUND, field, "there is no tenant \"%.*s\"", STR_FMT(name));
    return OK;
}

static fallible
read_texts(query *q, arena *a, str *const texts[3], int64_t *ret_created)
{
    for (int i = 0; i < 3; i++)
        TRY(query_str(q, i, a, texts[i]));
    *ret_created = query_i64(q, 3);
    return OK;
}

/* ---- tenants */
fallible
tenants_add(db *d, const struct tenant_row *t)
{
    const str texts[3] = {t->name, t->title, t->parent};
    if (t->parent.len)
        TRY(check_tenant(d, t->parent, "parent"));
    return add(d, QUERY_TENANT_ADD, texts, t->created_wall_ms);
}

fallible
tenants_ensure(db *d, str name, int64_t now_wall_ms)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_TENANT_ENSURE, &q));
    query_bind_str(&q, name);
    query_bind_i64(&q, now_wall_ms);
    return query_run(&q, NULL);
}

fallible
tenants_have(db *d, str name, bool *ret)
{
    return has_row(d, QUERY_TENANT_FIND, name, ret);
}

fallible
tenants_remove(db *d, str name)
{
    return remove_unused(d, QUERY_TENANT_USED, QUERY_TENANT_REMOVE, name, "tenant");
}

fallible
tenants_each(db *d, arena *a, tenants_fn *fn, void *ctx)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_TENANT_LIST, &q));
    for (;;) {
        struct tenant_row t;
        str *const texts[3] = {&t.name, &t.title, &t.parent};
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(read_texts(&q, a, texts, &t.created_wall_ms));
        TRY(fn(ctx, &t));
    }
}

/* ---- people */
fallible
persons_add(db *d, const struct person_row *p)
{
    const str texts[3] = {p->name, p->tenant, p->title};
    TRY(check_tenant(d, p->tenant, "tenant"));
    return add(d, QUERY_PERSON_ADD, texts, p->created_wall_ms);
}

fallible
persons_ensure(db *d, str name, str tenant, int64_t now_wall_ms)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_PERSON_ENSURE, &q));
    query_bind_str(&q, name);
    query_bind_str(&q, tenant);
    query_bind_i64(&q, now_wall_ms);
    return query_run(&q, NULL);
}

fallible
persons_tenant(db *d, arena *a, str name, str *ret)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_PERSON_FIND, &q));
    query_bind_str(&q, name);
    TRY(query_next(&q, &is_row));
    if (is_row)
        return query_str(&q, 0, a, ret);
    *ret = STR_NONE;
    return OK;
}

/* Whoever gets the name later is cleared for nothing. */
static fallible
remove_person(db *d, str name)
{
    TRY(remove_unused(d, QUERY_PERSON_USED, QUERY_PERSON_REMOVE, name, "person"));
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_CLEARANCE_REMOVE, &q));
    query_bind_str(&q, name);
    TRY(query_run(&q, NULL));
    return db_commit(d);
}

fallible
persons_remove(db *d, str name)
{
    TRY(db_begin(d));
    const err e = remove_person(d, name);
    if (e.code)
        db_rollback(d);
    return e;
}

fallible
persons_each(db *d, arena *a, persons_fn *fn, void *ctx)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_PERSON_LIST, &q));
    for (;;) {
        struct person_row p;
        str *const texts[3] = {&p.name, &p.tenant, &p.title};
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(read_texts(&q, a, texts, &p.created_wall_ms));
        TRY(fn(ctx, &p));
    }
}

/* ---- forgetting */
static fallible
erase_by(db *d, enum query_id id, str name)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, id, &q));
    query_bind_str(&q, name);
    return query_run(&q, NULL);
}

static fallible
erase_all(db *d, str name, int64_t now_wall_ms)
{
    int64_t changed = 0;
    TRY(erase_by(d, QUERY_PERSON_PAIRS_ERASE, name));
    TRY(erase_by(d, QUERY_PERSON_KEYS_ERASE, name));
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_PERSON_ERASE, &q));
    query_bind_str(&q, name);
    query_bind_i64(&q, now_wall_ms);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "name", "there is no person of this name");
    return db_commit(d);
}

fallible
persons_erase(db *d, str name, int64_t now_wall_ms)
{
    ASSERT(now_wall_ms > 0);
    TRY(db_begin(d));
    const err e = erase_all(d, name, now_wall_ms);
    if (e.code)
        db_rollback(d);
    return e;
}

fallible
persons_are_erased(db *d, str name, bool *ret)
{
    return has_row(d, QUERY_PERSON_ERASED, name, ret);
}
