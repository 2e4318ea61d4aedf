/* SPDX-License-Identifier: EUPL-1.2 */
/* Several files put into a store in one go.  All are in before the answer leaves; what is kept of
 * the batch is which they were and how it went. */
#include "api/stores/stores_inside.h"

enum { META_BYTES = 256 * 1024 };

/* ---- shown */
static fallible
count(const jval *meta, const char *name, int64_t *ret)
{
    const jval v = json_get(meta, name);
    return json_i64(&v, 0, STORES_FILES_MAX, ret);
}

static fallible
put(struct kept_work *w)
{
    const struct kept *k = &w->one;
    buf *b = &w->body;
    int64_t good, bad;
    jval meta;
    TRY(json_read(w->call->a, k->meta, &meta));
    TRY(count(&meta, "completed", &good));
    TRY(count(&meta, "failed", &bad));
    json_open(b, '{');
    json_member_str(b, "id", k->head.id);
    json_member_str(b, "object", STR("vector_store.files_batch"));
    kept_member_time(b, "created_at", k->head.created_wall_ms);
    json_member_str(b, "vector_store_id", k->head.parent);
    json_member_str(b, "status", STR("completed"));
    json_key(b, "file_counts");
    json_open(b, '{');
    json_member_u64(b, "in_progress", 0);
    json_member_i64(b, "completed", good);
    json_member_i64(b, "failed", bad);
    json_member_u64(b, "cancelled", 0);
    json_member_i64(b, "total", good + bad);
    json_close(b, '}');
    json_close(b, '}');
    return OK;
}

static void
show(struct kept_work *w)
{
    const err e = put(w);
    if (e.code)
        api_fail(w->call, e);
    else
        kept_answer(w, w->one.label_text);
}

static fallible
get(struct kept_work *w)
{
    const struct keep_name n = {
        .kind = OBJECT_STORE_BATCH, .id = w->call->args[1], .parent = w->call->args[0]};
    return keep_get(&w->keep, &n, &w->one);
}

void
store_batches_show(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show);
    kept_go(w, get(w));
}

/* It was over before anybody could stop it. */
void
store_batches_cancel(struct api_call *c)
{
    store_batches_show(c);
}

/* ---- made */
static fallible
put_meta(const struct adding *g, str *ret, label *ret_floor)
{
    AUTO(buf) b = BUF(META_BYTES);
    uint64_t good = 0;
    json_open(&b, '{');
    json_key(&b, "files");
    json_open(&b, '[');
    for (size_t i = 0; i < g->count; i++) {
        json_put_str(&b, g->at[i].file);
        good += str_eq(g->at[i].row.head.state, STR("completed"));
        *ret_floor = label_join(*ret_floor, g->at[i].row.head.label);
    }
    json_close(&b, ']');
    json_member_u64(&b, "completed", good);
    json_member_u64(&b, "failed", g->count - good);
    json_close(&b, '}');
    TRY(buf_end(&b));
    return try_arena_str(g->w->call->a, buf_str(&b), ret);
}

static fallible
keep_batch(struct kept_work *w)
{
    const struct adding *g = w->own;
    const str declared = stores_label(w);
    struct keep_wish wish = {.kind = OBJECT_STORE_BATCH,
                             .parent = g->store,
                             .state = STR("completed"),
                             .label_text = declared.len ? declared : g->at[0].row.label_text};
    w->then = show;
    TRY(put_meta(g, &wish.meta, &wish.floor));
    return keep_add(&w->keep, &wish, &w->one);
}

static void
all_are_in(struct kept_work *w)
{
    kept_go(w, keep_batch(w));
}

static fallible
read_line(struct adding *g, const jval *line)
{
    TRY(json_object(line));
    TRY(stores_check_fields(line, STORES_LINE));
    const jval file = json_get(line, "file_id"), attributes = json_get(line, "attributes");
    return adding_put(g, &file, &attributes);
}

static fallible
read_lines(struct kept_work *w, const jval *list, struct adding **ret)
{
    struct jwalk walk = {0};
    jval line;
    TRY(json_array(list, 1, STORES_FILES_MAX));
    TRY(adding_new(w, w->call->args[0], json_count(list), ret));
    while (json_each(list, &walk, &line))
        TRY(read_line(*ret, &line));
    return OK;
}

static fallible
read_files(struct kept_work *w, struct adding **ret)
{
    jval body;
    TRY(stores_body(w->call, STORES_BATCH, &body));
    const jval ids = json_get(&body, "file_ids"), files = json_get(&body, "files"),
               attributes = json_get(&body, "attributes");
    if (!ids.v == !files.v)
        REFUSE(ARGUMENT, "file_ids", "one of file_ids and files must be there");
    if (files.v)
        return read_lines(w, &files, ret);
    TRY(json_array(&ids, 1, STORES_FILES_MAX));
    TRY(adding_new(w, w->call->args[0], json_count(&ids), ret));
    return adding_put_ids(*ret, &ids, &attributes);
}

static void
store_is_there(struct kept_work *w)
{
    kept_go(w, adding_go(w->own));
}

static fallible
create(struct kept_work *w)
{
    const struct keep_name n = {.kind = OBJECT_STORE, .id = w->call->args[0]};
    struct adding *g;
    TRY(read_files(w, &g));
    g->then = all_are_in;
    w->own = g;
    return keep_get(&w->keep, &n, &w->one);
}

void
store_batches_create(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, store_is_there);
    kept_go(w, create(w));
}

/* ---- its files */
static void
listing_done(void *p)
{
    struct store_listing *l = p;
    map_done(&l->members);
}

static fallible
list_members(struct kept_work *w)
{
    struct store_listing *l = arena_new(w->call->a, struct store_listing);
    jval *meta = arena_new(w->call->a, jval), id;
    struct jwalk walk = {0};
    str file;
    *l = (struct store_listing){.w = w, .is_batch = true};
    arena_on_end(w->call->a, listing_done, l);
    TRY(json_read(w->call->a, w->one.meta, meta));
    const jval files = json_get(meta, "files");
    while (json_each(&files, &walk, &id)) {
        TRY(json_str(&id, STORES_NAME_MAX, &file));
        TRY(map_put(&l->members, file, l));
    }
    return store_files_begin_list(l);
}

static void
batch_is_there(struct kept_work *w)
{
    kept_go(w, list_members(w));
}

void
store_batches_files(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, batch_is_there);
    kept_go(w, get(w));
}
