/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/stores/stores_api.h"

#include "api/stores/stores_inside.h"
#include "os/clock.h"

enum { DAYS_MAX = 365, DESCRIPTION_MAX = 2048 };
#define DAY_MS UINT64_C(86400000)

enum letter {
    N = STORES_NEW,
    M = STORES_CHANGE,
    F = STORES_FILE,
    A = STORES_ATTRIBUTES,
    B = STORES_BATCH,
    L = STORES_LINE,
    Q = STORES_SEARCH
};
static const struct read_field fields[] = {
#define FIELD(routes, name, fate) {routes, name, fate},
#include "api/stores/fields.def"
#undef FIELD
};

fallible
stores_check_fields(const jval *o, enum stores_route route)
{
    return read_fields(o, fields, sizeof fields / sizeof *fields, route);
}

fallible
stores_body(struct api_call *c, enum stores_route route, jval *ret)
{
    TRY(api_body(c, ret));
    return stores_check_fields(ret, route);
}

const struct stores *
stores_of(const struct kept_work *w)
{
    return api_stores(w->call->api);
}

str
stores_label(const struct kept_work *w)
{
    return http_header(w->call->x, STR("x-hoheit-label"));
}

/* ---- shown */
static void
put_counts(buf *b, const struct store_counts *n)
{
    json_member_u64(b, "usage_bytes", n->bytes);
    json_key(b, "file_counts");
    json_open(b, '{');
    json_member_u64(b, "in_progress", 0);
    json_member_u64(b, "completed", n->completed);
    json_member_u64(b, "failed", n->failed);
    json_member_u64(b, "cancelled", 0);
    json_member_u64(b, "total", n->completed + n->failed);
    json_close(b, '}');
}

static void
put_idle(buf *b, int64_t days)
{
    json_key(b, "expires_after");
    if (!days) {
        json_put_null(b);
        return;
    }
    json_open(b, '{');
    json_member_str(b, "anchor", STR("last_active_at"));
    json_member_i64(b, "days", days);
    json_close(b, '}');
}

static fallible
put(struct kept_work *w, const struct kept *k)
{
    buf *b = &w->body;
    struct store s;
    struct store_counts n;
    TRY(store_load(w->call->a, k->meta, &s));
    TRY(stores_count(&w->keep, k->head.id, &n));
    json_open(b, '{');
    json_member_str(b, "id", k->head.id);
    json_member_str(b, "object", STR("vector_store"));
    kept_member_time(b, "created_at", k->head.created_wall_ms);
    json_member_str(b, "name", s.name);
    json_member_str(b, "description", s.description);
    put_counts(b, &n);
    json_member_str(b, "status", STR("completed"));
    put_idle(b, s.days);
    kept_member_time(b, "expires_at", k->head.expires_wall_ms);
    kept_member_time(b, "last_active_at", s.active_ms);
    kept_member_json(b, "metadata", s.metadata);
    json_close(b, '}');
    return OK;
}

static void
put_store(struct kept_work *w, const struct kept *k)
{
    if (put(w, k).code)
        w->body.failed = true;
}

static void
show(struct kept_work *w)
{
    const err e = put(w, &w->one);
    if (e.code)
        api_fail(w->call, e);
    else
        kept_answer(w, w->one.label_text);
}

static fallible
get(struct kept_work *w)
{
    const struct keep_name n = {.kind = OBJECT_STORE, .id = w->call->args[0]};
    return keep_get(&w->keep, &n, &w->one);
}

void
stores_show(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show);
    kept_go(w, get(w));
}

static void
show_list(struct kept_work *w)
{
    kept_put_list(w, put_store);
    kept_answer(w, STR_NONE);
}

static fallible
list(struct kept_work *w)
{
    struct keep_page page = {.kind = OBJECT_STORE};
    TRY(kept_read_page(w->call, NULL, 20, KEPT_PAGE_MAX, &page));
    return keep_list(&w->keep, &page, &w->list);
}

void
stores_list(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show_list);
    kept_go(w, list(w));
}

/* ---- made */
static fallible
read_idle(const jval *body, int64_t *ret_days)
{
    static const char *const known[] = {"anchor", "days", NULL};
    const jval v = json_get(body, "expires_after");
    str anchor;
    if (!v.v)
        return OK;
    TRY(json_object(&v));
    TRY(read_members(&v, known));
    const jval a = json_get(&v, "anchor"), days = json_get(&v, "days");
    TRY(json_str(&a, STORES_NAME_MAX, &anchor));
    if (!str_eq(anchor, STR("last_active_at")))
        REFUSE_AT(ARGUMENT, &a, "must be \"last_active_at\"");
    return json_i64(&days, 1, DAYS_MAX, ret_days);
}

struct making {
    struct store store;
    struct adding *files; /* NULL: none */
};

static void
made(struct kept_work *w)
{
    struct making *m = w->own;
    if (!m->files) {
        show(w);
        return;
    }
    m->files->store = w->one.head.id;
    kept_go(w, adding_go(m->files));
}

