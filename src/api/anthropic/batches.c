/* SPDX-License-Identifier: EUPL-1.2 */
/* Batches of messages.  The requests of one become a file like that of any batch, each line a
 * request to /v1/messages, and run like any other (api/responses/batcher.h): for the key, under its
 * label, when nobody else waits.  Results are put into this dialect's shape when they are read. */
#include "api/responses/batches.h"

#include "api/anthropic/anthropic.h"
#include "api/anthropic/decode.h"
#include "api/read.h"
#include "api/tools.h"
#include "base/map.h"
#include "base/num.h"
#include "os/clock.h"

enum { ID_BYTES_MAX = 64, LIST_MAX = 1000, LIST_MOST = 20, FILES = 3 };
#define PREFIX "msgbatch_"
#define RESULT_BYTES_MAX ((size_t)1 << 30)

/* ---- shown */
static void
put_time(buf *b, const char *name, int64_t ms)
{
    AUTO(buf) when = BUF(64);
    json_key(b, name);
    if (!ms) {
        json_put_null(b);
        return;
    }
    clock_put(&when, ms);
    json_put_str(b, buf_str(&when));
}

static int64_t
ended_ms(const struct batch *b)
{
    return batch_is_over(b->status) ? b->reached_ms[b->status] : 0;
}

/* While it runs all of them are in progress, as this API has it. */
static void
put_counts(buf *to, const struct batch *b)
{
    const bool over = batch_is_over(b->status), late = b->status == BATCH_EXPIRED;
    const uint64_t done = b->completed + b->failed;
    const uint64_t left = over && b->total > done ? b->total - done : 0;
    json_key(to, "request_counts");
    json_open(to, '{');
    json_member_u64(to, "processing", over ? 0 : b->total);
    json_member_u64(to, "succeeded", over ? b->completed : 0);
    json_member_u64(to, "errored",
                    !over || late ? 0 : b->failed + (b->status == BATCH_FAILED ? left : 0));
    json_member_u64(to, "canceled", b->status == BATCH_CANCELLED ? left : 0);
    json_member_u64(to, "expired", late ? b->failed + left : 0);
    json_close(to, '}');
}

static str
status_of(const struct batch *b)
{
    if (batch_is_over(b->status))
        return STR("ended");
    return b->status == BATCH_CANCELLING ? STR("canceling") : STR("in_progress");
}

static void
put_batch(struct kept_work *w, const struct batch *b)
{
    buf *to = &w->body;
    const str host = http_header(w->call->x, STR("host"));
    json_open(to, '{');
    json_member_str(to, "id", b->id);
    json_member_str(to, "type", STR("message_batch"));
    json_member_str(to, "processing_status", status_of(b));
    put_counts(to, b);
    put_time(to, "ended_at", ended_ms(b));
    put_time(to, "created_at", b->created_ms);
    put_time(to, "expires_at", b->expires_ms);
    put_time(to, "archived_at", 0);
    put_time(to, "cancel_initiated_at", b->reached_ms[BATCH_CANCELLING]);
    json_key(to, "results_url");
    if (batch_is_over(b->status))
        json_put_str(to, arena_fmt(w->call->a, "%s://%.*s/v1/messages/batches/%.*s/results",
                                   http_is_sealed(w->call->x) ? "https" : "http",
                                   STR_FMT(str_slice(host, 0, 256)), STR_FMT(b->id)));
    else
        json_put_null(to);
    json_close(to, '}');
}

static void
put_kept(struct kept_work *w, const struct kept *k)
{
    struct batch b;
    if (batches_load(w, k, &b).code)
        w->body.failed = true;
    else
        put_batch(w, &b);
}

static void
show(struct kept_work *w)
{
    put_kept(w, &w->one);
    kept_answer(w, w->one.label_text);
}

/* One of the other dialect is not there. */
static fallible
get(struct kept_work *w)
{
    const str id = w->call->args[0];
    const struct keep_name n = {.kind = OBJECT_BATCH,
                                .id = str_starts(id, STR(PREFIX)) ? id : STR(PREFIX "none")};
    TRY(anthropic_check_head(w->call));
    return keep_get(&w->keep, &n, &w->one);
}

void
anthropic_batches_show(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show);
    kept_go(w, get(w));
}

/* ---- listed */
static bool
is_listed(void *ctx, const struct kept *k)
{
    (void)ctx;
    return str_starts(k->head.id, STR(PREFIX));
}

