/* SPDX-License-Identifier: EUPL-1.2 */
/* Documents of a collection: put in, as JSON or each as the body itself, and taken out. */
#include "api/know/know_inside.h"
#include "api/read.h"
#include "know/day.h"

enum { NAME_BYTES = 1024, DOCUMENTS_MAX = 10000 };
#define TEXT_BYTES ((size_t)1 << 30)

static fallible
read_form(const jval *v, enum doc_form *ret)
{
    str form = STR("markdown");
    TRY(opt_json_str(v, NAME_BYTES, &form));
    if (doc_form_read(form, ret).code)
        REFUSE_AT(ARGUMENT, v, "must be markdown, html, text, csv or xzufi");
    if (cells_reads(*ret))
        REFUSE_AT(ARGUMENT, v, "is no text: send the file itself, with its Content-Type");
    return OK;
}

static fallible
read_document(const jval *v, struct know_source *s, str *ret_text)
{
    static const char *const known[] = {"name",    "text",       "form",     "title",
                                        "edition", "valid_from", "valid_to", NULL};
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval name = json_get(v, "name"), text = json_get(v, "text"), form = json_get(v, "form"),
               title = json_get(v, "title"), edition = json_get(v, "edition");
    TRY(json_str(&name, NAME_BYTES, &s->name));
    TRY(json_str(&text, TEXT_BYTES, ret_text));
    TRY(opt_json_str(&title, NAME_BYTES, &s->title));
    TRY(opt_json_str(&edition, NAME_BYTES, &s->edition));
    TRY(know_read_day(v, "valid_from", &s->valid_from));
    TRY(know_read_day(v, "valid_to", &s->valid_to));
    return read_form(&form, &s->form);
}

static fallible
read_documents(struct api_call *c, struct know_documents *ret)
{
    static const char *const known[] = {"documents", NULL};
    struct jwalk walk = {0};
    jval body;
    void *at = NULL;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    const jval all = json_get(&body, "documents");
    TRY(json_array(&all, 1, DOCUMENTS_MAX));
    TRY(try_arena_get(c->a, json_count(&all), sizeof *ret->at, &at));
    ret->at = at;
    TRY(try_arena_get(c->a, json_count(&all), sizeof *ret->texts, &at));
    ret->texts = at;
    for (jval v; json_each(&all, &walk, &v); ret->count++)
        TRY(read_document(&v, &ret->at[ret->count], &ret->texts[ret->count]));
    return OK;
}

/* ---- a document that is the body itself */

