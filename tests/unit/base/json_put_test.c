/* SPDX-License-Identifier: EUPL-1.2 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/utf8.h"
#include "test.h"
#include "unit/base/panics.h"

enum { MIB = 1 << 20 };

static arena *
fresh(void)
{
    static arena *a;
    if (!a)
        CHECK_OK(arena_open(16 * MIB, &a));
    arena_reset(a);
    return a;
}

TEST(commas_stand_between_and_nowhere_else)
{
    AUTO(buf) b = BUF(MIB);
    json_open(&b, '{');
    json_member_str(&b, "a", STR("x"));
    json_key(&b, "list");
    json_open(&b, '[');
    json_put_u64(&b, 1);
    json_put_i64(&b, -2);
    json_put_bool(&b, true);
    json_put_null(&b);
    json_put_f64(&b, 0.5);
    json_put_str(&b, STR(""));
    json_open(&b, '{');
    json_close(&b, '}');
    json_open(&b, '[');
    json_close(&b, ']');
    json_close(&b, ']');
    json_member_bool(&b, "b", false);
    json_member_u64(&b, "c", 3);
    json_member_i64(&b, "d", -4);
    json_member_f64(&b, "e", 1e100);
    json_key(&b, "f");
    json_put_null(&b);
    json_member_str(&b, "", STR_NONE);
    json_close(&b, '}');
    CHECK_STR(buf_str(&b), STR("{\"a\":\"x\",\"list\":[1,-2,true,null,0.5,\"\",{},[]],\"b\":false,"
                               "\"c\":3,\"d\":-4,\"e\":1e100,\"f\":null,\"\":\"\"}"));
}

TEST(a_value_behind_other_text_takes_no_comma)
{
    AUTO(buf) b = BUF(MIB);
    buf_add(&b, STR("data: "));
    json_open(&b, '{');
    json_close(&b, '}');
    buf_add(&b, STR("\n"));
    json_put_u64(&b, 7);
    CHECK_STR(buf_str(&b), STR("data: {}\n7"));
}

TEST(every_control_character_is_escaped_and_read_back)
{
    for (int c = 0; c < 0x80; c++) {
        AUTO(buf) b = BUF(64);
        const char one = (char)c;
        jval v = {0};
        str s = STR_NONE;
        json_put_str(&b, (str){&one, 1});
        for (size_t i = 0; i < b.len; i++)
            CHECK_INT(b.at[i], >=, ' ');
        NEED_OK(json_read(fresh(), buf_str(&b), &v));
        CHECK_OK(json_str(&v, 1, &s));
        CHECK_STR(s, ((str){&one, 1}));
        CHECK((b.len == 3) == (c >= ' ' && c != '"' && c != '\\'));
    }
}

TEST(escapes_are_the_short_ones_where_there_are_such)
{
    AUTO(buf) b = BUF(64);
    json_put_str(&b, STR("\"\\\b\t\n\f\r/\x01\x1f\x7f"));
    CHECK_STR(buf_str(&b), STR("\"\\\"\\\\\\b\\t\\n\\f\\r/\\u0001\\u001f\x7f\""));
}

/* `s` with every byte that belongs to no character replaced by U+FFFD. */
static str
repaired(buf *b, str s)
{
    while (s.len) {
        const size_t n = utf8_valid_len(s);
        buf_add(b, str_slice(s, 0, n));
        if (n < s.len)
            buf_add(b, STR("\xEF\xBF\xBD"));
        s = str_slice(s, n + 1, s.len);
    }
    return buf_str(b);
}

TEST(any_bytes_come_out_as_valid_json_and_valid_utf8)
{
    static const char letters[] =
        "a\"\\\n\x01\x7F\x80\xBF\xC3\xA4\xE2\x82\xAC\xED\xA0\xF0\x9F\x98\xFF";
    for (int round = 0; round < 20000; round++) {
        char text[24];
        AUTO(buf) b = BUF(MIB);
        AUTO(buf) want = BUF(MIB);
        const size_t len = test_random() % sizeof text;
        jval v = {0};
        str s = STR_NONE;
        for (size_t i = 0; i < len; i++)
            text[i] = letters[test_random() % (sizeof letters - 1)];
        json_put_str(&b, (str){text, len});
        CHECK(utf8_valid(buf_str(&b)));
        NEED_OK(json_read(fresh(), buf_str(&b), &v));
        NEED_OK(json_str(&v, MIB, &s));
        CHECK_STR(s, repaired(&want, (str){text, len}));
    }
}

