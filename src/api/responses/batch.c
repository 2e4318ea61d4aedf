/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/batch.h"

#include "api/read.h"

enum { TEXT_BYTES_MAX = 4 * 1024 * 1024, NAME_BYTES_MAX = 256, CUSTOM_ID_MAX = 512 };

static const char *const status_names[BATCH_STATES] = {
    [BATCH_VALIDATING] = "validating", [BATCH_IN_PROGRESS] = "in_progress",
    [BATCH_FINALIZING] = "finalizing", [BATCH_CANCELLING] = "cancelling",
    [BATCH_COMPLETED] = "completed",   [BATCH_FAILED] = "failed",
    [BATCH_EXPIRED] = "expired",       [BATCH_CANCELLED] = "cancelled"};

const char *
batch_status_name(enum batch_status s)
{
    ASSERT(s < BATCH_STATES);
    return status_names[s];
}

void
batch_reach(struct batch *b, enum batch_status s, int64_t now_ms)
{
    b->status = s;
    b->reached_ms[s] = now_ms;
}

bool
batch_is_endpoint(str path)
{
    static const char *const endpoints[] = {"/v1/chat/completions", "/v1/completions",
                                            "/v1/embeddings", "/v1/responses", "/v1/moderations"};
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        if (str_eq(path, str_of(endpoints[i])))
            return true;
    return false;
}

/* ---- shown */
static void
member_time(buf *to, const char *name, int64_t ms)
{
    json_key(to, name);
    if (ms)
        json_put_i64(to, ms / 1000);
    else
        json_put_null(to);
}

static void
member_text(buf *to, const char *name, str text)
{
    json_key(to, name);
    if (text.len)
        json_put_str(to, text);
    else
        json_put_null(to);
}

static void
put_errors(const struct batch *b, buf *to)
{
    json_key(to, "errors");
    if (!b->errors.len) {
        json_put_null(to);
        return;
    }
    json_open(to, '{');
    json_member_str(to, "object", STR("list"));
    json_key(to, "data");
    json_open(to, '[');
    buf_add(to, b->errors);
    json_close(to, ']');
    json_close(to, '}');
}

static void
put_counts(const struct batch *b, buf *to)
{
    json_key(to, "request_counts");
    json_open(to, '{');
    json_member_u64(to, "total", b->total);
    json_member_u64(to, "completed", b->completed);
    json_member_u64(to, "failed", b->failed);
    json_close(to, '}');
}

void
batch_put(const struct batch *b, buf *to)
{
    json_open(to, '{');
    json_member_str(to, "id", b->id);
    json_member_str(to, "object", STR("batch"));
    json_member_str(to, "endpoint", b->endpoint);
    put_errors(b, to);
    json_member_str(to, "input_file_id", b->input_file);
    json_member_str(to, "completion_window", b->window);
    json_member_str(to, "status", str_of(batch_status_name(b->status)));
    member_text(to, "output_file_id", b->output_file);
    member_text(to, "error_file_id", b->error_file);
    member_time(to, "created_at", b->created_ms);
    member_time(to, "in_progress_at", b->reached_ms[BATCH_IN_PROGRESS]);
    member_time(to, "expires_at", b->expires_ms);
    member_time(to, "finalizing_at", b->reached_ms[BATCH_FINALIZING]);
    member_time(to, "completed_at", b->reached_ms[BATCH_COMPLETED]);
    member_time(to, "failed_at", b->reached_ms[BATCH_FAILED]);
    member_time(to, "expired_at", b->reached_ms[BATCH_EXPIRED]);
    member_time(to, "cancelling_at", b->reached_ms[BATCH_CANCELLING]);
    member_time(to, "cancelled_at", b->reached_ms[BATCH_CANCELLED]);
    put_counts(b, to);
    json_key(to, "metadata");
    buf_add(to, b->metadata);
    json_close(to, '}');
}

/* ---- kept */
void
batch_save(const struct batch *b, buf *to)
{
    json_open(to, '{');
    json_member_str(to, "id", b->id);
    json_member_str(to, "endpoint", b->endpoint);
    json_member_str(to, "input", b->input_file);
    json_member_str(to, "window", b->window);
    json_member_str(to, "metadata", b->metadata);
    json_member_u64(to, "status", b->status);
    json_member_i64(to, "created", b->created_ms);
    json_member_i64(to, "expires", b->expires_ms);
    json_member_u64(to, "total", b->total);
    json_member_u64(to, "completed", b->completed);
    json_member_u64(to, "failed", b->failed);
    json_member_str(to, "output", b->output_file);
    json_member_str(to, "error", b->error_file);
    json_member_str(to, "errors", b->errors);
    json_key(to, "reached");
    json_open(to, '[');
    for (int i = 0; i < BATCH_STATES; i++)
        json_put_i64(to, b->reached_ms[i]);
    json_close(to, ']');
    json_close(to, '}');
}

