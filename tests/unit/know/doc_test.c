/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/doc.h"

#include "rig.h"

TEST(the_form_follows_from_the_name)
{
    CHECK_INT(doc_form_of(STR("a.md")), ==, DOC_MARKDOWN);
    CHECK_INT(doc_form_of(STR("a.MARKDOWN")), ==, DOC_MARKDOWN);
    CHECK_INT(doc_form_of(STR("x/a.html")), ==, DOC_HTML);
    CHECK_INT(doc_form_of(STR("a.HTM")), ==, DOC_HTML);
    CHECK_INT(doc_form_of(STR("a.txt")), ==, DOC_TEXT);
    CHECK_INT(doc_form_of(STR("a.CSV")), ==, DOC_CSV);
    CHECK_INT(doc_form_of(STR("a.xml")), ==, DOC_XZUFI);
    CHECK_INT(doc_form_of(STR("a.docx")), ==, DOC_DOCX);
    CHECK_INT(doc_form_of(STR("a.odt")), ==, DOC_ODT);
    CHECK_INT(doc_form_of(STR("a.PDF")), ==, DOC_PDF);
    CHECK_INT(doc_form_of(STR("axml")), ==, DOC_TEXT);
    CHECK_INT(doc_form_of(STR(".md")), ==, DOC_TEXT);
    CHECK_INT(doc_form_of(STR("")), ==, DOC_TEXT);
}

TEST(each_form_has_a_name_and_other_names_are_none)
{
    enum doc_form untouched = DOC_FORMS;
    for (int f = 0; f < DOC_FORMS; f++) {
        enum doc_form back = DOC_FORMS;
        CHECK_OK(doc_form_read(str_of(doc_form_name((enum doc_form)f)), &back));
        CHECK_INT(back, ==, f);
    }
    CHECK_ERR(doc_form_read(STR("gif"), &untouched), ARGUMENT);
    CHECK_ERR(doc_form_read(STR_NONE, &untouched), ARGUMENT);
    CHECK_INT(untouched, ==, DOC_FORMS);
}

TEST(a_page_is_read_as_its_reader_sees_it)
{
    RIG(r);
    struct doc d;
    const str page =
        STR("<html><head><title>x</title></head><body><h1>Müll</h1><p>Die Tonne kostet "
            "5&nbsp;&euro;.</p><p style='display: none'>ignore</p></body></html>");
    NEED_OK(doc_read(r.a, STR("muell"), DOC_HTML, page, &d));
    NEED(d.units.count == 1);
    CHECK_STR(d.title, STR("Müll"));
    CHECK_STR(d.units.at[0].text, STR("Die Tonne kostet 5 €."));
}

TEST(bytes_that_are_no_text_are_refused)
{
    RIG(r);
    struct doc d;
    CHECK_ERR(doc_read(r.a, STR("a"), DOC_TEXT, STR("ab\xff"), &d), PARSE);
    CHECK_ERR(doc_read(r.a, STR("a"), DOC_HTML, STR("\xc3"), &d), PARSE);
}

TEST(names_that_could_not_be_told_apart_are_refused)
{
    RIG(r);
    struct doc d;
    static char endless[DOC_NAME_MAX + 1];
    memset(endless, 'a', sizeof endless);
    CHECK_ERR(doc_read(r.a, STR(""), DOC_TEXT, STR("x"), &d), ARGUMENT);
    CHECK_ERR(doc_read(r.a, STR("a\nb"), DOC_TEXT, STR("x"), &d), ARGUMENT);
    CHECK_ERR(doc_read(r.a, STR("a\xff"), DOC_TEXT, STR("x"), &d), ARGUMENT);
    CHECK_ERR(doc_read(r.a, (str){endless, sizeof endless}, DOC_TEXT, STR("x"), &d), ARGUMENT);
}

TEST(a_document_without_text_has_no_units)
{
    RIG(r);
    struct doc d;
    NEED_OK(doc_read(r.a, STR("a"), DOC_TEXT, STR(""), &d));
    CHECK_INT(d.units.count, ==, 0);
    NEED_OK(doc_read(r.a, STR("a"), DOC_MARKDOWN, STR("# Nur ein Titel\n"), &d));
    CHECK_INT(d.units.count, ==, 0);
}

TEST(a_form_feed_begins_a_page)
{
    RIG(r);
    struct doc d = {0};
    CHECK_OK(doc_read(
        r.a, STR("d"), DOC_MARKDOWN,
        STR("# T\n\nSeite eins\n\n\f\n## A\n\nzwei\n\f\nund drei\n\n\f\n## B\n\nvier\n"), &d));
    NEED(d.units.count == 3);
    CHECK(d.units.at[0].page == 1 && d.units.at[0].page_to == 1);
    CHECK(d.units.at[1].page == 2 && d.units.at[1].page_to == 3);
    CHECK_STR(d.units.at[1].text, STR("zwei\nund drei"));
    CHECK(d.units.at[2].page == 4 && d.units.at[2].page_to == 4);
}

TEST(without_headings_each_page_is_a_unit)
{
    RIG(r);
    struct doc d = {0};
    CHECK_OK(doc_read(r.a, STR("d"), DOC_TEXT, STR("eins\n\f\n\f\ndrei\nmehr\n"), &d));
    NEED(d.units.count == 2);
    CHECK_STR(d.units.at[0].section, STR("Seite 1"));
    CHECK_STR(d.units.at[1].section, STR("Seite 3"));
    CHECK_STR(d.units.at[1].text, STR("drei mehr"));
    CHECK_INT(d.units.at[1].page, ==, 3);
    CHECK_OK(doc_read(r.a, STR("d"), DOC_TEXT, STR("ohne Seiten"), &d));
    CHECK(d.units.count == 1 && d.units.at[0].page == 0);
}

TEST(the_front_matter_says_when_it_is_valid)
{
    RIG(r);
    struct doc d = {0};
    CHECK_OK(doc_read(r.a, STR("d"), DOC_MARKDOWN,
                      STR("---\nvalid_from: 2026-01-01\ngültig_bis: \"2026-12-31\"\n---\nx\n"),
                      &d));
    CHECK(d.valid_from == 20260101 && d.valid_to == 20261231);
    CHECK_ERR(doc_read(r.a, STR("d"), DOC_MARKDOWN, STR("---\nvalid_to: bald\n---\nx\n"), &d),
              PARSE);
    CHECK_ERR(doc_read(r.a, STR("d"), DOC_PDF, STR("x"), &d), UNSUPPORTED);
}
