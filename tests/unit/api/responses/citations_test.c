/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/citations.h"

#include "base/fault.h"
#include "test.h"

static const struct citation_source rows[] = {{STR_INIT("file-a"), STR_INIT("a.md")},
                                              {STR_INIT("file-b"), STR_INIT("b \"q\".md")}};
static const struct citation_sources sources = {rows, 2};

static citation_list
find(arena *a, const char *text)
{
    citation_list l = {0};
    CHECK_OK(citations_find(a, &sources, str_of(text), &l));
    return l;
}

TEST(each_mark_is_one_annotation_at_its_character)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    const citation_list l = find(a, "Fällig [2] und [1], ja [2].");
    NEED(l.count == 3);
    CHECK_STR(l.at[0], STR("{\"type\":\"file_citation\",\"file_id\":\"file-b\",\"filename\":\"b "
                           "\\\"q\\\".md\",\"index\":7}"));
    CHECK_STR(l.at[1], STR("{\"type\":\"file_citation\",\"file_id\":\"file-a\",\"filename\":\"a.md"
                           "\",\"index\":15}"));
    CHECK(str_ends(l.at[2], STR("\"index\":23}")));
}

TEST(what_was_not_shown_is_no_citation)
{
    static const char *const none[] = {"",     "[3]",  "[0]",    "[",    "[]",   "[1",
                                       "[x1]", "[1x]", "[0001]", "[-1]", "[ 1]", "1]"};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK_INT(find(a, none[i]).count, ==, 0);
    citation_list l = {0};
    const struct citation_sources nothing = {NULL, 0};
    CHECK_OK(citations_find(a, &nothing, STR("[1]"), &l));
    CHECK_INT(l.count, ==, 0);
}

TEST(bad_bytes_and_endless_marks_are_borne)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 16);
    NEED_OK(arena_open(4 << 20, &a));
    CHECK_INT(find(a, "\xff\xfe[1]\xc3").count, ==, 1);
    for (int i = 0; i < 2 * CITATIONS_MAX; i++)
        buf_add(&b, STR("[1]"));
    buf_add_char(&b, 0);
    CHECK_INT(find(a, b.at).count, ==, CITATIONS_MAX);
}
