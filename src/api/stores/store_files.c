/* SPDX-License-Identifier: EUPL-1.2 */
/* Files of a store: put in, listed, shown, changed, taken out. */
#include "api/stores/stores_inside.h"
#include "os/clock.h"

/* ---- shown */
static str
file_of(const struct kept *k)
{
    return str_slice(k->head.id, k->head.parent.len + 1, k->head.id.len);
}

static void
put_error(buf *b, str code, str message)
{
    json_key(b, "last_error");
    if (!code.len) {
        json_put_null(b);
        return;
    }
    json_open(b, '{');
    json_member_str(b, "code", code);
    json_member_str(b, "message", message);
    json_close(b, '}');
}

/* What is still "in_progress" was interrupted: nobody works on it any more. */
static fallible
put(struct kept_work *w, const struct kept *k)
{
    buf *b = &w->body;
    struct store_file f;
    TRY(store_file_load(w->call->a, k->meta, &f));
    const bool is_lost = str_eq(k->head.state, STR("in_progress"));
    json_open(b, '{');
    json_member_str(b, "id", f.file);
    json_member_str(b, "object", STR("vector_store.file"));
    kept_member_time(b, "created_at", k->head.created_wall_ms);
    json_member_u64(b, "usage_bytes", f.bytes);
    json_member_str(b, "vector_store_id", k->head.parent);
    json_member_str(b, "status", is_lost ? STR("failed") : k->head.state);
    put_error(b, is_lost ? STR("server_error") : f.code,
              is_lost ? STR("interrupted: add the file again") : f.message);
    buf_add(b, STR(",\"chunking_strategy\":{\"type\":\"other\"}"));
    kept_member_json(b, "attributes", f.attributes);
    json_member_str(b, "filename", f.name);
    json_close(b, '}');
    return OK;
}

static void
put_file(struct kept_work *w, const struct kept *k)
{
    if (put(w, k).code)
        w->body.failed = true;
}

static void
show(struct kept_work *w)
{
    put_file(w, &w->one);
    kept_answer(w, w->one.label_text);
}

static fallible
get(struct kept_work *w)
{
    const str store = w->call->args[0];
    const struct keep_name n = {.kind = OBJECT_STORE_FILE,
                                .id = stores_row(w->call->a, store, w->call->args[1]),
                                .parent = store};
    return keep_get(&w->keep, &n, &w->one);
}

void
store_files_show(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show);
    kept_go(w, get(w));
}

/* ---- put in */
fallible
adding_new(struct kept_work *w, str store, size_t count, struct adding **ret)
{
    void *at = NULL;
    struct adding *g = arena_new(w->call->a, struct adding);
    TRY(try_arena_get(w->call->a, count, sizeof(struct add_one), &at));
    *g = (struct adding){.w = w, .store = store, .at = (struct add_one *)at};
    *ret = g;
    return OK;
}

static bool
has_file(const struct adding *g, str file)
{
    for (size_t i = 0; i < g->count; i++)
        if (str_eq(g->at[i].file, file))
            return true;
    return false;
}

fallible
adding_put(struct adding *g, const jval *file, const jval *attributes)
{
    struct add_one one = {.file = STR_NONE};
    TRY(json_str(file, STORES_NAME_MAX, &one.file));
    TRY(filter_read_attributes(g->w->call->a, attributes, &one.attributes));
    if (!has_file(g, one.file)) /* said twice is said once */
        g->at[g->count++] = one;
    return OK;
}

fallible
adding_put_ids(struct adding *g, const jval *list, const jval *attributes)
{
    struct jwalk walk = {0};
    jval id;
    while (json_each(list, &walk, &id))
        TRY(adding_put(g, &id, attributes));
    return OK;
}

static void adding_step(struct kept_work *w);

/* One after the other; it comes back when the record is durable. */
static fallible
read_source(struct adding *g)
{
    const struct keep_name n = {.kind = OBJECT_FILE, .id = g->at[g->i].file};
    g->w->missing = "file_id";
    return keep_get(&g->w->keep, &n, &g->at[g->i].source);
}

