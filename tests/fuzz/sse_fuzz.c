/* SPDX-License-Identifier: EUPL-1.2 */
/* sse_fuzz.c - any bytes, cut anywhere, give the same events, and what was heard can be written
 * and heard again. */
#include "fuzz/fuzz.h"
#include "net/sse.h"

enum { LIMIT_BYTES = 512, LOG_MAX = 1 << 20 };

static void
note(void *ctx, str event, str data)
{
    buf *log = ctx;
    buf_add_u64(log, event.len);
    buf_add(log, event);
    buf_add_u64(log, data.len);
    buf_add(log, data);
}

static void
write_again(void *ctx, str event, str data)
{
    sse_put(ctx, event, data);
}

static err
read_in_pieces(str stream, size_t step, sse_fn *fn, buf *log)
{
    sse_reader r = SSE_READER(LIMIT_BYTES);
    err e = OK;
    for (size_t at = 0; at < stream.len && !e.code; at += step)
        e = sse_read(&r, str_slice(stream, at, at + step), fn, log);
    sse_reader_done(&r);
    return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    AUTO(buf) whole = BUF(LOG_MAX);
    AUTO(buf) parts = BUF(LOG_MAX);
    AUTO(buf) written = BUF(LOG_MAX);
    AUTO(buf) again = BUF(LOG_MAX);
    const str stream = {(const char *)data + 1, len - 1};
    const err a = read_in_pieces(stream, stream.len, note, &whole);
    const err b = read_in_pieces(stream, 1 + data[0] % 16, note, &parts);
    ASSERT(a.code == b.code && str_eq(buf_str(&whole), buf_str(&parts)));
    if (a.code)
        return 0;
    ASSERT(!read_in_pieces(stream, stream.len, write_again, &written).code);
    const err c = read_in_pieces(buf_str(&written), 7, note, &again);
    ASSERT(c.code == ERR_LIMIT || str_eq(buf_str(&whole), buf_str(&again)));
    return 0;
}
