/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/sse.h"

static bool
is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* Index of the first CR or LF, or the length. */
static size_t
line_len(str s)
{
    size_t i = 0;
    while (i < s.len && !is_line_end(s.at[i]))
        i++;
    return i;
}

/* ---- writing */

static void
put_field(buf *b, const char *name, str value)
{
    buf_add(b, str_of(name));
    buf_add(b, STR(": "));
    buf_add(b, value);
    buf_add_char(b, '\n');
}

void
sse_put(buf *b, str event, str data)
{
    ASSERT(line_len(event) == event.len);
    if (event.len)
        put_field(b, "event", event);
    for (;;) {
        const size_t n = line_len(data);
        put_field(b, "data", str_slice(data, 0, n));
        if (n == data.len)
            break;
        const bool is_pair = data.at[n] == '\r' && n + 1 < data.len && data.at[n + 1] == '\n';
        data = str_slice(data, n + (is_pair ? 2 : 1), data.len);
    }
    buf_add_char(b, '\n');
}

/* ---- reading */

static void
end_event(sse_reader *r, sse_fn *fn, void *ctx)
{
    str data = buf_str(&r->data);
    if (data.len) /* each data line was added with a line feed; the last one goes */
        fn(ctx, str_of(r->event), str_slice(data, 0, data.len - 1));
    buf_clear(&r->data);
    r->event[0] = 0;
}

static fallible
take_field(sse_reader *r, str name, str value)
{
    if (str_eq(name, STR("data"))) {
        buf_add(&r->data, value);
        buf_add_char(&r->data, '\n');
        return buf_end(&r->data);
    }
    if (str_eq(name, STR("event")) && !str_copy(value, r->event, sizeof r->event))
        FAIL(LIMIT, "the name of an event is longer than %zu bytes", sizeof r->event - 1);
    return OK; /* id and retry serve reconnection, which is not for this reader */
}

static fallible
take_line(sse_reader *r, sse_fn *fn, void *ctx)
{
    str line = buf_str(&r->line);
    if (!r->started && str_starts(line, STR("\xef\xbb\xbf")))
        line = str_slice(line, 3, line.len);
    r->started = true;
    if (!line.len) {
        end_event(r, fn, ctx);
        return OK;
    }
    str value = line, name;
    (void)str_next(&value, ':', &name);
    if (value.len && value.at[0] == ' ')
        value = str_slice(value, 1, value.len);
    return take_field(r, name, value);
}

fallible
sse_read(sse_reader *r, str piece, sse_fn *fn, void *ctx)
{
    ASSERT(r->line.limit && fn);
    while (piece.len) {
        if (r->saw_cr && piece.at[0] == '\n')
            piece = str_slice(piece, 1, piece.len);
        r->saw_cr = false;
        const size_t n = line_len(piece);
        buf_add(&r->line, str_slice(piece, 0, n));
        TRY(buf_end(&r->line));
        if (n == piece.len)
            break;
        r->saw_cr = piece.at[n] == '\r';
        TRY(take_line(r, fn, ctx));
        buf_clear(&r->line);
        piece = str_slice(piece, n + 1, piece.len);
    }
    return OK;
}

void
sse_reader_done(sse_reader *r)
{
    buf_done(&r->line);
    buf_done(&r->data);
}
