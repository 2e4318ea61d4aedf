/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/read.h"

#include "base/utf8.h"
#include "know/csv.h"
#include "know/html.h"
#include "know/read/docx.h"
#include "know/read/odt.h"
#include "know/read/pdf.h"
#include "know/xzufi.h"

static fallible
check_packed(str bytes)
{
    if (str_starts(bytes, STR("\xd0\xcf\x11\xe0")))
        REFUSE(PARSE, "", "is protected by a password, or of the form Word had before 2007");
    return OK;
}

static fallible
check_text(str bytes)
{
    if (!utf8_valid(bytes))
        REFUSE(PARSE, "", "is no UTF-8 from byte %zu on", utf8_valid_len(bytes));
    return OK;
}

fallible
read_to_markdown(enum doc_form form, str bytes, buf *b)
{
    ASSERT(b && form < DOC_FORMS);
    switch (form) {
    case DOC_DOCX:
        TRY(check_packed(bytes));
        return docx_to_markdown(bytes, b);
    case DOC_ODT:
        return odt_to_markdown(bytes, b);
    case DOC_PDF:
        return pdf_to_markdown(bytes, b);
    case DOC_TEXT:
    case DOC_MARKDOWN:
    case DOC_HTML:
    case DOC_CSV:
    case DOC_XZUFI:
    case DOC_FORMS:
        break;
    }
    TRY(check_text(bytes));
    if (form == DOC_HTML)
        html_to_markdown(bytes, b);
    else if (form == DOC_CSV)
        csv_to_markdown(bytes, b);
    else if (form == DOC_XZUFI)
        TRY(xzufi_to_markdown(bytes, b));
    else
        buf_add(b, bytes);
    return buf_end(b);
}
