/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/models.h"

#include "store/query.h"

enum { TEXTS = 9, NUMBERS = 5 };

/* The columns of QUERY_MODEL_ADD and QUERY_MODEL_LIST in their order, before the last two. */
struct columns {
    str *texts[TEXTS];
    uint64_t *numbers[NUMBERS];
};

static struct columns
columns_of(struct model_row *m)
{
    return (struct columns){
        {&m->name, &m->file, &m->sha256, &m->licence, &m->kind, &m->engine, &m->architecture,
         &m->label_text, &m->origin},
        {&m->size_bytes, &m->context_tokens, &m->parameters, &m->memory_bytes, &m->embedding_dims}};
}

fallible
models_add(db *d, const struct model_row *m)
{
    struct model_row copy = *m;
    const struct columns c = columns_of(&copy);
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_MODEL_ADD, &q));
    for (int i = 0; i < TEXTS; i++)
        query_bind_str(&q, *c.texts[i]);
    for (int i = 0; i < NUMBERS; i++) {
        if (*c.numbers[i] > INT64_MAX)
            REFUSE(ARGUMENT, "", "a number of the model's description is above 2^63 - 1");
        query_bind_i64(&q, (int64_t)*c.numbers[i]);
    }
    query_bind_i64(&q, m->has_template);
    query_bind_i64(&q, m->added_wall_ms);
    const err e = query_run(&q, NULL);
    if (e.code == ERR_CONFLICT)
        REFUSE(CONFLICT, "name", "a model of this name is there already");
    TRY(e);
    return OK;
}

/* For statements with one or two texts. */
static fallible
run(db *d, enum query_id id, str first, const str *second, int64_t *ret_changed)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, id, &q));
    query_bind_str(&q, first);
    if (second)
        query_bind_str(&q, *second);
    TRY(query_run(&q, ret_changed));
    return OK;
}

fallible
models_remove(db *d, str name)
{
    int64_t changed = 0;
    TRY(run(d, QUERY_MODEL_REMOVE, name, NULL, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "name", "there is no model of this name");
    return OK;
}

static fallible
read_model(query *q, arena *a, struct model_row *m)
{
    const struct columns c = columns_of(m);
    for (int i = 0; i < TEXTS; i++)
        TRY(query_str(q, i, a, c.texts[i]));
    for (int i = 0; i < NUMBERS; i++)
        *c.numbers[i] = (uint64_t)query_i64(q, TEXTS + i);
    m->has_template = query_i64(q, TEXTS + NUMBERS) != 0;
    m->added_wall_ms = query_i64(q, TEXTS + NUMBERS + 1);
    return OK;
}

fallible
models_each(db *d, arena *a, models_fn *fn, void *ctx)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_MODEL_LIST, &q));
    for (;;) {
        struct model_row m = {0};
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(read_model(&q, a, &m));
        TRY(fn(ctx, &m));
    }
}

fallible
alias_set(db *d, str alias, str model)
{
    return run(d, QUERY_ALIAS_SET, alias, &model, NULL);
}

fallible
alias_remove(db *d, str alias)
{
    int64_t changed = 0;
    TRY(run(d, QUERY_ALIAS_REMOVE, alias, NULL, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "alias", "there is no alias of this name");
    return OK;
}

fallible
alias_each(db *d, arena *a, alias_fn *fn, void *ctx)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_ALIAS_LIST, &q));
    for (;;) {
        str alias, model;
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(query_str(&q, 0, a, &alias));
        TRY(query_str(&q, 1, a, &model));
        TRY(fn(ctx, alias, model));
    }
}

fallible
setting_get(db *d, arena *a, str name, str *ret)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_SETTING_GET, &q));
    query_bind_str(&q, name);
    TRY(query_next(&q, &is_row));
    if (is_row)
        return query_str(&q, 0, a, ret);
    *ret = STR_NONE;
    return OK;
}

fallible
setting_set(db *d, str name, str value)
{
    if (!value.len)
        return run(d, QUERY_SETTING_UNSET, name, NULL, NULL);
    return run(d, QUERY_SETTING_SET, name, &value, NULL);
}
