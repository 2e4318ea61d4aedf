/* SPDX-License-Identifier: EUPL-1.2 */
/* Models in the dialect's shape: in order of name, aliases behind them, a page at a time. */
#include "api/anthropic/anthropic.h"

#include "base/num.h"
#include "os/clock.h"

enum { MODELS_BYTES_MAX = 16 * 1024 * 1024, PAGE = 20, PAGE_MAX = 1000 };

struct shown {
    str id;
    const struct model *model;
};

struct page {
    VEC(struct shown) all;
    size_t from, to;
};

static const registry *
models_of(const struct api_call *c)
{
    return gate_parts_of(c->gate)->registry;
}

static fallible
may_list(const struct api_call *c)
{
    TRY(anthropic_check_head(c));
    return gate_allow(c->gate, c->session, OP_MODEL_LIST, http_request_id(c->x), c->a);
}

static void
put_model(const struct shown *s, buf *b)
{
    AUTO(buf) when = BUF(64);
    clock_put(&when, s->model->added_wall_ms);
    json_open(b, '{');
    json_member_str(b, "type", STR("model"));
    json_member_str(b, "id", s->id);
    json_member_str(b, "display_name", s->model->name);
    json_member_str(b, "created_at", buf_str(&when));
    json_member_str(b, "lifecycle", STR("active"));
    json_key(b, "max_input_tokens");
    if (s->model->context_tokens)
        json_put_u64(b, s->model->context_tokens);
    else
        json_put_null(b);
    json_close(b, '}');
}

static void
answer(struct api_call *c, const buf *b)
{
    static const struct anthropic_start nothing;
    struct http_field fields[ANTHROPIC_FIELDS];
    const err e = buf_end(b);
    const size_t count = anthropic_fields(c, STR("application/json"), &nothing, fields);
    if (e.code)
        api_fail(c, e);
    else
        http_answer(c->x, 200, fields, count, buf_str(b));
}

/* ---- the list */
static fallible
collect(struct api_call *c, struct page *p)
{
    const registry *r = models_of(c);
    struct shown s;
    str name;
    for (size_t i = 0; (s.model = registry_at(r, i)); i++) {
        s.id = s.model->name;
        TRY(VEC_ADD(c->a, &p->all, &s));
    }
    for (size_t i = 0; registry_alias_at(r, i, &s.id, &name); i++) {
        s.model = registry_get(r, name);
        if (s.model)
            TRY(VEC_ADD(c->a, &p->all, &s));
    }
    return OK;
}

/* The place of the model a cursor names. */
static fallible
find_cursor(const struct page *p, const char *name, str id, size_t *ret)
{
    for (size_t i = 0; i < p->all.count; i++)
        if (str_eq(p->all.at[i].id, id)) {
            *ret = i;
            return OK;
        }
    REFUSE(ARGUMENT, name, "%s names no model that is here", name);
}

static fallible
read_limit(struct api_call *c, uint64_t *ret)
{
    str text;
    TRY(api_query(c, STR("limit"), &text));
    if (text.len && num_u64(text, 1, PAGE_MAX, ret).code)
        REFUSE(ARGUMENT, "limit", "limit must be a number from 1 to %d", PAGE_MAX);
    return OK;
}

/* Behind after_id, or before before_id. */
static fallible
cut_page(struct api_call *c, struct page *p)
{
    static const char *const known[] = {"limit", "after_id", "before_id", "beta", NULL};
    uint64_t limit = PAGE;
    size_t at;
    str after, before;
    TRY(api_query_only(c, known));
    TRY(read_limit(c, &limit));
    TRY(api_query(c, STR("after_id"), &after));
    TRY(api_query(c, STR("before_id"), &before));
    if (after.len && before.len)
        REFUSE(ARGUMENT, "before_id", "before_id and after_id exclude each other");
    if (before.len) {
        TRY(find_cursor(p, "before_id", before, &p->to));
        p->from = p->to > limit ? p->to - limit : 0;
        return OK;
    }
    if (after.len) {
        TRY(find_cursor(p, "after_id", after, &at));
        p->from = at + 1;
    }
    p->to = p->all.count - p->from > limit ? p->from + limit : p->all.count;
    return OK;
}

static void
put_end(const struct page *p, const char *name, size_t at, buf *b)
{
    json_key(b, name);
    if (p->from < p->to)
        json_put_str(b, p->all.at[at].id);
    else
        json_put_null(b);
}

/* has_more: in the direction that was asked for. */
static fallible
put_page(struct api_call *c, buf *b)
{
    struct page p = {.from = 0};
    str before;
    TRY(may_list(c));
    TRY(collect(c, &p));
    TRY(cut_page(c, &p));
    TRY(api_query(c, STR("before_id"), &before));
    json_open(b, '{');
    json_key(b, "data");
    json_open(b, '[');
    for (size_t i = p.from; i < p.to; i++)
        put_model(&p.all.at[i], b);
    json_close(b, ']');
    put_end(&p, "first_id", p.from, b);
    put_end(&p, "last_id", p.to - 1, b);
    json_member_bool(b, "has_more", before.len ? p.from > 0 : p.to < p.all.count);
    json_close(b, '}');
    return buf_end(b);
}

void
anthropic_list_models(struct api_call *c)
{
    AUTO(buf) b = BUF(MODELS_BYTES_MAX);
    const err e = put_page(c, &b);
    if (e.code)
        api_fail(c, e);
    else
        answer(c, &b);
}

/* ---- one */
static fallible
find_model(const struct api_call *c, struct shown *ret)
{
    TRY(may_list(c));
    ret->id = c->args[0];
    if (!registry_find(models_of(c), c->args[0], MODEL_EMBED, &ret->model).code)
        return OK;
    return registry_find(models_of(c), c->args[0], MODEL_CHAT, &ret->model);
}

void
anthropic_show_model(struct api_call *c)
{
    struct shown s;
    AUTO(buf) b = BUF(64 * 1024);
    const err e = find_model(c, &s);
    if (e.code) {
        api_fail(c, e);
        return;
    }
    put_model(&s, &b);
    answer(c, &b);
}
