/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/limits.h"

#include "store/query.h"

static fallible
bind_u64(query *q, uint64_t n)
{
    if (n > INT64_MAX)
        REFUSE(ARGUMENT, "value", "a limit is at most 2^63 - 1");
    query_bind_i64(q, (int64_t)n);
    return OK;
}

fallible
limits_put(db *d, const struct limit_row *r)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_LIMIT_PUT, &q));
    query_bind_str(&q, r->subject);
    query_bind_str(&q, r->name);
    TRY(bind_u64(&q, r->value));
    TRY(query_run(&q, NULL));
    return OK;
}

static fallible
remove_row(db *d, enum query_id id, str subject, str name, int64_t *ret_changed)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, id, &q));
    query_bind_str(&q, subject);
    query_bind_str(&q, name);
    TRY(query_run(&q, ret_changed));
    return OK;
}

static fallible
remove_both(db *d, str subject, str name)
{
    int64_t changed = 0;
    TRY(remove_row(d, QUERY_LIMIT_REMOVE, subject, name, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "limit", "there is no such limit");
    TRY(remove_row(d, QUERY_SPENT_REMOVE, subject, name, NULL));
    return db_commit(d);
}

fallible
limits_remove(db *d, str subject, str name)
{
    TRY(db_begin(d));
    const err e = remove_both(d, subject, name);
    if (e.code)
        db_rollback(d);
    return e;
}

fallible
limits_each(db *d, arena *a, limits_fn *fn, void *ctx)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_LIMIT_LIST, &q));
    for (;;) {
        struct limit_row r;
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(query_str(&q, 0, a, &r.subject));
        TRY(query_str(&q, 1, a, &r.name));
        r.value = (uint64_t)query_i64(&q, 2);
        TRY(fn(ctx, &r));
    }
}

/* ---- what was granted */
static fallible
put_row(db *d, const struct spent_row *r)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_SPENT_PUT, &q));
    query_bind_str(&q, r->subject);
    query_bind_str(&q, r->name);
    query_bind_i64(&q, r->window);
    TRY(bind_u64(&q, r->granted));
    TRY(query_run(&q, NULL));
    return OK;
}

static fallible
put_rows(db *d, const struct spent_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(put_row(d, &rows[i]));
    return db_commit(d);
}

fallible
spent_put(db *d, const struct spent_row *rows, size_t count)
{
    err e = db_begin_light(d);
    if (!e.code)
        e = put_rows(d, rows, count);
    if (e.code)
        db_rollback(d);
    return e;
}

fallible
spent_each(db *d, arena *a, spent_fn *fn, void *ctx)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_SPENT_LIST, &q));
    for (;;) {
        struct spent_row r;
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(query_str(&q, 0, a, &r.subject));
        TRY(query_str(&q, 1, a, &r.name));
        r.window = query_i64(&q, 2);
        r.granted = (uint64_t)query_i64(&q, 3);
        TRY(fn(ctx, &r));
    }
}

fallible
spent_purge(db *d, str name, int64_t window)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_SPENT_PURGE, &q));
    query_bind_str(&q, name);
    query_bind_i64(&q, window);
    TRY(query_run(&q, NULL));
    return OK;
}
