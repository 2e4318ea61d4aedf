/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/recall.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"
#include "test.h"

enum { TEXT_MAX = 8 << 20, LINES_MAX = 20000 };

static int
file_of(str bytes)
{
    char path[256];
    snprintf(path, sizeof path, "%s/lines", test_dir());
    const int f = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(f >= 0);
    CHECK_OK(file_write_all(f, bytes));
    return f;
}

static char block_bytes[BLOCK_BYTES];

/* Lines of random length, numbered, some much longer than others. */
static size_t
put_lines(buf *b, size_t bytes)
{
    size_t count = 0;
    while (b->len < bytes && count < LINES_MAX) {
        const size_t len =
            test_random() % 16 ? test_random() % 500 : test_random() % (LINE_BYTES_MAX - 64);
        buf_add_fmt(b, "line %zu %s", count++, test_random() % 10 ? "" : "needle");
        for (size_t i = 0; i < len; i++)
            buf_add_char(b, 'x');
        buf_add_char(b, '\n');
    }
    return count;
}

/* ---- blocks */

static void
check_backwards(str all, size_t count)
{
    AUTO(fd) f = file_of(all);
    uint64_t end = all.len;
    size_t seen = 0, blocks = 0;
    while (end) {
        struct block b;
        str line;
        uint64_t offset;
        NEED_OK(recall_block(f, end, block_bytes, &b));
        NEED(b.offset < end && b.offset + b.lines.len == end);
        end = b.offset;
        while (block_last_line(&b, &line, &offset)) {
            NEED(str_eq(line, str_slice(all, offset, offset + line.len)));
            NEED(all.at[offset + line.len] == '\n');
            NEED(offset == 0 || all.at[offset - 1] == '\n');
            seen++;
        }
        NEED(++blocks < 1000);
    }
    CHECK_INT(seen, ==, count);
}

TEST(read_backwards_every_line_comes_once)
{
    for (int round = 0; round < 10; round++) {
        AUTO(buf) b = BUF(TEXT_MAX);
        const size_t count = put_lines(&b, test_random() % (3 << 20));
        check_backwards(buf_str(&b), count);
    }
}

TEST(an_empty_file_has_an_empty_block)
{
    AUTO(fd) f = file_of(STR(""));
    struct block b;
    str line;
    uint64_t offset;
    CHECK_OK(recall_block(f, 0, block_bytes, &b));
    CHECK_INT(b.lines.len, ==, 0);
    CHECK(!block_last_line(&b, &line, &offset));
}

TEST(lines_of_the_greatest_length_are_read)
{
    AUTO(buf) b = BUF(TEXT_MAX);
    for (int i = 0; i < 40; i++) {
        for (int j = 0; j < LINE_BYTES_MAX - 1; j++)
            buf_add_char(&b, 'y');
        buf_add_char(&b, '\n');
    }
    check_backwards(buf_str(&b), 40);
}

TEST(a_line_longer_than_a_line_can_be_is_damage)
{
    AUTO(buf) b = BUF(TEXT_MAX);
    struct block block;
    for (int j = 0; j < BLOCK_BYTES + 10; j++)
        buf_add_char(&b, 'y');
    buf_add(&b, STR("\nshort\n"));
    AUTO(fd) f = file_of(buf_str(&b));
    CHECK_ERR(recall_block(f, b.len, block_bytes, &block), CORRUPT);
}

TEST(an_end_within_a_line_is_damage)
{
    AUTO(fd) f = file_of(STR("one\ntwo\n"));
    struct block b;
    CHECK_ERR(recall_block(f, 6, block_bytes, &b), CORRUPT);
    CHECK_ERR(recall_block(f, 3, block_bytes, &b), CORRUPT);
    CHECK_OK(recall_block(f, 4, block_bytes, &b));
}

TEST(a_file_that_became_shorter_is_damage)
{
    AUTO(fd) f = file_of(STR("one\ntwo\n"));
    struct block b;
    CHECK_ERR(recall_block(f, 20, block_bytes, &b), CORRUPT);
}

