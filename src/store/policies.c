/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/policies.h"

#include "store/query.h"

fallible
policies_add(db *d, const struct policy_row *r, int64_t *ret_id)
{
    const str texts[] = {r->text,           r->sha256,          r->proposer,
                         r->proposer_line,  r->proposer_person, r->approver,
                         r->approver_person};
    AUTO(query) q = {0};
    bool is_row = false;
    ASSERT(r->text.len && r->sha256.len == 64);
    TRY(query_begin(d, QUERY_POLICY_ADD, &q));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        query_bind_str(&q, texts[i]);
    query_bind_i64(&q, r->base);
    query_bind_i64(&q, r->turn);
    query_bind_i64(&q, r->proposed_wall_ms);
    query_bind_i64(&q, r->approved_wall_ms);
    TRY(query_next(&q, &is_row));
    if (!is_row)
        FAIL(INTERNAL, "a row was added and has no number");
    *ret_id = query_i64(&q, 0);
    return query_next(&q, &is_row);
}

static fallible
read_row(query *q, arena *a, struct policy_row *r)
{
    str *const texts[] = {&r->text,           &r->sha256,          &r->proposer,
                          &r->proposer_line,  &r->proposer_person, &r->approver,
                          &r->approver_person};
    int64_t *const numbers[] = {&r->id, &r->base, &r->turn, &r->proposed_wall_ms,
                                &r->approved_wall_ms};
    enum { TEXTS = sizeof texts / sizeof *texts, NUMBERS = sizeof numbers / sizeof *numbers };
    for (int i = 0; i < TEXTS; i++)
        TRY(query_str(q, i, a, texts[i]));
    for (int i = 0; i < NUMBERS; i++)
        *numbers[i] = query_i64(q, TEXTS + i);
    return OK;
}

/* A row or none. */
static fallible
read_one(query *q, arena *a, struct policy_row *ret)
{
    bool is_row = false;
    *ret = (struct policy_row){.id = 0};
    TRY(query_next(q, &is_row));
    return is_row ? read_row(q, a, ret) : OK;
}

fallible
policies_get(db *d, arena *a, int64_t id, struct policy_row *ret)
{
    AUTO(query) q = {0};
    struct policy_row r;
    TRY(query_begin(d, QUERY_POLICY_GET, &q));
    query_bind_i64(&q, id);
    TRY(read_one(&q, a, &r));
    if (!r.id)
        REFUSE(NOT_FOUND, "id", "there is no version %lld of the policy", (long long)id);
    *ret = r;
    return OK;
}

fallible
policies_active(db *d, arena *a, struct policy_row *ret)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_POLICY_ACTIVE, &q));
    return read_one(&q, a, ret);
}

fallible
policies_activate(db *d, const struct policy_row *r)
{
    AUTO(query) q = {0};
    int64_t changed = 0;
    TRY(query_begin(d, QUERY_POLICY_ACTIVATE, &q));
    query_bind_str(&q, r->approver);
    query_bind_str(&q, r->approver_person);
    query_bind_i64(&q, r->approved_wall_ms);
    query_bind_i64(&q, r->id);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(CONFLICT, "id", "version %lld is or was in force already", (long long)r->id);
    return OK;
}

fallible
policies_each(db *d, arena *a, policies_fn *fn, void *ctx)
{
    AUTO(query) q = {0};
    bool is_row;
    TRY(query_begin(d, QUERY_POLICY_LIST, &q));
    for (;;) {
        struct policy_row r;
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(read_row(&q, a, &r));
        TRY(fn(ctx, &r));
    }
}
