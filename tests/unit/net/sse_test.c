/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/sse.h"

#include "base/fault.h"
#include "test.h"

enum { LOG_MAX = 64 * 1024 };

/* What was heard, one line per event: "[event|data]". */
static void
note(void *ctx, str event, str data)
{
    buf *log = ctx;
    buf_add_fmt(log, "[%.*s|%.*s]", STR_FMT(event), STR_FMT(data));
}

static err
read_in_pieces(str stream, size_t step, size_t limit, buf *log)
{
    sse_reader r = SSE_READER(limit);
    err e = OK;
    for (size_t at = 0; at < stream.len && !e.code; at += step)
        e = sse_read(&r, str_slice(stream, at, at + step), note, log);
    sse_reader_done(&r);
    return e;
}

#define CHECK_READS(stream, want)                                                                  \
    do {                                                                                           \
        AUTO(buf) log_ = BUF(LOG_MAX);                                                             \
        CHECK_OK(read_in_pieces(stream, SIZE_MAX / 2, 1024, &log_));                               \
        CHECK_STR(buf_str(&log_), want);                                                           \
    } while (0)

TEST(an_event_is_what_stands_before_an_empty_line)
{
    CHECK_READS(STR("data: hello\n\n"), STR("[|hello]"));
    CHECK_READS(STR("event: delta\ndata: hello\n\n"), STR("[delta|hello]"));
    CHECK_READS(STR("data: one\n\ndata: two\n\n"), STR("[|one][|two]"));
}

TEST(lines_end_with_lf_cr_or_both)
{
    CHECK_READS(STR("data: a\r\n\r\ndata: b\r\rdata: c\n\n"), STR("[|a][|b][|c]"));
    CHECK_READS(STR("data: a\r\ndata: b\r\n\r\n"), STR("[|a\nb]"));
}

TEST(several_data_lines_are_joined_by_line_feeds)
{
    CHECK_READS(STR("data: a\ndata: b\ndata:\n\n"), STR("[|a\nb\n]"));
}

TEST(only_one_space_after_the_colon_is_dropped)
{
    CHECK_READS(STR("data:a\n\ndata:  b\n\n"), STR("[|a][| b]"));
}

TEST(a_field_without_colon_has_an_empty_value)
{
    CHECK_READS(STR("data\n\n"), STR("[|]"));
    CHECK_READS(STR("data\ndata\n\n"), STR("[|\n]"));
}

TEST(comments_and_unknown_fields_are_passed_over)
{
    CHECK_READS(STR(": keep-alive\n\nid: 7\nretry: 3\nfoo: bar\ndata: x\n\n"), STR("[|x]"));
}

TEST(an_event_without_data_is_none_and_its_name_is_forgotten)
{
    CHECK_READS(STR("event: ping\n\ndata: x\n\n"), STR("[|x]"));
}

TEST(a_byte_order_mark_is_dropped_at_the_start_only)
{
    CHECK_READS(STR("\xef\xbb\xbf"
                    "data: x\n\n"),
                STR("[|x]"));
    CHECK_READS(STR("data: x\n\n\xef\xbb\xbf"
                    "data: y\n\n"),
                STR("[|x]"));
}

TEST(an_event_that_is_not_ended_is_not_told)
{
    CHECK_READS(STR("data: x\n"), STR(""));
    CHECK_READS(STR("data: x"), STR(""));
}

TEST(every_split_of_a_stream_gives_the_same_events)
{
    static const char *const streams[] = {
        ("\xef\xbb\xbf"
         "data: a\r\n\r\ndata: b\r\rdata: c\n\n"),
        "event: delta\r\ndata: {\"x\":1}\r\n\r\n: rest\r\n\r\ndata\ndata: y\n\n",
        "\r\n\r\ndata: [DONE]\n\n\n\n",
    };
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        const str s = str_of(streams[i]);
        AUTO(buf) whole = BUF(LOG_MAX);
        NEED_OK(read_in_pieces(s, s.len, 1024, &whole));
        NEED(whole.len > 0);
        for (size_t step = 1; step < s.len; step++) {
            AUTO(buf) parts = BUF(LOG_MAX);
            CHECK_OK(read_in_pieces(s, step, 1024, &parts));
            CHECK_STR(buf_str(&parts), buf_str(&whole));
        }
    }
}

