/* SPDX-License-Identifier: EUPL-1.2 */
/* Files: left here under a label, listed, read whole or in ranges, removed.
 *
 * The bytes of an upload go piece by piece into the store (gate/keep.h); what else the form says is
 * collected and looked at when it is whole.  The label comes with the head, so who may not leave
 * such a file is told so before its first byte. */
#include "api/multipart.h"
#include "api/responses/kept.h"
#include "base/num.h"
#include "work/stores/stores.h"

enum { FIELD_BYTES_MAX = 1024, NAME_BYTES_MAX = 255, FILES_PAGE_MAX = 10000 };

enum field { FIELD_PURPOSE, FIELD_ANCHOR, FIELD_SECONDS, FIELDS };
static const char *const field_names[FIELDS] = {"purpose", "expires_after[anchor]",
                                                "expires_after[seconds]"};

struct upload {
    struct kept_work *work;
    multipart *form;
    keep_file *file;
    str filename;
    buf fields[FIELDS];
    bool has[FIELDS];
    buf *now; /* what the current part goes to; NULL: the file */
    struct err_kept failure;
};

/* ---- one file as the API shows it */
static void
put_file(struct kept_work *w, const struct kept *k)
{
    buf *b = &w->body;
    json_open(b, '{');
    json_member_str(b, "id", k->head.id);
    json_member_str(b, "object", STR("file"));
    json_member_u64(b, "bytes", k->head.size_bytes);
    kept_member_time(b, "created_at", k->head.created_wall_ms);
    kept_member_time(b, "expires_at", k->head.expires_wall_ms);
    /* The meta is {"filename":…,"purpose":…}, written here. */
    buf_add_char(b, ',');
    buf_add(b, str_slice(k->meta, 1, k->meta.len - 1));
    json_member_str(b, "status", STR("processed"));
    json_key(b, "status_details");
    json_put_null(b);
    json_close(b, '}');
}

static void
show(struct kept_work *w)
{
    put_file(w, &w->one);
    kept_answer(w, w->one.label_text);
}

/* ---- the upload's parts */
static void
upload_done(void *p)
{
    struct upload *u = p;
    for (int i = 0; i < FIELDS; i++)
        buf_done(&u->fields[i]);
}

/* A path some clients send with the name says nothing here. */
static str
last_name(str path)
{
    size_t from = 0;
    for (size_t i = 0; i < path.len; i++)
        if (path.at[i] == '/' || path.at[i] == '\\')
            from = i + 1;
    return str_slice(path, from, path.len);
}

static err
begin_file(struct upload *u, const struct multipart_part *p)
{
    struct api_call *c = u->work->call;
    if (u->file)
        REFUSE(ARGUMENT, "file", "one file at a time");
    u->filename = last_name(p->filename);
    if (!u->filename.len)
        u->filename = STR("upload");
    if (u->filename.len > NAME_BYTES_MAX)
        REFUSE(ARGUMENT, "file", "the file's name has more than %d bytes", NAME_BYTES_MAX);
    u->now = NULL;
    return keep_file_begin(&u->work->keep, http_header(c->x, STR("x-hoheit-label")), &u->file);
}

static err
on_part(void *ctx, const struct multipart_part *p)
{
    struct upload *u = ctx;
    if (str_eq(p->name, STR("file")))
        return begin_file(u, p);
    for (int i = 0; i < FIELDS; i++) {
        if (!str_eq(p->name, str_of(field_names[i])))
            continue;
        if (u->has[i])
            REFUSE(ARGUMENT, field_names[i], "%s comes twice", field_names[i]);
        u->has[i] = true;
        u->now = &u->fields[i];
        return OK;
    }
    REFUSE(ARGUMENT, "", "the form has a field that is not known here");
}

static err
on_data(void *ctx, str piece)
{
    struct upload *u = ctx;
    if (!u->now)
        return keep_file_data(u->file, piece);
    buf_add(u->now, piece);
    if (u->now->failed)
        REFUSE(ARGUMENT, "", "a field of the form has more than %d bytes", FIELD_BYTES_MAX);
    return OK;
}

static err
on_part_end(void *ctx)
{
    (void)ctx;
    return OK;
}

