/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/cell/cell.h"

#include "rig.h"

static const char docx[] =
    "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">"
    "<w:body><w:p><w:r><w:t>Aus Word</w:t></w:r></w:p></w:body></w:document>";

/* One page, one line; poppler mends the table of places that is not there. */
static const char pdf[] =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Contents 4 0 R/Resources<</Font<</F "
    "5 0 R>>>>>>endobj\n"
    "4 0 obj<</Length 47>>stream\nBT /F 12 Tf 50 200 Td (Aus einem PDF.) Tj ET    \nendstream "
    "endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
    "trailer<</Root 1 0 R>>\n%%EOF\n";

TEST(documents_of_each_form_are_read_by_one_reader_after_the_other)
{
    AUTO(buf) zip = BUF(100000);
    const struct zip_part one = {.name = "word/document.xml", .bytes = str_of(docx)};
    zip_write(&zip, &one, 1);
    RIG(r);
    CHECK_STR(rig_read(&r, DOC_DOCX, buf_str(&zip)), STR("Aus Word\n\n"));
    CHECK_STR(rig_read(&r, DOC_HTML, STR("<p>Aus <b>HTML")), STR("Aus HTML"));
    CHECK_STR(rig_read(&r, DOC_TEXT, STR("")), STR(""));
}

TEST(a_pdf_is_read_through_pdftohtml_in_a_sandbox)
{
    if (!cell_pdf_tool())
        SKIP("no pdftohtml (poppler-utils)");
    RIG(r);
    CHECK_STR(rig_read(&r, DOC_PDF, str_of(pdf)), STR("Aus einem PDF.\n\n"));
    CHECK_STR(rig_read(&r, DOC_PDF, STR("kein PDF")),
              STR("! cannot be opened: it is damaged or protected by a password"));
}

TEST(what_is_wrong_with_a_document_is_said_and_the_next_is_read)
{
    RIG(r);
    CHECK_STR(rig_read(&r, DOC_ODT, STR("PK")), STR("! is no whole zip file"));
    CHECK_STR(rig_read(&r, DOC_HTML, STR("\xff")), STR("! is no UTF-8 from byte 0 on"));
    CHECK_STR(rig_read(&r, DOC_HTML, STR("gut")), STR("gut"));
}

TEST(a_large_document_goes_through)
{
    AUTO(buf) b = BUF(4 << 20);
    str text = STR_NONE;
    RIG(r);
    for (int i = 0; i < 200000; i++)
        buf_add(&b, STR("<p>Hund</p>"));
    NEED_OK(cell_read(r.channel, DOC_HTML, buf_str(&b), &text));
    CHECK_INT(text.len, >, 200000 * 5);
    cell_release(text);
}

TEST(a_reader_that_is_gone_is_lost_not_waited_for)
{
    str text;
    int pair[2];
    NEED_OK(ipc_pair(pair));
    (void)close(pair[1]);
    CHECK_ERR(cell_read(pair[0], DOC_HTML, STR("x"), &text), ENGINE_LOST);
    (void)close(pair[0]);
}

TEST(a_program_that_is_not_there_is_not_started)
{
    int channel = -7;
    CHECK_ERR(cell_start("/nowhere/hoheit-reader", NULL, &channel), NOT_FOUND);
    CHECK_INT(channel, ==, -7);
}

TEST(a_reader_that_answers_something_else_is_not_believed)
{
    static const struct cell_answer whole = {0};
    for (int i = 0; i < 3; i++) {
        str text;
        int pair[2];
        NEED_OK(ipc_pair(pair));
        NEED_OK(ipc_send_wait(pair[1], i ? CELL_DONE : CELL_READ, 0, &whole,
                              i == 1 ? 4 : sizeof whole, STR_NONE, -1));
        CHECK_ERR(cell_read(pair[0], DOC_HTML, STR("x"), &text), ENGINE_LOST);
        (void)close(pair[0]);
        (void)close(pair[1]);
    }
}

TEST(no_memory_is_no_document)
{
    RIG(r);
    for (long n = 1; n < 50; n++) {
        str text = STR_NONE;
        fault_arm(n);
        const err e = cell_read(r.channel, DOC_HTML, STR("x"), &text);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired) {
            CHECK_OK(e);
            cell_release(text);
            return;
        }
        CHECK(e.code != 0);
        (void)close(r.channel); /* an answer may wait there that nobody asked for now */
        NEED_OK(cell_start(self_reader(), NULL, &r.channel));
    }
    CHECK(false); /* it does not end */
}