static void
put_id(buf *b, const char *name, const struct kept_list *l, size_t i)
{
    json_key(b, name);
    if (l->list.count)
        json_put_str(b, l->list.at[i].head.id);
    else
        json_put_null(b);
}

static void
show_list(struct kept_work *w)
{
    struct kept_list *l = &w->list;
    const size_t n = l->list.count;
    const bool *is_back = w->own;
    buf *b = &w->body;
    for (size_t i = 0; *is_back && i < n / 2; i++) { /* newest first, whichever way was gone */
        const struct kept k = l->list.at[i];
        l->list.at[i] = l->list.at[n - 1 - i];
        l->list.at[n - 1 - i] = k;
    }
    json_open(b, '{');
    json_key(b, "data");
    json_open(b, '[');
    for (size_t i = 0; i < n; i++)
        put_kept(w, &l->list.at[i]);
    json_close(b, ']');
    json_member_bool(b, "has_more", l->has_more);
    put_id(b, "first_id", l, 0);
    put_id(b, "last_id", l, n ? n - 1 : 0);
    json_close(b, '}');
    kept_answer(w, STR_NONE);
}

static fallible
list(struct kept_work *w)
{
    static const char *const known[] = {"limit", "after_id", "before_id", NULL};
    struct keep_page page = {.kind = OBJECT_BATCH, .fits = is_listed};
    struct api_call *c = w->call;
    uint64_t count = LIST_MOST;
    bool *is_back = arena_new(c->a, bool);
    str limit, before;
    w->own = is_back;
    TRY(anthropic_check_head(c));
    TRY(api_query_only(c, known));
    TRY(api_query(c, STR("limit"), &limit));
    TRY(api_query(c, STR("after_id"), &page.after));
    TRY(api_query(c, STR("before_id"), &before));
    if (limit.len && num_u64(limit, 1, LIST_MAX, &count).code)
        REFUSE(ARGUMENT, "limit", "limit must be a number from 1 to %d", LIST_MAX);
    if (before.len && page.after.len)
        REFUSE(ARGUMENT, "before_id", "before_id and after_id exclude each other");
    *is_back = page.oldest_first = before.len > 0;
    page.after = before.len ? before : page.after;
    page.count = (size_t)count;
    return keep_list(&w->keep, &page, &w->list);
}

void
anthropic_batches_list(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show_list);
    kept_go(w, list(w));
}

/* ---- begun */
struct making {
    struct batch batch;
    buf lines;
    map seen; /* custom ids */
    struct kept input;
};

static void
making_done(void *p)
{
    struct making *m = p;
    buf_done(&m->lines);
    map_done(&m->seen);
}

static fallible
put_request(struct making *m, const jval *v)
{
    static const char *const known[] = {"custom_id", "params", NULL};
    buf *b = &m->lines;
    bool streams = false;
    str id;
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval name = json_get(v, "custom_id"), params = json_get(v, "params");
    TRY(json_str(&name, ID_BYTES_MAX, &id));
    if (!tools_is_name(id, ID_BYTES_MAX))
        REFUSE_AT(ARGUMENT, &name, "must be 1 to %d letters, digits, _ and -", ID_BYTES_MAX);
    if (map_get(&m->seen, id))
        REFUSE_AT(ARGUMENT, &name, "was used by an earlier request");
    TRY(map_put(&m->seen, id, m));
    TRY(json_object(&params));
    const jval stream = json_get(&params, "stream");
    TRY(opt_json_bool(&stream, &streams));
    if (streams)
        REFUSE_AT(ARGUMENT, &stream, "is not for batches: a request of one is answered whole");
    json_open(b, '{');
    json_member_str(b, "custom_id", id);
    json_member_str(b, "method", STR("POST"));
    json_member_str(b, "url", STR("/v1/messages"));
    json_key(b, "body");
    json_put_value(b, &params);
    json_close(b, '}');
    buf_add_char(b, '\n');
    return OK;
}

static fallible
read_requests(struct kept_work *w, struct making *m)
{
    const uint64_t most = gate_parts_of(w->call->gate)->params->gate_batch_lines_max;
    struct jwalk walk = {0};
    jval body, item;
    TRY(anthropic_check_head(w->call));
    TRY(api_body(w->call, &body));
    TRY(anthropic_check_fields(&body, ROUTE_E));
    const jval requests = json_get(&body, "requests");
    TRY(json_array(&requests, 1, (size_t)most));
    while (json_each(&requests, &walk, &item))
        TRY(put_request(m, &item));
    m->batch.total = json_count(&requests);
    return buf_end(&m->lines);
}

