/* SPDX-License-Identifier: EUPL-1.2 */
/* Asynchronous calls and model invocation jobs: batches (api/responses/batcher.h) of calls of one
 * model, run for the key, under its label, when nobody else waits.
 *
 * There is no S3 here.  "s3://hoheit/" stands for the files of this installation: input is
 * s3://hoheit/FILE, a file left at /v1/files whose lines are {"recordId", "modelInput"}; output is
 * asked for as s3://hoheit/ and found, once the job is over, at s3://hoheit/FILE, to be read at
 * /v1/files/FILE/content in the shape of any batch's results, custom_id being the recordId.  Other
 * places are refused. */
#include "api/bedrock/jobs.h"

#include "api/bedrock/decode.h"
#include "api/read.h"
#include "base/num.h"
#include "crypt/hash.h"
#include "os/clock.h"

enum {
    NAME_BYTES_MAX = 2048,
    WORD_BYTES_MAX = 64,
    PAGE_DEFAULT = 100,
    PAGE_MAX = 1000,
    HOURS = 24
};
static const size_t lines_bytes_max = (size_t)1 << 30;

#define HOME "s3://hoheit/"

/* The two kinds; prefixes are as long as that of other batches, from which files are named. */
enum kind { ASYNC, JOB };
static const struct {
    const char *prefix, *arn, *list;
} kinds[] = {
    [ASYNC] = {"async_", "arn:aws:bedrock:local::async-invoke/", "asyncInvokeSummaries"},
    [JOB] = {"infer_", "arn:aws:bedrock:local::model-invocation-job/", "invocationJobSummaries"}};

struct making {
    enum kind kind;
    struct batch batch;
    str model, token, name, role, input; /* as they were given */
    bool converses;
    jval model_input;
    buf lines;
    size_t count;
    struct kept kept;
};

static void
making_done(void *p)
{
    struct making *m = p;
    buf_done(&m->lines);
}

/* ---- shown */
static void
put_time(buf *b, const char *name, int64_t ms)
{
    AUTO(buf) when = BUF(64);
    if (!ms)
        return;
    clock_put(&when, ms);
    json_member_str(b, name, buf_str(&when));
}

static const char *
async_status(const struct batch *b)
{
    if (!batch_is_over(b->status))
        return "InProgress";
    return b->status == BATCH_COMPLETED && !b->failed ? "Completed" : "Failed";
}

static const char *
job_status(const struct batch *b)
{
    static const char *const names[BATCH_STATES] = {
        [BATCH_VALIDATING] = "Validating", [BATCH_IN_PROGRESS] = "InProgress",
        [BATCH_FINALIZING] = "InProgress", [BATCH_CANCELLING] = "Stopping",
        [BATCH_COMPLETED] = "Completed",   [BATCH_FAILED] = "Failed",
        [BATCH_EXPIRED] = "Expired",       [BATCH_CANCELLED] = "Stopped"};
    if (b->status == BATCH_COMPLETED && b->failed)
        return b->completed ? "PartiallyCompleted" : "Failed";
    return names[b->status];
}

static int64_t
changed_ms(const struct batch *b)
{
    int64_t last = b->created_ms;
    for (int i = 0; i < BATCH_STATES; i++)
        last = b->reached_ms[i] > last ? b->reached_ms[i] : last;
    return last;
}

/* Where the result is, or will be. */
static void
put_output(buf *b, const struct batch *batch)
{
    const str file = batch->output_file.len ? batch->output_file : batch->error_file;
    json_key(b, "outputDataConfig");
    json_open(b, '{');
    json_key(b, "s3OutputDataConfig");
    json_open(b, '{');
    json_key(b, "s3Uri");
    buf_add(b, STR("\"" HOME));
    if (batch_is_over(batch->status))
        json_put_raw(b, file);
    buf_add_char(b, '"');
    json_close(b, '}');
    json_close(b, '}');
}

