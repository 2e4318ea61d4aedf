/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/access_keys.h"

#include "store/query.h"

/* What stands in the column when there is no secret. */
static const str none = STR_INIT("-");

fallible
access_keys_add(db *d, const struct access_key_record *r)
{
    const str sealed = r->sealed.len ? r->sealed : none;
    ASSERT(r->access_id.len && r->key_id.len && !str_eq(r->sealed, none));
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_ACCESS_KEY_ADD, &q));
    query_bind_str(&q, r->access_id);
    query_bind_str(&q, r->key_id);
    query_bind_blob(&q, sealed.at, sealed.len);
    query_bind_i64(&q, r->created_wall_ms);
    const err e = query_run(&q, NULL);
    if (e.code == ERR_CONFLICT)
        REFUSE(CONFLICT, "import_aws", "this access key id is in use");
    TRY(e);
    return OK;
}

static fallible
read_row(query *q, arena *a, struct access_key_record *r)
{
    TRY(query_str(q, 0, a, &r->access_id));
    TRY(query_str(q, 1, a, &r->key_id));
    const str sealed = query_bytes(q, 2);
    TRY(try_arena_str(a, str_eq(sealed, none) ? STR_NONE : sealed, &r->sealed));
    r->created_wall_ms = query_i64(q, 3);
    return OK;
}

fallible
access_keys_each(db *d, arena *a, access_keys_fn *fn, void *ctx)
{
    bool is_row;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_ACCESS_KEY_LIST, &q));
    for (;;) {
        struct access_key_record r;
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(read_row(&q, a, &r));
        TRY(fn(ctx, &r));
    }
}
