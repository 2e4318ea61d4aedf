/* SPDX-License-Identifier: EUPL-1.2 */
/* What is in stores: words of files put in and taken out. */
#include "work/stores/stores.h"

enum { SCRATCH_BYTES = 1 << 20, FORGET_MAX = 4096 };

static fallible
collection(const struct stores *s, str store, know **ret)
{
    const err e = library_find(s->own, store, ret);
    if (e.code != ERR_NOT_FOUND)
        return e;
    TRY(library_create(s->own, store));
    return library_find(s->own, store, ret);
}

/* What is in a file, as it goes into the collection. */
struct words {
    enum doc_form form;
    str text;
    uint64_t len; /* of the file */
    err why;      /* it could not be read, and the sentence says why */
};

static fallible
add_words(const struct stores *s, const struct kept *row, str file, const struct words *w)
{
    const struct know_source source = {.name = file, .form = w->form};
    enum know_change change;
    know *k;
    TRY(w->why);
    TRY(collection(s, row->head.parent, &k));
    TRY(know_add(k, row->grant, &source, content_of(w->text, row->head.label), &change));
    return know_commit(k);
}

/* What the file itself is to blame for is said of it; all else fails the call. */
static bool
is_of_file(err e)
{
    return e.code == ERR_PARSE || e.code == ERR_ARGUMENT || e.code == ERR_LIMIT ||
           e.code == ERR_UNSUPPORTED;
}

static str
reason(arena *a, const struct words *w)
{
    if (w->why.code)
        return arena_fmt(a, "the file %s", err_public(w->why));
    return STR("the file is no text, Markdown, HTML, CSV or XZuFi in UTF-8, or is too large");
}

static fallible
put_words(const struct stores *s, arena *a, struct kept *row, const struct words *w)
{
    struct store_file f;
    ASSERT(row->grant && row->head.kind == OBJECT_STORE_FILE);
    TRY(store_file_load(a, row->meta, &f));
    const err e = add_words(s, row, f.file, w);
    if (e.code)
        library_close(s->own, row->head.parent); /* what was staged must not come with the next */
    if (e.code && !is_of_file(e))
        return e;
    f.bytes = e.code ? 0 : w->len;
    f.code = e.code ? STR("unsupported_file") : STR_NONE;
    f.message = e.code ? reason(a, w) : STR_NONE;
    row->head.state = e.code ? STR("failed") : STR("completed");
    TRY(store_file_save(a, &f, &row->meta));
    return keep_note(s->gate, row);
}

fallible
stores_form(arena *a, const struct kept *row, enum doc_form *ret)
{
    struct store_file f;
    TRY(store_file_load(a, row->meta, &f));
    *ret = doc_form_of(f.name);
    return OK;
}

fallible
stores_fill(const struct stores *s, arena *a, struct kept *row, str bytes)
{
    struct words w = {.text = bytes, .len = bytes.len};
    TRY(stores_form(a, row, &w.form));
    return put_words(s, a, row, &w);
}

/* ---- of forms that are read in a cell */
static void
filling_done(void *p)
{
    struct stores_filling *f = p;
    cells_cancel(TAKE(f->job));
}

static fallible
put_read(const struct stores_filling *f, content text, err why)
{
    struct words w = {.form = DOC_MARKDOWN, .len = f->len, .why = why};
    if (why.code && !is_of_file(why))
        return why;
    if (!why.code)
        TRY(content_open(text, f->row->grant, &w.text));
    return put_words(f->s, f->a, f->row, &w);
}

static void
on_read(void *ctx, content text, err why)
{
    struct stores_filling *f = ctx;
    f->job = NULL;
    f->done(f->ctx, put_read(f, text, why));
}

fallible
stores_fill_read(struct stores_filling *f, str bytes)
{
    struct cells_ask ask = {.grant = f->row->grant, .bytes = content_of(bytes, f->row->head.label)};
    TRY(stores_form(f->a, f->row, &ask.form));
    f->len = bytes.len;
    f->job = NULL;
    TRY(cells_read(gate_cells(f->s->gate), &ask, on_read, f, &f->job));
    arena_on_end(f->a, filling_done, f);
    return OK;
}

fallible
stores_take_out(const struct stores *s, const struct kept *row)
{
    const str id = row->head.id, store = row->head.parent;
    know *k;
    ASSERT(row->grant && id.len > store.len);
    err e = library_find(s->own, store, &k);
    if (!e.code)
        e = know_remove(k, row->grant, str_slice(id, store.len + 1, id.len));
    if (!e.code)
        e = know_commit(k);
    return e.code == ERR_NOT_FOUND ? OK : e; /* it was never put in */
}

fallible
stores_drop(const struct stores *s, str store)
{
    const err e = library_remove(s->own, store);
    return e.code == ERR_NOT_FOUND ? OK : e; /* nothing was ever put in */
}

/* ---- a file is removed */
struct forgetting {
    const struct keep_call *call;
    str file;
    VEC(struct kept) rows;
};

/* Copied: the walk empties its arena. */
static err
note_row(void *ctx, const struct kept *k)
{
    struct forgetting *f = ctx;
    struct kept row = *k;
    const str tail = str_slice(k->head.id, k->head.parent.len + 1, k->head.id.len);
    if (!str_eq(tail, f->file) || f->rows.count == FORGET_MAX)
        return OK;
    TRY(try_arena_str(f->call->a, k->head.id, &row.head.id));
    TRY(try_arena_str(f->call->a, k->head.parent, &row.head.parent));
    return VEC_ADD(f->call->a, &f->rows, &row);
}

static fallible
forget(const struct stores *s, const struct keep_call *c, const struct kept *row)
{
    const struct keep_name n = {.kind = OBJECT_STORE_FILE, .id = row->head.id};
    struct kept k;
    TRY(keep_resume(c, &n, &k));
    TRY(keep_drop(s->gate, &k));
    return stores_take_out(s, &k);
}

fallible
stores_forget(const struct stores *s, const struct keep_call *c, str file)
{
    AUTO(arena) *scratch = NULL;
    struct keep_call all_of_it = *c;
    struct forgetting f = {.call = &all_of_it, .file = file};
    TRY(arena_open(SCRATCH_BYTES, &scratch));
    all_of_it.every_case = true;
    const struct keep_children all = {
        .kind = OBJECT_STORE_FILE, .scratch = scratch, .fn = note_row, .ctx = &f};
    TRY(keep_each_child(&all_of_it, &all));
    for (size_t i = 0; i < f.rows.count; i++)
        TRY(forget(s, &all_of_it, &f.rows.at[i]));
    return OK;
}