static str
noted(const jval *meta, const char *name)
{
    const jval v = json_get(meta, name);
    str text = STR_NONE;
    IGNORE(opt_json_str(&v, NAME_BYTES_MAX, &text)); /* it was written here */
    return text;
}

static void
put_noted(buf *b, const char *name, const jval *meta, const char *from)
{
    const str text = noted(meta, from);
    if (text.len)
        json_member_str(b, name, text);
}

static void
put_job(buf *b, const struct batch *batch, const jval *meta)
{
    put_noted(b, "modelId", meta, "model");
    put_noted(b, "jobName", meta, "name");
    put_noted(b, "roleArn", meta, "role");
    json_member_str(b, "status", str_of(job_status(batch)));
    json_key(b, "inputDataConfig");
    json_open(b, '{');
    json_key(b, "s3InputDataConfig");
    json_open(b, '{');
    json_member_str(b, "s3InputFormat", STR("JSONL"));
    put_noted(b, "s3Uri", meta, "input");
    json_close(b, '}');
    json_close(b, '}');
    json_member_u64(b, "timeoutDurationInHours", HOURS);
    put_time(b, "jobExpirationTime", batch->expires_ms);
    json_member_str(b, "modelInvocationType",
                    str_ends(batch->endpoint, STR("/invoke")) ? STR("InvokeModel")
                                                              : STR("Converse"));
    json_member_u64(b, "totalRecordCount", batch->total);
    json_member_u64(b, "processedRecordCount", batch->completed + batch->failed);
    json_member_u64(b, "successRecordCount", batch->completed);
    json_member_u64(b, "errorRecordCount", batch->failed);
}

static void
put_async(struct kept_work *w, const struct batch *batch, const jval *meta)
{
    buf *b = &w->body;
    const bool failed = batch_is_over(batch->status) && *async_status(batch) == 'F';
    json_member_str(b, "modelArn",
                    arena_fmt(w->call->a, "arn:aws:bedrock:local::foundation-model/%.*s",
                              STR_FMT(noted(meta, "model"))));
    json_member_str(b, "status", str_of(async_status(batch)));
    if (failed)
        json_member_str(b, "failureMessage",
                        batch->error_file.len ? STR("The model refused; the file says why.")
                                              : STR("It was not run."));
}

static fallible
put_one(struct kept_work *w, const struct kept *k, enum kind kind)
{
    buf *b = &w->body;
    struct batch batch;
    jval meta;
    TRY(batches_load(w, k, &batch));
    TRY(json_read(w->call->a, batch.metadata, &meta));
    json_open(b, '{');
    json_member_str(b, kind == ASYNC ? "invocationArn" : "jobArn",
                    arena_fmt(w->call->a, "%s%.*s", kinds[kind].arn, STR_FMT(batch.id)));
    put_noted(b, "clientRequestToken", &meta, "token");
    if (kind == ASYNC)
        put_async(w, &batch, &meta);
    else
        put_job(b, &batch, &meta);
    put_time(b, "submitTime", batch.created_ms);
    put_time(b, "lastModifiedTime", changed_ms(&batch));
    put_time(b, "endTime", batch_is_over(batch.status) ? batch.reached_ms[batch.status] : 0);
    put_output(b, &batch);
    json_close(b, '}');
    return OK;
}

static void
answer(struct kept_work *w, err e)
{
    struct http_field fields[BEDROCK_FIELDS];
    if (!e.code)
        e = buf_end(&w->body);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    const size_t count =
        bedrock_fields(w->call, STR("application/json"), w->one.label_text, fields);
    http_answer(w->call->x, 200, fields, count, buf_str(&w->body));
}

static enum kind
kind_of(const struct kept_work *w)
{
    return str_starts(http_path(w->call->x), STR("/async-invoke")) ? ASYNC : JOB;
}

static void
show(struct kept_work *w)
{
    answer(w, put_one(w, &w->one, kind_of(w)));
}

