/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/aws/eventstream.h"

#include "base/enc.h"
#include "base/fault.h"
#include "net/aws/crc32.h"
#include "test.h"

enum { LOG_MAX = 1 << 20, LIMIT_BYTES = 64 * 1024 };

/* What was heard: "[name:type=value;…|payload]". */
static void
note(void *ctx, const struct eventstream_message *m)
{
    buf *log = ctx;
    buf_add_char(log, '[');
    for (size_t i = 0; i < m->header_count; i++) {
        const struct eventstream_header *h = &m->headers[i];
        buf_add_fmt(log, "%.*s:%d=", STR_FMT(h->name), (int)h->type);
        if (h->type == EVENTSTREAM_BYTES || h->type == EVENTSTREAM_UUID)
            hex_put(log, h->text.at, h->text.len);
        else if (h->type == EVENTSTREAM_STRING)
            buf_add(log, h->text);
        else
            buf_add_fmt(log, "%jd", (intmax_t)h->number);
        buf_add_char(log, ';');
    }
    buf_add_fmt(log, "|%.*s]", STR_FMT(m->payload));
}

static err
read_in_pieces(str stream, size_t step, size_t limit, buf *log)
{
    eventstream_reader r = EVENTSTREAM_READER(limit);
    err e = OK;
    for (size_t at = 0; at < stream.len && !e.code; at += step)
        e = eventstream_read(&r, str_slice(stream, at, at + step), note, log);
    if (!e.code && !eventstream_is_between(&r))
        buf_add(log, STR("(cut off)"));
    eventstream_reader_done(&r);
    return e;
}

static str
unhex(const char *text, buf *b)
{
    char *room = buf_add_room(b, strlen(text) / 2);
    if (room)
        CHECK_OK(hex_read(str_of(text), room, strlen(text) / 2));
    return buf_str(b);
}

#define CHECK_READS(stream, want)                                                                  \
    do {                                                                                           \
        AUTO(buf) log_ = BUF(LOG_MAX);                                                             \
        CHECK_OK(read_in_pieces(stream, SIZE_MAX / 2, LIMIT_BYTES, &log_));                        \
        CHECK_STR(buf_str(&log_), want);                                                           \
    } while (0)

/* Every type once. */
static void
put_all_types(buf *b)
{
    const struct eventstream_message m = {
        .headers = {{STR("t"), EVENTSTREAM_TRUE, STR_NONE, 0},
                    {STR("f"), EVENTSTREAM_FALSE, STR_NONE, 0},
                    {STR("b"), EVENTSTREAM_BYTE, STR_NONE, -49},
                    {STR("s"), EVENTSTREAM_SHORT, STR_NONE, -32768},
                    {STR("i"), EVENTSTREAM_INT, STR_NONE, 40972},
                    {STR("l"), EVENTSTREAM_LONG, STR_NONE, INT64_MIN},
                    {STR("raw"), EVENTSTREAM_BYTES, STR("\0\xff"), 0},
                    {STR("text"), EVENTSTREAM_STRING, STR("\xc3\xa4"), 0},
                    {STR("at"), EVENTSTREAM_TIMESTAMP, STR_NONE, 8675309},
                    {STR("id"), EVENTSTREAM_UUID, STR("0123456789abcdef"), 0}},
        .header_count = 10,
        .payload = STR("{'foo':'bar'}"),
    };
    eventstream_put(b, &m);
}

/* ---- known bytes: the vectors that the public SDKs carry */
TEST(an_empty_message_has_sixteen_bytes)
{
    AUTO(buf) b = BUF(LOG_MAX);
    AUTO(buf) want = BUF(LOG_MAX);
    const struct eventstream_message m = {.header_count = 0};
    eventstream_put(&b, &m);
    CHECK_STR(buf_str(&b), unhex("000000100000000005c248eb7d98c8ff", &want));
    CHECK_READS(buf_str(&b), STR("[|]"));
}