/* Denied before the first byte; what the form itself lacks is said when it is whole. */
static fallible
begin(struct upload *u)
{
    struct api_call *c = u->work->call;
    const struct multipart_hooks hooks = {on_part, on_data, on_part_end, u};
    TRY(gate_allow(c->gate, c->session, OP_FILE_ADD, http_request_id(c->x), c->a));
    return multipart_new(c->a, http_header(c->x, STR("content-type")), hooks, &u->form);
}

void
files_begin(struct api_call *c)
{
    struct upload *u = arena_new(c->a, struct upload);
    u->work = kept_begin(c, show);
    c->own = u;
    for (int i = 0; i < FIELDS; i++)
        u->fields[i] = BUF(FIELD_BYTES_MAX);
    arena_on_end(c->a, upload_done, u);
    const err e = begin(u);
    if (e.code)
        api_fail(c, e);
}

void
files_data(struct api_call *c, str piece)
{
    struct upload *u = c->own;
    const err e = multipart_feed(u->form, piece);
    if (e.code)
        api_fail(c, e);
}

/* ---- the upload's end */
static fallible
check_purpose(const struct upload *u)
{
    static const char *const purposes[] = {"assistants", "batch", "vision", "user_data", "evals"};
    const str purpose = buf_str(&u->fields[FIELD_PURPOSE]);
    if (!u->has[FIELD_PURPOSE])
        REFUSE(ARGUMENT, "purpose", "purpose is missing");
    for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
        if (str_eq(purpose, str_of(purposes[i])))
            return OK;
    if (str_eq(purpose, STR("fine-tune")))
        REFUSE(UNSUPPORTED, "purpose", "models are not trained here");
    REFUSE(ARGUMENT, "purpose", "purpose must be assistants, batch, vision, user_data or evals");
}

static fallible
read_time(const struct upload *u, uint64_t *ret_ms)
{
    uint64_t seconds = 0;
    if (!u->has[FIELD_ANCHOR] && !u->has[FIELD_SECONDS])
        return OK;
    if (!str_eq(buf_str(&u->fields[FIELD_ANCHOR]), STR("created_at")))
        REFUSE(ARGUMENT, "expires_after", "expires_after[anchor] must be \"created_at\"");
    if (num_u64(buf_str(&u->fields[FIELD_SECONDS]), 3600, 2592000, &seconds).code)
        REFUSE(ARGUMENT, "expires_after",
               "expires_after[seconds] must be a number from 3600 to 2592000");
    *ret_ms = seconds * 1000;
    return OK;
}

static fallible
put_meta(const struct upload *u, str *ret)
{
    AUTO(buf) meta = BUF(16 * 1024);
    json_open(&meta, '{');
    json_member_str(&meta, "filename", u->filename);
    json_member_str(&meta, "purpose", buf_str(&u->fields[FIELD_PURPOSE]));
    json_close(&meta, '}');
    TRY(buf_end(&meta));
    return try_arena_str(u->work->call->a, buf_str(&meta), ret);
}

static fallible
finish(struct upload *u)
{
    struct keep_wish wish = {.kind = OBJECT_FILE, .state = STR("processed")};
    TRY(multipart_end(u->form));
    if (!u->file)
        REFUSE(ARGUMENT, "file", "file is missing");
    TRY(check_purpose(u));
    TRY(read_time(u, &wish.valid_ms));
    TRY(put_meta(u, &wish.meta));
    return keep_file_end(u->file, &wish, &u->work->one);
}

void
files_add(struct api_call *c)
{
    struct upload *u = c->own;
    kept_go(u->work, finish(u));
}

/* ---- list, show, remove */
static void
put_files(struct kept_work *w)
{
    kept_put_list(w, put_file);
    kept_answer(w, STR_NONE);
}

struct wanted_purpose {
    arena *a;
    str wanted;
};

static bool
has_purpose(void *ctx, const struct kept *k)
{
    const struct wanted_purpose *p = ctx;
    return str_eq(kept_text(p->a, k, "purpose"), p->wanted);
}

