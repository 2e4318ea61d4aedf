/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/token.h"

#include "test.h"

static void
read_all(const char *text, arena *a, struct tokens *t)
{
    const lexicon *x = NULL;
    CHECK_OK(detect_open(a, &x));
    CHECK_OK(tokens_read(x, str_of(text), a, t));
}

TEST(words_numbers_lines_and_marks_are_told_apart)
{
    AUTO(arena) *a = NULL;
    struct tokens t = {0};
    NEED_OK(arena_open(4 << 20, &a));
    read_all("Anne-Kathrin 12a,\n\u00d6l", a, &t);
    NEED(t.count == 6);
    CHECK(t.at[0].kind == TOKEN_WORD && t.at[0].is_upper && t.at[0].end == 12);
    CHECK(t.at[1].kind == TOKEN_NUMBER && t.at[2].is_glued && t.at[3].mark == ',');
    CHECK(t.at[4].kind == TOKEN_LINE && t.at[5].is_upper);
    CHECK_INT(t.at[-1].kind, ==, TOKEN_END);
    CHECK_INT(t.at[6].kind, ==, TOKEN_END);
    CHECK_INT(tokens_find(&t, 13), ==, 1);
}

TEST(bad_bytes_are_marks_and_nothing_is_lost)
{
    AUTO(arena) *a = NULL;
    struct tokens t = {0};
    NEED_OK(arena_open(4 << 20, &a));
    read_all("a\xff\xc3 b", a, &t);
    NEED(t.count == 4);
    CHECK(t.at[1].kind == TOKEN_MARK && t.at[2].kind == TOKEN_MARK);
    read_all("", a, &t);
    CHECK_INT(t.count, ==, 0);
}

TEST(a_small_arena_is_refused)
{
    AUTO(arena) *a = NULL, *small = NULL;
    const lexicon *x = NULL;
    struct tokens t = {0};
    char text[8192];
    NEED_OK(arena_open(4 << 20, &a));
    NEED_OK(arena_open(64 * 1024, &small));
    NEED_OK(detect_open(a, &x));
    memset(text, ',', sizeof text);
    CHECK_ERR(tokens_read(x, (str){text, sizeof text}, small, &t), LIMIT);
}
