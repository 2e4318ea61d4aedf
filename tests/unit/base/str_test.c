/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/str.h"

#include <strings.h>

#include "test.h"

enum { ROUNDS = 20000, LEN_MAX = 12 };

/* Short texts over few letters, so that parts meet often. */
static str
random_str(char room[LEN_MAX], const char *letters)
{
    const size_t len = test_random() % (LEN_MAX + 1), kinds = strlen(letters);
    for (size_t i = 0; i < len; i++)
        room[i] = letters[test_random() % kinds];
    return (str){room, len};
}

#define EACH_PAIR(a, b, letters)                                                                   \
    char a##_room[LEN_MAX], b##_room[LEN_MAX];                                                     \
    str a, b;                                                                                      \
    for (int k = 0;                                                                                \
         k < ROUNDS && (a = random_str(a##_room, letters), b = random_str(b##_room, letters), 1);  \
         k++)

static ptrdiff_t
naive_find(str s, str needle)
{
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (memcmp(s.at + i, needle.at, needle.len) == 0)
            return (ptrdiff_t)i;
    return -1;
}

TEST(finding_agrees_with_a_naive_search)
{
    EACH_PAIR(s, needle, "ab")
    {
        CHECK_INT(str_find(s, needle), ==, naive_find(s, needle));
        CHECK_INT(str_find_char(s, 'b'), ==, naive_find(s, STR("b")));
    }
}

TEST(starts_and_ends_agree_with_the_search)
{
    EACH_PAIR(s, part, "ab")
    {
        const bool fits = part.len <= s.len;
        CHECK(str_starts(s, part) == (fits && memcmp(s.at, part.at, part.len) == 0));
        CHECK(str_ends(s, part) ==
              (fits && memcmp(s.at + s.len - part.len, part.at, part.len) == 0));
    }
}

TEST(order_is_total_and_zero_only_between_equals)
{
    EACH_PAIR(a, b, "aB\xff")
    {
        const int ab = str_cmp(a, b), ba = str_cmp(b, a);
        CHECK((ab < 0) == (ba > 0) && (ab == 0) == (ba == 0));
        CHECK((ab == 0) == str_eq(a, b));
    }
    CHECK(str_cmp(STR("a"), STR("ab")) < 0);
    CHECK(str_cmp(STR("\x7f"), STR("\x80")) < 0);
    CHECK(str_cmp(STR_NONE, STR("a")) < 0);
    CHECK_INT(str_cmp(STR_NONE, STR("")), ==, 0);
}

TEST(case_is_ignored_for_ascii_letters_only)
{
    EACH_PAIR(a, b, "aAbB")
    CHECK(str_eq_nocase(a, b) == (a.len == b.len && strncasecmp(a.at, b.at, a.len) == 0));
    CHECK(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    CHECK(!str_eq_nocase(STR("@[`{"), STR("`{@[")));
    CHECK(!str_eq_nocase(STR("\xc3\xa4"), STR("\xc3\x84")));
    CHECK(!str_eq_nocase(STR("a"), STR("a\0")));
}

TEST(equality_looks_at_every_byte)
{
    CHECK(str_eq(STR("a\0b"), STR("a\0b")));
    CHECK(!str_eq(STR("a\0b"), STR("a\0c")));
    CHECK(!str_eq(STR("a"), STR("")));
    CHECK(str_eq(STR_NONE, STR("")));
    CHECK(str_eq(str_of(NULL), STR_NONE));
}

TEST(a_slice_is_cut_to_what_there_is)
{
    const str s = STR("abcdef");
    for (size_t from = 0; from < 9; from++)
        for (size_t to = 0; to < 9; to++) {
            const size_t end = to < 6 ? to : 6;
            const str part = str_slice(s, from, to);
            CHECK_INT(part.len, ==, from < end ? end - from : 0);
            CHECK(!part.len || part.at == s.at + from);
        }
    CHECK_INT(str_slice(s, 2, SIZE_MAX).len, ==, 4);
    CHECK_INT(str_slice(STR_NONE, 0, 5).len, ==, 0);
}

TEST(trimming_takes_spaces_and_tabs_at_the_ends_only)
{
    CHECK_STR(str_trim(STR(" \t a b\t c \t")), STR("a b\t c"));
    CHECK_STR(str_trim(STR("abc")), STR("abc"));
    CHECK_STR(str_trim(STR("\r\nabc\n")), STR("\r\nabc\n"));
    CHECK_STR(str_trim(STR(" \t ")), STR(""));
    CHECK_STR(str_trim(STR_NONE), STR(""));
}

TEST(the_parts_put_together_are_the_whole)
{
    EACH_PAIR(s, unused, "a,b")
    {
        (void)unused;
        char joined[2 * LEN_MAX];
        size_t n = 0, parts = 0, commas = 0;
        str rest = s, part;
        while (str_next(&rest, ',', &part)) {
            if (parts++)
                joined[n++] = ',';
            memcpy(joined + n, part.at, part.len);
            n += part.len;
            CHECK_INT(str_find_char(part, ','), ==, -1);
        }
        for (size_t i = 0; i < s.len; i++)
            commas += s.at[i] == ',';
        CHECK_STR(((str){joined, n}), s);
        CHECK_INT(parts, ==, commas + 1);
    }
}

TEST(nothing_has_no_parts)
{
    str rest = STR_NONE, part = STR("untouched");
    CHECK(!str_next(&rest, ',', &part));
    CHECK_STR(part, STR("untouched"));
}

TEST(a_copy_is_ended_by_nul_or_refused)
{
    char room[4] = "xyz";
    CHECK(str_copy(STR("abc"), room, sizeof room));
    CHECK_STR(str_of(room), STR("abc"));
    CHECK(!str_copy(STR("abcd"), room, sizeof room));
    CHECK_STR(str_of(room), STR(""));
    CHECK(!str_copy(STR("a\0b"), room, sizeof room));
    CHECK_STR(str_of(room), STR(""));
    CHECK(str_copy(STR_NONE, room, sizeof room));
    CHECK_STR(str_of(room), STR(""));
    CHECK(str_copy(STR_NONE, room, 1));
}

TEST(secrets_compare_as_texts_do)
{
    EACH_PAIR(a, b, "ab")
    CHECK(secret_eq(a, b) == str_eq(a, b));
    CHECK(!secret_eq(STR("ab"), STR("abc")));
    CHECK(!secret_eq(STR("abc"), STR("ab")));
    CHECK(!secret_eq(STR("abc"), STR("abd")));
    CHECK(!secret_eq(STR("xbc"), STR("abc")));
    CHECK(secret_eq(STR_NONE, STR("")));
}