TEST(pieces_of_a_string_add_up_to_the_whole)
{
    const str text = STR("a\"\xC3\xA4\n\xF0\x9F\x98\x80\\");
    AUTO(buf) whole = BUF(64);
    json_put_raw(&whole, text);
    for (size_t cut = 0; cut <= text.len; cut++) {
        AUTO(buf) b = BUF(64);
        const size_t at = utf8_whole_len(str_slice(text, 0, cut));
        json_put_raw(&b, str_slice(text, 0, at));
        json_put_raw(&b, str_slice(text, at, text.len));
        CHECK_STR(buf_str(&b), buf_str(&whole));
    }
}

TEST(a_name_is_escaped_as_well)
{
    AUTO(buf) b = BUF(64);
    json_member_u64(&b, "a\"\n", 1);
    CHECK_STR(buf_str(&b), STR("\"a\\\"\\n\":1"));
}

TEST(whole_numbers_are_exact_at_every_bound)
{
    static const int64_t numbers[] = {0, 1, -1, 9, 10, INT32_MIN, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        AUTO(buf) b = BUF(64);
        char want[32];
        jval v = {0};
        int64_t n = 7;
        snprintf(want, sizeof want, "%" PRId64, numbers[i]);
        json_put_i64(&b, numbers[i]);
        CHECK_STR(buf_str(&b), str_of(want));
        NEED_OK(json_read(fresh(), buf_str(&b), &v));
        CHECK_OK(json_i64(&v, INT64_MIN, INT64_MAX, &n));
        CHECK(n == numbers[i]);
    }
    AUTO(buf) b = BUF(64);
    json_put_u64(&b, UINT64_MAX);
    CHECK_STR(buf_str(&b), STR("18446744073709551615"));
}

/* Digits of the shortest %e that reads back. */
static size_t
shortest_digits(double d)
{
    char text[40];
    for (int n = 1; n < 17; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, d);
        if (strtod(text, NULL) == d)
            return (size_t)n;
    }
    return 17;
}

static size_t
count_digits(str s)
{
    size_t from = 0, digits = 0, zeros = 0;
    for (; from < s.len && (s.at[from] < '1' || s.at[from] > '9') && s.at[from] != 'e'; from++)
        continue;
    for (; from < s.len && s.at[from] != 'e'; from++) {
        digits += s.at[from] != '.';
        zeros = s.at[from] == '0' ? zeros + 1 : s.at[from] == '.' ? zeros : 0;
    }
    return digits - zeros;
}

TEST(a_double_is_written_as_the_shortest_text_that_reads_back)
{
    for (int round = 0; round < 30000; round++) {
        AUTO(buf) b = BUF(64);
        const uint64_t bits = test_random();
        double d, back = 0;
        jval v = {0};
        if (round % 2)
            d = (double)(int64_t)(bits >> 40) / 1000.0;
        else
            memcpy(&d, &bits, sizeof d);
        if (!isfinite(d) || d == 0)
            continue;
        json_put_f64(&b, d);
        NEED_OK(json_read(fresh(), buf_str(&b), &v));
        CHECK_OK(json_f64(&v, -DBL_MAX, DBL_MAX, &back));
        CHECK(memcmp(&back, &d, sizeof d) == 0);
        CHECK_INT(count_digits(buf_str(&b)), <=, shortest_digits(d));
        CHECK_INT(b.len, <=, 25);
    }
}

TEST(doubles_at_the_edges_read_back)
{
    static const double edges[] = {
        0.0,        -0.0,     1.0,  -1.0, 0.1,         DBL_MAX, DBL_MIN,
        5e-324,     -DBL_MAX, 1e21, 1e-7, 123456789.0, 1e15,    9007199254740993.0,
        DBL_EPSILON};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        AUTO(buf) b = BUF(64);
        jval v = {0};
        double d = 7;
        json_put_f64(&b, edges[i]);
        NEED_OK(json_read(fresh(), buf_str(&b), &v));
        CHECK_OK(json_f64(&v, -DBL_MAX, DBL_MAX, &d));
        CHECK(memcmp(&d, &edges[i], sizeof d) == 0);
    }
}