/* An ARN, or what stands behind its last slash.  What is no job of this kind is not there. */
static fallible
get(struct kept_work *w)
{
    const str given = w->call->args[0];
    size_t at = given.len;
    while (at && given.at[at - 1] != '/')
        at--;
    const str id = str_slice(given, at, given.len);
    if (!str_starts(id, str_of(kinds[kind_of(w)].prefix)))
        REFUSE(NOT_FOUND, "", "There is no job \"%.*s\".", STR_FMT(str_slice(given, 0, 200)));
    const struct keep_name n = {.kind = OBJECT_BATCH, .id = id};
    return keep_get(&w->keep, &n, &w->one);
}

void
bedrock_show_job(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show);
    kept_go(w, get(w));
}

/* ---- listed */
static bool
is_listed(void *ctx, const struct kept *k)
{
    const struct kept_work *w = ctx;
    return str_starts(k->head.id, str_of(kinds[kind_of(w)].prefix));
}

static fallible
put_list(struct kept_work *w)
{
    const struct kept_list *l = &w->list;
    json_open(&w->body, '{');
    json_key(&w->body, kinds[kind_of(w)].list);
    json_open(&w->body, '[');
    for (size_t i = 0; i < l->list.count; i++)
        TRY(put_one(w, &l->list.at[i], kind_of(w)));
    json_close(&w->body, ']');
    if (l->has_more && l->list.count)
        json_member_str(&w->body, "nextToken", l->list.at[l->list.count - 1].head.id);
    json_close(&w->body, '}');
    return OK;
}

static void
show_list(struct kept_work *w)
{
    answer(w, put_list(w));
}

static fallible
list(struct kept_work *w)
{
    static const char *const known[] = {"maxResults", "nextToken", "sortBy", "sortOrder", NULL};
    struct keep_page page = {.kind = OBJECT_BATCH, .fits = is_listed, .ctx = w};
    uint64_t count = PAGE_DEFAULT;
    str most, order;
    TRY(bedrock_query_only(w->call, known));
    TRY(api_query(w->call, STR("maxResults"), &most));
    TRY(api_query(w->call, STR("nextToken"), &page.after));
    TRY(api_query(w->call, STR("sortOrder"), &order));
    if (most.len && num_u64(most, 1, PAGE_MAX, &count).code)
        REFUSE(ARGUMENT, "maxResults", "maxResults must be a number from 1 to %d", PAGE_MAX);
    if (order.len && !str_eq(order, STR("Ascending")) && !str_eq(order, STR("Descending")))
        REFUSE(ARGUMENT, "sortOrder", "sortOrder must be Ascending or Descending");
    page.count = (size_t)count;
    page.oldest_first = str_eq(order, STR("Ascending"));
    return keep_list(&w->keep, &page, &w->list);
}

void
bedrock_list_jobs(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show_list);
    kept_go(w, list(w));
}

/* ---- begun */
static fallible
read_place(const jval *config, const char *name, const char *const *known, str *ret)
{
    TRY(json_object(config));
    const jval s3 = json_get(config, name);
    TRY(json_object(&s3));
    TRY(read_members(&s3, known));
    const jval uri = json_get(&s3, "s3Uri");
    TRY(json_str(&uri, NAME_BYTES_MAX, ret));
    if (!str_starts(*ret, STR(HOME)))
        REFUSE_AT(ARGUMENT, &uri,
                  "must begin with " HOME ": there is no S3 here, but files (GET /v1/files)");
    *ret = str_slice(*ret, strlen(HOME), ret->len);
    return OK;
}

static fallible
read_output(const jval *body)
{
    static const char *const known[] = {"s3Uri", NULL};
    const jval config = json_get(body, "outputDataConfig");
    str rest;
    TRY(read_place(&config, "s3OutputDataConfig", known, &rest));
    if (rest.len)
        REFUSE(ARGUMENT, "outputDataConfig",
               "outputDataConfig: the output is given a name of its own: ask for " HOME);
    return OK;
}

