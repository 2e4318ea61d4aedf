/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/pdf_page.h"

#include "pdf_rig.h"

static err
read_runs(const char *xml, arena *a, struct pdf_runs *ret)
{
    *ret = (struct pdf_runs){.a = a};
    return pdf_runs_read(ret, str_of(xml));
}

TEST(runs_come_with_place_page_and_font)
{
    AUTO(arena) *a = NULL;
    struct pdf_runs r;
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(read_runs(PDF(PAGE(FONTS AT(10, 20, 30, 1, "<b>Ti</b><b>tel</b>"))
                               PAGE(AT(50, 60, 70, 0, "a <b>b</b> c"))),
                       a, &r));
    NEED(r.all.count == 2 && r.page_heights.count == 2);
    CHECK_STR(r.all.at[0].text, STR("Titel"));
    CHECK_INT(r.all.at[0].size, ==, 20);
    CHECK(r.all.at[0].is_bold && !r.all.at[1].is_bold);
    CHECK_INT(r.all.at[1].page, ==, 2);
    CHECK_INT(r.all.at[1].left, ==, 60);
    CHECK_STR(r.all.at[1].text, STR("a b c"));
}

TEST(what_nobody_sees_is_no_run)
{
    AUTO(arena) *a = NULL;
    struct pdf_runs r;
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(read_runs(PDF(PAGE(FONTS AT(10, 20, 30, 2, "weiß") AT(10, 20, 30, 3, "winzig")
                                    AT(10, 900, 30, 0, "rechts davon") AT(1000, 20, 30, 0, "unten")
                                        AT(-5, 20, 30, 0, "oben") AT(x, 20, 30, 0, "nirgends")
                                            AT(10, 20, 30, 99, "ohne Schrift") AT(1, 1, 1, 0, " "))
                               AT(10, 20, 30, 0, "hinter den Seiten")),
                       a, &r));
    CHECK_INT(r.all.count, ==, 1);
    CHECK_STR(r.all.at[0].text, STR("hinter den Seiten"));
}

TEST(text_before_any_page_is_none)
{
    AUTO(arena) *a = NULL;
    struct pdf_runs r;
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(read_runs(PDF(FONTS AT(1, 1, 1, 0, "x")), a, &r));
    CHECK_INT(r.all.count, ==, 0);
    CHECK_ERR(read_runs("<pdf2xml><page>", a, &r), PARSE);
    CHECK_ERR(read_runs("", a, &r), PARSE);
}

TEST(pages_without_end_are_refused)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(RIG_BYTES);
    struct pdf_runs r;
    NEED_OK(arena_open(RIG_BYTES, &a));
    buf_add(&b, STR("<pdf2xml>"));
    for (int i = 0; i < 20001; i++)
        buf_add(&b, STR("<page/>"));
    buf_add(&b, STR("</pdf2xml>"));
    r = (struct pdf_runs){.a = a};
    CHECK_ERR(pdf_runs_read(&r, buf_str(&b)), PARSE);
}

TEST(a_run_without_end_is_a_limit)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(RIG_BYTES);
    struct pdf_runs r;
    NEED_OK(arena_open(RIG_BYTES, &a));
    buf_add(&b, STR("<pdf2xml><page height='9' width='9'><fontspec size='9'/><text top='1' left='1'"
                    " font='0'>"));
    for (int i = 0; i < 70000; i++)
        buf_add_char(&b, 'x');
    buf_add(&b, STR("</text></page></pdf2xml>"));
    r = (struct pdf_runs){.a = a};
    CHECK_ERR(pdf_runs_read(&r, buf_str(&b)), LIMIT);
}