TEST(a_payload_without_headers_is_as_published)
{
    AUTO(buf) b = BUF(LOG_MAX);
    AUTO(buf) want = BUF(LOG_MAX);
    const struct eventstream_message m = {.payload = STR("{'foo':'bar'}")};
    eventstream_put(&b, &m);
    CHECK_STR(buf_str(&b),
              unhex("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936", &want));
    CHECK_READS(buf_str(&b), STR("[|{'foo':'bar'}]"));
}

TEST(one_number_in_a_header_is_as_published)
{
    AUTO(buf) b = BUF(LOG_MAX);
    AUTO(buf) want = BUF(LOG_MAX);
    const struct eventstream_message m = {
        .headers = {{STR("event-type"), EVENTSTREAM_INT, STR_NONE, 40972}},
        .header_count = 1,
        .payload = STR("{'foo':'bar'}"),
    };
    eventstream_put(&b, &m);
    CHECK_STR(buf_str(&b), unhex("0000002d0000001041c424b80a6576656e742d74797065040000a00c"
                                 "7b27666f6f273a27626172277d36f480a0",
                                 &want));
    CHECK_READS(buf_str(&b), STR("[event-type:4=40972;|{'foo':'bar'}]"));
}

TEST(every_type_of_header_is_read_back)
{
    AUTO(buf) b = BUF(LOG_MAX);
    put_all_types(&b);
    CHECK_READS(buf_str(&b),
                STR("[t:0=0;f:1=0;b:2=-49;s:3=-32768;i:4=40972;l:5=-9223372036854775808;"
                    "raw:6=00ff;text:7=\xc3\xa4;at:8=8675309;id:9=30313233343536373839616263646566;"
                    "|{'foo':'bar'}]"));
}

TEST(an_event_says_its_name_and_its_kind)
{
    AUTO(buf) b = BUF(LOG_MAX);
    eventstream_put_event(&b, STR("messageStop"), STR("{}"));
    eventstream_put_exception(&b, STR("throttlingException"), STR("{\"message\":\"x\"}"));
    CHECK_READS(buf_str(&b),
                STR("[:event-type:7=messageStop;:content-type:7=application/json;"
                    ":message-type:7=event;|{}]"
                    "[:exception-type:7=throttlingException;:content-type:7=application/json;"
                    ":message-type:7=exception;|{\"message\":\"x\"}]"));
}

static void
find_header(void *ctx, const struct eventstream_message *m)
{
    unsigned *calls = ctx;
    ++*calls;
    CHECK_STR(eventstream_text(m, STR("text")), STR("\xc3\xa4"));
    CHECK(!eventstream_text(m, STR("raw")).at); /* of another type */
    CHECK(!eventstream_text(m, STR("none")).at);
}

TEST(a_header_is_found_by_name_when_it_is_text)
{
    AUTO(buf) b = BUF(LOG_MAX);
    unsigned calls = 0;
    eventstream_reader r = EVENTSTREAM_READER(LIMIT_BYTES);
    put_all_types(&b);
    CHECK_OK(eventstream_read(&r, buf_str(&b), find_header, &calls));
    CHECK_INT(calls, ==, 1);
    eventstream_reader_done(&r);
}

/* ---- pieces */
TEST(any_split_gives_the_same_messages)
{
    AUTO(buf) b = BUF(LOG_MAX);
    AUTO(buf) want = BUF(LOG_MAX);
    put_all_types(&b);
    eventstream_put_event(&b, STR("one"), STR("{}"));
    put_all_types(&b);
    const str all = buf_str(&b);
    CHECK_OK(read_in_pieces(all, all.len, LIMIT_BYTES, &want));
    for (size_t step = 1; step < all.len; step++) {
        AUTO(buf) log = BUF(LOG_MAX);
        CHECK_OK(read_in_pieces(all, step, LIMIT_BYTES, &log));
        CHECK_STR(buf_str(&log), buf_str(&want));
    }
    for (size_t cut = 0; cut <= all.len; cut++) {
        AUTO(buf) log = BUF(LOG_MAX);
        eventstream_reader r = EVENTSTREAM_READER(LIMIT_BYTES);
        CHECK_OK(eventstream_read(&r, str_slice(all, 0, cut), note, &log));
        CHECK_OK(eventstream_read(&r, str_slice(all, cut, all.len), note, &log));
        CHECK_STR(buf_str(&log), buf_str(&want));
        eventstream_reader_done(&r);
    }
}