/* ---- the torn line */

TEST(a_torn_line_is_told_from_whole_ones_wherever_it_is_torn)
{
    static const str all = STR_INIT("one\ntwo\n\nthree\n");
    for (size_t len = 0; len <= all.len; len++) {
        AUTO(fd) f = file_of(str_slice(all, 0, len));
        uint64_t whole = 99;
        size_t want = len;
        while (want && all.at[want - 1] != '\n')
            want--;
        CHECK_OK(recall_whole_len(f, len, &whole));
        CHECK_INT(whole, ==, want);
    }
}

TEST(more_than_a_torn_line_at_the_end_is_damage)
{
    AUTO(buf) b = BUF(TEXT_MAX);
    uint64_t whole = 99;
    buf_add(&b, STR("one\n"));
    for (int i = 0; i < LINE_BYTES_MAX - 1; i++)
        buf_add_char(&b, 'x');
    AUTO(fd) f = file_of(buf_str(&b));
    CHECK_OK(recall_whole_len(f, b.len, &whole));
    CHECK_INT(whole, ==, 4);
    buf_add_char(&b, 'x');
    AUTO(fd) longer = file_of(buf_str(&b));
    CHECK_ERR(recall_whole_len(longer, b.len, &whole), CORRUPT);
    CHECK_INT(whole, ==, 4);
}

/* ---- finding */

struct seen {
    size_t count;
    str all; /* the file */
    size_t at;
    bool is_enough;
};

/* The lines come in the order of the file, and they are lines of it. */
static err
see(void *ctx, str line)
{
    struct seen *s = ctx;
    if (s->is_enough)
        FAIL(CANCELLED, "enough");
    const ptrdiff_t at = str_find(str_slice(s->all, s->at, s->all.len), line);
    ASSERT(at >= 0);
    s->at += (size_t)at + line.len;
    s->count++;
    return OK;
}

static size_t
count_lines_with(str all, str needle)
{
    size_t count = 0;
    str line;
    while (str_next(&all, '\n', &line))
        count += line.len && str_find(line, needle) >= 0;
    return count;
}

TEST(finding_gives_the_same_lines_as_a_plain_search)
{
    for (int round = 0; round < 10; round++) {
        AUTO(buf) b = BUF(TEXT_MAX);
        put_lines(&b, 1 + test_random() % (2 << 20));
        AUTO(fd) f = file_of(buf_str(&b));
        struct places p = {0};
        struct seen s = {.all = buf_str(&b)};
        const err e = recall_find(f, b.len, STR("needle"), &p);
        const size_t want = count_lines_with(buf_str(&b), STR("needle"));
        if (want > PLACES_MAX) {
            CHECK_ERR(e, LIMIT);
            continue;
        }
        NEED(!e.code);
        CHECK_OK(recall_each(f, &p, STR("needle"), see, &s));
        CHECK_INT(s.count, ==, want);
    }
}

TEST(more_places_than_fit_are_refused)
{
    AUTO(buf) b = BUF(TEXT_MAX);
    for (int i = 0; i <= PLACES_MAX; i++)
        buf_add(&b, STR("needle\n"));
    AUTO(fd) f = file_of(buf_str(&b));
    struct places p = {0};
    CHECK_ERR(recall_find(f, b.len, STR("needle"), &p), LIMIT);
    p.count = 0;
    CHECK_OK(recall_find(f, b.len - 7, STR("needle"), &p));
    CHECK_INT(p.count, ==, PLACES_MAX);
}

TEST(the_last_lines_come_in_the_order_of_the_file)
{
    AUTO(buf) b = BUF(TEXT_MAX);
    const size_t count = put_lines(&b, 1 << 20);
    AUTO(fd) f = file_of(buf_str(&b));
    static const size_t wanted[] = {0, 1, 2, 10, 200, PLACES_MAX};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct places p = {0};
        struct seen s = {.all = buf_str(&b)};
        NEED_OK(recall_last(f, b.len, wanted[i], &p));
        CHECK_OK(recall_each(f, &p, STR(""), see, &s));
        CHECK_INT(s.count, ==, wanted[i] < count ? wanted[i] : count);
        CHECK(s.count == 0 || s.at + 1 == b.len);
    }
}