static fallible
read_files(struct kept_work *w, const jval *body)
{
    struct making *m = w->own;
    const jval ids = json_get(body, "file_ids"), none = {.v = NULL};
    if (!ids.v)
        return OK;
    TRY(json_array(&ids, 0, STORES_FILES_MAX));
    if (!json_count(&ids))
        return OK;
    TRY(adding_new(w, STR_NONE, json_count(&ids), &m->files));
    m->files->then = show;
    return adding_put_ids(m->files, &ids, &none);
}

static fallible
create(struct kept_work *w)
{
    struct making *m = arena_new(w->call->a, struct making);
    struct keep_wish wish = {
        .kind = OBJECT_STORE, .state = STR("completed"), .label_text = stores_label(w)};
    jval body;
    w->own = m;
    TRY(stores_body(w->call, STORES_NEW, &body));
    const jval name = json_get(&body, "name"), says = json_get(&body, "description");
    TRY(opt_json_str(&name, STORES_NAME_MAX, &m->store.name));
    TRY(opt_json_str(&says, DESCRIPTION_MAX, &m->store.description));
    TRY(kept_read_metadata(w->call->a, &body, &m->store.metadata));
    TRY(read_idle(&body, &m->store.days));
    TRY(read_files(w, &body));
    m->store.active_ms = clock_wall_ms();
    wish.valid_ms = (uint64_t)m->store.days * DAY_MS;
    TRY(store_save(w->call->a, &m->store, &wish.meta));
    return keep_add(&w->keep, &wish, &w->one);
}

void
stores_create(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, made);
    kept_go(w, create(w));
}

/* ---- changed */
static fallible
change(struct kept_work *w)
{
    const struct making *m = w->own;
    struct store s;
    jval body;
    TRY(api_body(w->call, &body));
    TRY(store_load(w->call->a, w->one.meta, &s));
    if (m->store.name.len)
        s.name = m->store.name;
    if (json_get(&body, "metadata").v)
        s.metadata = m->store.metadata;
    if (json_type(json_get_null(&body, "expires_after")) != J_ABSENT) {
        s.days = m->store.days;
        w->one.head.expires_wall_ms = s.days ? clock_wall_ms() + s.days * (int64_t)DAY_MS : 0;
    }
    s.active_ms = clock_wall_ms();
    TRY(store_save(w->call->a, &s, &w->one.meta));
    w->then = show;
    return keep_set(&w->keep, &w->one, stores_label(w));
}

static void
found_to_change(struct kept_work *w)
{
    kept_go(w, change(w));
}

static fallible
read_change(struct kept_work *w)
{
    struct making *m = arena_new(w->call->a, struct making);
    jval body;
    w->own = m;
    TRY(stores_body(w->call, STORES_CHANGE, &body));
    const jval name = json_get(&body, "name");
    TRY(opt_json_str(&name, STORES_NAME_MAX, &m->store.name));
    TRY(kept_read_metadata(w->call->a, &body, &m->store.metadata));
    TRY(read_idle(&body, &m->store.days));
    return get(w);
}

void
stores_change(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, found_to_change);
    kept_go(w, read_change(w));
}

/* ---- removed */
static void
removed(struct kept_work *w)
{
    const err e = stores_drop(stores_of(w), w->call->args[0]);
    if (e.code)
        api_fail(w->call, e);
    else
        kept_answer_deleted(w, w->call->args[0], "vector_store.deleted");
}

void
stores_remove(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, removed);
    const struct keep_name n = {.kind = OBJECT_STORE, .id = c->args[0]};
    kept_go(w, keep_remove(&w->keep, &n));
}

/* ---- routes */
#define ROUTE(method, pattern, handle)                                                             \
    {                                                                                              \
        HTTP_##method, "/v1/vector_stores" pattern, handle, AUTH_LOCAL, &openai_dialect, NULL,     \
            NULL                                                                                   \
    }

static const struct route routes[] = {
    ROUTE(POST, "", stores_create),
    ROUTE(GET, "", stores_list),
    ROUTE(GET, "/{id}", stores_show),
    ROUTE(POST, "/{id}", stores_change),
    ROUTE(DELETE, "/{id}", stores_remove),
    ROUTE(POST, "/{id}/search", stores_search_route),
    ROUTE(POST, "/{id}/files", store_files_add),
    ROUTE(GET, "/{id}/files", store_files_list),
    ROUTE(GET, "/{id}/files/{file}", store_files_show),
    ROUTE(POST, "/{id}/files/{file}", store_files_change),
    ROUTE(DELETE, "/{id}/files/{file}", store_files_remove),
    ROUTE(GET, "/{id}/files/{file}/content", store_files_content),
    ROUTE(POST, "/{id}/file_batches", store_batches_create),
    ROUTE(GET, "/{id}/file_batches/{batch}", store_batches_show),
    ROUTE(POST, "/{id}/file_batches/{batch}/cancel", store_batches_cancel),
    ROUTE(GET, "/{id}/file_batches/{batch}/files", store_batches_files),
};

const struct route_table stores_table = {routes, sizeof routes / sizeof *routes};
