/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/gguf_scan.h"

#include <stdlib.h>

#include "base/buf.h"
#include "gguf_write.h"
#include "model/gguf.h"
#include "test.h"

static struct gguf_scan
scan_of(str s)
{
    return (struct gguf_scan){s, s.len, 0};
}

/* One value of `type` with these bytes behind it. */
static err
scan_one(buf *b, uint64_t type, str bytes, struct gguf_value *ret)
{
    buf_clear(b);
    gguf_write_number(b, type, 4);
    buf_add(b, bytes);
    struct gguf_scan s = scan_of(buf_str(b));
    const err e = gguf_scan_value(&s, ret);
    if (!e.code)
        CHECK_INT(s.at, ==, b->len);
    return e;
}

static err
scan_array(buf *b, uint64_t type, uint64_t count, str bytes, struct gguf_value *ret)
{
    buf_clear(b);
    gguf_write_number(b, 9, 4);
    gguf_write_number(b, type, 4);
    gguf_write_number(b, count, 8);
    buf_add(b, bytes);
    struct gguf_scan s = scan_of(buf_str(b));
    return gguf_scan_value(&s, ret);
}

TEST(numbers_are_little_endian)
{
    struct gguf_scan s = scan_of(STR("\x01\x02\x03\x84\x05\x06\x07\x08\x09\x0a\x0b\xfc"));
    uint32_t n;
    uint64_t m;
    NEED_OK(gguf_scan_u32(&s, &n));
    CHECK_INT(n, ==, 0x84030201u);
    NEED_OK(gguf_scan_u64(&s, &m));
    CHECK(m == 0xfc0b0a0908070605u);
    CHECK_INT(s.at, ==, 12);
}

TEST(the_end_of_the_file_is_refused_and_the_end_of_the_part_read_asks_for_more)
{
    uint64_t m = 7;
    struct gguf_scan whole = {STR("abc"), 3, 0}, part = {STR("abc"), 8, 0};
    CHECK_ERR(gguf_scan_u64(&whole, &m), PARSE);
    CHECK_ERR(gguf_scan_u64(&part, &m), LIMIT);
    CHECK_INT(m, ==, 7);
}

TEST(a_sentence_says_where_the_file_ends)
{
    uint32_t n;
    struct gguf_scan s = {STR("abc"), 3, 1};
    const err e = gguf_scan_u32(&s, &n);
    CHECK_STR(str_of(err_public(e)),
              STR("The file ends at byte 3, within a part that begins at byte 1."));
}

TEST(a_head_past_the_longest_is_refused_though_the_file_goes_on)
{
    static char big[16];
    struct gguf_scan s = {{big, GGUF_HEAD_BYTES_MAX}, UINT64_MAX, GGUF_HEAD_BYTES_MAX - 2};
    uint32_t n;
    CHECK_ERR(gguf_scan_u32(&s, &n), PARSE);
}

TEST(a_head_may_be_as_long_as_the_longest)
{
    char *big = calloc(1, GGUF_HEAD_BYTES_MAX); /* pages that are not touched cost nothing */
    NEED(big);
    struct gguf_scan s = {{big, GGUF_HEAD_BYTES_MAX}, UINT64_MAX, GGUF_HEAD_BYTES_MAX - 4};
    uint32_t n = 7;
    CHECK_OK(gguf_scan_u32(&s, &n));
    CHECK_INT(n, ==, 0);
    CHECK_ERR(gguf_scan_u32(&s, &n), PARSE);
    free(big);
}

TEST(scalars_of_every_type_have_their_width)
{
    static const size_t widths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    AUTO(buf) b = BUF(1024);
    for (uint32_t t = 0; t < GGUF_VALUE_TYPES; t++) {
        struct gguf_value v;
        if (t == GGUF_STRING || t == GGUF_ARRAY)
            continue;
        NEED_OK(scan_one(&b, t, (str){"\0\0\0\0\0\0\0\0", widths[t]}, &v));
        CHECK_INT(v.type, ==, t);
        CHECK_INT(v.count, ==, 1);
        CHECK_INT(v.bytes.len, ==, widths[t]);
        CHECK(!v.is_array);
        CHECK_ERR(scan_one(&b, t, (str){"\0\0\0\0\0\0\0\0", widths[t] - 1}, &v), PARSE);
    }
}