/* ---- limits */

TEST(a_line_beyond_the_limit_is_refused_at_every_split)
{
    char line[64];
    memset(line, 'x', sizeof line);
    memcpy(line, "data: ", 6);
    for (size_t step = 1; step <= sizeof line; step++) {
        AUTO(buf) log = BUF(LOG_MAX);
        CHECK_ERR(read_in_pieces((str){line, sizeof line}, step, 63, &log), LIMIT);
        CHECK_INT(log.len, ==, 0);
    }
}

TEST(data_beyond_the_limit_is_refused_though_each_line_is_short)
{
    AUTO(buf) stream = BUF(4096);
    AUTO(buf) log = BUF(LOG_MAX);
    for (int i = 0; i < 10; i++)
        buf_add(&stream, STR("data: 12345678\n"));
    CHECK_ERR(read_in_pieces(buf_str(&stream), 7, 32, &log), LIMIT);
}

TEST(many_events_of_any_length_in_all_are_within_the_limit)
{
    AUTO(buf) stream = BUF(64 * 1024);
    AUTO(buf) log = BUF(LOG_MAX);
    for (int i = 0; i < 1000; i++)
        buf_add(&stream, STR("data: 12345678\n\n"));
    CHECK_OK(read_in_pieces(buf_str(&stream), 100, 32, &log));
    CHECK_INT(log.len, ==, 1000 * (sizeof "[|12345678]" - 1));
}

TEST(a_name_longer_than_63_bytes_is_refused)
{
    AUTO(buf) stream = BUF(4096);
    AUTO(buf) log = BUF(LOG_MAX);
    buf_add_fmt(&stream, "event: %063d\ndata: x\n\n", 7);
    CHECK_OK(read_in_pieces(buf_str(&stream), 100, 1024, &log));
    buf_clear(&stream);
    buf_add_fmt(&stream, "event: %064d\ndata: x\n\n", 7);
    CHECK_ERR(read_in_pieces(buf_str(&stream), 100, 1024, &log), LIMIT);
}

TEST(without_memory_the_reader_says_so)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        AUTO(buf) log = BUF(LOG_MAX);
        sse_reader r = SSE_READER(1024);
        buf_add_char(&log, '!');
        fault_arm(n);
        const err e = sse_read(&r, STR("event: a\ndata: x\n\n"), note, &log);
        fired = fault_fired();
        fault_arm(0);
        if (fired)
            CHECK_ERR(e, LIMIT);
        else
            CHECK_STR(buf_str(&log), STR("![a|x]"));
        sse_reader_done(&r);
        NEED(n < 20);
    }
}

/* ---- writing */

TEST(what_is_written_has_one_data_line_per_line)
{
    AUTO(buf) b = BUF(1024);
    sse_put(&b, STR(""), STR("{}"));
    sse_put(&b, STR("delta"), STR("a\nb"));
    sse_put(&b, STR(""), STR(""));
    CHECK_STR(buf_str(&b), STR("data: {}\n\nevent: delta\ndata: a\ndata: b\n\ndata: \n\n"));
}

TEST(line_ends_in_data_cannot_forge_fields)
{
    AUTO(buf) b = BUF(1024);
    sse_put(&b, STR(""), STR("a\rdata: b\r\nevent: c\n\nd"));
    CHECK_READS(buf_str(&b), STR("[|a\ndata: b\nevent: c\n\nd]"));
}

TEST(what_was_written_is_read_back_whatever_it_holds)
{
    for (int i = 0; i < 2000; i++) {
        char data[24];
        const size_t len = test_random() % sizeof data;
        AUTO(buf) b = BUF(1024);
        AUTO(buf) want = BUF(1024);
        AUTO(buf) log = BUF(1024);
        for (size_t k = 0; k < len; k++)
            data[k] = " :\nab\xc3"[test_random() % 6];
        sse_put(&b, STR("e"), (str){data, len});
        note(&want, STR("e"), (str){data, len});
        NEED_OK(read_in_pieces(buf_str(&b), 1 + test_random() % 9, 1024, &log));
        CHECK_STR(buf_str(&log), buf_str(&want));
    }
}
