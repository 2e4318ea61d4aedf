/* SPDX-License-Identifier: EUPL-1.2 */
/* read_fuzz.c - office documents and PDFs as hoheit-reader gets them: the first byte says what the
 * rest is - a whole zip file, a part of one, or what pdftohtml printed.  Each ends in Markdown that
 * is read as a document, or in a refusal. */
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "know/read/read.h"
#include "zip_write.h"

enum { OUT_BYTES = 8 << 20, DOC_BYTES = 64 << 20, KINDS = 7 };

static const char body[] =
    "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>"
    "<w:p><w:pPr><w:pStyle w:val=\"a\"/><w:numPr><w:numId "
    "w:val=\"1\"/></w:numPr></w:pPr><w:r><w:rPr><w:rStyle w:val=\"b\"/></w:rPr><w:t>x"
    "</w:t><w:footnoteReference w:id=\"1\"/></w:r></w:p></w:body></w:document>";

static const struct kind {
    enum doc_form form;
    const char *part; /* NULL: the bytes are the document */
} kinds[KINDS] = {{DOC_DOCX, NULL},
                  {DOC_ODT, NULL},
                  {DOC_PDF, NULL},
                  {DOC_DOCX, "word/document.xml"},
                  {DOC_ODT, "content.xml"},
                  {DOC_DOCX, "word/styles.xml"},
                  {DOC_DOCX, "word/numbering.xml"}};

static err
read_kind(const struct kind *k, str bytes, buf *out)
{
    AUTO(buf) zip = BUF(OUT_BYTES);
    const bool is_document = k->part && strcmp(k->part, "word/styles.xml") != 0 &&
                             strcmp(k->part, "word/numbering.xml") != 0;
    const struct zip_part parts[] = {
        {.name = k->part, .bytes = bytes},
        {.name = "word/document.xml", .bytes = {body, sizeof body - 1}},
        {.name = "word/footnotes.xml", .bytes = bytes}};
    if (!k->part)
        return read_to_markdown(k->form, bytes, out);
    zip_write(&zip, parts, is_document ? 1 : 3);
    return zip.failed ? OK : read_to_markdown(k->form, buf_str(&zip), out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static arena *a;
    struct doc d;
    AUTO(buf) out = BUF(OUT_BYTES);
    if (!len)
        return 0;
    if (!a)
        ASSERT(arena_open(DOC_BYTES, &a).code == ERR_OK);
    arena_reset(a);
    const str bytes = {(const char *)data + 1, len - 1};
    const err e = read_kind(&kinds[data[0] % KINDS], bytes, &out);
    if (e.code) {
        ASSERT(e.code == ERR_PARSE || e.code == ERR_LIMIT);
        return 0;
    }
    ASSERT(utf8_valid(buf_str(&out)));
    const err read = doc_read(a, STR("d"), DOC_MARKDOWN, buf_str(&out), &d);
    ASSERT(!read.code || read.code == ERR_LIMIT || read.code == ERR_PARSE);
    return 0;
}
