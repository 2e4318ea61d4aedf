/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/batcher.h"

#include "api/responses/batcher_inside.h"
#include "base/fault.h"
#include "os/log.h"

enum {
    TRIES_MAX = 6,
    TRY_AGAIN_MS = 500, /* doubled each time */
    LOOK_AGAIN_MS = 20000,
    JOB_BYTES_MAX = 256 * 1024 * 1024
};

/* ---- lines that run */
static void
line_free(struct line *l)
{
    struct line **at = &l->job->lines;
    while (*at && *at != l)
        at = &(*at)->next;
    ASSERT(*at);
    *at = l->next;
    l->job->batcher->running--;
    loop_timer_stop(l->pause);
    if (l->request && !detached_is_over(l->request))
        api_inside_gone(detached_exchange(l->request));
    detached_free(l->request);
    arena_free(l->a);
}

static void
stop_lines(struct job *j)
{
    while (j->lines)
        line_free(j->lines);
}

/* ---- life of a job */
void
job_free(struct job *j)
{
    struct job **at = &j->batcher->jobs;
    while (*at && *at != j)
        at = &(*at)->next;
    ASSERT(*at);
    *at = j->next;
    stop_lines(j);
    buf_done(&j->unread);
    buf_done(&j->errors);
    map_done(&j->seen);
    arena_free(j->scratch);
    arena_free(j->a);
}

/* It is left as it is, to be taken up again later. */
void
job_give_up(struct job *j, err e)
{
    log_failure(LOG_WARNING, "batch.interrupted", e);
    job_free(j);
}

