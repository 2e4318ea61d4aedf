/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/docx_style.h"

#include "rig.h"

#define STYLES(all) "<w:styles " W_SPACE ">" all "</w:styles>"

TEST(a_style_takes_over_what_it_does_not_say)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    struct docx_styles s = {.a = a};
    CHECK_OK(docx_styles_read(
        &s, STR(STYLES("<w:style w:styleId='A'><w:name w:val='heading 3'/>"
                       "<w:pPr><w:outlineLvl w:val='2'/></w:pPr></w:style>"
                       "<w:style w:styleId='B'><w:basedOn w:val='A'/><w:rPr><w:vanish/></w:rPr>"
                       "</w:style><w:style w:styleId='C'><w:name w:val='toc 1'/></w:style>"
                       "<w:style w:styleId='D'><w:name w:val='Title'/><w:rPr>"
                       "<w:vanish w:val='0'/><w:color w:val='ffffff'/></w:rPr></w:style>"))));
    CHECK_INT(docx_style_of(&s, STR("B")).level, ==, 2);
    CHECK(docx_style_of(&s, STR("B")).is_hidden && !docx_style_of(&s, STR("A")).is_hidden);
    CHECK(docx_style_of(&s, STR("C")).is_contents);
    const struct docx_style d = docx_style_of(&s, STR("D"));
    CHECK(d.is_title && !d.is_hidden && d.is_white);
    CHECK_INT(docx_style_of(&s, STR("nix")).level, ==, STYLE_LEVEL_NONE);
    CHECK_INT(docx_style_of(&s, STR("")).level, ==, STYLE_LEVEL_NONE);
}

TEST(styles_that_are_based_on_each_other_end)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    struct docx_styles s = {.a = a};
    CHECK_OK(docx_styles_read(
        &s, STR(STYLES("<w:style w:styleId='A'><w:basedOn w:val='B'/></w:style>"
                       "<w:style w:styleId='B'><w:basedOn w:val='A'/></w:style>"))));
    CHECK_INT(docx_style_of(&s, STR("A")).level, ==, STYLE_LEVEL_NONE);
}

TEST(styles_without_end_are_refused)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(RIG_BYTES);
    NEED_OK(arena_open(RIG_BYTES, &a));
    struct docx_styles s = {.a = a};
    buf_add(&b, STR("<w:styles " W_SPACE ">"));
    for (int i = 0; i < 10001; i++)
        buf_add_fmt(&b, "<w:style w:styleId='s%d'/>", i);
    buf_add(&b, STR("</w:styles>"));
    CHECK_ERR(docx_styles_read(&s, buf_str(&b)), PARSE);
    CHECK_ERR(docx_styles_read(&s, STR("<w:styles")), PARSE);
}