TEST(a_string_is_read_and_points_into_the_head)
{
    AUTO(buf) b = BUF(1024), text = BUF(64);
    struct gguf_value v;
    gguf_write_text(&text, STR("ein Wort"));
    NEED_OK(scan_one(&b, GGUF_STRING, buf_str(&text), &v));
    CHECK_STR(v.bytes, STR("ein Wort"));
    CHECK(v.bytes.at > b.at && v.bytes.at < b.at + b.len);
}

TEST(strings_longer_than_the_file_or_the_limit_are_refused)
{
    static const uint64_t lengths[] = {
        9, GGUF_STRING_BYTES_MAX + 1, 1ull << 32, 1ull << 63, UINT64_MAX - 7, UINT64_MAX};
    AUTO(buf) b = BUF(1024), text = BUF(64);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct gguf_value v;
        buf_clear(&text);
        gguf_write_number(&text, lengths[i], 8);
        buf_add(&text, STR("ein Wort"));
        CHECK_ERR(scan_one(&b, GGUF_STRING, buf_str(&text), &v), PARSE);
    }
}

TEST(an_array_holds_its_elements)
{
    AUTO(buf) b = BUF(1024);
    struct gguf_value v;
    uint64_t n;
    NEED_OK(scan_array(&b, GGUF_U16, 3, STR("\x01\x00\x02\x00\xff\xff"), &v));
    CHECK(v.is_array);
    CHECK_INT(v.count, ==, 3);
    CHECK(gguf_value_u64(&v, 1, &n) && n == 2);
    CHECK(gguf_value_u64(&v, 2, &n) && n == 65535);
    NEED_OK(scan_array(&b, GGUF_F64, 0, STR_NONE, &v));
    CHECK_INT(v.bytes.len, ==, 0);
}

TEST(an_array_of_strings_is_walked)
{
    AUTO(buf) b = BUF(1024), texts = BUF(256);
    struct gguf_value v;
    gguf_write_text(&texts, STR("a"));
    gguf_write_text(&texts, STR(""));
    gguf_write_text(&texts, STR("ccc"));
    NEED_OK(scan_array(&b, GGUF_STRING, 3, buf_str(&texts), &v));
    CHECK_STR(v.bytes, buf_str(&texts));
    CHECK_ERR(scan_array(&b, GGUF_STRING, 4, buf_str(&texts), &v), PARSE);
}

TEST(arrays_of_arrays_are_refused)
{
    AUTO(buf) b = BUF(1024);
    struct gguf_value v;
    CHECK_ERR(scan_array(&b, GGUF_ARRAY, 1, STR("\x00\x00\x00\x00\x00\x00\x00\x00"), &v), PARSE);
    CHECK_ERR(scan_array(&b, GGUF_ARRAY, 0, STR_NONE, &v), PARSE);
}

TEST(counts_that_overflow_or_pass_the_limit_are_refused)
{
    static const uint64_t counts[] = {GGUF_ARRAY_MAX + 1, 1ull << 61, 1ull << 62,
                                      1ull << 63,         UINT64_MAX, UINT64_MAX / 8 + 1};
    AUTO(buf) b = BUF(1024);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (uint32_t t = 0; t < GGUF_VALUE_TYPES; t++) {
            struct gguf_value v;
            CHECK_ERR(scan_array(&b, t, counts[i], STR("12345678"), &v), PARSE);
        }
}

TEST(an_array_may_be_as_long_as_the_limit)
{
    AUTO(buf) b = BUF(8 << 20);
    char *bytes = calloc(1, GGUF_ARRAY_MAX);
    NEED(bytes);
    struct gguf_value v;
    CHECK_OK(scan_array(&b, GGUF_U8, GGUF_ARRAY_MAX, (str){bytes, GGUF_ARRAY_MAX}, &v));
    CHECK_INT(v.count, ==, GGUF_ARRAY_MAX);
    free(bytes);
}