/* By its Content-Type; false: the body is JSON, as of who says nothing. */
static bool
is_file(const struct api_call *c, enum doc_form *ret)
{
    static const struct {
        str type;
        enum doc_form form; /* DOC_FORMS: by its name */
    } all[] = {
        {STR_INIT("application/pdf"), DOC_PDF},
        {STR_INIT("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
         DOC_DOCX},
        {STR_INIT("application/vnd.oasis.opendocument.text"), DOC_ODT},
        {STR_INIT("text/markdown"), DOC_MARKDOWN},
        {STR_INIT("text/html"), DOC_HTML},
        {STR_INIT("text/plain"), DOC_TEXT},
        {STR_INIT("text/csv"), DOC_CSV},
        {STR_INIT("application/octet-stream"), DOC_FORMS},
    };
    const str field = http_header(c->x, STR("content-type"));
    size_t len = 0;
    while (len < field.len && field.at[len] != ';')
        len++;
    const str type = str_trim(str_slice(field, 0, len));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (str_eq_nocase(type, all[i].type)) {
            *ret = all[i].form;
            return true;
        }
    return false;
}

static fallible
query_day(struct api_call *c, const char *name, uint32_t *ret)
{
    str text;
    TRY(api_query(c, str_of(name), &text));
    if (text.len && day_read(text, ret).code)
        REFUSE(ARGUMENT, name, "%s must be a day, YYYY-MM-DD", name);
    return OK;
}

static fallible
read_file(struct api_call *c, enum doc_form form, struct know_documents *ret)
{
    static const char *const known[] = {"name", "title", "edition", "valid_from", "valid_to", NULL};
    struct know_source *const s = arena_new(c->a, struct know_source);
    TRY(api_query_only(c, known));
    TRY(api_query(c, STR("name"), &s->name));
    TRY(api_query(c, STR("title"), &s->title));
    TRY(api_query(c, STR("edition"), &s->edition));
    TRY(query_day(c, "valid_from", &s->valid_from));
    TRY(query_day(c, "valid_to", &s->valid_to));
    if (!s->name.len)
        REFUSE(ARGUMENT, "name", "a file is sent with its name: …/documents?name=FILE");
    s->form = form == DOC_FORMS ? doc_form_of(s->name) : form;
    if (cells_reads(s->form))
        s->original = c->body;
    ret->at = s;
    ret->texts = arena_new(c->a, str);
    ret->texts[0] = c->body;
    ret->count = 1;
    return OK;
}

static fallible
stage(const struct kept_work *w, know *k, size_t counts[3])
{
    const struct know_want *const t = w->own;
    for (size_t i = 0; i < t->documents.count; i++) {
        enum know_change change;
        const content text = content_of(t->documents.texts[i], w->one.head.label);
        TRY(know_add(k, w->one.grant, &t->documents.at[i], text, &change));
        counts[change]++;
    }
    return know_commit(k);
}

static fallible
add(struct kept_work *w)
{
    size_t counts[3] = {0};
    know *k;
    TRY(know_find(w, &k));
    const err e = stage(w, k, counts);
    if (e.code) { /* what was staged before must not come with the next */
        struct err_kept kept;
        err_keep(&kept, e);
        library_close(api_library(w->call->api), w->call->args[0]);
        return err_again(&kept);
    }
    json_open(&w->body, '{');
    json_member_u64(&w->body, "added", counts[KNOW_ADDED]);
    json_member_u64(&w->body, "replaced", counts[KNOW_REPLACED]);
    json_member_u64(&w->body, "same", counts[KNOW_SAME]);
    json_close(&w->body, '}');
    return know_record(w);
}

static void
on_read(void *ctx, content text, err e)
{
    struct kept_work *const w = ctx;
    struct know_want *const t = w->own;
    t->job = NULL;
    if (e.code == ERR_PARSE || e.code == ERR_UNSUPPORTED || e.code == ERR_LIMIT)
        e = err_start_public(e.code == ERR_LIMIT ? ERR_TOO_LARGE : (enum err_code)e.code, "",
                             __FILE__, __LINE__, __func__, "%s",
                             arena_fmt(w->call->a, "the document %s", err_public(e)).at);
    if (!e.code)
        e = content_open(text, w->one.grant, &t->documents.texts[0]);
    t->documents.at[0].form = DOC_MARKDOWN;
    know_finish(w, e.code ? e : add(w));
}

static void
reading_done(void *p)
{
    struct know_want *const t = p;
    cells_cancel(TAKE(t->job));
}

/* What is there already is not read again. */
static fallible
read_then_add(struct kept_work *w)
{
    struct know_want *const t = w->own;
    const struct know_source *const s = &t->documents.at[0];
    const content bytes = content_of(w->call->body, w->one.head.label);
    const struct cells_ask ask = {.grant = w->one.grant, .form = s->form, .bytes = bytes};
    bool is_same;
    know *k;
    TRY(know_find(w, &k));
    TRY(know_is_same(k, w->one.grant, s, bytes, &is_same));
    if (is_same)
        return add(w);
    arena_on_end(w->call->a, reading_done, t);
    return cells_read(gate_cells(w->call->gate), &ask, on_read, w, &t->job);
}

static void
add_then(struct kept_work *w)
{
    const struct know_want *const t = w->own;
    know_finish(w, cells_reads(t->documents.at[0].form) ? read_then_add(w) : add(w));
}

void
know_add_route(struct api_call *c)
{
    struct kept_work *const w = know_begin(c, EVENT_KNOW_ADD, add_then);
    struct know_want *const t = w->own;
    enum doc_form form;
    know *k;
    err e =
        is_file(c, &form) ? read_file(c, form, &t->documents) : read_documents(c, &t->documents);
    if (!e.code)
        e = sha256_of(c->body, &t->all);
    if (!e.code)
        e = know_find(w, &k);
    if (!e.code)
        e = keep_allow(&w->keep, OP_KNOW_ADD, know_label(c), &w->one);
    know_finish(w, e);
}

static fallible
drop(struct kept_work *w)
{
    know *k;
    TRY(know_find(w, &k));
    TRY(know_remove(k, w->one.grant, w->call->args[1]));
    TRY(know_commit(k));
    buf_add(&w->body, STR("{\"deleted\":true}"));
    return know_record(w);
}

static void
drop_then(struct kept_work *w)
{
    know_finish(w, drop(w));
}

void
know_drop_route(struct api_call *c)
{
    struct kept_work *const w = know_begin(c, EVENT_KNOW_REMOVE, drop_then);
    know_finish(w, keep_allow(&w->keep, OP_KNOW_REMOVE, STR_NONE, &w->one));
}