/* The endpoint of the batch: the model's route, its name as the registry has it. */
static fallible
read_model(struct kept_work *w, const jval *body, struct making *m)
{
    const registry *const r = gate_parts_of(w->call->gate)->registry;
    const jval v = json_get(body, "modelId");
    const struct model *found;
    TRY(json_str(&v, NAME_BYTES_MAX, &m->model));
    const str name = bedrock_model_name(m->model);
    if (registry_find(r, name, MODEL_EMBED, &found).code)
        TRY(registry_find(r, name, MODEL_CHAT, &found));
    if (str_find_char(name, '%') >= 0 || str_find_char(name, '/') >= 0)
        REFUSE_AT(UNSUPPORTED, &v, "must be a name without %% and /");
    m->model = name;
    m->batch.endpoint = arena_fmt(w->call->a, "/model/%.*s/%s", STR_FMT(name),
                                  m->converses ? "converse" : "invoke");
    return OK;
}

static fallible
put_line(struct making *m, str id, const jval *input)
{
    buf *b = &m->lines;
    json_open(b, '{');
    json_member_str(b, "custom_id", id);
    json_member_str(b, "method", STR("POST"));
    json_member_str(b, "url", m->batch.endpoint);
    json_key(b, "body");
    json_put_value(b, input);
    json_close(b, '}');
    buf_add_char(b, '\n');
    m->count++;
    return buf_end(b);
}

static fallible
put_note(struct kept_work *w, struct making *m)
{
    AUTO(buf) b = BUF(6 * NAME_BYTES_MAX * 6);
    json_open(&b, '{');
    json_member_str(&b, "model", m->model);
    json_member_str(&b, "token", m->token);
    json_member_str(&b, "name", m->name);
    json_member_str(&b, "role", m->role);
    json_member_str(&b, "input", m->input);
    json_close(&b, '}');
    TRY(buf_end(&b));
    m->batch.window = STR("24h");
    m->batch.total = m->count;
    return try_arena_str(w->call->a, buf_str(&b), &m->batch.metadata);
}

/* The same token of the same key is the same job: a client that heard no answer asks again. */
static fallible
choose_id(struct kept_work *w, struct making *m, bool *ret_is_there)
{
    const struct gate_parts *p = gate_parts_of(w->call->gate);
    char hex[65];
    digest d;
    *ret_is_there = false;
    if (!m->token.len)
        return OK;
    TRY(hmac_sha256(p->pepper,
                    arena_fmt(w->call->a, "job %.*s %.*s", STR_FMT(w->call->session->key_id),
                              STR_FMT(m->token)),
                    &d));
    digest_text(&d, hex);
    m->batch.id = arena_fmt(w->call->a, "%s%.32s", kinds[m->kind].prefix, hex);
    return keep_is_there(w->call->gate, w->call->a, m->batch.id, ret_is_there);
}

static void
put_begun(struct kept_work *w, const struct making *m)
{
    json_open(&w->body, '{');
    json_member_str(&w->body, m->kind == ASYNC ? "invocationArn" : "jobArn",
                    arena_fmt(w->call->a, "%s%.*s", kinds[m->kind].arn, STR_FMT(m->batch.id)));
    json_close(&w->body, '}');
    answer(w, OK);
}

static void
begun(struct kept_work *w)
{
    batches_take(w);
    put_begun(w, w->own);
}

static void
lines_are_kept(struct kept_work *w)
{
    struct making *m = w->own;
    w->then = begun;
    m->batch.input_file = m->kept.head.id;
    kept_go(w, batches_begin(w, kinds[m->kind].prefix, &m->batch, &m->kept));
}

