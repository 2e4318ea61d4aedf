/* SPDX-License-Identifier: EUPL-1.2 */
/* Searching a store or a collection. */
#include "api/stores/stores_inside.h"

enum { QUERIES_MAX = 8, QUERY_BYTES_MAX = 16384 };

struct want {
    struct stores_ask ask;
    str queries; /* as they are repeated, JSON */
};

static fallible
put_hit(buf *b, const grant *g, const struct stores_hit *h)
{
    str text, quote;
    TRY(content_open(h->hit->text, g, &text));
    TRY(content_open(h->hit->quote, g, &quote));
    json_open(b, '{');
    json_member_str(b, "file_id", h->file);
    json_member_str(b, "filename", h->name);
    json_member_f64(b, "score", h->score);
    kept_member_json(b, "attributes", h->attributes);
    buf_add(b, STR(",\"content\":["));
    json_open(b, '{');
    json_member_str(b, "type", STR("text"));
    json_member_str(b, "text", text);
    json_close(b, '}');
    json_close(b, ']');
    json_member_str(b, "title", h->hit->title);
    json_member_str(b, "edition", h->hit->edition);
    json_member_str(b, "section", h->hit->section);
    json_member_str(b, "heading", h->hit->heading);
    json_member_str(b, "path", h->hit->path);
    json_member_str(b, "quote", quote);
    json_member_u64(b, "source_from", h->hit->source_from);
    json_member_u64(b, "source_to", h->hit->source_to);
    if (h->hit->page) {
        json_member_u64(b, "page", h->hit->page);
        json_member_u64(b, "page_to", h->hit->page_to);
    }
    json_close(b, '}');
    return OK;
}

static fallible
put_page(struct kept_work *w, const struct stores_found *f)
{
    const struct want *t = w->own;
    buf *b = &w->body;
    json_open(b, '{');
    json_member_str(b, "object", STR("vector_store.search_results.page"));
    kept_member_json(b, "search_query", t->queries);
    json_key(b, "data");
    json_open(b, '[');
    for (size_t i = 0; i < f->count; i++)
        TRY(put_hit(b, f->grant, &f->at[i]));
    json_close(b, ']');
    json_member_bool(b, "has_more", false);
    json_key(b, "next_page");
    json_put_null(b);
    json_close(b, '}');
    return OK;
}

static void
on_found(void *ctx, const struct stores_found *f, err e)
{
    struct kept_work *w = ctx;
    if (!e.code)
        e = put_page(w, f);
    if (e.code)
        api_fail(w->call, e);
    else
        kept_answer(w, f->label_text);
}

/* One query, or several that are searched as one. */
static fallible
read_query(struct kept_work *w, const jval *v)
{
    struct want *t = w->own;
    AUTO(buf) all = BUF(QUERY_BYTES_MAX), again = BUF(QUERIES_MAX * QUERY_BYTES_MAX);
    struct jwalk walk = {0};
    jval item;
    str one;
    json_open(&again, '[');
    if (json_type(*v) != J_ARRAY) {
        TRY(json_str(v, QUERY_BYTES_MAX, &one));
        buf_add(&all, one);
        json_put_str(&again, one);
    } else {
        TRY(json_array(v, 1, QUERIES_MAX));
        while (json_each(v, &walk, &item)) {
            TRY(json_str(&item, QUERY_BYTES_MAX, &one));
            if (all.len)
                buf_add_char(&all, '\n');
            buf_add(&all, one);
            json_put_str(&again, one);
        }
    }
    json_close(&again, ']');
    if (all.failed)
        REFUSE(ARGUMENT, "query", "the queries have more than %d bytes", QUERY_BYTES_MAX);
    TRY(buf_end(&again));
    TRY(try_arena_str(w->call->a, buf_str(&all), &t->ask.query));
    return try_arena_str(w->call->a, buf_str(&again), &t->queries);
}

static fallible
read_ranking(const jval *v, double *ret_least)
{
    static const char *const known[] = {"ranker", "score_threshold", NULL};
    str ranker;
    if (!v->v)
        return OK;
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval name = json_get(v, "ranker"), least = json_get(v, "score_threshold");
    TRY(opt_json_str(&name, STORES_NAME_MAX, &ranker));
    return opt_json_f64(&least, 0, 1, ret_least);
}

static fallible
search(struct kept_work *w)
{
    struct want *t = arena_new(w->call->a, struct want);
    struct filter *filter = NULL;
    int64_t most = 10;
    bool rewrite;
    jval body;
    w->own = t;
    TRY(stores_body(w->call, STORES_SEARCH, &body));
    const jval query = json_get(&body, "query"), filters = json_get(&body, "filters"),
               n = json_get(&body, "max_num_results"), options = json_get(&body, "ranking_options"),
               again = json_get(&body, "rewrite_query");
    TRY(read_query(w, &query));
    TRY(opt_json_i64(&n, 1, STORES_HITS_MAX, &most));
    TRY(opt_json_bool(&again, &rewrite));
    TRY(read_ranking(&options, &t->ask.least));
    if (filters.v)
        TRY(filter_read(w->call->a, &filters, &filter));
    t->ask.call = &w->keep;
    t->ask.ids = &w->call->args[0];
    t->ask.id_count = 1;
    t->ask.label_text = stores_label(w);
    t->ask.most = (size_t)most;
    t->ask.filter = filter;
    return stores_search(stores_of(w), &t->ask, on_found, w);
}

void
stores_search_route(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, NULL);
    kept_go(w, search(w));
}
