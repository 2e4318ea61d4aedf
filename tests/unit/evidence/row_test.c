/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/row.h"

#include <stdio.h>

#include "test.h"

static str
line_of(arena *a, const char *entry)
{
    AUTO(buf) b = BUF(4096);
    struct row r;
    str s = STR_NONE;
    CHECK_OK(row_read(a, str_of(entry), &r));
    csv_put(&b, &r);
    CHECK_OK(buf_end(&b));
    CHECK_OK(try_arena_str(a, buf_str(&b), &s));
    return s;
}

static bool
has(str s, const char *needle)
{
    return str_find(s, str_of(needle)) >= 0;
}

TEST(texts_and_numbers_are_read_and_the_rest_is_left_out)
{
    AUTO(arena) *a = NULL;
    struct row r;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(row_read(a,
                     STR("{\"seq\":7,\"event\":\"decision\",\"key\":{\"a\":1},\"rule\":null,"
                         "\"other\":\"x\",\"tokens_in\":12}"),
                     &r));
    CHECK_STR(r.at[ROW_seq], STR("7"));
    CHECK_STR(r.at[ROW_event], STR("decision"));
    CHECK_INT(r.at[ROW_key].len, ==, 0);
    CHECK_INT(r.at[ROW_rule].len, ==, 0);
    CHECK_INT(row_number(&r, ROW_tokens_in), ==, 12);
    CHECK_INT(row_number(&r, ROW_event), ==, 0);
}

TEST(what_is_no_object_is_refused)
{
    static const char *const bad[] = {"", "[]", "7", "{", "{\"a\":1}x", "\"text\"", "nothing"};
    AUTO(arena) *a = NULL;
    struct row r;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(row_read(a, str_of(bad[i]), &r).code);
}

TEST(cells_are_quoted_and_lines_end_as_rfc_4180_says)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    const str s = line_of(a, "{\"seq\":1,\"why\":\"he said \\\"no\\\", and\\nwent\"}");
    CHECK(has(s, "\"he said \"\"no\"\", and\nwent\""));
    CHECK(str_starts(s, STR("\"1\",")));
    CHECK(str_ends(s, STR("\r\n")));
}

TEST(no_cell_is_a_formula)
{
    static const char *const starts[] = {"=", "+", "-", "@", "\\t", "\\r"};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        char entry[64];
        snprintf(entry, sizeof entry, "{\"why\":\"%sHYPERLINK(1)\"}", starts[i]);
        const str s = line_of(a, entry);
        CHECK(has(s, ",\"'"));
        CHECK(has(s, "HYPERLINK(1)\""));
    }
    CHECK(!has(line_of(a, "{\"why\":\"a=b\"}"), "'"));
}

TEST(every_line_has_as_many_cells_as_the_head)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) head = BUF(4096);
    size_t commas = 0, want = 0;
    NEED_OK(arena_open(1 << 20, &a));
    csv_put_head(&head);
    for (size_t i = 0; i < head.len; i++)
        want += head.at[i] == ',';
    const str s = line_of(a, "{\"seq\":1}");
    for (size_t i = 0; i < s.len; i++)
        commas += s.at[i] == ',';
    CHECK_INT(want, ==, ROW_COUNT - 1);
    CHECK_INT(commas, ==, want);
}

TEST(a_copy_outlives_what_it_was_read_from)
{
    AUTO(arena) *a = NULL, *b = NULL;
    struct row r, copy;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(arena_open(1 << 20, &b));
    NEED_OK(row_read(a, STR("{\"event\":\"log.read\"}"), &r));
    NEED_OK(row_copy(b, &r, &copy));
    arena_reset(a);
    CHECK_STR(copy.at[ROW_event], STR("log.read"));
}