static void
begun(struct kept_work *w)
{
    struct making *m = w->own;
    batches_take(w);
    put_batch(w, &m->batch);
    kept_answer(w, w->one.label_text);
}

static void
input_is_kept(struct kept_work *w)
{
    struct making *m = w->own;
    w->then = begun;
    m->batch.input_file = m->input.head.id;
    kept_go(w, batches_begin(w, PREFIX, &m->batch, &m->input));
}

static fallible
create(struct kept_work *w)
{
    struct making *m = arena_new(w->call->a, struct making);
    const struct keep_wish wish = {
        .kind = OBJECT_FILE,
        .state = STR("processed"),
        .meta = STR("{\"filename\":\"requests.jsonl\",\"purpose\":\"batch\"}")};
    keep_file *file;
    w->own = m;
    m->lines = BUF(RESULT_BYTES_MAX);
    m->batch = (struct batch){
        .endpoint = STR("/v1/messages"), .window = STR("24h"), .metadata = STR("{}")};
    arena_on_end(w->call->a, making_done, m);
    TRY(read_requests(w, m));
    TRY(keep_file_begin(&w->keep, http_header(w->call->x, STR("x-hoheit-label")), &file));
    TRY(keep_file_data(file, buf_str(&m->lines)));
    return keep_file_end(file, &wish, &m->input);
}

void
anthropic_batches_create(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, input_is_kept);
    err e = gate_allow(c->gate, c->session, OP_BATCH_ADD, http_request_id(c->x), c->a);
    if (!e.code)
        e = api_own_purpose(c);
    if (!e.code)
        e = create(w);
    kept_go(w, e);
}

/* ---- stopped: one that is over or ending is shown as it is */
static void
found_to_stop(struct kept_work *w)
{
    struct batch b;
    err e = batches_load(w, &w->one, &b);
    w->then = show;
    if (!e.code && b.status == BATCH_FINALIZING) /* its results are being put together */
        b.status = BATCH_CANCELLING;
    if (!e.code && (batch_is_over(b.status) || b.status == BATCH_CANCELLING)) {
        put_batch(w, &b);
        kept_answer(w, w->one.label_text);
        return;
    }
    if (!e.code)
        e = batches_stop(w);
    kept_go(w, e);
}

void
anthropic_batches_cancel(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, found_to_stop);
    kept_go(w, get(w));
}

/* ---- results */
struct reading {
    struct batch batch;
    str label_text;
    str files[FILES]; /* answers, errors, and what was asked when not all of it was run */
    int at;
    map seen;
};

static void
reading_done(void *p)
{
    struct reading *r = p;
    map_done(&r->seen);
}

static fallible
check_over(struct kept_work *w, struct batch *b)
{
    TRY(batches_load(w, &w->one, b));
    if (!batch_is_over(b->status))
        REFUSE(ARGUMENT, "", "the batch is not over yet: wait for processing_status \"ended\"");
    return OK;
}

static void
put_unrun(buf *b, const char *type)
{
    json_key(b, "result");
    json_open(b, '{');
    json_member_str(b, "type", str_of(type));
    json_close(b, '}');
}

static fallible
put_answer(buf *b, const jval *response)
{
    const jval status = json_get(response, "status_code"), body = json_get(response, "body");
    int64_t code = 0;
    TRY(json_i64(&status, 0, 999, &code));
    json_key(b, "result");
    json_open(b, '{');
    json_member_str(b, "type", code == 200 ? STR("succeeded") : STR("errored"));
    json_key(b, code == 200 ? "message" : "error");
    json_put_value(b, &body);
    json_close(b, '}');
    return OK;
}

static fallible
put_failure(buf *b, const jval *error)
{
    const jval code = json_get(error, "code"), message = json_get(error, "message");
    str what = STR_NONE, says = STR_NONE;
    TRY(opt_json_str(&code, ID_BYTES_MAX, &what));
    TRY(opt_json_str(&message, RESULT_BYTES_MAX, &says));
    if (str_eq(what, STR("batch_expired"))) {
        put_unrun(b, "expired");
        return OK;
    }
    json_key(b, "result");
    json_open(b, '{');
    json_member_str(b, "type", STR("errored"));
    buf_add(b, STR(",\"error\":{\"type\":\"error\",\"error\":"));
    json_open(b, '{');
    json_member_str(b, "type", STR("api_error"));
    json_member_str(b, "message", says);
    json_close(b, '}');
    buf_add(b, STR(",\"request_id\":null}"));
    json_close(b, '}');
    return OK;
}

