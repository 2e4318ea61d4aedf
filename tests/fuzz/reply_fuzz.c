/* SPDX-License-Identifier: EUPL-1.2 */
/* reply_fuzz.c - any bytes a server may send: taken or refused alike at every split, never more
 * than one head, and nothing told after the end. */
#include "base/buf.h"
#include "fuzz/fuzz.h"
#include "net/client/reply.h"

enum { LOG_MAX = 4 << 20 };

struct ear {
    buf log;
    int heads;
};

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct ear *const ear = ctx;
    ASSERT(status >= 200 && count <= REPLY_FIELDS_MAX && !ear->heads++);
    buf_add_u64(&ear->log, (uint64_t)status);
    for (size_t i = 0; i < count; i++) {
        buf_add_fmt(&ear->log, "%zu:", fields[i].name.len);
        buf_add(&ear->log, fields[i].name);
        buf_add(&ear->log, fields[i].value);
    }
}

static void
on_data(void *ctx, str piece)
{
    struct ear *const ear = ctx;
    ASSERT(ear->heads == 1 && piece.len);
    buf_add(&ear->log, piece);
}

/* How it ended, and how much was left, are part of the log. */
static void
hear(str all, size_t step, bool bodiless, struct ear *ear)
{
    const struct reply_hooks h = {.on_head = on_head, .on_data = on_data, .ctx = ear};
    reply *r;
    size_t used = 0;
    err e = OK;
    ASSERT(!reply_new(&h, &r).code);
    reply_begin(r, bodiless);
    while (used < all.len && !e.code && !reply_is_complete(r)) {
        str piece = str_slice(all, used, used + step);
        used += piece.len;
        e = reply_read(r, &piece);
        used -= e.code ? 0 : piece.len;
    }
    ASSERT(!e.code || (e.code == ERR_PARSE && !reply_is_complete(r)));
    if (!e.code)
        reply_eof(r);
    buf_add_fmt(&ear->log, " %d %d %d %zu", e.code, reply_is_complete(r), reply_keeps(r),
                e.code ? 0 : used);
    reply_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1)
        return 0;
    struct ear whole = {.log = BUF(LOG_MAX)}, parts = {.log = BUF(LOG_MAX)};
    const str all = {(const char *)data + 1, len - 1};
    hear(all, len, data[0] & 1, &whole);
    hear(all, 1 + data[0] / 2 % 32, data[0] & 1, &parts);
    ASSERT(str_eq(buf_str(&whole.log), buf_str(&parts.log)));
    buf_done(&whole.log);
    buf_done(&parts.log);
    return 0;
}
