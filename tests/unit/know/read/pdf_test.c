/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/pdf.h"

#include "pdf_rig.h"

#define LONG "Der erste Satz steht auf einer Zeile, die fast bis an den Rand geht und"

static str
read_pdf(const char *xml)
{
    return rig_read(DOC_PDF, str_of(xml));
}

TEST(lines_become_paragraphs_and_words_that_were_cut_are_whole)
{
    CHECK_STR(read_pdf(PDF(PAGE(FONTS AT(200, 50, 500, 0, LONG) AT(218, 50, 500, 0, "dann weiter-")
                                    AT(236, 50, 500, 0, "geht, mit Haupt-")
                                        AT(254, 50, 500, 0, "und Nebenwohnung.")
                                            AT(300, 50, 500, 0, "Ein neuer Absatz.")))),
              STR(LONG " dann weitergeht, mit Haupt- und Nebenwohnung.\n\nEin neuer Absatz.\n\n"));
}

TEST(headings_are_larger_or_bold_or_sections)
{
    CHECK_STR(read_pdf(PDF(PAGE(FONTS AT(100, 50, 500, 1, "Satzung") AT(200, 50, 500, 0, LONG) AT(
                  240, 50, 500, 0, "<b>Kosten</b>") AT(280, 50, 500, 0, "Text.")
                                    AT(320, 50, 100, 0, "§ 2 Steuersatz")
                                        AT(360, 50, 500, 0, "<b>Fett, aber ein Satz.</b>")))),
              STR("---\ntitle: Satzung\n---\n\n# Satzung\n\n" LONG
                  "\n\n## Kosten\n\nText.\n\n## § 2 Steuersatz\n\nFett, aber ein Satz.\n\n"));
}

TEST(what_stands_beside_each_other_is_a_row)
{
    CHECK_STR(read_pdf(PDF(PAGE(FONTS AT(200, 50, 40, 0, "Hund") AT(200, 200, 40, 0, "Euro") AT(
                  200, 242, 9, 0, "*") AT(218, 50, 40, 0, "erster") AT(219, 200, 20, 0, "96")))),
              STR("Hund | Euro \\*\n\nerster | 96\n\n"));
}

TEST(items_begin_lines)
{
    CHECK_STR(read_pdf(PDF(PAGE(FONTS AT(200, 50, 500, 0, LONG) AT(218, 50, 100, 0, "1. eins")
                                    AT(236, 50, 100, 0, "(2) zwei") AT(254, 50, 100, 0, "a) drei")
                                        AT(272, 50, 100, 0, "2026 war")))),
              STR(LONG "\n\n1. eins\n\n(2) zwei\n\na) drei 2026 war\n\n"));
}

TEST(headers_and_footers_are_left_out_and_pages_begin)
{
    const str s = read_pdf(
        PDF(PAGE(FONTS AT(20, 50, 100, 0, "Stadt") AT(500, 50, 500, 0, "Auf der ersten Seite.")
                     AT(980, 50, 100, 0, "Seite 1 von 2"))
                PAGE(AT(20, 50, 100, 0, "Stadt") AT(500, 50, 500, 0, "Auf der zweiten Seite.")
                         AT(980, 50, 100, 0, "Seite 2 von 2"))));
    CHECK_STR(s, STR("Auf der ersten Seite.\n\n\f\nAuf der zweiten Seite.\n\n"));
}

TEST(an_edge_that_comes_once_is_text)
{
    CHECK_HAS(read_pdf(PDF(PAGE(FONTS AT(20, 50, 100, 0, "Oben") AT(500, 50, 500, 0, "Mitte")))),
              "Oben");
}

TEST(pictures_alone_are_no_text_and_that_is_said)
{
    CHECK_STR(read_pdf(PDF(PAGE(FONTS "<image src='x'/>"))),
              STR("! has no text: its pages are pictures, which are not read"));
    CHECK_STR(read_pdf("kein XML"), STR("! has a part that is not well-formed XML"));
}

TEST(numbers_that_are_absurd_do_no_harm)
{
    static const char *const numbers[] = {"99999999999999999999", "-1", "", "1e9", "1048576", "0"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        AUTO(arena) *a = NULL;
        NEED_OK(arena_open(1 << 20, &a));
        const char *const n = numbers[i];
        const str s = read_pdf(arena_fmt(a,
                                         "<pdf2xml><page height='%s' width='%s'><fontspec "
                                         "size='%s'/><text top='%s' left='%s' width='%s' "
                                         "height='%s' font='0'>a</text><text top='1' left='1' "
                                         "width='%s' height='%s' font='0'>b</text></page>"
                                         "</pdf2xml>",
                                         n, n, n, n, n, n, n, n, n)
                                   .at);
        CHECK(s.len < 100);
    }
}

TEST(no_memory_is_no_document)
{
    const str xml = STR(PDF(PAGE(FONTS AT(20, 50, 100, 0, "Oben") AT(500, 50, 500, 1, "Mitte"))));
    for (long n = 1; n < 200; n++) {
        AUTO(buf) b = BUF(RIG_BYTES);
        fault_arm(n);
        const err e = pdf_to_markdown(xml, &b);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != 0));
        if (!fired)
            return;
    }
    CHECK(false); /* it does not end */
}
