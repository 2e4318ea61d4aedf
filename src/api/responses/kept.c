/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/kept.h"

#include "api/read.h"
#include "base/num.h"

enum {
    BODY_BYTES_MAX = 64 * 1024 * 1024,
    METADATA_MAX = 16,
    METADATA_KEY = 64,
    METADATA_TEXT = 512
};

/* ---- one call */
static void
work_done(void *p)
{
    struct kept_work *w = p;
    buf_done(&w->body);
}

static void
on_kept(void *ctx, err e)
{
    struct kept_work *w = ctx;
    if (e.code == ERR_NOT_FOUND && w->missing)
        e = err_start_public(ERR_ARGUMENT, w->missing, __FILE__, __LINE__, __func__,
                             "%s names nothing that is here", w->missing);
    if (e.code)
        api_fail(w->call, e);
    else
        w->then(w);
}

struct kept_work *
kept_begin(struct api_call *c, void (*then)(struct kept_work *w))
{
    struct kept_work *w = arena_new(c->a, struct kept_work);
    w->call = c;
    w->then = then;
    w->body = BUF(BODY_BYTES_MAX);
    w->keep = (struct keep_call){.gate = c->gate,
                                 .session = c->session,
                                 .case_name = c->case_name,
                                 .request_id = http_request_id(c->x),
                                 .a = c->a,
                                 .done = on_kept,
                                 .ctx = w};
    arena_on_end(c->a, work_done, w);
    return w;
}

void
kept_go(struct kept_work *w, err e)
{
    if (e.code)
        api_fail(w->call, e);
}

void
kept_answer(struct kept_work *w, str label_text)
{
    const struct http_field fields[] = {{STR("content-type"), STR("application/json")},
                                        {STR("x-hoheit-label"), label_text}};
    const err e = buf_end(&w->body);
    if (e.code)
        api_fail(w->call, e);
    else
        http_answer(w->call->x, 200, fields, label_text.len ? 2 : 1, buf_str(&w->body));
}

void
kept_answer_deleted(struct kept_work *w, str id, const char *object)
{
    json_open(&w->body, '{');
    json_member_str(&w->body, "id", id);
    json_member_str(&w->body, "object", str_of(object));
    json_member_bool(&w->body, "deleted", true);
    json_close(&w->body, '}');
    kept_answer(w, STR_NONE);
}

/* ---- pages */
static fallible
check_query(const struct api_call *c, const char *const *also)
{
    const char *known[16] = {"limit", "order", "after"};
    size_t n = 3;
    for (; also && *also; also++) {
        ASSERT(n < sizeof known / sizeof *known - 1);
        known[n++] = *also;
    }
    return api_query_only(c, known);
}

fallible
kept_read_page(struct api_call *c, const char *const *also, size_t count_default, size_t count_max,
               struct keep_page *ret)
{
    str limit, order;
    uint64_t count = count_default;
    TRY(check_query(c, also));
    TRY(api_query(c, STR("limit"), &limit));
    TRY(api_query(c, STR("order"), &order));
    TRY(api_query(c, STR("after"), &ret->after));
    if (limit.len && num_u64(limit, 1, count_max, &count).code)
        REFUSE(ARGUMENT, "limit", "limit must be a number from 1 to %zu", count_max);
    if (order.len && !str_eq(order, STR("asc")) && !str_eq(order, STR("desc")))
        REFUSE(ARGUMENT, "order", "order must be \"asc\" or \"desc\"");
    ret->count = (size_t)count;
    ret->oldest_first = str_eq(order, STR("asc"));
    return OK;
}

static void
member_id(buf *b, const char *name, const struct kept *k)
{
    json_key(b, name);
    if (k)
        json_put_str(b, k->head.id);
    else
        json_put_null(b);
}

void
kept_put_list(struct kept_work *w, void (*put)(struct kept_work *w, const struct kept *k))
{
    const struct kept_list *l = &w->list;
    buf *b = &w->body;
    const size_t n = l->list.count;
    json_open(b, '{');
    json_member_str(b, "object", STR("list"));
    json_key(b, "data");
    json_open(b, '[');
    for (size_t i = 0; i < n; i++)
        put(w, &l->list.at[i]);
    json_close(b, ']');
    member_id(b, "first_id", n ? &l->list.at[0] : NULL);
    member_id(b, "last_id", n ? &l->list.at[n - 1] : NULL);
    json_member_bool(b, "has_more", l->has_more);
    json_close(b, '}');
}

/* ---- small things */
str
kept_text(arena *a, const struct kept *k, const char *name)
{
    jval meta, v;
    str text = STR_NONE;
    if (json_read(a, k->meta, &meta).code || json_type(meta) != J_OBJECT)
        return STR_NONE;
    v = json_get(&meta, name);
    return opt_json_str(&v, OBJECT_META_MAX, &text).code ? STR_NONE : text;
}

fallible
kept_read_metadata(arena *a, const jval *body, str *ret)
{
    const jval o = json_get(body, "metadata");
    struct jwalk w = {.next = NULL};
    jval v;
    str text;
    *ret = STR("{}");
    if (json_type(o) == J_ABSENT)
        return OK;
    TRY(json_object(&o));
    if (json_count(&o) > METADATA_MAX)
        REFUSE(ARGUMENT, "metadata", "metadata may have %d entries at most", METADATA_MAX);
    while (json_each(&o, &w, &v)) {
        if (strlen(v.name) > METADATA_KEY)
            REFUSE(ARGUMENT, "metadata", "a name in metadata has more than %d bytes", METADATA_KEY);
        TRY(json_str(&v, METADATA_TEXT, &text));
    }
    return read_json(a, &o, METADATA_MAX * (METADATA_KEY + METADATA_TEXT) * 6 + 1024, ret);
}

void
kept_member_time(buf *b, const char *name, int64_t wall_ms)
{
    json_key(b, name);
    if (wall_ms)
        json_put_i64(b, wall_ms / 1000);
    else
        json_put_null(b);
}

void
kept_member_json(buf *b, const char *name, str json)
{
    json_key(b, name);
    if (json.len)
        buf_add(b, json);
    else
        json_put_null(b);
}
