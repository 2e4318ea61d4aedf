/* SPDX-License-Identifier: EUPL-1.2 */
/* eventstream_fuzz.c - any bytes, cut anywhere, give the same messages, and what was heard can be
 * written and heard again.  Checksums would keep a fuzzer out: with an odd first byte the rest is
 * given right ones first. */
#include "fuzz/fuzz.h"
#include "net/aws/crc32.h"
#include "net/aws/eventstream.h"

enum { LIMIT_BYTES = 4096, LOG_MAX = 1 << 20, PRELUDE = 12, TRAILER = 4 };

static void
note(void *ctx, const struct eventstream_message *m)
{
    buf *log = ctx;
    for (size_t i = 0; i < m->header_count; i++) {
        const struct eventstream_header *h = &m->headers[i];
        buf_add(log, h->name);
        buf_add_fmt(log, "|%d|%jd|%zu|", (int)h->type, (intmax_t)h->number, h->text.len);
        buf_add(log, h->text);
    }
    buf_add_u64(log, m->payload.len);
    buf_add(log, m->payload);
}

static void
write_again(void *ctx, const struct eventstream_message *m)
{
    eventstream_put(ctx, m);
}

static err
read_in_pieces(str stream, size_t step, eventstream_fn *fn, buf *log)
{
    eventstream_reader r = EVENTSTREAM_READER(LIMIT_BYTES);
    err e = OK;
    for (size_t at = 0; at < stream.len && !e.code; at += step)
        e = eventstream_read(&r, str_slice(stream, at, at + step), fn, log);
    eventstream_reader_done(&r);
    return e;
}

static void
put32(char *at, uint64_t n)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(n >> (24 - 8 * i));
}

/* One message of the bytes: their first two say how long its headers are. */
static void
make_right(buf *b, str bytes)
{
    char prelude[PRELUDE], crc[TRAILER];
    const size_t headers =
        bytes.len < 2 ? 0 : ((size_t)(uint8_t)bytes.at[0] << 8 | (uint8_t)bytes.at[1]) % bytes.len;
    put32(prelude, bytes.len + PRELUDE + TRAILER);
    put32(prelude + 4, headers);
    put32(prelude + 8, crc32(0, (str){prelude, 8}));
    buf_add(b, (str){prelude, PRELUDE});
    buf_add(b, str_slice(bytes, 2, bytes.len));
    buf_add(b, str_slice(bytes, 0, 2));
    put32(crc, crc32(0, buf_str(b)));
    buf_add(b, (str){crc, TRAILER});
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    AUTO(buf) right = BUF(LOG_MAX);
    AUTO(buf) whole = BUF(LOG_MAX);
    AUTO(buf) parts = BUF(LOG_MAX);
    AUTO(buf) written = BUF(LOG_MAX);
    AUTO(buf) again = BUF(LOG_MAX);
    str stream = {(const char *)data + 1, len - 1};
    if (data[0] & 1) {
        make_right(&right, stream);
        stream = buf_str(&right);
    }
    const err a = read_in_pieces(stream, stream.len, note, &whole);
    const err b = read_in_pieces(stream, 1 + data[0] % 16, note, &parts);
    ASSERT(a.code == b.code && str_eq(buf_str(&whole), buf_str(&parts)));
    if (a.code)
        return 0;
    ASSERT(!read_in_pieces(stream, stream.len, write_again, &written).code);
    ASSERT(!read_in_pieces(buf_str(&written), 7, note, &again).code);
    ASSERT(str_eq(buf_str(&whole), buf_str(&again)));
    return 0;
}
