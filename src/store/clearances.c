/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/clearances.h"

#include "store/query.h"

enum { TEXTS = 8, NUMBERS = 6 };

fallible
clearances_add(db *d, const struct clearance_row *r, int64_t *ret_id)
{
    const str texts[TEXTS] = {r->person,          r->text,     r->proposer,        r->proposer_line,
                              r->proposer_person, r->approver, r->approver_person, r->purposes};
    const int64_t numbers[] = {r->base, r->turn, r->until_wall_ms, r->proposed_wall_ms,
                               r->approved_wall_ms};
    AUTO(query) q = {0};
    bool is_row = false;
    ASSERT(r->person.len && r->until_wall_ms > 0);
    TRY(query_begin(d, QUERY_CLEARANCE_ADD, &q));
    for (size_t i = 0; i < TEXTS; i++)
        query_bind_str(&q, texts[i]);
    query_bind_label(&q, r->label);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        query_bind_i64(&q, numbers[i]);
    TRY(query_next(&q, &is_row));
    if (!is_row)
        FAIL(INTERNAL, "a row was added and has no number");
    *ret_id = query_i64(&q, 0);
    return query_next(&q, &is_row);
}

static fallible
read_row(query *q, arena *a, struct clearance_row *r)
{
    str *const texts[TEXTS] = {
        &r->person,          &r->text,     &r->proposer,        &r->proposer_line,
        &r->proposer_person, &r->approver, &r->approver_person, &r->purposes};
    int64_t *const numbers[NUMBERS] = {
        &r->base, &r->turn, &r->until_wall_ms, &r->proposed_wall_ms, &r->approved_wall_ms, &r->id};
    for (int i = 0; i < TEXTS; i++)
        TRY(query_str(q, i, a, texts[i]));
    TRY(query_label(q, TEXTS, &r->label));
    for (int i = 0; i < NUMBERS; i++)
        *numbers[i] = query_i64(q, TEXTS + 1 + i);
    return OK;
}

/* A row or none. */
static fallible
read_one(query *q, arena *a, struct clearance_row *ret)
{
    bool is_row = false;
    *ret = (struct clearance_row){.id = 0};
    TRY(query_next(q, &is_row));
    return is_row ? read_row(q, a, ret) : OK;
}

fallible
clearances_get(db *d, arena *a, int64_t id, struct clearance_row *ret)
{
    AUTO(query) q = {0};
    struct clearance_row r;
    TRY(query_begin(d, QUERY_CLEARANCE_GET, &q));
    query_bind_i64(&q, id);
    TRY(read_one(&q, a, &r));
    if (!r.id)
        REFUSE(NOT_FOUND, "id", "there is no clearance %lld", (long long)id);
    *ret = r;
    return OK;
}

fallible
clearances_active(db *d, arena *a, str person, struct clearance_row *ret)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_CLEARANCE_ACTIVE, &q));
    query_bind_str(&q, person);
    return read_one(&q, a, ret);
}

fallible
clearances_activate(db *d, const struct clearance_row *r)
{
    AUTO(query) q = {0};
    int64_t changed = 0;
    TRY(query_begin(d, QUERY_CLEARANCE_ACTIVATE, &q));
    query_bind_str(&q, r->approver);
    query_bind_str(&q, r->approver_person);
    query_bind_i64(&q, r->approved_wall_ms);
    query_bind_i64(&q, r->id);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(CONFLICT, "id", "clearance %lld is or was in force already", (long long)r->id);
    return OK;
}

fallible
clearances_set_label(db *d, int64_t id, label l)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_CLEARANCE_SET_LABEL, &q));
    query_bind_label(&q, l);
    query_bind_i64(&q, id);
    return query_run(&q, NULL);
}

fallible
clearances_each(db *d, arena *a, clearances_fn *fn, void *ctx)
{
    AUTO(query) q = {0};
    bool is_row;
    TRY(query_begin(d, QUERY_CLEARANCE_LIST, &q));
    for (;;) {
        struct clearance_row r;
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(read_row(&q, a, &r));
        TRY(fn(ctx, &r));
    }
}