static fallible
load_text(const jval *o, const char *name, str *ret)
{
    const jval v = json_get(o, name);
    return json_str(&v, TEXT_BYTES_MAX, ret);
}

static fallible
load_number(const jval *o, const char *name, int64_t *ret)
{
    const jval v = json_get(o, name);
    return json_i64(&v, 0, INT64_MAX, ret);
}

static fallible
load_texts(const jval *o, struct batch *b)
{
    TRY(load_text(o, "id", &b->id));
    TRY(load_text(o, "endpoint", &b->endpoint));
    TRY(load_text(o, "input", &b->input_file));
    TRY(load_text(o, "window", &b->window));
    TRY(load_text(o, "metadata", &b->metadata));
    TRY(load_text(o, "output", &b->output_file));
    TRY(load_text(o, "error", &b->error_file));
    return load_text(o, "errors", &b->errors);
}

static fallible
load_numbers(const jval *o, struct batch *b)
{
    const jval reached = json_get(o, "reached");
    int64_t status, total, completed, failed;
    TRY(load_number(o, "status", &status));
    TRY(load_number(o, "created", &b->created_ms));
    TRY(load_number(o, "expires", &b->expires_ms));
    TRY(load_number(o, "total", &total));
    TRY(load_number(o, "completed", &completed));
    TRY(load_number(o, "failed", &failed));
    TRY(json_array(&reached, BATCH_STATES, BATCH_STATES));
    if (status >= BATCH_STATES)
        FAIL(CORRUPT, "a kept batch is in no state");
    b->status = (enum batch_status)status;
    b->total = (uint64_t)total;
    b->completed = (uint64_t)completed;
    b->failed = (uint64_t)failed;
    for (size_t i = 0; i < BATCH_STATES; i++) {
        const jval v = json_at(&reached, i);
        TRY(json_i64(&v, 0, INT64_MAX, &b->reached_ms[i]));
    }
    return OK;
}

fallible
batch_load(arena *a, str saved, struct batch *ret)
{
    jval o;
    *ret = (struct batch){.id = STR_NONE};
    TRY(json_read(a, saved, &o));
    TRY(json_object(&o));
    TRY(load_texts(&o, ret));
    return load_numbers(&o, ret);
}

/* ---- lines */
static fallible
check_line(const jval *o, str endpoint)
{
    static const char *const known[] = {"custom_id", "method", "url", "body", NULL};
    const jval method = json_get(o, "method"), url = json_get(o, "url");
    str text;
    TRY(json_object(o));
    TRY(read_members(o, known));
    TRY(json_str(&method, NAME_BYTES_MAX, &text));
    if (!str_eq(text, STR("POST")))
        REFUSE(ARGUMENT, "method", "method must be \"POST\"");
    TRY(json_str(&url, NAME_BYTES_MAX, &text));
    if (!str_eq(text, endpoint))
        REFUSE(ARGUMENT, "url", "url must be the endpoint of the batch");
    return OK;
}

fallible
batch_read_line(arena *a, str line, str endpoint, struct batch_line *ret)
{
    jval *o = arena_new(a, jval);
    bool streams = false;
    TRY(json_read(a, line, o));
    TRY(check_line(o, endpoint));
    const jval id = json_get(o, "custom_id"), body = json_get(o, "body");
    TRY(json_str(&id, CUSTOM_ID_MAX, &ret->custom_id));
    if (!ret->custom_id.len)
        REFUSE(ARGUMENT, "custom_id", "custom_id must not be empty");
    TRY(json_object(&body));
    const jval stream = json_get(&body, "stream");
    if (json_type(stream) == J_BOOL)
        TRY(json_bool(&stream, &streams));
    if (streams)
        REFUSE(ARGUMENT, "body.stream", "a line of a batch is answered whole: leave out stream");
    return read_json(a, &body, SIZE_MAX / 2, &ret->body);
}

void
batch_put_result(const struct batch_result *r, buf *to)
{
    json_open(to, '{');
    json_member_str(to, "id", r->id);
    json_member_str(to, "custom_id", r->custom_id);
    json_key(to, "response");
    json_open(to, '{');
    json_member_i64(to, "status_code", r->status);
    json_member_str(to, "request_id", r->request_id);
    json_key(to, "body");
    buf_add(to, r->body);
    json_close(to, '}');
    json_key(to, "error");
    json_put_null(to);
    json_close(to, '}');
}

void
batch_put_unrun(str id, str custom_id, const char *code, const char *sentence, buf *to)
{
    json_open(to, '{');
    json_member_str(to, "id", id);
    json_member_str(to, "custom_id", custom_id);
    json_key(to, "response");
    json_put_null(to);
    json_key(to, "error");
    json_open(to, '{');
    json_member_str(to, "code", str_of(code));
    json_member_str(to, "message", str_of(sentence));
    json_close(to, '}');
    json_close(to, '}');
}
