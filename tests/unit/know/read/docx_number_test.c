/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/docx_number.h"

#include "rig.h"

#define LEVEL(level, format, text)                                                                 \
    "<w:lvl w:ilvl='" level "'><w:start w:val='1'/><w:numFmt w:val='" format                       \
    "'/><w:lvlText w:val='" text "'/></w:lvl>"
#define NUMBERS(levels)                                                                            \
    "<w:numbering " W_SPACE "><w:abstractNum w:abstractNumId='1'>" levels                          \
    "</w:abstractNum><w:num w:numId='5'><w:abstractNumId w:val='1'/></w:num></w:numbering>"

static str
next(struct docx_numbers *n, const char *instance, uint32_t level)
{
    static buf b;
    buf_done(&b);
    b = BUF(100);
    const bool is_shown = docx_number_next(n, str_of(instance), level, &b);
    CHECK(is_shown == (b.len > 0));
    return buf_str(&b);
}

TEST(levels_count_by_themselves_and_begin_anew_below)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    struct docx_numbers n = {.a = a};
    NEED_OK(docx_numbers_read(&n, STR(NUMBERS(LEVEL("0", "upperRoman", "%1.") LEVEL(
                                      "1", "decimal", "%1.%2") LEVEL("2", "lowerLetter", "%3)")))));
    static const struct {
        uint32_t level;
        const char *text;
    } rows[] = {{0, "I."},  {1, "I.1"},  {1, "I.2"}, {2, "a)"},   {2, "b)"},
                {0, "II."}, {1, "II.1"}, {2, "a)"},  {0, "III."}, {0, "IV."}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(next(&n, "5", rows[i].level), str_of(rows[i].text));
}

TEST(a_level_that_is_left_out_has_begun)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    struct docx_numbers n = {.a = a};
    NEED_OK(docx_numbers_read(
        &n, STR(NUMBERS(LEVEL("0", "decimal", "%1") LEVEL("1", "decimal", "%1.%2")))));
    CHECK_STR(next(&n, "5", 1), STR("1.1"));
    CHECK_STR(next(&n, "5", 0), STR("2"));
}

TEST(letters_go_on_behind_z)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    struct docx_numbers n = {.a = a};
    NEED_OK(docx_numbers_read(&n, STR(NUMBERS(LEVEL("0", "lowerLetter", "%1")))));
    for (int i = 0; i < 25; i++)
        (void)next(&n, "5", 0);
    CHECK_STR(next(&n, "5", 0), STR("z"));
    CHECK_STR(next(&n, "5", 0), STR("aa"));
    for (int i = 0; i < 100; i++)
        CHECK(next(&n, "5", 0).len > 0);
}

TEST(bullets_and_what_is_not_known_have_no_number)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    struct docx_numbers n = {.a = a};
    NEED_OK(docx_numbers_read(&n, STR(NUMBERS(LEVEL("0", "bullet", "-") LEVEL("1", "decimal", "")
                                                  LEVEL("99", "decimal", "%1")))));
    CHECK_INT(next(&n, "5", 0).len, ==, 0);
    CHECK_INT(next(&n, "5", 1).len, ==, 0);
    CHECK_INT(next(&n, "5", 8).len, ==, 0);
    CHECK_INT(next(&n, "5", 9).len, ==, 0);
    CHECK_INT(next(&n, "6", 0).len, ==, 0);
    CHECK_INT(next(&n, "", 0).len, ==, 0);
}

TEST(lists_without_end_are_refused)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(RIG_BYTES);
    NEED_OK(arena_open(RIG_BYTES, &a));
    struct docx_numbers n = {.a = a};
    buf_add(&b, STR("<w:numbering " W_SPACE ">"));
    for (int i = 0; i < 10001; i++)
        buf_add(&b, STR("<w:num w:numId='1'/>"));
    buf_add(&b, STR("</w:numbering>"));
    CHECK_ERR(docx_numbers_read(&n, buf_str(&b)), PARSE);
    CHECK_ERR(docx_numbers_read(&n, STR("<w:numbering")), PARSE);
}