TEST(a_stream_that_ends_within_a_message_is_seen)
{
    AUTO(buf) b = BUF(LOG_MAX);
    put_all_types(&b);
    for (size_t len = 1; len < b.len; len++) {
        AUTO(buf) log = BUF(LOG_MAX);
        CHECK_OK(read_in_pieces(str_slice(buf_str(&b), 0, len), 7, LIMIT_BYTES, &log));
        CHECK_STR(buf_str(&log), STR("(cut off)"));
    }
}

/* ---- what is refused */
TEST(a_flipped_bit_anywhere_is_refused)
{
    AUTO(buf) b = BUF(LOG_MAX);
    put_all_types(&b);
    for (size_t bit = 0; bit < 8 * b.len; bit++) {
        AUTO(buf) log = BUF(LOG_MAX);
        b.at[bit / 8] = (char)(b.at[bit / 8] ^ 1 << bit % 8);
        CHECK_ERR(read_in_pieces(buf_str(&b), 5, LIMIT_BYTES, &log), PARSE);
        CHECK_INT(log.len, ==, 0);
        b.at[bit / 8] = (char)(b.at[bit / 8] ^ 1 << bit % 8);
    }
}

static void
put32(char *at, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(n >> (24 - 8 * i));
}

/* Lengths as given, both checksums right: what only a liar sends. */
static err
read_lie(uint32_t whole, uint32_t headers, str rest, size_t limit)
{
    AUTO(buf) b = BUF(LOG_MAX);
    AUTO(buf) log = BUF(LOG_MAX);
    char prelude[12], crc[4];
    put32(prelude, whole);
    put32(prelude + 4, headers);
    put32(prelude + 8, crc32(0, (str){prelude, 8}));
    buf_add(&b, (str){prelude, 12});
    buf_add(&b, rest);
    put32(crc, crc32(0, buf_str(&b)));
    buf_add(&b, (str){crc, 4});
    return read_in_pieces(buf_str(&b), 3, limit, &log);
}

TEST(lengths_that_cannot_be_are_refused)
{
    CHECK_ERR(read_lie(0, 0, STR(""), LIMIT_BYTES), PARSE);
    CHECK_ERR(read_lie(15, 0, STR(""), LIMIT_BYTES), PARSE);
    CHECK_ERR(read_lie(16, 1, STR(""), LIMIT_BYTES), PARSE);
    CHECK_ERR(read_lie(16, UINT32_MAX, STR(""), LIMIT_BYTES), PARSE);
    CHECK_ERR(read_lie(UINT32_MAX, 0, STR(""), SIZE_MAX), LIMIT);
    CHECK_ERR(read_lie(LIMIT_BYTES + 1, 0, STR(""), LIMIT_BYTES), LIMIT);
    CHECK_ERR(read_lie(1024 * 1024, 128 * 1024 + 1, STR(""), SIZE_MAX), LIMIT);
    CHECK_OK(read_lie(16, 0, STR(""), LIMIT_BYTES));
}

