/* SPDX-License-Identifier: EUPL-1.2 */
/* The results of a batch become files. */
#include "api/responses/batcher_inside.h"

static fallible
open_file(struct job *j, const char *what, str *id)
{
    const str own = j->batch.id;
    *id = arena_fmt(j->a, "file-%.*s-%s", STR_FMT(str_slice(own, sizeof "batch", own.len)), what);
    return keep_file_begin_as(&j->keep, *id, j->row.label_text, &j->file);
}

static err
write_line(void *ctx, const struct keep_line *l)
{
    struct job *j = ctx;
    j->written = l->seq;
    if (l->is_good != (j->phase == WRITING_GOOD))
        return OK;
    str *id = l->is_good ? &j->batch.output_file : &j->batch.error_file;
    if (!id->len)
        TRY(open_file(j, l->is_good ? "output" : "error", id));
    if (!j->file) /* it is there since before the last restart */
        return OK;
    TRY(keep_file_data(j->file, l->meta));
    return keep_file_data(j->file, STR("\n"));
}

static fallible
write_some(struct job *j, bool *ret_all)
{
    const int64_t before = j->written;
    const struct keep_lines w = {.scratch = j->scratch,
                                 .fn = write_line,
                                 .ctx = j,
                                 .after = before,
                                 .max = BATCHER_STEP_LINES};
    AUTO(arena) *a = NULL;
    TRY(arena_open(BATCHER_SCRATCH_BYTES_MAX, &a));
    TRY(keep_each_line(&j->keep, &j->row, a, &w));
    *ret_all = j->written == before;
    return OK;
}

static fallible
close_file(struct job *j, const char *what, void (*then)(struct job *j))
{
    if (!j->file) {
        then(j);
        return OK;
    }
    const str name =
        arena_fmt(j->a, "{\"filename\":\"%.*s_%s.jsonl\",\"purpose\":\"batch_output\"}",
                  STR_FMT(j->batch.id), what);
    const struct keep_wish w = {.kind = OBJECT_FILE, .state = STR("processed"), .meta = name};
    j->then = then;
    j->phase = WAITING;
    return keep_file_end(TAKE(j->file), &w, &j->kept_file);
}

static fallible
end_batch(struct job *j)
{
    batch_reach(&j->batch, j->end, clock_wall_ms());
    j->row.head.state = str_of(batch_status_name(j->end));
    TRY(job_put_meta(j, j->a, &j->row.meta));
    TRY(keep_ended(&j->keep, &j->row));
    return keep_drop_lines(j->batcher->works->gate, &j->row);
}

static void
files_are_kept(struct job *j)
{
    const err e = end_batch(j);
    if (e.code)
        job_give_up(j, e);
    else
        job_free(j);
}

static void
good_is_kept(struct job *j)
{
    j->phase = WRITING_BAD;
    j->written = 0;
    batcher_kick(j->batcher);
}

/* Lines that no time was left for are told in the file of errors. */
static fallible
write_unrun(struct job *j, bool *ret_all)
{
    for (int i = 0; i < BATCHER_STEP_LINES; i++) {
        struct batch_line l;
        str text;
        AUTO(buf) b = BUF(64 * 1024);
        *ret_all = false;
        TRY(job_next_line(j, &text, ret_all));
        *ret_all = !*ret_all;
        if (*ret_all)
            return OK;
        if (job_is_done(j, j->number - 1))
            continue;
        if (!j->batch.error_file.len)
            TRY(open_file(j, "error", &j->batch.error_file));
        j->batch.failed++;
        TRY(batch_read_line(j->scratch, text, j->batch.endpoint, &l));
        batch_put_unrun(job_line_id(j, j->scratch, j->number - 1), l.custom_id, "batch_expired",
                        "This request could not be run before the batch's time was over.", &b);
        buf_add_char(&b, '\n');
        TRY(buf_end(&b));
        if (j->file)
            TRY(keep_file_data(j->file, buf_str(&b)));
        arena_reset(j->scratch);
    }
    return OK;
}

fallible
job_write_files(struct job *j)
{
    bool all = false;
    TRY(j->phase == WRITING_UNRUN ? write_unrun(j, &all) : write_some(j, &all));
    batcher_kick(j->batcher);
    if (!all)
        return OK;
    if (j->phase == WRITING_GOOD)
        return close_file(j, "output", good_is_kept);
    if (j->phase == WRITING_BAD && j->end == BATCH_EXPIRED) {
        job_rewind(j);
        j->phase = WRITING_UNRUN;
        return OK;
    }
    return close_file(j, "error", files_are_kept);
}
