/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/aws/eventstream.h"

#include "net/aws/crc32.h"

enum { PRELUDE = 12, TRAILER = 4, LEAST = PRELUDE + TRAILER };

/* How many bytes the value of a type takes; -1: two bytes of length and so many. */
static const int value_bytes[EVENTSTREAM_TYPES] = {
    [EVENTSTREAM_TRUE] = 0,   [EVENTSTREAM_FALSE] = 0,   [EVENTSTREAM_BYTE] = 1,
    [EVENTSTREAM_SHORT] = 2,  [EVENTSTREAM_INT] = 4,     [EVENTSTREAM_LONG] = 8,
    [EVENTSTREAM_BYTES] = -1, [EVENTSTREAM_STRING] = -1, [EVENTSTREAM_TIMESTAMP] = 8,
    [EVENTSTREAM_UUID] = 16,
};

/* ---- numbers in network order */
static uint64_t
get(const char *at, size_t bytes)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | (uint8_t)at[i];
    return n;
}

static void
set(char *at, size_t bytes, uint64_t n)
{
    for (size_t i = bytes; i-- > 0; n >>= 8)
        at[i] = (char)(n & 0xff);
}

static void
put_number(buf *b, size_t bytes, uint64_t n)
{
    char room[8];
    ASSERT(bytes <= sizeof room);
    set(room, bytes, n);
    buf_add(b, (str){room, bytes});
}

static uint32_t
crc_of(const buf *b, size_t from)
{
    return crc32(0, str_slice(buf_str(b), from, b->len));
}

/* ---- writing */
static void
put_header(buf *b, const struct eventstream_header *h)
{
    const int bytes = value_bytes[h->type];
    ASSERT(h->name.len >= 1 && h->name.len <= UINT8_MAX && h->text.len <= EVENTSTREAM_VALUE_MAX);
    ASSERT(h->type != EVENTSTREAM_UUID || h->text.len == 16);
    put_number(b, 1, h->name.len);
    buf_add(b, h->name);
    put_number(b, 1, h->type);
    if (bytes < 0)
        put_number(b, 2, h->text.len);
    if (bytes < 0 || h->type == EVENTSTREAM_UUID)
        buf_add(b, h->text);
    else
        put_number(b, (size_t)bytes, (uint64_t)h->number);
}

void
eventstream_put(buf *b, const struct eventstream_message *m)
{
    const size_t from = b->len;
    ASSERT(m->header_count <= EVENTSTREAM_HEADERS_MAX);
    (void)buf_add_room(b, PRELUDE);
    for (size_t i = 0; i < m->header_count; i++)
        put_header(b, &m->headers[i]);
    const size_t header_bytes = b->len - from - PRELUDE;
    buf_add(b, m->payload);
    if (b->failed)
        return;
    const size_t whole = b->len - from + TRAILER;
    if (whole > EVENTSTREAM_MESSAGE_MAX || header_bytes > EVENTSTREAM_HEADER_BYTES_MAX) {
        b->failed = true;
        return;
    }
    set(b->at + from, 4, whole);
    set(b->at + from + 4, 4, header_bytes);
    set(b->at + from + 8, 4, crc32(0, (str){b->at + from, 8}));
    put_number(b, TRAILER, crc_of(b, from));
}

static void
put_named(buf *b, str kind, str name, str type, str json)
{
    const struct eventstream_message m = {
        .headers = {{name, EVENTSTREAM_STRING, type, 0},
                    {STR(":content-type"), EVENTSTREAM_STRING, STR("application/json"), 0},
                    {STR(":message-type"), EVENTSTREAM_STRING, kind, 0}},
        .header_count = 3,
        .payload = json,
    };
    eventstream_put(b, &m);
}

void
eventstream_put_event(buf *b, str type, str json)
{
    put_named(b, STR("event"), STR(":event-type"), type, json);
}

void
eventstream_put_exception(buf *b, str type, str json)
{
    put_named(b, STR("exception"), STR(":exception-type"), type, json);
}

/* ---- reading */
/* Takes `len` bytes off what is left. */
static fallible
take(str *rest, size_t len, str *ret)
{
    if (len > rest->len)
        FAIL(PARSE, "a header of an event is cut off");
    *ret = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return OK;
}

static int64_t
signed_of(str value)
{
    const uint64_t n = get(value.at, value.len), top = UINT64_C(1) << (8 * value.len - 1);
    return (int64_t)((n ^ top) - top);
}

static fallible
take_value(str *rest, struct eventstream_header *h)
{
    const int bytes = value_bytes[h->type];
    str value;
    if (bytes < 0) {
        TRY(take(rest, 2, &value));
        return take(rest, get(value.at, 2), &h->text);
    }
    TRY(take(rest, (size_t)bytes, &value));
    if (h->type == EVENTSTREAM_UUID)
        h->text = value;
    else if (bytes)
        h->number = signed_of(value);
    return OK;
}

