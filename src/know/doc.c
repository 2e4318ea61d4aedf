/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/doc.h"

#include "base/utf8.h"
#include "know/csv.h"
#include "know/html.h"
#include "know/markdown.h"
#include "know/xzufi.h"

static const char *const forms[DOC_FORMS] = {
    [DOC_TEXT] = "text",   [DOC_MARKDOWN] = "markdown", [DOC_HTML] = "html", [DOC_CSV] = "csv",
    [DOC_XZUFI] = "xzufi", [DOC_DOCX] = "docx",         [DOC_ODT] = "odt",   [DOC_PDF] = "pdf"};

const char *
doc_form_name(enum doc_form f)
{
    ASSERT(f < DOC_FORMS);
    return forms[f];
}

fallible
doc_form_read(str name, enum doc_form *ret)
{
    for (int f = 0; f < DOC_FORMS; f++)
        if (str_eq(name, str_of(forms[f]))) {
            *ret = (enum doc_form)f;
            return OK;
        }
    REFUSE(ARGUMENT, "form", "must be markdown, html, text, csv, xzufi, docx, odt or pdf");
}

enum doc_form
doc_form_of(str name)
{
    static const struct {
        str end;
        enum doc_form form;
    } ends[] = {{STR_INIT(".md"), DOC_MARKDOWN}, {STR_INIT(".markdown"), DOC_MARKDOWN},
                {STR_INIT(".html"), DOC_HTML},   {STR_INIT(".htm"), DOC_HTML},
                {STR_INIT(".csv"), DOC_CSV},     {STR_INIT(".xml"), DOC_XZUFI},
                {STR_INIT(".docx"), DOC_DOCX},   {STR_INIT(".docm"), DOC_DOCX},
                {STR_INIT(".odt"), DOC_ODT},     {STR_INIT(".ott"), DOC_ODT},
                {STR_INIT(".pdf"), DOC_PDF}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (name.len > ends[i].end.len &&
            str_eq_nocase(str_slice(name, name.len - ends[i].end.len, name.len), ends[i].end))
            return ends[i].form;
    return DOC_TEXT;
}

static fallible
check_name(str name)
{
    if (!name.len || name.len > DOC_NAME_MAX || !utf8_valid(name))
        REFUSE(ARGUMENT, "name", "a document's name has 1 to %d bytes of UTF-8", DOC_NAME_MAX);
    for (size_t i = 0; i < name.len; i++)
        if ((uint8_t)name.at[i] < 0x20 || name.at[i] == 0x7f)
            REFUSE(ARGUMENT, "name", "a document's name has no control characters");
    return OK;
}

/* Forms that are no text people write, as Markdown. */
static fallible
convert(arena *a, enum doc_form form, str bytes, str *ret)
{
    AUTO(buf) b = BUF(8 * bytes.len + 1024);
    if (form == DOC_HTML)
        html_to_markdown(bytes, &b);
    else if (form == DOC_CSV)
        csv_to_markdown(bytes, &b);
    else
        TRY(xzufi_to_markdown(bytes, &b));
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

fallible
doc_read(arena *a, str name, enum doc_form form, str bytes, struct doc *ret)
{
    struct doc d = {0};
    str text = bytes;
    TRY(check_name(name));
    if (form >= DOC_DOCX)
        REFUSE(UNSUPPORTED, "form", "%s is read by `hoheit know add` alone", doc_form_name(form));
    if (!utf8_valid(bytes))
        REFUSE(PARSE, "", "the document is no UTF-8 from byte %zu on", utf8_valid_len(bytes));
    if (form != DOC_TEXT && form != DOC_MARKDOWN)
        TRY(convert(a, form, bytes, &text));
    TRY(try_arena_str(a, name, &d.name));
    TRY(markdown_read(a, text, &d));
    *ret = d;
    return OK;
}
