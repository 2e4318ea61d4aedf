/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/job.h"

#include <math.h>

#include "base/fault.h"
#include "base/num.h"
#include "engine/remote/blame.h"

enum {
    JOB_MAGIC = 0x4e307e0b,
    ERROR_BYTES_MAX = 64 * 1024,
    BLAME_ARENA_BYTES = 4 << 20, /* of any text as long as that */
    RETRY_S_MAX = 86400
};

/* ---- life */

static void
free_job(remote_job *j)
{
    j->magic = 0;
    j->kind->done(j);
    buf_done(&j->error);
    mem_free(j);
}

static void
enter(remote_job *j)
{
    ASSERT(j->magic == JOB_MAGIC && !j->is_dead);
    j->depth++;
}

static void
leave(remote_job *j)
{
    if (--j->depth == 0 && j->is_dead)
        free_job(j);
}

/* Within enter and leave. */
static void
fail_job(remote_job *j, err e)
{
    if (j->is_dead)
        return;
    struct err_kept kept;
    err_keep(&kept, e);
    j->is_dead = true;
    egress_cancel(TAKE(j->out));
    j->kind->fail(j, err_again(&kept));
}

void
remote_cancel(remote_job *j)
{
    if (!j)
        return;
    ASSERT(j->magic == JOB_MAGIC);
    if (j->is_dead)
        return;
    j->is_dead = true;
    j->kind->stop(j);
    egress_cancel(TAKE(j->out));
    if (!j->depth)
        free_job(j);
}

uint32_t
remote_retry_s(const remote_job *j)
{
    ASSERT(j->magic == JOB_MAGIC);
    return j->retry_s;
}

bool
remote_is_free(const remote_job *j)
{
    ASSERT(j->magic == JOB_MAGIC);
    return j->is_unsent || (j->status && j->status != 200);
}

/* ---- the head */

static str
field_of(const struct http_field *fields, size_t count, str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(fields[i].name, name))
            return str_trim(fields[i].value);
    return STR_NONE;
}

/* Seconds, with a fraction or none.  A date is not read: the sender's clock may be off. */
static uint32_t
read_retry(const struct http_field *fields, size_t count)
{
    double s = 0;
    const str text = field_of(fields, count, STR("retry-after"));
    if (!text.len || num_f64(text, 0, RETRY_S_MAX, &s).code)
        return 0;
    return (uint32_t)ceil(s);
}

/* "ValidationException:http://…" */
static void
keep_code(remote_job *j, const struct http_field *fields, size_t count)
{
    str rest = field_of(fields, count, STR("x-amzn-errortype")), code;
    if (str_next(&rest, ':', &code))
        (void)str_copy(code, j->code, sizeof j->code); /* too long is no code */
}

static fallible
read_form(const remote_job *j, str type, enum hear_form *ret)
{
    str essence = STR_NONE;
    (void)str_next(&type, ';', &essence);
    essence = str_trim(essence);
    if (str_eq_nocase(essence, STR("application/json")))
        *ret = HEAR_JSON;
    else if (j->streams && j->dialect != REMOTE_BEDROCK &&
             str_eq_nocase(essence, STR("text/event-stream")))
        *ret = HEAR_SSE;
    else if (j->streams && j->dialect == REMOTE_BEDROCK &&
             str_eq_nocase(essence, STR("application/vnd.amazon.eventstream")))
        *ret = HEAR_AWS;
    else
        FAIL(PROVIDER_LOST, "the provider answers in a type that was not asked for");
    return OK;
}

static fallible
take_head(remote_job *j, int status, const struct http_field *fields, size_t count)
{
    enum hear_form form;
    if (j->status)
        FAIL(PROVIDER_LOST, "a second head");
    j->status = status;
    j->retry_s = read_retry(fields, count);
    if (status != 200) {
        keep_code(j, fields, count);
        return OK;
    }
    TRY(read_form(j, field_of(fields, count, STR("content-type")), &form));
    j->kind->open(j, form);
    return OK;
}

/* ---- the hooks of egress */

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    remote_job *j = ctx;
    enter(j);
    const err e = take_head(j, status, fields, count);
    if (e.code)
        fail_job(j, e);
    leave(j);
}

static fallible
take_data(remote_job *j, str piece)
{
    if (!j->status)
        FAIL(PROVIDER_LOST, "a body without a head");
    if (j->status == 200)
        return j->kind->add(j, piece);
    buf_add(&j->error, str_slice(piece, 0, ERROR_BYTES_MAX - j->error.len));
    return OK; /* what of an error's body does not fit is not needed */
}

static void
on_data(void *ctx, str piece)
{
    remote_job *j = ctx;
    enter(j);
    const err e = take_data(j, piece);
    if (e.code)
        fail_job(j, e);
    leave(j);
}

static fallible
take_error(remote_job *j)
{
    AUTO(arena) *a = NULL;
    const struct blame b = {.status = j->status,
                            .code = str_of(j->code),
                            .body = buf_str(&j->error),
                            .retry_s = j->retry_s};
    TRY(arena_open(BLAME_ARENA_BYTES, &a));
    return blame_of(a, &b);
}

/* A connection that breaks behind a whole answer does no harm. */
static fallible
take_end(remote_job *j, err e)
{
    if (!j->status && !e.code)
        FAIL(PROVIDER_LOST, "the provider gave no answer");
    if (j->status && j->status != 200)
        return take_error(j);
    if (e.code && !(j->status && j->kind->is_whole(j)))
        return e;
    return j->kind->end(j);
}

static void
on_end(void *ctx, err e)
{
    remote_job *j = ctx;
    enter(j);
    j->out = NULL;
    const err bad = take_end(j, e);
    if (bad.code)
        fail_job(j, bad);
    j->is_dead = true;
    leave(j);
}

/* ---- the call */

static fallible
check_leave(const grant *g, const struct job_call *c)
{
    if (!grant_covers(g, c->body.label))
        FAIL(DENIED, "the grant does not cover what is to be sent");
    if (!label_dominates(c->sink, c->body.label))
        FAIL(DENIED, "the provider may not hold what is to be sent");
    return OK;
}

static fallible
send(remote_job *j, egress *e, const grant *g, const struct job_call *c)
{
    static const struct http_field type = {STR_INIT("content-type"), STR_INIT("application/json")};
    static const str accepted[] = {STR_INIT("text/event-stream"), STR_INIT("text/event-stream"),
                                   STR_INIT("application/vnd.amazon.eventstream")};
    const struct http_field fields[] = {
        type,
        {STR("accept"), j->streams ? accepted[j->dialect] : type.value},
        {STR("anthropic-version"), STR("2023-06-01")}};
    const struct egress_call call = {.provider = c->provider,
                                     .method = "POST",
                                     .path = c->path,
                                     .fields = fields,
                                     .field_count = j->dialect == REMOTE_ANTHROPIC ? 3 : 2,
                                     .body = c->body,
                                     .is_repeatable = true};
    const struct egress_hooks hooks = {.on_head = on_head,
                                       .on_data = on_data,
                                       .on_end = on_end,
                                       .is_unsent = &j->is_unsent,
                                       .ctx = j};
    TRY(check_leave(g, c));
    return egress_send(e, g, &call, hooks, &j->out);
}

fallible
job_start(remote_job *j, egress *e, const grant *g, const struct job_call *c)
{
    ASSERT(j->kind && !j->magic);
    j->magic = JOB_MAGIC;
    j->error = BUF(ERROR_BYTES_MAX);
    const err bad = send(j, e, g, c);
    if (bad.code)
        free_job(j);
    return bad;
}
