/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/doc.h"

#include "base/utf8.h"
#include "know/html.h"
#include "know/markdown.h"

enum doc_form
doc_form_of(str name)
{
    static const struct {
        str end;
        enum doc_form form;
    } ends[] = {{STR_INIT(".md"), DOC_MARKDOWN},
                {STR_INIT(".markdown"), DOC_MARKDOWN},
                {STR_INIT(".html"), DOC_HTML},
                {STR_INIT(".htm"), DOC_HTML}};
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

fallible
doc_read(arena *a, str name, enum doc_form form, str bytes, struct doc *ret)
{
    struct doc d = {0};
    str text = bytes;
    TRY(check_name(name));
    if (!utf8_valid(bytes))
        REFUSE(PARSE, "", "the document is no UTF-8 from byte %zu on", utf8_valid_len(bytes));
    if (form == DOC_HTML) {
        AUTO(buf) b = BUF(4 * bytes.len + 1024);
        html_to_markdown(bytes, &b);
        TRY(buf_end(&b));
        TRY(try_arena_str(a, buf_str(&b), &text));
    }
    TRY(try_arena_str(a, name, &d.name));
    TRY(markdown_read(a, text, &d));
    *ret = d;
    return OK;
}
