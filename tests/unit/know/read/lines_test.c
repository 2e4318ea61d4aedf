/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/lines.h"

#include "rig.h"

TEST(text_becomes_what_it_was)
{
    AUTO(buf) b = BUF(1000);
    AUTO(lines) l = {0};
    lines_begin(&l, &b);
    lines_text(&l, STR(" Steuer \n\t"));
    lines_text(&l, STR(" satz "));
    lines_end(&l, LINES_HEADING, 2);
    lines_text(&l, STR("Punkt"));
    lines_end(&l, LINES_ITEM, 0);
    lines_page(&l);
    lines_end(&l, LINES_TEXT, 0);
    CHECK_STR(buf_str(&b), STR("## Steuer satz\n\n* Punkt\n\n\f\n"));
}

/* Whatever the text: as one paragraph it is read back. */
TEST(marks_in_the_text_are_read_back_as_they_stood)
{
    static const char *const texts[] = {"# keine Überschrift",      "* kein Punkt", "- auch nicht",
                                        "a **b** c_d_ [^1] [x](y)", "--- title: x", "[^1]: Note"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        AUTO(buf) b = BUF(1000);
        AUTO(lines) l = {0};
        AUTO(arena) *a = NULL;
        struct doc d;
        lines_begin(&l, &b);
        lines_text(&l, str_of(texts[i]));
        lines_end(&l, LINES_TEXT, 0);
        NEED_OK(arena_open(1 << 20, &a));
        NEED_OK(doc_read(a, STR("d"), DOC_MARKDOWN, buf_str(&b), &d));
        NEED(d.units.count == 1);
        CHECK_STR(d.units.at[0].text, str_of(texts[i]));
    }
}

TEST(notes_follow_their_paragraph)
{
    AUTO(buf) b = BUF(1000);
    AUTO(lines) l = {0};
    lines_begin(&l, &b);
    lines_text(&l, STR("Satz"));
    lines_note_begin(&l);
    lines_text(&l, STR("Anmerkung"));
    lines_note_end(&l);
    lines_note_begin(&l);
    lines_note_end(&l);
    lines_text(&l, STR(" geht weiter."));
    lines_end(&l, LINES_TEXT, 0);
    CHECK_STR(buf_str(&b), STR("Satz geht weiter.\n\n\\[1\\] Anmerkung\n\n"));
}

TEST(the_title_is_the_highest_heading_then_the_properties_then_the_first_heading)
{
    AUTO(buf) b = BUF(1000);
    AUTO(buf) title = BUF(1000);
    AUTO(lines) l = {0};
    lines_begin(&l, &b);
    lines_title(&l, STR("  "), &title);
    CHECK_INT(title.len, ==, 0);
    lines_text(&l, STR("Erstes"));
    lines_end(&l, LINES_HEADING, 2);
    lines_title(&l, STR(""), &title);
    CHECK_STR(buf_str(&title), STR("---\ntitle: Erstes\n---\n\n"));
    buf_clear(&title);
    lines_title(&l, STR("Eigen\nschaft"), &title);
    CHECK_STR(buf_str(&title), STR("---\ntitle: Eigen schaft\n---\n\n"));
    buf_clear(&title);
    lines_text(&l, STR("Titel"));
    lines_end(&l, LINES_HEADING, 1);
    lines_title(&l, STR("Eigenschaft"), &title);
    CHECK_STR(buf_str(&title), STR("---\ntitle: Titel\n---\n\n"));
}

TEST(what_does_not_fit_is_told_at_the_end)
{
    AUTO(buf) b = BUF(8);
    AUTO(lines) l = {0};
    lines_begin(&l, &b);
    lines_text(&l, STR("viel zu lang für das"));
    CHECK(lines_has(&l));
    lines_end(&l, LINES_TEXT, 0);
    CHECK(!lines_has(&l));
    CHECK_ERR(buf_end(&b), LIMIT);
}
