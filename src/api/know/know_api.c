/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/know/know_api.h"

#include "api/know/know_inside.h"
#include "api/read.h"
#include "know/day.h"
#include "work/library/library.h"

enum { NAME_BYTES = 1024, QUERY_BYTES = 16384, MOST_MAX = 50 };

fallible
know_find(const struct kept_work *w, know **ret)
{
    return library_find(api_library(w->call->api), w->call->args[0], ret);
}

void
know_finish(struct kept_work *w, err e)
{
    if (e.code)
        api_fail(w->call, e);
}

/* ---- the second record, of what was changed */
static void
on_changed(void *ctx, err e)
{
    struct kept_work *const w = ctx;
    if (e.code)
        api_fail(w->call, e);
    else
        kept_answer(w, STR_NONE);
}

static void
forget(void *p)
{
    const struct kept_work *const w = p;
    audit_forget(gate_parts_of(w->call->gate)->audit, p);
}

fallible
know_record(struct kept_work *w)
{
    const struct know_want *const t = w->own;
    const struct session *const s = w->call->session;
    const struct audit_record r = {.event = t->event,
                                   .request_id = http_request_id(w->call->x),
                                   .key_id = s->key_id,
                                   .tenant = s->tenant,
                                   .person = s->person,
                                   .purpose = s->purpose,
                                   .label_text = w->one.label_text,
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok",
                                   .object = t->collection,
                                   .input = t->documents.count ? &t->all : NULL};
    arena_on_end(w->call->a, forget, w);
    return audit_append(gate_parts_of(w->call->gate)->audit, &r, on_changed, w);
}

struct kept_work *
know_begin(struct api_call *c, enum audit_event event, void (*then)(struct kept_work *w))
{
    struct kept_work *const w = kept_begin(c, then);
    struct know_want *const t = arena_new(c->a, struct know_want);
    t->event = event;
    t->collection = c->args[0];
    w->own = t;
    return w;
}

str
know_label(const struct api_call *c)
{
    return http_header(c->x, STR("x-hoheit-label"));
}

/* ---- collections */
static void
put_collection(buf *b, str name)
{
    json_open(b, '{');
    json_member_str(b, "id", name);
    json_member_str(b, "object", STR("vector_store"));
    json_member_str(b, "name", name);
    json_close(b, '}');
}

static fallible
list(struct kept_work *w)
{
    struct api_call *const c = w->call;
    struct library_names *const n = arena_new(c->a, struct library_names);
    TRY(gate_allow(c->gate, c->session, OP_KNOW_LIST, http_request_id(c->x), c->a));
    TRY(library_list(api_library(c->api), c->a, n));
    json_open(&w->body, '{');
    json_member_str(&w->body, "object", STR("list"));
    json_key(&w->body, "data");
    json_open(&w->body, '[');
    for (size_t i = 0; i < n->count; i++)
        put_collection(&w->body, n->at[i]);
    json_close(&w->body, ']');
    json_close(&w->body, '}');
    kept_answer(w, STR_NONE);
    return OK;
}

static void
list_route(struct api_call *c)
{
    struct kept_work *const w = kept_begin(c, NULL);
    know_finish(w, list(w));
}

static void
create_then(struct kept_work *w)
{
    const struct know_want *const t = w->own;
    err e = library_create(api_library(w->call->api), t->collection);
    if (!e.code) {
        put_collection(&w->body, t->collection);
        e = know_record(w);
    }
    know_finish(w, e);
}

static fallible
create(struct kept_work *w)
{
    static const char *const known[] = {"name", NULL};
    struct know_want *const t = w->own;
    jval body;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval name = json_get(&body, "name");
    TRY(json_str(&name, NAME_BYTES, &t->collection));
    TRY(library_check_name(t->collection));
    return keep_allow(&w->keep, OP_KNOW_MANAGE, STR_NONE, &w->one);
}

static void
create_route(struct api_call *c)
{
    struct kept_work *const w = know_begin(c, EVENT_KNOW_MANAGE, create_then);
    know_finish(w, create(w));
}

static void
remove_then(struct kept_work *w)
{
    err e = library_remove(api_library(w->call->api), w->call->args[0]);
    if (!e.code) {
        buf_add(&w->body, STR("{\"deleted\":true}"));
        e = know_record(w);
    }
    know_finish(w, e);
}

static void
remove_route(struct api_call *c)
{
    struct kept_work *const w = know_begin(c, EVENT_KNOW_MANAGE, remove_then);
    know_finish(w, keep_allow(&w->keep, OP_KNOW_MANAGE, STR_NONE, &w->one));
}

static fallible
show(struct kept_work *w)
{
    struct know_stat s;
    know *k;
    buf *const b = &w->body;
    TRY(know_find(w, &k));
    TRY(know_stat(k, w->one.grant, &s));
    json_open(b, '{');
    json_member_str(b, "id", w->call->args[0]);
    json_member_str(b, "object", STR("vector_store"));
    json_member_u64(b, "labels", s.labels);
    json_member_u64(b, "segments", s.segments);
    json_member_u64(b, "documents", s.documents);
    json_member_u64(b, "units", s.units);
    json_member_u64(b, "words", s.words);
    json_member_u64(b, "vectors", s.vectors);
    json_member_u64(b, "dimensions", s.dims);
    json_member_str(b, "embedder", str_of(s.embedder));
    json_member_u64(b, "waiting", s.waiting);
    json_close(b, '}');
    kept_answer(w, STR_NONE);
    return OK;
}