TEST(unknown_types_are_refused)
{
    static const uint32_t types[] = {GGUF_VALUE_TYPES, 255, 1u << 31, UINT32_MAX};
    AUTO(buf) b = BUF(1024);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct gguf_value v;
        const err e = scan_one(&b, types[i], STR("12345678"), &v);
        CHECK_ERR(e, PARSE);
        CHECK(str_find(str_of(err_public(e)), STR("which is unknown")) >= 0);
        CHECK_ERR(scan_array(&b, types[i], 1, STR("12345678"), &v), PARSE);
    }
}

TEST(a_boolean_is_nothing_but_zero_or_one)
{
    AUTO(buf) b = BUF(1024);
    struct gguf_value v;
    CHECK_OK(scan_one(&b, GGUF_BOOL, STR("\x01"), &v));
    CHECK_ERR(scan_one(&b, GGUF_BOOL, STR("\x02"), &v), PARSE);
    CHECK_OK(scan_array(&b, GGUF_BOOL, 3, STR("\x00\x01\x00"), &v));
    CHECK_ERR(scan_array(&b, GGUF_BOOL, 3, STR("\x00\x01\xff"), &v), PARSE);
}

TEST(names_are_printable_ascii_and_bounded)
{
    static const str bad[] = {STR_INIT(""),        STR_INIT("a b"),      STR_INIT("a\0b"),
                              STR_INIT("a\nb"),    STR_INIT("\x7f"),     STR_INIT("\xc3\xa4"),
                              STR_INIT("\x1b[0m"), STR_INIT("123456789")};
    AUTO(buf) b = BUF(1024);
    str name;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf_clear(&b);
        gguf_write_text(&b, bad[i]);
        struct gguf_scan s = scan_of(buf_str(&b));
        CHECK_ERR(gguf_scan_name(&s, "key", 8, &name), PARSE);
    }
    buf_clear(&b);
    gguf_write_text(&b, STR("blk.0~!x"));
    struct gguf_scan s = scan_of(buf_str(&b));
    NEED_OK(gguf_scan_name(&s, "key", 8, &name));
    CHECK_STR(name, STR("blk.0~!x"));
}

TEST(only_integers_that_are_not_negative_are_numbers)
{
    AUTO(buf) b = BUF(1024);
    struct gguf_value v;
    uint64_t n = 42;
    NEED_OK(scan_one(&b, GGUF_I8, STR("\x7f"), &v));
    CHECK(gguf_value_u64(&v, 0, &n) && n == 127);
    NEED_OK(scan_one(&b, GGUF_U64, STR("\xff\xff\xff\xff\xff\xff\xff\xff"), &v));
    CHECK(gguf_value_u64(&v, 0, &n) && n == UINT64_MAX);
    static const uint32_t with_sign[] = {GGUF_I8, GGUF_I16, GGUF_I32, GGUF_I64};
    for (size_t i = 0; i < 4; i++) {
        char bytes[8] = {5};
        const size_t len = 1u << i;
        n = 42;
        NEED_OK(scan_one(&b, with_sign[i], (str){bytes, len}, &v));
        CHECK(gguf_value_u64(&v, 0, &n) && n == 5);
        bytes[len - 1] = (char)0x80;
        n = 42;
        NEED_OK(scan_one(&b, with_sign[i], (str){bytes, len}, &v));
        CHECK(!gguf_value_u64(&v, 0, &n));
    }
    NEED_OK(scan_one(&b, GGUF_F32, STR("\x00\x00\x80\x3f"), &v));
    CHECK(!gguf_value_u64(&v, 0, &n));
    NEED_OK(scan_one(&b, GGUF_BOOL, STR("\x01"), &v));
    CHECK(!gguf_value_u64(&v, 0, &n));
    CHECK_INT(n, ==, 42);
}