TEST(headers_that_do_not_fit_their_length_are_refused)
{
    static const str bad[] = {
        STR_INIT("\0\7\0\1x"),             /* no name */
        STR_INIT("\1a\12"),                /* no such type */
        STR_INIT("\1a\377"),               /* nor such */
        STR_INIT("\1a"),                   /* no type */
        STR_INIT("\5a\0"),                 /* name longer than what is left */
        STR_INIT("\1a\4\0\0\0"),           /* three bytes of four */
        STR_INIT("\1a\7\0\2x"),            /* one byte of two */
        STR_INIT("\1a\7\0"),               /* half a length */
        STR_INIT("\1a\11 123456789abcde"), /* 15 bytes of 16 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(read_lie((uint32_t)(16 + bad[i].len), (uint32_t)bad[i].len, bad[i], LIMIT_BYTES),
                  PARSE);
}

TEST(more_headers_than_there_is_room_for_are_refused)
{
    AUTO(buf) b = BUF(LOG_MAX);
    for (int i = 0; i < EVENTSTREAM_HEADERS_MAX; i++)
        buf_add(&b, STR("\1a\0"));
    CHECK_OK(read_lie((uint32_t)(16 + b.len), (uint32_t)b.len, buf_str(&b), LIMIT_BYTES));
    buf_add(&b, STR("\1a\0"));
    CHECK_ERR(read_lie((uint32_t)(16 + b.len), (uint32_t)b.len, buf_str(&b), LIMIT_BYTES), LIMIT);
}

TEST(a_message_longer_than_may_be_is_not_written)
{
    AUTO(buf) b = BUF(SIZE_MAX / 2);
    AUTO(buf) payload = BUF(SIZE_MAX / 2);
    NEED(buf_add_room(&payload, EVENTSTREAM_MESSAGE_MAX - 16));
    memset(payload.at, 'x', payload.len);
    struct eventstream_message m = {.payload = buf_str(&payload)};
    eventstream_put(&b, &m);
    CHECK_OK(buf_end(&b));
    buf_clear(&b);
    buf_add_char(&payload, 'x');
    m.payload = buf_str(&payload);
    eventstream_put(&b, &m);
    CHECK_ERR(buf_end(&b), LIMIT);
}

TEST(without_memory_nothing_half_is_given)
{
    AUTO(buf) b = BUF(LOG_MAX);
    put_all_types(&b);
    for (long n = 1;; n++) {
        AUTO(buf) log = BUF(LOG_MAX);
        (void)buf_add_room(&log, 4096);
        buf_clear(&log);
        fault_arm(n);
        const err e = read_in_pieces(buf_str(&b), 9, LIMIT_BYTES, &log);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        CHECK_ERR(e, LIMIT);
        CHECK_INT(log.len, ==, 0);
    }
    for (long n = 1;; n++) {
        AUTO(buf) again = BUF(LOG_MAX);
        fault_arm(n);
        put_all_types(&again);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(again.failed, ==, fired);
        if (!fired)
            break;
    }
}

TEST(random_messages_come_back_as_they_were)
{
    for (int round = 0; round < 300; round++) {
        AUTO(buf) b = BUF(LOG_MAX);
        AUTO(buf) want = BUF(LOG_MAX);
        AUTO(buf) got = BUF(LOG_MAX);
        char bytes[300];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)test_random();
        for (uint64_t n = 1 + test_random() % 4; n > 0; n--) {
            struct eventstream_message m = {.header_count = test_random() % 6};
            m.payload = (str){bytes, test_random() % sizeof bytes};
            for (size_t i = 0; i < m.header_count; i++) {
                struct eventstream_header *h = &m.headers[i];
                h->name = (str){bytes, 1 + test_random() % 255};
                h->type = (enum eventstream_type)(test_random() % EVENTSTREAM_TYPES);
                if (h->type == EVENTSTREAM_BYTES || h->type == EVENTSTREAM_STRING)
                    h->text = (str){bytes, test_random() % 40};
                if (h->type == EVENTSTREAM_UUID)
                    h->text = (str){bytes, 16};
                if (h->type == EVENTSTREAM_BYTE)
                    h->number = (int8_t)test_random();
                if (h->type == EVENTSTREAM_LONG || h->type == EVENTSTREAM_TIMESTAMP)
                    h->number = (int64_t)test_random();
            }
            eventstream_put(&b, &m);
            note(&want, &m);
        }
        CHECK_OK(read_in_pieces(buf_str(&b), 1 + test_random() % 50, LIMIT_BYTES, &got));
        CHECK_STR(buf_str(&got), buf_str(&want));
    }
}