fallible
job_put_meta(struct job *j, arena *a, str *ret)
{
    AUTO(buf) b = BUF(OBJECT_META_MAX);
    batch_save(&j->batch, &b);
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

static fallible
note(struct job *j, enum batch_status s)
{
    batch_reach(&j->batch, s, clock_wall_ms());
    j->row.head.state = str_of(batch_status_name(s));
    TRY(job_put_meta(j, j->a, &j->row.meta));
    return keep_note(j->batcher->works->gate, &j->row);
}

bool
job_is_done(const struct job *j, uint64_t number)
{
    return j->done[number / 8] & (1u << number % 8);
}

static void
set_done(struct job *j, uint64_t number)
{
    j->done[number / 8] |= (uint8_t)(1u << number % 8);
}

str
job_line_id(const struct job *j, arena *a, uint64_t number)
{
    const str id = j->batch.id;
    return arena_fmt(a, "batch_req_%.*s_%llu", STR_FMT(str_slice(id, sizeof "batch", id.len)),
                     (unsigned long long)number);
}

/* ---- checking */
/* "batch_req_…_NUMBER" */
static err
note_line(void *ctx, const struct keep_line *l)
{
    struct job *j = ctx;
    uint64_t number = 0;
    for (size_t i = 0; i < l->id.len; i++)
        number = l->id.at[i] == '_' ? 0 : number * 10 + (uint64_t)(l->id.at[i] - '0');
    if (number >= j->batch.total || job_is_done(j, number))
        FAIL(CORRUPT, "a batch has a result for a line it has not");
    set_done(j, number);
    j->batch.completed += l->is_good;
    j->batch.failed += !l->is_good;
    return OK;
}

static fallible
begin_files(struct job *j, enum batch_status end)
{
    stop_lines(j);
    j->end = end;
    j->phase = WRITING_GOOD;
    j->written = 0;
    batcher_kick(j->batcher);
    return j->batch.status == BATCH_CANCELLING ? OK : note(j, BATCH_FINALIZING);
}

static fallible
begin_running(struct job *j)
{
    const struct keep_lines w = {.fn = note_line, .ctx = j, .max = SIZE_MAX};
    void *room;
    AUTO(arena) *a = NULL;
    TRY(arena_open(JOB_BYTES_MAX, &a));
    TRY(try_arena_get(j->a, j->batch.total / 8 + 1, 1, &room));
    j->done = room;
    j->batch.completed = j->batch.failed = 0;
    TRY(keep_each_line(&j->keep, &j->row, a, &w));
    map_done(&j->seen);
    job_rewind(j);
    j->phase = RUNNING;
    if (j->batch.status == BATCH_CANCELLING)
        return begin_files(j, BATCH_CANCELLED);
    batcher_kick(j->batcher);
    return j->batch.status == BATCH_VALIDATING ? note(j, BATCH_IN_PROGRESS) : OK;
}

static fallible
fail_batch(struct job *j)
{
    TRY(buf_end(&j->errors));
    TRY(try_arena_str(j->a, buf_str(&j->errors), &j->batch.errors));
    batch_reach(&j->batch, BATCH_FAILED, clock_wall_ms());
    j->row.head.state = str_of(batch_status_name(BATCH_FAILED));
    TRY(job_put_meta(j, j->a, &j->row.meta));
    j->phase = WAITING;
    TRY(keep_ended(&j->keep, &j->row));
    job_free(j);
    return OK;
}

static fallible
end_checking(struct job *j)
{
    j->batch.total = j->number;
    if (!j->number)
        job_add_error(j, "empty_file", "the input file has no lines");
    return j->error_count ? fail_batch(j) : begin_running(j);
}

static fallible
check_some(struct job *j)
{
    for (int i = 0; i < BATCHER_STEP_LINES; i++) {
        str line;
        bool there = false;
        const err e = job_next_line(j, &line, &there);
        if (e.code == ERR_TOO_LARGE) {
            job_add_error(j, "line_too_long", err_public(e));
            return fail_batch(j);
        }
        TRY(e);
        if (!there)
            return end_checking(j);
        if (j->number > job_parts(j)->params->gate_batch_lines_max) {
            job_add_error(j, "too_many_lines",
                          "the input file has more lines than a batch may have");
            return fail_batch(j);
        }
        TRY(job_check_line(j, line));
        arena_reset(j->scratch);
    }
    batcher_kick(j->batcher);
    return OK;
}

/* ---- running */
static fallible
keep_result(struct line *l, str json, str label_text, bool is_good)
{
    struct job *j = l->job;
    const struct keep_line kept = {
        .id = l->id, .label_text = label_text, .meta = json, .is_good = is_good};
    TRY(keep_add_line(&j->keep, &j->row, &kept));
    set_done(j, l->number);
    j->batch.completed += is_good;
    j->batch.failed += !is_good;
    return OK;
}

static str
field_of(const struct detached_answer *a, str name)
{
    for (size_t i = 0; i < a->field_count; i++)
        if (str_eq(a->fields[i].name, name))
            return a->fields[i].value;
    return STR_NONE;
}

static fallible
put_result(struct line *l, const struct detached_answer *a)
{
    AUTO(buf) b = BUF(OBJECT_META_MAX);
    const bool is_good = a->status == 200;
    if (a->status) {
        const struct batch_result r = {.id = l->id,
                                       .custom_id = l->custom_id,
                                       .request_id = http_request_id(detached_exchange(l->request)),
                                       .status = a->status,
                                       .body = a->body};
        batch_put_result(&r, &b);
    } else {
        batch_put_unrun(l->id, l->custom_id, "server_error", "the answer is too large", &b);
    }
    TRY(buf_end(&b));
    return keep_result(l, buf_str(&b), field_of(a, STR("x-hoheit-label")), is_good);
}

static void run_line(void *ctx);

/* A key that was replaced hands over what it has begun. */
static void
take_over(struct job *j)
{
    j->keep.session = keep_heir(j->batcher->works->gate, j->keep.session);
}

/* What passes by itself is tried again, and what only the former key was too old for. */
static bool
try_again(struct line *l, int status)
{
    const bool is_handed_over = status == 401 && l->session != l->job->keep.session;
    if ((status != 429 && status != 503 && !is_handed_over) || ++l->tries >= TRIES_MAX)
        return false;
    detached_free(TAKE(l->request));
    const uint64_t wait_ms = (uint64_t)TRY_AGAIN_MS << l->tries;
    return !loop_timer_start(job_parts(l->job)->loop, wait_ms, 0, run_line, l, &l->pause).code;
}

static void
on_answer(void *ctx, const struct detached_answer *a)
{
    struct line *l = ctx;
    struct job *j = l->job;
    take_over(j);
    if (try_again(l, a->status))
        return;
    const err e =
        l->request ? put_result(l, a)
                   : err_start(ERR_LIMIT, __FILE__, __LINE__, __func__, "no timer for another try");
    line_free(l);
    if (e.code)
        job_give_up(j, e);
    else
        batcher_kick(j->batcher);
}

static fallible
send_line(struct line *l)
{
    struct job *j = l->job;
    const struct http_field fields[] = {{STR("content-type"), STR("application/json")},
                                        {STR("x-hoheit-label"), j->row.label_text},
                                        {STR("x-hoheit-priority"), STR("batch")},
                                        {STR("x-hoheit-case"), j->keep.case_name}};
    const struct detached_request r = {.method = HTTP_POST,
                                       .path = j->batch.endpoint,
                                       .body = l->body,
                                       .fields = fields,
                                       .field_count = j->keep.case_name.len ? 4 : 3};
    TRY(detached_new(job_parts(j)->loop, job_parts(j)->params, &r, &l->request));
    detached_listen(l->request, on_answer, l);
    take_over(j);
    l->session = j->keep.session;
    api_inside(j->batcher->works->api, detached_exchange(l->request), l->session);
    return OK;
}

static void
run_line(void *ctx)
{
    struct line *l = ctx;
    l->pause = NULL;
    const err e = send_line(l);
    if (e.code)
        job_give_up(l->job, e);
}

static fallible
line_new(struct job *j, str text, struct line **ret)
{
    arena *a;
    struct batch_line read;
    TRY(arena_open(BATCHER_SCRATCH_BYTES_MAX, &a));
    struct line *l = arena_new(a, struct line);
    *l = (struct line){.job = j, .a = a, .number = j->number - 1, .next = j->lines};
    j->lines = l;
    j->batcher->running++;
    const err e = batch_read_line(a, text, j->batch.endpoint, &read);
    if (e.code) { /* it was checked: what can fail is memory */
        line_free(l);
        return e;
    }
    l->id = job_line_id(j, a, l->number);
    l->custom_id = read.custom_id;
    l->body = read.body;
    *ret = l;
    return OK;
}

static fallible
run_some(struct job *j)
{
    if (clock_wall_ms() >= j->batch.expires_ms)
        return begin_files(j, BATCH_EXPIRED);
    for (int i = 0; i < BATCHER_STEP_LINES; i++) {
        str text;
        bool there = false;
        struct line *l;
        if (j->batcher->running >= job_parts(j)->params->gate_batch_running_max)
            return OK;
        TRY(job_next_line(j, &text, &there));
        if (!there)
            return j->lines ? OK : begin_files(j, BATCH_COMPLETED);
        if (job_is_done(j, j->number - 1))
            continue;
        TRY(line_new(j, text, &l));
        TRY(send_line(l));
    }
    batcher_kick(j->batcher);
    return OK;
}

/* ---- one step of everything */
static fallible
step(struct job *j)
{
    take_over(j);
    switch (j->phase) {
    case CHECKING:
        return check_some(j);
    case RUNNING:
        return run_some(j);
    case WRITING_GOOD:
    case WRITING_BAD:
    case WRITING_UNRUN:
        return job_write_files(j);
    case WAITING:
        break;
    }
    return OK;
}

static void
on_kick(void *ctx)
{
    struct batcher *b = ctx;
    b->kick = NULL;
    for (struct job *j = b->jobs, *next; j; j = next) {
        next = j->next;
        const err e = step(j);
        if (e.code)
            job_give_up(j, e);
    }
}

void
batcher_kick(struct batcher *b)
{
    if (b->kick)
        return;
    const err e = loop_timer_start(gate_parts_of(b->works->gate)->loop, 0, 0, on_kick, b, &b->kick);
    if (e.code) /* the next look finds what there is to do */
        log_failure(LOG_WARNING, "batch.delayed", e);
}

/* ---- taking batches up */
static void
on_kept(void *ctx, err e)
{
    struct job *j = ctx;
    if (e.code)
        job_give_up(j, e);
    else
        j->then(j);
}

static fallible
open_job(struct job *j, const struct object *head)
{
    const struct keep_name batch = {.kind = OBJECT_BATCH, .id = arena_str(j->a, head->id)};
    j->keep = (struct keep_call){.gate = j->batcher->works->gate,
                                 .session = keep_owner(j->batcher->works->gate, head),
                                 .request_id = batch.id,
                                 .case_name = arena_str(j->a, keep_case_of(head)),
                                 .a = j->a,
                                 .done = on_kept,
                                 .ctx = j};
    TRY(arena_open(BATCHER_SCRATCH_BYTES_MAX, &j->scratch));
    if (!j->keep.session)
        FAIL(NOT_FOUND, "the key of a batch is gone");
    TRY(keep_resume(&j->keep, &batch, &j->row));
    TRY(batch_load(j->a, j->row.meta, &j->batch));
    const struct keep_name input = {.kind = OBJECT_FILE, .id = j->batch.input_file};
    return keep_resume(&j->keep, &input, &j->input);
}

static fallible
job_new(struct batcher *b, const struct object *head)
{
    arena *a;
    TRY(arena_open(JOB_BYTES_MAX, &a));
    struct job *j = arena_new(a, struct job);
    *j = (struct job){.batcher = b,
                      .a = a,
                      .next = b->jobs,
                      .unread = BUF(SIZE_MAX / 4),
                      .errors = BUF(64 * 1024)};
    b->jobs = j;
    const err e = open_job(j, head);
    if (!e.code) {
        j->end = BATCH_CANCELLED; /* if it is being cancelled: it is checked again and finished */
        return OK;
    }
    struct err_kept kept;
    err_keep(&kept, e);
    job_free(j);
    return err_again(&kept);
}

void
batcher_take(struct batcher *b, const struct object *head)
{
    err e = job_new(b, head);
    /* Its key or its input is gone, or may not be used any more: nobody can finish it. */
    if (e.code == ERR_NOT_FOUND || e.code == ERR_DENIED || e.code == ERR_UNAUTHENTICATED) {
        log_failure(LOG_WARNING, "batch.failed", e);
        e = keep_end(b->works->gate, head, batch_status_name(BATCH_FAILED));
    }
    if (e.code)
        log_failure(LOG_WARNING, "batch.not_taken", e);
    batcher_kick(b);
}

static struct job *
find_job(const struct batcher *b, str id)
{
    struct job *j = b->jobs;
    while (j && !str_eq(j->batch.id, id))
        j = j->next;
    return j;
}

static fallible
look(struct batcher *b)
{
    static const char *const ended[] = {"completed", "failed", "expired", "cancelled", NULL};
    const struct keep_search s = {OBJECT_BATCH, ended};
    struct kept_list found;
    AUTO(arena) *a = NULL;
    TRY(arena_open(JOB_BYTES_MAX, &a));
    TRY(keep_unfinished(b->works->gate, &s, a, &found));
    for (size_t i = 0; i < found.list.count; i++)
        if (!find_job(b, found.list.at[i].head.id))
            batcher_take(b, &found.list.at[i].head);
    return OK;
}

static void
on_look(void *ctx)
{
    struct batcher *b = ctx;
    const err e = look(b);
    if (e.code)
        log_failure(LOG_WARNING, "batch.not_found", e);
    batcher_kick(b); /* time may be over */
}

fallible
batcher_new(struct works *w, struct batcher **ret)
{
    struct batcher *b = mem_get(sizeof *b);
    if (!b)
        FAIL(LIMIT, "no memory for batches");
    *b = (struct batcher){.works = w};
    const err e =
        loop_timer_start(gate_parts_of(w->gate)->loop, 0, LOOK_AGAIN_MS, on_look, b, &b->look);
    if (e.code) {
        mem_free(b);
        return e;
    }
    *ret = b;
    return OK;
}

void
batcher_free(struct batcher *b)
{
    if (!b)
        return;
    while (b->jobs)
        job_free(b->jobs);
    loop_timer_stop(b->kick);
    loop_timer_stop(b->look);
    mem_free(b);
}

bool
batcher_show(const struct batcher *b, str id, struct batch *ret)
{
    const struct job *j = find_job(b, id);
    if (j)
        *ret = j->batch;
    return j != NULL;
}

bool
batcher_cancel(struct batcher *b, str id, arena *a, str *ret_meta)
{
    struct job *j = find_job(b, id);
    if (!j || (j->phase != CHECKING && j->phase != RUNNING))
        return false;
    batch_reach(&j->batch, BATCH_CANCELLING, clock_wall_ms());
    if (job_put_meta(j, a, ret_meta).code)
        return false;
    j->row.head.state = str_of(batch_status_name(BATCH_CANCELLING));
    if (j->phase == RUNNING)
        IGNORE(begin_files(j, BATCH_CANCELLED)); /* notes nothing in this state */
    return true;
}
