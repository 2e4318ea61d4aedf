/* SPDX-License-Identifier: EUPL-1.2 */
/* batch.h - what a batch is made of and how it is shown; pure. */
#pragma once
#include "base/buf.h"
#include "base/json.h"

/* In the order of life; from COMPLETED on it is over. */
enum batch_status {
    BATCH_VALIDATING,
    BATCH_IN_PROGRESS,
    BATCH_FINALIZING,
    BATCH_CANCELLING,
    BATCH_COMPLETED,
    BATCH_FAILED,
    BATCH_EXPIRED,
    BATCH_CANCELLED,
    BATCH_STATES
};
const char *batch_status_name(enum batch_status s);
static inline bool
batch_is_over(enum batch_status s)
{
    return s >= BATCH_COMPLETED;
}

struct batch {
    str id, endpoint, input_file, window, metadata;
    enum batch_status status;
    int64_t created_ms, expires_ms;
    int64_t reached_ms[BATCH_STATES]; /* when each state was; 0: not yet */
    uint64_t total, completed, failed;
    str output_file, error_file; /* empty: none */
    str errors;                  /* members of the list of errors, JSON */
};

/* A state is reached, now. */
void batch_reach(struct batch *b, enum batch_status s, int64_t now_ms);
/* One of the routes a batch may be of. */
bool batch_is_endpoint(str path);
/* As the API shows it. */
void batch_put(const struct batch *b, buf *to);
/* As it is kept, all but id and state. */
void batch_save(const struct batch *b, buf *to);
fallible batch_load(arena *a, str saved, struct batch *ret);

/* ---- lines */
struct batch_line {
    str custom_id;
    str body; /* JSON */
};

/* One line of the input: ARGUMENT or PARSE with a public sentence where it is not one for this
 * endpoint. */
fallible batch_read_line(arena *a, str line, str endpoint, struct batch_line *ret);
/* {"id":…,"custom_id":…,"response":{…},"error":null} */
struct batch_result {
    str id, custom_id, request_id;
    int status;
    str body; /* JSON */
};
void batch_put_result(const struct batch_result *r, buf *to);
/* The same for a line that was not run. */
void batch_put_unrun(str id, str custom_id, const char *code, const char *sentence, buf *to);