static fallible
list(struct kept_work *w)
{
    static const char *const also[] = {"purpose", NULL};
    struct api_call *c = w->call;
    struct wanted_purpose p = {.a = c->a};
    struct keep_page page = {.kind = OBJECT_FILE, .ctx = &p};
    TRY(kept_read_page(c, also, FILES_PAGE_MAX, FILES_PAGE_MAX, &page));
    TRY(api_query(c, STR("purpose"), &p.wanted));
    page.fits = p.wanted.len ? has_purpose : NULL;
    return keep_list(&w->keep, &page, &w->list);
}

void
files_list(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, put_files);
    kept_go(w, list(w));
}

void
files_show(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show);
    const struct keep_name n = {.kind = OBJECT_FILE, .id = c->args[0]};
    kept_go(w, keep_get(&w->keep, &n, &w->one));
}

/* Its words leave the stores it was put in. */
static void
removed(struct kept_work *w)
{
    const struct stores *s = api_stores(w->call->api);
    const err e = s ? stores_forget(s, &w->keep, w->call->args[0]) : OK;
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    kept_answer_deleted(w, w->call->args[0], "file");
}

void
files_remove(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, removed);
    const struct keep_name n = {.kind = OBJECT_FILE, .id = c->args[0]};
    kept_go(w, keep_remove(&w->keep, &n));
}

/* ---- content, whole or one range of it (RFC 9110 section 14) */
struct range {
    uint64_t from, len;
    bool is_part, is_outside;
};

/* "bytes=FIRST-LAST", "bytes=FIRST-", "bytes=-LENGTH"; what else it says, the header is as if it
 * were not there, as the standard has it. */
static struct range
read_range(str text, uint64_t size)
{
    const struct range all = {.len = size};
    const str unit = STR("bytes=");
    uint64_t first, last = UINT64_MAX;
    str to = str_trim(str_slice(text, unit.len, text.len)), from;
    if (!str_starts(text, unit) || !str_next(&to, '-', &from) || !to.at)
        return all;
    if (to.len && num_u64(to, 0, UINT64_MAX, &last).code)
        return all;
    if (!from.len) {
        const uint64_t len = last < size ? last : size;
        return !to.len ? all : (struct range){size - len, len, true, !len};
    }
    if (num_u64(from, 0, UINT64_MAX, &first).code || (to.len && last < first))
        return all;
    if (first >= size)
        return (struct range){.is_outside = true};
    const uint64_t rest = size - first;
    return (struct range){first, to.len && last - first < rest ? last - first + 1 : rest, true,
                          false};
}

static void
answer_content(struct kept_work *w, const struct range *r)
{
    const uint64_t size = w->one.head.size_bytes;
    const struct http_field fields[] = {
        {STR("content-type"), STR("application/octet-stream")},
        {STR("accept-ranges"), STR("bytes")},
        {STR("x-hoheit-label"), w->one.label_text},
        {STR("x-content-type-options"), STR("nosniff")},
        {STR("content-range"),
         arena_fmt(w->call->a, "bytes %llu-%llu/%llu", (unsigned long long)r->from,
                   (unsigned long long)(r->from + r->len - 1), (unsigned long long)size)}};
    http_answer(w->call->x, r->is_part ? 206 : 200, fields, r->is_part ? 5 : 4, buf_str(&w->body));
}

static fallible
read_content(struct kept_work *w, struct range *r)
{
    *r = read_range(http_header(w->call->x, STR("range")), w->one.head.size_bytes);
    if (r->is_outside)
        REFUSE(RANGE, "range", "the file has %llu bytes",
               (unsigned long long)w->one.head.size_bytes);
    w->body.limit = (size_t)gate_parts_of(w->call->gate)->params->keep_read_bytes_max;
    return keep_file_read(&w->keep, &w->one, r->from, r->len, &w->body);
}

static void
content_of_file(struct kept_work *w)
{
    struct range r;
    const err e = read_content(w, &r);
    if (e.code)
        api_fail(w->call, e);
    else
        answer_content(w, &r);
}

void
files_content(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, content_of_file);
    const struct keep_name n = {.kind = OBJECT_FILE, .id = c->args[0]};
    kept_go(w, keep_get(&w->keep, &n, &w->one));
}
