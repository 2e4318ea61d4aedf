/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/file_search.h"

#include "api/read.h"
#include "base/utf8.h"
#include "work/stores/passages.h"

enum { NAME_BYTES_MAX = 256, MOST = 20, QUERY_MAX = 4096, TEXT_BYTES_MAX = 64 * 1024 * 1024 };
enum { RESULTS_BYTES = 8 * 1024 * 1024 };

/* ---- the tool as it was offered */
static fallible
read_ids(const jval *list, struct file_search *ret)
{
    struct jwalk w = {0};
    jval v;
    TRY(json_array(list, 1, STORES_ASK_MAX));
    while (json_each(list, &w, &v))
        TRY(json_str(&v, NAME_BYTES_MAX, &ret->ids[ret->id_count++]));
    return OK;
}

static fallible
read_ranking(const jval *v, struct file_search *ret)
{
    static const char *const known[] = {"ranker", "score_threshold", NULL};
    str ranker;
    if (!v->v)
        return OK;
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval name = json_get(v, "ranker"), least = json_get(v, "score_threshold");
    TRY(opt_json_str(&name, NAME_BYTES_MAX, &ranker));
    return opt_json_f64(&least, 0, 1, &ret->least);
}

static void
put_echo(const jval *v, const struct file_search *s, buf *b)
{
    const jval ids = json_get(v, "vector_store_ids"), filters = json_get(v, "filters");
    json_open(b, '{');
    json_member_str(b, "type", STR("file_search"));
    json_key(b, "vector_store_ids");
    json_put_value(b, &ids);
    json_member_u64(b, "max_num_results", s->most);
    json_key(b, "filters");
    if (filters.v)
        json_put_value(b, &filters);
    else
        json_put_null(b);
    json_key(b, "ranking_options");
    json_open(b, '{');
    json_member_str(b, "ranker", STR("auto"));
    json_member_f64(b, "score_threshold", s->least);
    json_close(b, '}');
    json_close(b, '}');
}

fallible
file_search_read(arena *a, const jval *v, struct file_search *ret, buf *echo)
{
    static const char *const known[] = {"type",    "vector_store_ids", "max_num_results",
                                        "filters", "ranking_options",  NULL};
    const jval ids = json_get(v, "vector_store_ids"), most = json_get(v, "max_num_results"),
               filters = json_get(v, "filters"), ranking = json_get(v, "ranking_options");
    int64_t n = MOST;
    if (ret->id_count)
        REFUSE_AT(ARGUMENT, v, "is a second file_search: name all stores in one");
    TRY(read_members(v, known));
    TRY(read_ids(&ids, ret));
    TRY(opt_json_i64(&most, 1, STORES_HITS_MAX, &n));
    ret->most = (size_t)n;
    TRY(read_ranking(&ranking, ret));
    if (filters.v)
        TRY(filter_read(a, &filters, &ret->filter));
    put_echo(v, ret, echo);
    return OK;
}

/* ---- what to look for */
static fallible
user_text(const jval *item, buf *b)
{
    const jval parts = json_get(item, "content");
    struct jwalk w = {0};
    jval part;
    str text;
    TRY(json_array(&parts, 0, SIZE_MAX));
    while (json_each(&parts, &w, &part)) {
        const jval v = json_get(&part, "text");
        TRY(json_str(&v, TEXT_BYTES_MAX, &text));
        if (b->len)
            buf_add_char(b, '\n');
        buf_add(b, text);
    }
    return OK;
}

static bool
is_of_user(const jval *item)
{
    const jval type = json_get(item, "type"), role = json_get(item, "role");
    str name = STR_NONE, who = STR_NONE;
    return !opt_json_str(&type, NAME_BYTES_MAX, &name).code &&
           !opt_json_str(&role, NAME_BYTES_MAX, &who).code && str_eq(name, STR("message")) &&
           str_eq(who, STR("user"));
}

fallible
file_search_query(arena *a, const str *items, size_t count, str *ret)
{
    *ret = STR_NONE;
    for (size_t i = count; i--;) {
        AUTO(buf) b = BUF(TEXT_BYTES_MAX);
        jval item;
        TRY(json_read(a, items[i], &item));
        if (!is_of_user(&item))
            continue;
        TRY(user_text(&item, &b));
        TRY(buf_end(&b));
        const str text = str_slice(buf_str(&b), 0, QUERY_MAX);
        return try_arena_str(a, str_slice(text, 0, utf8_whole_len(text)), ret);
    }
    return OK;
}

/* ---- what came of it */
static void
put_result(buf *b, const struct stores_hit *h, str text)
{
    json_open(b, '{');
    json_member_str(b, "file_id", h->file);
    json_member_str(b, "filename", h->name);
    json_member_f64(b, "score", h->score);
    json_key(b, "attributes");
    buf_add(b, h->attributes);
    json_member_str(b, "text", text);
    if (h->hit->section.len)
        json_member_str(b, "section", h->hit->section);
    if (h->hit->page)
        json_member_u64(b, "page", h->hit->page);
    json_close(b, '}');
}

struct putting {
    arena *a;
    buf context, results;
    struct citation_source *sources;
    size_t count;
};

/* Those that find room before the model. */
static fallible
put_hits(struct putting *p, const struct stores_found *f)
{
    str text;
    TRY(passages_put(f, &p->context, &p->count));
    json_open(&p->results, '[');
    for (size_t i = 0; i < p->count; i++) {
        TRY(passage_text(f, i, &text));
        put_result(&p->results, &f->at[i], text);
        p->sources[i] = (struct citation_source){f->at[i].file, f->at[i].name};
    }
    json_close(&p->results, ']');
    return OK;
}

static fallible
keep_text(arena *a, const buf *b, str *ret)
{
    TRY(buf_end(b));
    return try_arena_str(a, buf_str(b), ret);
}

static fallible
put_all(struct putting *p, const struct file_search *s, const struct stores_found *f,
        struct file_searched *ret)
{
    void *at = NULL;
    TRY(try_arena_get(p->a, f->count + 1, sizeof *p->sources, &at));
    p->sources = (struct citation_source *)at;
    TRY(put_hits(p, f));
    ret->sources = (struct citation_sources){p->sources, p->count};
    ret->label = f->label;
    TRY(keep_text(p->a, &p->context, &ret->context));
    return s->shows_results ? keep_text(p->a, &p->results, &ret->results) : OK;
}

fallible
file_search_put(arena *a, const struct file_search *s, str query, const struct stores_found *f,
                struct file_searched *ret)
{
    struct putting p = {.a = a, .context = BUF(2 * PASSAGES_BYTES), .results = BUF(RESULTS_BYTES)};
    AUTO(buf) queries = BUF(8 * QUERY_MAX);
    *ret = (struct file_searched){.queries = STR_NONE};
    json_open(&queries, '[');
    json_put_str(&queries, query);
    json_close(&queries, ']');
    TRY(keep_text(a, &queries, &ret->queries));
    const err e = put_all(&p, s, f, ret);
    buf_done(&p.context);
    buf_done(&p.results);
    return e;
}
