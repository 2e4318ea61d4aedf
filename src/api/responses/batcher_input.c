/* SPDX-License-Identifier: EUPL-1.2 */
/* The input of a batch, line by line. */
#include "api/responses/batcher_inside.h"

enum { READ_BYTES = 256 * 1024, SHOWN_ERRORS_MAX = 20 };

/* ---- the input, line by line */
void
job_rewind(struct job *j)
{
    buf_clear(&j->unread);
    j->used = 0;
    j->offset = j->number = 0;
}

static fallible
read_more(struct job *j)
{
    buf_drop(&j->unread, j->used);
    j->used = 0;
    const uint64_t before = j->unread.len;
    if (before > job_parts(j)->params->net_body_bytes_max)
        REFUSE(TOO_LARGE, "", "a line has more than %llu bytes",
               (unsigned long long)job_parts(j)->params->net_body_bytes_max);
    const uint64_t most = job_parts(j)->params->keep_read_bytes_max;
    const uint64_t len = most < READ_BYTES ? most : READ_BYTES;
    TRY(keep_file_read(&j->keep, &j->input, j->offset, len, &j->unread));
    j->offset += j->unread.len - before;
    return OK;
}

/* False at the end.  Empty lines are none. */
fallible
job_next_line(struct job *j, str *ret, bool *ret_there)
{
    for (;;) {
        const str rest = str_slice(buf_str(&j->unread), j->used, j->unread.len);
        const ptrdiff_t end = str_find_char(rest, '\n');
        const bool at_end = j->offset == j->input.head.size_bytes;
        if (end < 0 && !at_end) {
            TRY(read_more(j));
            continue;
        }
        const size_t len = end < 0 ? rest.len : (size_t)end;
        str line = str_trim(str_slice(rest, 0, len));
        if (str_ends(line, STR("\r")))
            line = str_slice(line, 0, line.len - 1);
        *ret_there = rest.len > 0;
        if (!rest.len)
            return OK;
        j->used += len + (end >= 0);
        if (!line.len)
            continue;
        *ret = line;
        j->number++;
        return OK;
    }
}

/* ---- what is wrong with it */
void
job_add_error(struct job *j, const char *code, const char *sentence)
{
    if (j->error_count++ >= SHOWN_ERRORS_MAX)
        return;
    buf *b = &j->errors;
    json_open(b, '{');
    json_member_str(b, "code", str_of(code));
    json_member_str(b, "message", str_of(sentence));
    json_key(b, "param");
    json_put_null(b);
    json_key(b, "line");
    if (j->number)
        json_put_u64(b, j->number);
    else
        json_put_null(b);
    json_close(b, '}');
}

fallible
job_check_line(struct job *j, str text)
{
    struct batch_line l;
    str id;
    const err e = batch_read_line(j->scratch, text, j->batch.endpoint, &l);
    if (e.code == ERR_LIMIT)
        return e;
    if (e.code) {
        job_add_error(j, "invalid_line", err_public(e));
        return OK;
    }
    if (map_get(&j->seen, l.custom_id)) {
        job_add_error(j, "duplicate_custom_id", "custom_id was used by an earlier line");
        return OK;
    }
    TRY(try_arena_str(j->a, l.custom_id, &id));
    return map_put(&j->seen, id, j);
}