static fallible
check_source(const struct adding *g, const struct add_one *one)
{
    const uint64_t most = gate_parts_of(g->w->call->gate)->params->keep_read_bytes_max;
    if (one->source.head.size_bytes > most)
        REFUSE(TOO_LARGE, "file_id", "a file in a store has at most %llu bytes",
               (unsigned long long)most);
    return OK;
}

/* So that it goes with its case, all that is in a store is of the store's. */
static fallible
check_case(const struct adding *g)
{
    const struct keep_name n = {.kind = OBJECT_STORE, .id = g->store};
    struct kept store;
    TRY(keep_resume(&g->w->keep, &n, &store));
    if (!str_eq(keep_case_of(&store.head), g->w->keep.case_name))
        REFUSE(ARGUMENT, "X-Hoheit-Case",
               "a store of no case takes nothing of one: make a store "
               "for the case");
    return OK;
}

static fallible
put_meta(const struct adding *g, const struct add_one *one, str *ret)
{
    arena *a = g->w->call->a;
    const struct store_file f = {.file = one->file,
                                 .name = kept_text(a, &one->source, "filename"),
                                 .attributes = one->attributes};
    return store_file_save(a, &f, ret);
}

/* A file that is in it already is put in anew: it may have been interrupted. */
static fallible
add_row(struct adding *g, struct add_one *one)
{
    arena *a = g->w->call->a;
    const struct object *source = &one->source.head;
    const str declared = stores_label(g->w);
    const struct keep_name n = {
        .kind = OBJECT_STORE_FILE, .id = stores_row(a, g->store, one->file), .parent = g->store};
    struct keep_wish wish = {.kind = n.kind,
                             .id = n.id,
                             .parent = g->store,
                             .state = STR("in_progress"),
                             .label_text = declared.len ? declared : one->source.label_text,
                             .floor = source->label};
    TRY(check_case(g));
    const err e = keep_resume(&g->w->keep, &n, &one->row);
    TRY(put_meta(g, one, &wish.meta));
    if (!e.code) {
        one->row.meta = wish.meta;
        return keep_set(&g->w->keep, &one->row, STR_NONE);
    }
    if (e.code != ERR_NOT_FOUND)
        return e;
    if (source->expires_wall_ms) {
        const int64_t left = source->expires_wall_ms - clock_wall_ms();
        wish.valid_ms = left > 0 ? (uint64_t)left : 1;
    }
    return keep_add(&g->w->keep, &wish, &one->row);
}

static fallible
adding_next(struct adding *g)
{
    if (++g->i < g->count)
        return add_row(g, &g->at[g->i]);
    g->w->own = g;
    g->then(g->w);
    return OK;
}

static void
on_filled(void *ctx, err e)
{
    struct adding *g = ctx;
    struct kept_work *w = g->w; /* the last one's answer ends `g` */
    kept_go(w, e.code ? e : adding_next(g));
}

/* What is read in a cell comes back later: *ret_waits. */
static fallible
fill(struct adding *g, struct add_one *one, bool *ret_waits)
{
    struct kept_work *w = g->w;
    enum doc_form form;
    AUTO(buf) bytes = BUF(gate_parts_of(w->call->gate)->params->keep_read_bytes_max);
    TRY(keep_file_read(&w->keep, &one->source, 0, one->source.head.size_bytes, &bytes));
    TRY(buf_end(&bytes));
    TRY(stores_form(w->call->a, &one->row, &form));
    *ret_waits = cells_reads(form);
    if (!*ret_waits)
        return stores_fill(stores_of(w), w->call->a, &one->row, buf_str(&bytes));
    g->filling = (struct stores_filling){
        .s = stores_of(w), .a = w->call->a, .row = &one->row, .done = on_filled, .ctx = g};
    return stores_fill_read(&g->filling, buf_str(&bytes));
}