/* The calls become a file like that of any batch. */
static fallible
keep_lines(struct kept_work *w, struct making *m, str label_text)
{
    const struct keep_wish wish = {
        .kind = OBJECT_FILE,
        .state = STR("processed"),
        .meta = STR("{\"filename\":\"requests.jsonl\",\"purpose\":\"batch\"}")};
    keep_file *file;
    bool is_there;
    TRY(choose_id(w, m, &is_there));
    if (is_there) {
        put_begun(w, m);
        return OK;
    }
    TRY(put_note(w, m));
    w->then = lines_are_kept;
    TRY(keep_file_begin(&w->keep, label_text, &file));
    TRY(keep_file_data(file, buf_str(&m->lines)));
    return keep_file_end(file, &wish, &m->kept);
}

static struct making *
making_new(struct kept_work *w, enum kind kind)
{
    struct making *m = arena_new(w->call->a, struct making);
    *m = (struct making){.kind = kind, .lines = BUF(lines_bytes_max)};
    w->own = m;
    arena_on_end(w->call->a, making_done, m);
    return m;
}

static fallible
opt_text(const jval *body, const char *name, str *ret)
{
    const jval v = json_get(body, name);
    return opt_json_str(&v, NAME_BYTES_MAX, ret);
}

static fallible
refuse_if_asked(const jval *body, const char *name)
{
    const jval v = json_get(body, name);
    if (!read_asks_nothing(&v))
        REFUSE_AT(UNSUPPORTED, &v, "is not supported");
    return OK;
}

static fallible
start_async(struct kept_work *w)
{
    static const char *const known[] = {"clientRequestToken", "modelId", "modelInput",
                                        "outputDataConfig",   "tags",    NULL};
    struct making *m = making_new(w, ASYNC);
    jval body;
    TRY(api_body(w->call, &body));
    TRY(read_members(&body, known));
    TRY(opt_text(&body, "clientRequestToken", &m->token));
    TRY(refuse_if_asked(&body, "tags"));
    TRY(read_model(w, &body, m));
    TRY(read_output(&body));
    const jval input = json_get(&body, "modelInput");
    TRY(json_object(&input));
    TRY(put_line(m, STR("output"), &input));
    return keep_lines(w, m, http_header(w->call->x, STR("x-hoheit-label")));
}

static void
nothing_yet(struct kept_work *w)
{
    api_fail(w->call, err_start(ERR_INTERNAL, __FILE__, __LINE__, __func__, "no step follows"));
}

static void
begin(struct api_call *c, fallible (*start)(struct kept_work *w))
{
    struct kept_work *w = kept_begin(c, nothing_yet);
    err e = gate_allow(c->gate, c->session, OP_BATCH_ADD, http_request_id(c->x), c->a);
    if (!e.code)
        e = start(w);
    kept_go(w, e);
}

void
bedrock_start_async(struct api_call *c)
{
    begin(c, start_async);
}

/* ---- a job's input */
static fallible
read_record(struct kept_work *w, struct making *m, str text)
{
    static const char *const known[] = {"recordId", "modelInput", NULL};
    jval line;
    str id = arena_fmt(w->call->a, "%zu", m->count + 1);
    TRY(json_read(w->call->a, text, &line));
    TRY(json_object(&line));
    TRY(read_members(&line, known));
    const jval name = json_get(&line, "recordId"), input = json_get(&line, "modelInput");
    TRY(opt_json_str(&name, WORD_BYTES_MAX, &id));
    TRY(json_object(&input));
    return put_line(m, id, &input);
}

