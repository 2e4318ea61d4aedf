/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/reply.h"

#include "base/json.h"
#include "base/num.h"

enum { RETRY_S_MAX = 3600, JSON_ARENA_BYTES = 512 * 1024 };

/* Seconds alone: a date would be the collector's clock. */
void
reply_head(struct reply *r, int status, const struct http_field *fields, size_t count)
{
    uint64_t s;
    r->status = (uint64_t)status;
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(fields[i].name, STR("retry-after")) &&
            !num_u64(str_trim(fields[i].value), 0, RETRY_S_MAX, &s).code)
            r->retry_ms = s * 1000;
}

void
reply_data(struct reply *r, str piece)
{
    if (r->body.len < r->body.limit)
        buf_add(&r->body, str_slice(piece, 0, r->body.limit - r->body.len));
}

enum reply_verdict
reply_judge(const struct reply *r, err e)
{
    if (e.code == ERR_DENIED || e.code == ERR_LIMIT)
        return REPLY_REFUSED;
    if (e.code)
        return REPLY_LATER;
    if (r->status >= 200 && r->status < 300)
        return REPLY_TAKEN;
    const bool is_later =
        r->status == 429 || r->status == 502 || r->status == 503 || r->status == 504;
    return is_later ? REPLY_LATER : REPLY_REFUSED;
}

/* A 64-bit number is a text in this form of JSON; collectors write both. */
static uint64_t
number_of(const jval *v)
{
    str text;
    uint64_t n = 0;
    int64_t i;
    if (json_type(*v) == J_STRING && !json_str(v, 20, &text).code)
        return num_u64(text, 0, UINT32_MAX, &n).code ? 0 : n;
    return json_i64(v, 0, UINT32_MAX, &i).code ? 0 : (uint64_t)i;
}

static uint64_t
read_rejected(arena *a, str text)
{
    jval root;
    if (json_read(a, text, &root).code || json_type(root) != J_OBJECT)
        return 0;
    const jval partial = json_get(&root, "partialSuccess");
    if (json_type(partial) != J_OBJECT)
        return 0;
    const jval n = json_get(&partial, "rejectedSpans");
    return number_of(&n);
}

uint64_t
reply_rejected(const struct reply *r)
{
    arena *a = NULL;
    if (!r->body.len || arena_open(JSON_ARENA_BYTES, &a).code)
        return 0;
    const uint64_t n = read_rejected(a, buf_str(&r->body));
    arena_free(a);
    return n;
}

void
reply_done(struct reply *r)
{
    buf_done(&r->body);
}