static void
show_then(struct kept_work *w)
{
    know_finish(w, show(w));
}

static void
show_route(struct api_call *c)
{
    struct kept_work *const w = know_begin(c, EVENT_KNOW_ADD, show_then);
    know_finish(w, keep_allow(&w->keep, OP_KNOW_SEARCH, STR_NONE, &w->one));
}

/* ---- searching */
fallible
know_read_day(const jval *object, const char *name, uint32_t *ret)
{
    const jval v = json_get(object, name);
    str text = STR_NONE;
    TRY(opt_json_str(&v, NAME_BYTES, &text));
    if (text.len && day_read(text, ret).code)
        REFUSE_AT(ARGUMENT, &v, "must be a day, YYYY-MM-DD");
    return OK;
}

static void
put_day(buf *b, const char *name, uint32_t day)
{
    AUTO(buf) text = BUF(32);
    if (!day)
        return;
    day_put(&text, day);
    json_member_str(b, name, buf_str(&text));
}

static fallible
put_hit(buf *b, const grant *g, const struct know_hit *h)
{
    str text, quote;
    TRY(content_open(h->text, g, &text));
    TRY(content_open(h->quote, g, &quote));
    json_open(b, '{');
    json_member_str(b, "file_id", h->doc);
    json_member_str(b, "filename", h->doc);
    json_member_f64(b, "score", (double)h->score);
    buf_add(b, STR(",\"attributes\":{},\"content\":["));
    json_open(b, '{');
    json_member_str(b, "type", STR("text"));
    json_member_str(b, "text", text);
    json_close(b, '}');
    json_close(b, ']');
    json_member_str(b, "title", h->title);
    json_member_str(b, "edition", h->edition);
    json_member_str(b, "section", h->section);
    json_member_str(b, "heading", h->heading);
    json_member_str(b, "path", h->path);
    json_member_str(b, "quote", quote);
    json_member_u64(b, "source_from", h->source_from);
    json_member_u64(b, "source_to", h->source_to);
    if (h->page) {
        json_member_u64(b, "page", h->page);
        json_member_u64(b, "page_to", h->page_to);
    }
    put_day(b, "valid_from", h->valid_from);
    put_day(b, "valid_to", h->valid_to);
    json_close(b, '}');
    return OK;
}

static fallible
search(struct kept_work *w)
{
    const struct know_want *const t = w->own;
    const struct know_ask ask = {
        .text = content_of(t->query, w->one.head.label), .most = (size_t)t->most, .day = t->day};
    struct know_hits hits;
    char room[LABEL_TEXT_MAX];
    know *k;
    buf *const b = &w->body;
    TRY(know_find(w, &k));
    TRY(know_search(k, w->one.grant, &ask, w->call->a, &hits));
    json_open(b, '{');
    json_member_str(b, "object", STR("vector_store.search_results.page"));
    json_member_str(b, "search_query", t->query);
    json_key(b, "data");
    json_open(b, '[');
    for (size_t i = 0; i < hits.count; i++)
        TRY(put_hit(b, w->one.grant, &hits.at[i]));
    json_close(b, ']');
    json_member_bool(b, "has_more", false);
    json_key(b, "next_page");
    json_put_null(b);
    json_close(b, '}');
    const label all = label_join(hits.read, w->one.head.label);
    const struct label_names *const names = policy_names(gate_parts_of(w->call->gate)->policy);
    kept_answer(w, label_text(names, all, room));
    return OK;
}

static void
search_then(struct kept_work *w)
{
    know_finish(w, search(w));
}

static fallible
read_search(struct kept_work *w)
{
    static const char *const known[] = {"query", "max_num_results", "rewrite_query", "day", NULL};
    struct know_want *const t = w->own;
    jval body;
    know *k;
    bool rewrite = false;
    t->most = 10;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval query = json_get(&body, "query"), most = json_get(&body, "max_num_results"),
               again = json_get(&body, "rewrite_query");
    TRY(json_str(&query, QUERY_BYTES, &t->query));
    if (!t->query.len)
        REFUSE_AT(ARGUMENT, &query, "is empty");
    TRY(opt_json_i64(&most, 1, MOST_MAX, &t->most));
    TRY(opt_json_bool(&again, &rewrite));
    TRY(know_read_day(&body, "day", &t->day));
    TRY(know_find(w, &k));
    return keep_allow(&w->keep, OP_KNOW_SEARCH, know_label(w->call), &w->one);
}

static void
search_route(struct api_call *c)
{
    struct kept_work *const w = know_begin(c, EVENT_KNOW_ADD, search_then);
    know_finish(w, read_search(w));
}

#define ROUTE(method, pattern, handle)                                                             \
    {                                                                                              \
        HTTP_##method, "/v1/" pattern, handle, AUTH_LOCAL, &openai_dialect, NULL, NULL             \
    }

static const struct route routes[] = {
    ROUTE(GET, "know", list_route),
    ROUTE(POST, "know", create_route),
    ROUTE(GET, "know/{name}", show_route),
    ROUTE(DELETE, "know/{name}", remove_route),
    ROUTE(POST, "know/{name}/documents", know_add_route),
    ROUTE(DELETE, "know/{name}/documents/{...}", know_drop_route),
    ROUTE(POST, "know/{name}/embed", know_embed),
    ROUTE(POST, "know/{name}/search", search_route),
};

const struct route_table know_table = {routes, sizeof routes / sizeof *routes};