TEST(lines_without_the_needle_are_passed_over_at_the_end)
{
    AUTO(fd) f = file_of(STR("one\ntwo\nthree\n"));
    struct places p = {0};
    struct seen s = {.all = STR("two")};
    NEED_OK(recall_last(f, 14, 3, &p));
    CHECK_OK(recall_each(f, &p, STR("two"), see, &s));
    CHECK_INT(s.count, ==, 1);
    s.is_enough = true;
    CHECK_ERR(recall_each(f, &p, STR(""), see, &s), CANCELLED);
}

/* ---- the check at open */

TEST(the_number_of_the_last_record_is_found)
{
    uint64_t last = 99;
    AUTO(fd) none = file_of(STR(""));
    CHECK_OK(recall_last_seq(none, 0, &last));
    CHECK_INT(last, ==, 0);
    AUTO(buf) b = BUF(TEXT_MAX);
    for (int i = 5; i <= 30000; i++)
        buf_add_fmt(&b, "{\"seq\":%d,\"x\":\"y\"}\n", i);
    AUTO(fd) f = file_of(buf_str(&b));
    CHECK_OK(recall_last_seq(f, b.len, &last));
    CHECK_INT(last, ==, 30000);
}

TEST(records_out_of_shape_or_order_are_damage)
{
    static const str bad[] = {
        STR_INIT("{\"seq\":1}\nhello\n"),
        STR_INIT("hello\n{\"seq\":1}\n"),
        STR_INIT("\n"),
        STR_INIT("{\"seq\":1}\n\n"),
        STR_INIT("{\"seq\":1}\n{\"seq\":3}\n"),
        STR_INIT("{\"seq\":1}\n{\"seq\":1}\n"),
        STR_INIT("{\"seq\":2}\n{\"seq\":1}\n"),
        STR_INIT("{\"seq\":1}\n\0\0\0\0\n{\"seq\":3}\n"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(fd) f = file_of(bad[i]);
        uint64_t last = 99;
        CHECK_ERR(recall_last_seq(f, bad[i].len, &last), CORRUPT);
        CHECK_INT(last, ==, 99);
    }
}

TEST(every_fault_is_reported)
{
    AUTO(buf) b = BUF(TEXT_MAX);
    for (int i = 1; i <= 300; i++)
        buf_add_fmt(&b, "{\"seq\":%d,\"x\":\"needle number %d of a line of some length\"}\n", i,
                    i % 100);
    AUTO(fd) f = file_of(buf_str(&b));
    long n = 1;
    for (bool fired = true; fired; n++) {
        struct places p = {0};
        struct seen s = {.all = buf_str(&b)};
        uint64_t last = 0, whole = 0;
        fault_arm(n);
        err e = recall_whole_len(f, b.len, &whole);
        e = e.code ? e : recall_last_seq(f, b.len, &last);
        e = e.code ? e : recall_find(f, b.len, STR("needle number 7 "), &p);
        e = e.code ? e : recall_each(f, &p, STR("needle"), see, &s);
        fired = fault_fired();
        fault_arm(0);
        NEED(fired == (e.code != 0));
        CHECK(fired || (s.count == 3 && last == 300));
    }
    CHECK_INT(n, >, 8);
}

/* ---- by place, by time */

/* Lines of one second each, some of them much longer, and where each begins. */
static size_t
put_times(buf *b, uint64_t *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t len = test_random() % 16 ? test_random() % 300 : test_random() % 30000;
        at[i] = b->len;
        buf_add_fmt(b, "{\"seq\":%zu,\"time\":\"2026-03-01T12:%02zu:%02zu.000Z\",\"why\":\"", i + 1,
                    i / 60, i % 60);
        for (size_t n = 0; n < len; n++)
            buf_add_char(b, 'x');
        buf_add(b, STR("\"}\n"));
    }
    return count;
}