static fallible
read_records(struct kept_work *w, struct making *m)
{
    const struct params *p = gate_parts_of(w->call->gate)->params;
    const struct kept input = w->one;
    AUTO(buf) bytes = BUF((size_t)p->keep_read_bytes_max);
    str rest, line;
    if (input.head.size_bytes > p->keep_read_bytes_max)
        REFUSE(TOO_LARGE, "inputDataConfig", "the input file has more than %llu bytes",
               (unsigned long long)p->keep_read_bytes_max);
    TRY(keep_file_read(&w->keep, &input, 0, input.head.size_bytes, &bytes));
    TRY(buf_end(&bytes));
    rest = buf_str(&bytes);
    while (str_next(&rest, '\n', &line))
        if (str_trim(line).len) {
            const err e =
                m->count < p->gate_batch_lines_max ? read_record(w, m, str_trim(line)) : OK;
            if (e.code)
                REFUSE(ARGUMENT, "inputDataConfig",
                       "line %zu of the input is not {\"recordId\", \"modelInput\"}", m->count + 1);
            if (m->count >= p->gate_batch_lines_max)
                REFUSE(TOO_LARGE, "inputDataConfig",
                       "the input has more lines than a job may have");
        }
    if (!m->count)
        REFUSE(ARGUMENT, "inputDataConfig", "the input file has no lines");
    return keep_lines(w, m, input.label_text);
}

static void
input_is_there(struct kept_work *w)
{
    w->missing = NULL;
    kept_go(w, read_records(w, w->own));
}

static fallible
read_type(const jval *body, struct making *m)
{
    const jval type = json_get(body, "modelInvocationType"),
               hours = json_get(body, "timeoutDurationInHours");
    str word = STR("InvokeModel");
    int64_t most = HOURS;
    TRY(opt_json_str(&type, WORD_BYTES_MAX, &word));
    TRY(opt_json_i64(&hours, HOURS, HOURS, &most));
    m->converses = str_eq(word, STR("Converse"));
    if (!m->converses && !str_eq(word, STR("InvokeModel")))
        REFUSE_AT(ARGUMENT, &type, "must be InvokeModel or Converse");
    return OK;
}

static fallible
start_job(struct kept_work *w)
{
    static const char *const known[] = {"jobName",
                                        "roleArn",
                                        "clientRequestToken",
                                        "modelId",
                                        "inputDataConfig",
                                        "outputDataConfig",
                                        "vpcConfig",
                                        "timeoutDurationInHours",
                                        "tags",
                                        "modelInvocationType",
                                        NULL},
                             *const places[] = {"s3InputFormat", "s3Uri", NULL};
    struct making *m = making_new(w, JOB);
    jval body;
    str file;
    TRY(api_body(w->call, &body));
    TRY(read_members(&body, known));
    const jval name = json_get(&body, "jobName"), role = json_get(&body, "roleArn"),
               input = json_get(&body, "inputDataConfig");
    TRY(json_str(&name, WORD_BYTES_MAX, &m->name));
    TRY(json_str(&role, NAME_BYTES_MAX, &m->role));
    TRY(opt_text(&body, "clientRequestToken", &m->token));
    TRY(refuse_if_asked(&body, "vpcConfig"));
    TRY(refuse_if_asked(&body, "tags"));
    TRY(read_type(&body, m));
    TRY(read_model(w, &body, m));
    TRY(read_output(&body));
    TRY(read_place(&input, "s3InputDataConfig", places, &file));
    m->input = arena_fmt(w->call->a, HOME "%.*s", STR_FMT(file));
    const struct keep_name n = {.kind = OBJECT_FILE, .id = file};
    w->missing = "inputDataConfig";
    w->then = input_is_there;
    return keep_get(&w->keep, &n, &w->one);
}

void
bedrock_start_job(struct api_call *c)
{
    begin(c, start_job);
}

/* ---- stopped */
static void
stopped(struct kept_work *w)
{
    buf_add(&w->body, STR("{}"));
    answer(w, OK);
}

static void
found_to_stop(struct kept_work *w)
{
    w->then = stopped;
    kept_go(w, batches_stop(w));
}

void
bedrock_stop_job(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, found_to_stop);
    err e = gate_allow(c->gate, c->session, OP_BATCH_CANCEL, http_request_id(c->x), c->a);
    if (!e.code)
        e = get(w);
    kept_go(w, e);
}