TEST(what_is_not_finite_is_null)
{
    AUTO(buf) b = BUF(64);
    json_open(&b, '[');
    json_put_f64(&b, (double)NAN);
    json_put_f64(&b, (double)INFINITY);
    json_put_f64(&b, (double)-INFINITY);
    json_close(&b, ']');
    CHECK_STR(buf_str(&b), STR("[null,null,null]"));
}

/* A random document, written with a random budget of values. */
static void put_random(buf *b, int depth, int *budget);

static void
put_random_text(buf *b)
{
    static const char *const parts[] = {"a",    "\"", "\\", "\n", "\xC3\xA4", "\xF0\x9F\x98\x80",
                                        "\x01", " "};
    AUTO(buf) s = BUF(256);
    for (size_t n = test_random() % 12; n > 0; n--)
        buf_add(&s, str_of(parts[test_random() % 8]));
    json_put_str(b, buf_str(&s));
}

static void
put_random_container(buf *b, int depth, int *budget)
{
    char name[16];
    const bool object = test_random() % 2;
    json_open(b, object ? '{' : '[');
    for (size_t i = test_random() % (depth ? 6 : 40); i > 0 && --*budget > 0; i--) {
        snprintf(name, sizeof name, "m %zu", i);
        if (object)
            json_key(b, name);
        put_random(b, depth + 1, budget);
    }
    json_close(b, object ? '}' : ']');
}

static void
put_random(buf *b, int depth, int *budget)
{
    switch (depth == 0 ? 0 : test_random() % (depth < 60 ? 8 : 6)) {
    case 1:
        return json_put_u64(b, test_random() >> test_random() % 64);
    case 2:
        return json_put_i64(b, -(int64_t)(test_random() >> (1 + test_random() % 63)));
    case 3:
        return json_put_f64(b, (double)(test_random() % 1000000) / 256.0 + 0.5);
    case 4:
        return json_put_bool(b, test_random() % 2);
    case 5:
        return json_put_null(b);
    case 6:
        return put_random_text(b);
    default:
        if (depth < 60)
            return put_random_container(b, depth, budget);
        json_put_null(b);
    }
}

TEST(a_random_document_read_and_written_again_is_the_same)
{
    size_t longest = 0;
    for (int round = 0; round < 3000; round++) {
        AUTO(buf) b = BUF(16 * MIB);
        AUTO(buf) again = BUF(16 * MIB);
        int budget = 400;
        jval v = {0};
        put_random(&b, 0, &budget);
        NEED_OK(buf_end(&b));
        NEED_OK(json_read(fresh(), buf_str(&b), &v));
        json_put_value(&again, &v);
        CHECK_STR(buf_str(&again), buf_str(&b));
        longest = b.len > longest ? b.len : longest;
    }
    CHECK_INT(longest, >, 1000);
}

TEST(a_value_keeps_its_number_when_written_again)
{
    static const char *const texts[] = {
        "18446744073709551615", "-9223372036854775808", "1.0", "-0.0", "1e300", "0.1", "[]", "{}",
        "\"\\u0000\"",          "[1,{\"a\":[{}]}]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        AUTO(buf) b = BUF(256);
        jval v = {0};
        NEED_OK(json_read(fresh(), str_of(texts[i]), &v));
        json_put_value(&b, &v);
        CHECK_STR(buf_str(&b), str_of(texts[i]));
    }
}

TEST(an_absent_value_is_written_as_null)
{
    AUTO(buf) b = BUF(16);
    json_put_value(&b, &(jval){0});
    CHECK_STR(buf_str(&b), STR("null"));
}

TEST(a_document_too_long_is_a_limit_and_never_half_a_number)
{
    for (size_t limit = 0; limit < 40; limit++) {
        AUTO(buf) b = BUF(limit);
        json_open(&b, '{');
        json_member_str(&b, "name", STR("value\n"));
        json_member_u64(&b, "number", 1234567890);
        json_close(&b, '}');
        CHECK_INT(buf_end(&b).code, ==, limit < 38 ? ERR_LIMIT : ERR_OK);
        CHECK(b.len <= limit);
    }
}

static void
open_with_a_brace_of_another_kind(void)
{
    AUTO(buf) b = BUF(16);
    json_open(&b, '(');
}

static void
close_what_opens(void)
{
    AUTO(buf) b = BUF(16);
    json_close(&b, '{');
}

TEST(a_bracket_that_is_none_is_a_programmers_error)
{
    CHECK(panics(open_with_a_brace_of_another_kind));
    CHECK(panics(close_what_opens));
}
