/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - for the tests of know/read/: documents made of parts, and what is read of them. */
#pragma once
#include "base/arena.h"
#include "base/fault.h"
#include "know/read/read.h"
#include "test.h"
#include "zip_write.h"

enum { RIG_BYTES = 64 << 20 };

#define W_SPACE "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""
#define W_BODY(body) "<w:document " W_SPACE "><w:body>" body "</w:body></w:document>"
#define W_P(text) "<w:p><w:r><w:t>" text "</w:t></w:r></w:p>"
#define O_SPACES                                                                                   \
    "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" "                           \
    "xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" "                               \
    "xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" "                             \
    "xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" "                             \
    "xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" "                    \
    "xmlns:dc=\"http://purl.org/dc/elements/1.1/\""
#define O_TEXT(styles, body)                                                                       \
    "<office:document-content " O_SPACES "><office:automatic-styles>" styles                       \
    "</office:automatic-styles><office:body><office:text>" body                                    \
    "</office:text></office:body></office:document-content>"

/* What is read of these bytes, or "! " and why not; on the test's own static room. */
static inline str
rig_read(enum doc_form form, str bytes)
{
    static buf b;
    buf_done(&b);
    b = BUF(RIG_BYTES);
    const err e = read_to_markdown(form, bytes, &b);
    if (e.code) {
        buf_clear(&b);
        buf_add(&b, STR("! "));
        buf_add(&b, str_of(err_text()));
    }
    return buf_str(&b);
}

static inline str
rig_read_parts(enum doc_form form, const struct zip_part *parts, size_t count)
{
    AUTO(buf) zip = BUF(RIG_BYTES);
    zip_write(&zip, parts, count);
    return rig_read(form, buf_str(&zip));
}

static inline str
rig_docx(const char *document)
{
    const struct zip_part one = {.name = "word/document.xml", .bytes = str_of(document)};
    return rig_read_parts(DOC_DOCX, &one, 1);
}

static inline str
rig_odt(const char *content)
{
    const struct zip_part one = {.name = "content.xml", .bytes = str_of(content)};
    return rig_read_parts(DOC_ODT, &one, 1);
}

#define CHECK_HAS(text, part) CHECK(str_find((text), STR(part)) >= 0)
#define CHECK_HAS_NOT(text, part) CHECK(str_find((text), STR(part)) < 0)
