/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/read.h"

#include "rig.h"

TEST(each_form_becomes_markdown)
{
    CHECK_STR(rig_read(DOC_TEXT, STR("wie es ist")), STR("wie es ist"));
    CHECK_STR(rig_read(DOC_MARKDOWN, STR("# T")), STR("# T"));
    CHECK_HAS(rig_read(DOC_HTML, STR("<h1>T</h1>")), "# T");
    CHECK_HAS(rig_read(DOC_CSV, STR("a;b\n1;2\n")), "## 1");
    CHECK_HAS(rig_read(DOC_XZUFI, STR("<leistung><modulFrist><beschreibung>Ja</beschreibung>"
                                      "</modulFrist></leistung>")),
              "## Frist");
    CHECK_STR(rig_docx(W_BODY(W_P("Word"))), STR("Word\n\n"));
}

TEST(bytes_that_are_no_text_are_refused)
{
    CHECK_STR(rig_read(DOC_HTML, STR("a\xff")), STR("! is no UTF-8 from byte 1 on"));
    CHECK_STR(rig_read(DOC_TEXT, STR("\xff")), STR("! is no UTF-8 from byte 0 on"));
    CHECK_HAS(rig_read(DOC_XZUFI, STR("<a>")), "! ");
    CHECK_HAS(rig_read(DOC_ODT, STR("PK")), "! ");
}

TEST(what_grows_too_large_is_a_limit)
{
    AUTO(buf) b = BUF(4);
    CHECK_ERR(read_to_markdown(DOC_TEXT, STR("viel zu lang"), &b), LIMIT);
}