/* A line of a file of results, or of the requests. */
static fallible
put_line(struct kept_work *w, struct reading *r, str text)
{
    arena *a = w->call->a;
    buf *b = &w->body;
    jval line;
    str id;
    TRY(json_read(a, text, &line));
    TRY(json_object(&line));
    const jval name = json_get(&line, "custom_id"), response = json_get(&line, "response"),
               error = json_get(&line, "error");
    TRY(json_str(&name, ID_BYTES_MAX, &id));
    if (map_get(&r->seen, id))
        return OK;
    TRY(try_arena_str(a, id, &id));
    TRY(map_put(&r->seen, id, r));
    json_open(b, '{');
    json_member_str(b, "custom_id", id);
    if (response.v)
        TRY(put_answer(b, &response));
    else if (error.v)
        TRY(put_failure(b, &error));
    else
        put_unrun(b, r->batch.status == BATCH_CANCELLED ? "canceled" : "expired");
    json_close(b, '}');
    buf_add_char(b, '\n');
    return OK;
}

static fallible
put_file(struct kept_work *w, struct reading *r)
{
    AUTO(buf) bytes = BUF((size_t)gate_parts_of(w->call->gate)->params->keep_read_bytes_max);
    str rest, line;
    TRY(keep_file_read(&w->keep, &w->one, 0, w->one.head.size_bytes, &bytes));
    TRY(buf_end(&bytes));
    rest = buf_str(&bytes);
    while (str_next(&rest, '\n', &line))
        if (str_trim(line).len)
            TRY(put_line(w, r, line));
    return OK;
}

static void file_is_there(struct kept_work *w);

static fallible
next_file(struct kept_work *w)
{
    struct reading *r = w->own;
    while (r->at < FILES && !r->files[r->at].len)
        r->at++;
    if (r->at < FILES) {
        const struct keep_name n = {.kind = OBJECT_FILE, .id = r->files[r->at++]};
        w->then = file_is_there;
        return keep_get(&w->keep, &n, &w->one);
    }
    const struct http_field fields[] = {{STR("content-type"), STR("application/x-jsonl")},
                                        {STR("request-id"), http_request_id(w->call->x)},
                                        {STR("x-hoheit-label"), r->label_text}};
    TRY(buf_end(&w->body));
    http_answer(w->call->x, 200, fields, 3, buf_str(&w->body));
    return OK;
}

static void
file_is_there(struct kept_work *w)
{
    err e = put_file(w, w->own);
    if (!e.code)
        e = next_file(w);
    kept_go(w, e);
}

static fallible
begin_reading(struct kept_work *w)
{
    struct reading *r = arena_new(w->call->a, struct reading);
    w->own = r;
    w->body.limit = RESULT_BYTES_MAX;
    arena_on_end(w->call->a, reading_done, r);
    TRY(check_over(w, &r->batch));
    r->label_text = w->one.label_text;
    r->files[0] = r->batch.output_file;
    r->files[1] = r->batch.error_file;
    if (r->batch.status != BATCH_COMPLETED)
        r->files[2] = r->batch.input_file;
    return next_file(w);
}

static void
found_to_read(struct kept_work *w)
{
    kept_go(w, begin_reading(w));
}

void
anthropic_batches_results(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, found_to_read);
    kept_go(w, get(w));
}

/* ---- removed */
static void
removed(struct kept_work *w)
{
    json_open(&w->body, '{');
    json_member_str(&w->body, "id", w->call->args[0]);
    json_member_str(&w->body, "type", STR("message_batch_deleted"));
    json_close(&w->body, '}');
    kept_answer(w, STR_NONE);
}

static fallible
remove_batch(struct kept_work *w)
{
    const struct keep_name n = {.kind = OBJECT_BATCH, .id = w->call->args[0]};
    struct batch b;
    TRY(check_over(w, &b));
    w->then = removed;
    return keep_remove(&w->keep, &n);
}

static void
found_to_remove(struct kept_work *w)
{
    kept_go(w, remove_batch(w));
}

void
anthropic_batches_remove(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, found_to_remove);
    kept_go(w, get(w));
}