static fallible
adding_turn(struct adding *g)
{
    bool waits;
    if (!g->is_read) {
        TRY(check_source(g, &g->at[g->i]));
        if (++g->i < g->count)
            return read_source(g);
        g->is_read = true;
        g->i = 0;
        g->w->missing = NULL;
        return add_row(g, &g->at[0]);
    }
    TRY(fill(g, &g->at[g->i], &waits));
    return waits ? OK : adding_next(g);
}

static void
adding_step(struct kept_work *w)
{
    kept_go(w, adding_turn(w->own));
}

fallible
adding_go(struct adding *g)
{
    ASSERT(g->count && g->then);
    g->w->own = g;
    g->w->then = adding_step;
    return read_source(g);
}

static void
added(struct kept_work *w)
{
    const struct adding *g = w->own;
    w->one = g->at[0].row;
    show(w);
}

static void
store_is_there(struct kept_work *w)
{
    kept_go(w, adding_go(w->own));
}

static fallible
add(struct kept_work *w)
{
    const struct keep_name n = {.kind = OBJECT_STORE, .id = w->call->args[0]};
    struct adding *g;
    jval body;
    TRY(stores_body(w->call, STORES_FILE, &body));
    const jval file = json_get(&body, "file_id"), attributes = json_get(&body, "attributes");
    TRY(adding_new(w, n.id, 1, &g));
    TRY(adding_put(g, &file, &attributes));
    g->then = added;
    w->own = g;
    return keep_get(&w->keep, &n, &w->one);
}

void
store_files_add(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, store_is_there);
    kept_go(w, add(w));
}

/* ---- listed */
static bool
is_listed(void *ctx, const struct kept *k)
{
    const struct store_listing *l = ctx;
    if (l->state.len && !str_eq(k->head.state, l->state))
        return false;
    return !l->is_batch || map_get(&l->members, file_of(k));
}

/* Rows go by their files' ids to the outside. */
void
store_files_answer_list(struct kept_work *w)
{
    struct kept_list *l = &w->list;
    for (size_t i = 0; i < l->list.count; i++)
        l->list.at[i].head.id = file_of(&l->list.at[i]);
    kept_put_list(w, put_file);
    kept_answer(w, STR_NONE);
}

fallible
store_files_begin_list(struct store_listing *l)
{
    static const char *const also[] = {"filter", NULL}, *const states[] = {"in_progress",
                                                                           "completed", "failed",
                                                                           "cancelled"};
    struct kept_work *w = l->w;
    struct api_call *c = w->call;
    struct keep_page page = {
        .kind = OBJECT_STORE_FILE, .parent = c->args[0], .fits = is_listed, .ctx = l};
    size_t i = 0;
    TRY(kept_read_page(c, also, 20, KEPT_PAGE_MAX, &page));
    TRY(api_query(c, STR("filter"), &l->state));
    while (l->state.len && i < 4 && !str_eq(l->state, str_of(states[i])))
        i++;
    if (i == 4)
        REFUSE(ARGUMENT, "filter", "filter must be in_progress, completed, failed or cancelled");
    if (page.after.len)
        page.after = stores_row(c->a, page.parent, page.after);
    w->then = store_files_answer_list;
    return keep_list(&w->keep, &page, &w->list);
}

void
store_files_list(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, store_files_answer_list);
    struct store_listing l = {.w = w};
    kept_go(w, store_files_begin_list(&l));
}

/* ---- changed */
static fallible
change(struct kept_work *w)
{
    struct store_file f;
    const str *attributes = w->own;
    TRY(store_file_load(w->call->a, w->one.meta, &f));
    f.attributes = *attributes;
    TRY(store_file_save(w->call->a, &f, &w->one.meta));
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
    str *attributes = arena_new(w->call->a, str);
    jval body;
    w->own = attributes;
    TRY(stores_body(w->call, STORES_ATTRIBUTES, &body));
    const jval v = json_get(&body, "attributes");
    TRY(filter_read_attributes(w->call->a, &v, attributes));
    return get(w);
}