static fallible
take_header(str *rest, struct eventstream_header *ret)
{
    str part;
    TRY(take(rest, 1, &part));
    TRY(take(rest, (uint8_t)part.at[0], &ret->name));
    if (!ret->name.len)
        FAIL(PARSE, "a header of an event has no name");
    TRY(take(rest, 1, &part));
    if ((uint8_t)part.at[0] >= EVENTSTREAM_TYPES)
        FAIL(PARSE, "a header of an event has type %d", (uint8_t)part.at[0]);
    ret->type = (enum eventstream_type)part.at[0];
    return take_value(rest, ret);
}

static fallible
read_message(str bytes, struct eventstream_message *ret)
{
    const size_t header_bytes = get(bytes.at + 4, 4), end = bytes.len - TRAILER;
    str rest = str_slice(bytes, PRELUDE, PRELUDE + header_bytes);
    if (get(bytes.at + end, TRAILER) != crc32(0, str_slice(bytes, 0, end)))
        FAIL(PARSE, "the checksum of an event does not fit");
    ret->header_count = 0;
    while (rest.len) {
        if (ret->header_count == EVENTSTREAM_HEADERS_MAX)
            FAIL(LIMIT, "an event has more than %d headers", EVENTSTREAM_HEADERS_MAX);
        struct eventstream_header *h = &ret->headers[ret->header_count++];
        *h = (struct eventstream_header){.number = 0};
        TRY(take_header(&rest, h));
    }
    ret->payload = str_slice(bytes, PRELUDE + header_bytes, end);
    return OK;
}

/* The length of the message whose prelude it is. */
static fallible
read_prelude(const eventstream_reader *r, str bytes, size_t *ret)
{
    ASSERT(bytes.len >= PRELUDE);
    const size_t whole = get(bytes.at, 4), header_bytes = get(bytes.at + 4, 4);
    if (get(bytes.at + 8, 4) != crc32(0, str_slice(bytes, 0, 8)))
        FAIL(PARSE, "the checksum of an event's prelude does not fit");
    if (whole < LEAST || header_bytes > whole - LEAST)
        FAIL(PARSE, "an event of %zu bytes cannot have %zu bytes of headers", whole, header_bytes);
    if (whole > r->bytes_max || whole > EVENTSTREAM_MESSAGE_MAX ||
        header_bytes > EVENTSTREAM_HEADER_BYTES_MAX)
        FAIL(LIMIT, "an event of %zu bytes is too long", whole);
    *ret = whole;
    return OK;
}

static fallible
give(str bytes, eventstream_fn *fn, void *ctx)
{
    struct eventstream_message m;
    TRY(read_message(bytes, &m));
    fn(ctx, &m);
    return OK;
}

/* Takes what is missing of the prelude, or of the message, out of the piece. */
static fallible
hold(eventstream_reader *r, str *piece)
{
    const size_t want = (r->whole ? r->whole : PRELUDE) - r->held.len;
    const size_t n = want < piece->len ? want : piece->len;
    buf_add(&r->held, str_slice(*piece, 0, n));
    TRY(buf_end(&r->held));
    *piece = str_slice(*piece, n, piece->len);
    if (!r->whole && r->held.len == PRELUDE)
        TRY(read_prelude(r, buf_str(&r->held), &r->whole));
    return OK;
}

/* A message that lies whole in the piece is read where it lies. */
static fallible
take_whole(const eventstream_reader *r, str *piece, str *ret)
{
    size_t whole;
    *ret = STR_NONE;
    if (r->held.len || piece->len < PRELUDE)
        return OK;
    TRY(read_prelude(r, *piece, &whole));
    if (whole > piece->len)
        return OK;
    *ret = str_slice(*piece, 0, whole);
    *piece = str_slice(*piece, whole, piece->len);
    return OK;
}

fallible
eventstream_read(eventstream_reader *r, str piece, eventstream_fn *fn, void *ctx)
{
    ASSERT(r->bytes_max >= LEAST && fn);
    while (piece.len) {
        str bytes;
        TRY(take_whole(r, &piece, &bytes));
        if (!bytes.len) {
            TRY(hold(r, &piece));
            if (r->held.len != r->whole)
                continue;
            bytes = buf_str(&r->held);
        }
        TRY(give(bytes, fn, ctx));
        buf_clear(&r->held);
        r->whole = 0;
    }
    return OK;
}

bool
eventstream_is_between(const eventstream_reader *r)
{
    return !r->held.len;
}

void
eventstream_reader_done(eventstream_reader *r)
{
    buf_done(&r->held);
}

str
eventstream_text(const struct eventstream_message *m, str name)
{
    for (size_t i = 0; i < m->header_count; i++)
        if (m->headers[i].type == EVENTSTREAM_STRING && str_eq(m->headers[i].name, name))
            return m->headers[i].text;
    return STR_NONE;
}