TEST(a_line_is_read_from_its_first_byte_only)
{
    static uint64_t at[200];
    AUTO(buf) b = BUF(TEXT_MAX);
    char room[LINE_BYTES_MAX];
    str line;
    const size_t count = put_times(&b, at, 200);
    AUTO(fd) f = file_of(buf_str(&b));
    for (size_t i = 0; i < count; i++) {
        const uint64_t end = i + 1 < count ? at[i + 1] : b.len;
        NEED_OK(recall_line_at(f, at[i], b.len, room, &line));
        CHECK(str_eq(line, str_slice(buf_str(&b), at[i], end - 1)));
        CHECK_ERR(recall_line_at(f, at[i] + 1, b.len, room, &line), CORRUPT);
        CHECK_ERR(recall_line_at(f, end - 1, b.len, room, &line), CORRUPT);
        CHECK_ERR(recall_line_at(f, at[i], end - 1, room, &line), CORRUPT);
    }
    CHECK_ERR(recall_line_at(f, b.len, b.len, room, &line), CORRUPT);
    CHECK_ERR(recall_line_at(f, b.len + 100, b.len, room, &line), CORRUPT);
}

TEST(the_first_line_of_a_time_is_found)
{
    static uint64_t at[1000];
    AUTO(buf) b = BUF(TEXT_MAX);
    const size_t count = put_times(&b, at, 1000);
    AUTO(fd) f = file_of(buf_str(&b));
    for (size_t i = 0; i < count; i += 7) {
        char time[64];
        uint64_t found = UINT64_MAX;
        snprintf(time, sizeof time, "2026-03-01T12:%02zu:%02zu.000Z", i / 60, i % 60);
        CHECK_OK(recall_at_time(f, 0, b.len, str_of(time), &found));
        CHECK_INT(found, ==, at[i]);
        snprintf(time, sizeof time, "2026-03-01T12:%02zu:%02zu.001Z", i / 60, i % 60);
        CHECK_OK(recall_at_time(f, 0, b.len, str_of(time), &found));
        CHECK_INT(found, ==, i + 1 < count ? at[i + 1] : b.len);
    }
}

TEST(times_before_and_after_all_are_the_ends)
{
    static uint64_t at[10];
    AUTO(buf) b = BUF(TEXT_MAX);
    uint64_t found = 7;
    put_times(&b, at, 10);
    AUTO(fd) f = file_of(buf_str(&b));
    CHECK_OK(recall_at_time(f, 0, b.len, STR("2020"), &found));
    CHECK_INT(found, ==, 0);
    CHECK_OK(recall_at_time(f, 0, b.len, STR("2030"), &found));
    CHECK_INT(found, ==, b.len);
    CHECK_OK(recall_at_time(f, 0, 0, STR("2026"), &found));
    CHECK_INT(found, ==, 0);
}

TEST(a_scan_keeps_to_its_stretch_and_its_count)
{
    static uint64_t at[300];
    AUTO(buf) b = BUF(TEXT_MAX);
    uint64_t reached = 0;
    put_times(&b, at, 300);
    AUTO(fd) f = file_of(buf_str(&b));
    for (int n = 0; n < 50; n++) {
        const size_t x = test_random() % 300, y = x + test_random() % (300 - x);
        struct places p = {.count = 0};
        const struct scan s = {at[x], at[y], 1 + test_random() % 20};
        NEED_OK(recall_scan(f, &s, STR("\"seq\":"), &p, &reached));
        CHECK_INT(p.count, ==, y - x < s.count_max ? y - x : s.count_max);
        for (size_t i = 0; i < p.count; i++)
            CHECK_INT(p.at[i].offset, ==, at[y - 1 - i]);
        CHECK(p.count == s.count_max || reached == at[x]);
    }
}
