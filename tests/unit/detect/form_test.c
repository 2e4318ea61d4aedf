/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/form.h"

#include "test.h"

TEST(a_view_leaves_the_layout_out)
{
    struct view v;
    view_read(STR("de89 3704-00/44\n> 05  32"), 0, &v);
    CHECK_STR(((str){v.c, v.count}), STR("DE893704004405"));
    CHECK_INT(v.small_at, ==, 0);
    CHECK_INT(v.after[3], ==, ' ');
}

TEST(forms_fit_strictly_or_through_a_scanners_confusions)
{
    struct view v;
    char got[FORM_MAX];
    bool confused;
    view_read(STR("A 0OO 500 015"), 0, &v);
    CHECK_INT(form_fits("A9{9}", &v, false, got, &confused), ==, 0);
    CHECK_INT(form_fits("A9{9}", &v, true, got, &confused), ==, 10);
    CHECK(confused && str_eq(str_of(got), STR("A000500015")));
    CHECK_INT(form_fits("A9{8}", &v, true, got, &confused), ==, 0); /* not on an edge */
    CHECK_INT(form_fits("A9{11}", &v, true, got, &confused), ==, 0);
}

TEST(layouts_fit_as_far_as_they_can_and_end_with_the_word)
{
    CHECK_INT(layout_fits("9{1,4}_Aa{0,3}A?_9{1,6}/9{2}", STR("12 C 580/06."), 0), ==, 11);
    CHECK_INT(layout_fits("9{1,4}_A_9+/9{2}", STR("12\nC 580/06"), 0), ==, 11);
    CHECK_INT(layout_fits("9{1,4}_A_9+/9{2}", STR("12 C 580/067"), 0), ==, 0);
    CHECK_INT(layout_fits("'HRB'_?9{1,6}_?A{0,3}", STR("HRB 12\nSumme"), 0), ==, 6);
    CHECK_INT(layout_fits("9", STR(""), 0), ==, 0);
}