void
store_files_change(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, found_to_change);
    kept_go(w, read_change(w));
}

/* ---- taken out */
static void
removed(struct kept_work *w)
{
    const err e = stores_take_out(stores_of(w), &w->one);
    if (e.code)
        api_fail(w->call, e);
    else
        kept_answer_deleted(w, w->call->args[1], "vector_store.file.deleted");
}

/* The row is looked at before it goes: what it allows is needed after. */
static fallible
remove_file(struct kept_work *w)
{
    const str store = w->call->args[0];
    const struct keep_name n = {.kind = OBJECT_STORE_FILE,
                                .id = stores_row(w->call->a, store, w->call->args[1]),
                                .parent = store};
    const err e = keep_resume(&w->keep, &n, &w->one);
    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    return keep_remove(&w->keep, &n);
}

void
store_files_remove(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, removed);
    kept_go(w, remove_file(w));
}

/* ---- its text */
struct reading {
    struct kept_work *w;
    cells_job *job;
};

static void
answer_text(struct kept_work *w, str text)
{
    buf *b = &w->body;
    buf_add(b, STR("{\"object\":\"vector_store.file_content.page\",\"data\":["));
    json_open(b, '{');
    json_member_str(b, "type", STR("text"));
    json_member_str(b, "text", text);
    json_close(b, '}');
    buf_add(b, STR("],\"has_more\":false,\"next_page\":null}"));
    kept_answer(w, w->one.label_text);
}

static void
reading_done(void *p)
{
    struct reading *r = p;
    cells_cancel(TAKE(r->job));
}

static void
on_text(void *ctx, content text, err e)
{
    struct reading *r = ctx;
    struct kept_work *w = r->w;
    str open = STR_NONE;
    r->job = NULL;
    if (e.code == ERR_PARSE || e.code == ERR_UNSUPPORTED || e.code == ERR_LIMIT)
        e = err_start_public(e.code == ERR_LIMIT ? ERR_TOO_LARGE : (enum err_code)e.code, "",
                             __FILE__, __LINE__, __func__, "%s",
                             arena_fmt(w->call->a, "the file %s", err_public(e)).at);
    if (!e.code)
        e = content_open(text, w->one.grant, &open);
    if (e.code)
        api_fail(w->call, e);
    else
        answer_text(w, open);
}

static fallible
read_elsewhere(struct kept_work *w, enum doc_form form, str bytes)
{
    struct reading *r = arena_new(w->call->a, struct reading);
    const struct cells_ask ask = {
        .grant = w->one.grant, .form = form, .bytes = content_of(bytes, w->one.head.label)};
    r->w = w;
    TRY(cells_read(gate_cells(w->call->gate), &ask, on_text, r, &r->job));
    arena_on_end(w->call->a, reading_done, r);
    return OK;
}

/* As it was put in: of what is read in a cell, what was read there. */
static fallible
put_content(struct kept_work *w)
{
    const uint64_t most = gate_parts_of(w->call->gate)->params->keep_read_bytes_max;
    const enum doc_form form = doc_form_of(kept_text(w->call->a, &w->one, "filename"));
    AUTO(buf) bytes = BUF((size_t)most);
    TRY(keep_file_read(&w->keep, &w->one, 0, w->one.head.size_bytes, &bytes));
    TRY(buf_end(&bytes));
    if (cells_reads(form))
        return read_elsewhere(w, form, buf_str(&bytes));
    answer_text(w, buf_str(&bytes));
    return OK;
}

static void
content_is_there(struct kept_work *w)
{
    kept_go(w, put_content(w));
}

static void
row_is_there(struct kept_work *w)
{
    const struct keep_name n = {.kind = OBJECT_FILE, .id = w->call->args[1]};
    w->then = content_is_there;
    kept_go(w, keep_get(&w->keep, &n, &w->one));
}

void
store_files_content(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, row_is_there);
    kept_go(w, get(w));
}
