/* SPDX-License-Identifier: EUPL-1.2 */
/* batcher_inside.h - what the files of batcher.h share; nobody else includes it. */
#pragma once
#include "api/responses/batcher.h"
#include "base/map.h"
#include "net/detached.h"
#include "os/clock.h"

enum {
    BATCHER_STEP_LINES = 64, /* looked at, or written, in one step */
    BATCHER_SCRATCH_BYTES_MAX = 256 * 1024 * 1024
};

struct line {
    struct job *job;
    struct line *next;
    uint64_t number;
    str id, custom_id, body;
    arena *a;
    detached *request;
    const struct session *session; /* whose request it is */
    loop_timer *pause;
    unsigned tries;
};

/* What is being done with a batch. */
enum phase { CHECKING, RUNNING, WRITING_GOOD, WRITING_BAD, WRITING_UNRUN, WAITING };

struct job {
    struct batcher *batcher;
    struct job *next;
    arena *a, *scratch;
    struct keep_call keep;
    struct kept row, input;
    struct batch batch;
    enum phase phase;
    enum batch_status end; /* what it comes to */
    /* the input */
    buf unread;
    size_t used;
    uint64_t offset, number; /* of the next byte to read, of the next line */
    map seen;                /* custom ids, while it is checked */
    buf errors;
    uint64_t error_count;
    uint8_t *done; /* a bit for each line */
    struct line *lines;
    /* the files */
    keep_file *file;
    bool has_file; /* what is written into the current one */
    int64_t written;
    struct kept kept_file;
    void (*then)(struct job *j);
};

struct batcher {
    struct works *works;
    struct job *jobs;
    size_t running;
    loop_timer *kick, *look;
};

static inline const struct gate_parts *
job_parts(const struct job *j)
{
    return gate_parts_of(j->batcher->works->gate);
}

/* ---- batcher.c */
/* There is something to do. */
void batcher_kick(struct batcher *b);
/* It is left as it is, to be taken up again later. */
void job_give_up(struct job *j, err e);
void job_free(struct job *j);
bool job_is_done(const struct job *j, uint64_t number);
str job_line_id(const struct job *j, arena *a, uint64_t number);
/* What is kept of it now. */
fallible job_put_meta(struct job *j, arena *a, str *ret);

/* ---- batcher_input.c */
void job_rewind(struct job *j);
/* The next line that is not empty; *ret_there is false at the end.  TOO_LARGE: it has no end. */
fallible job_next_line(struct job *j, str *ret, bool *ret_there);
/* Counted; the first ones are shown. */
void job_add_error(struct job *j, const char *code, const char *sentence);
/* What is wrong with it is added to the errors. */
fallible job_check_line(struct job *j, str text);

/* ---- batcher_files.c */
/* One step; the job may be over after it, and gone. */
fallible job_write_files(struct job *j);
