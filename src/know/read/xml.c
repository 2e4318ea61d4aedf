/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/xml.h"

#include <expat.h>
#include <stdio.h>

#include "base/fault.h"

enum { NAME_MAX_LEN = 96, SEPARATOR = '\n', STEP = 1 << 20 };

struct walk {
    XML_Parser p;
    const struct xml_hooks *hooks;
    size_t depth;
    err e;
};

typedef XML_Parser parser;

static void
parser_auto(parser *p)
{
    if (*p)
        XML_ParserFree(*p);
}

/* Namespaces end like this in all editions of the two standards (ISO/IEC 29500 transitional and
 * strict, ISO/IEC 26300). */
static const struct {
    const char *end, *prefix;
} spaces[] = {{"/wordprocessingml/2006/main", "w"}, {"/wordprocessingml/main", "w"},
              {"/markup-compatibility/2006", "mc"}, {"xmlns:text:1.0", "text"},
              {"xmlns:table:1.0", "table"},         {"xmlns:office:1.0", "office"},
              {"xmlns:style:1.0", "style"},         {"purl.org/dc/elements/1.1/", "dc"}};

static const char *
prefix_of(str space)
{
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (str_ends(space, str_of(spaces[i].end)))
            return spaces[i].prefix;
    return "?";
}

static str
name_of(const char *full, char room[NAME_MAX_LEN])
{
    const str all = str_of(full);
    const ptrdiff_t at = str_find_char(all, SEPARATOR);
    const str local = at < 0 ? all : str_slice(all, (size_t)at + 1, all.len);
    const int n = snprintf(room, NAME_MAX_LEN, "%s:%.*s",
                           at < 0 ? "" : prefix_of(str_slice(all, 0, (size_t)at)), STR_FMT(local));
    return n > 0 && n < NAME_MAX_LEN ? (str){room, (size_t)n} : STR("?:");
}

static void
stop_with(struct walk *w, err e)
{
    if (!e.code || w->e.code)
        return;
    w->e = e;
    (void)XML_StopParser(w->p, XML_FALSE);
}

static fallible
too_deep(void)
{
    REFUSE(PARSE, "", "has elements that lie too deep in each other");
}

static fallible
declares(void)
{
    REFUSE(PARSE, "", "declares entities, which are not read");
}

static void
on_open(void *ctx, const char *name, const char **attributes)
{
    struct walk *const w = ctx;
    char room[NAME_MAX_LEN];
    if (++w->depth > XML_DEPTH_MAX)
        stop_with(w, too_deep());
    else if (!w->e.code && w->hooks->open)
        stop_with(
            w, w->hooks->open(w->hooks->ctx, name_of(name, room), (const char *const *)attributes));
}

static void
on_close(void *ctx, const char *name)
{
    struct walk *const w = ctx;
    char room[NAME_MAX_LEN];
    w->depth--;
    if (!w->e.code && w->hooks->close)
        stop_with(w, w->hooks->close(w->hooks->ctx, name_of(name, room)));
}

static void
on_text(void *ctx, const char *at, int len)
{
    struct walk *const w = ctx;
    if (!w->e.code && w->hooks->text)
        stop_with(w, w->hooks->text(w->hooks->ctx, (str){at, (size_t)len}));
}

/* pdftohtml names a document type of its own; one with declarations inside is no document's. */
static void
on_doctype(void *ctx, const char *name, const char *file, const char *public, int has_internal)
{
    (void)name;
    (void)file;
    (void)public;
    if (has_internal)
        stop_with(ctx, declares());
}

static fallible
parse_all(struct walk *w, str bytes)
{
    enum XML_Status status = XML_STATUS_OK;
    for (size_t at = 0; status == XML_STATUS_OK; at += STEP) {
        const str piece = str_slice(bytes, at, at + STEP);
        const bool is_last = at + piece.len >= bytes.len;
        status = XML_Parse(w->p, piece.len ? piece.at : "", (int)piece.len, is_last);
        if (is_last)
            break;
    }
    TRY(w->e);
    if (status != XML_STATUS_OK)
        REFUSE(PARSE, "", "has a part that is not well-formed XML");
    return OK;
}

fallible
xml_walk(str bytes, const struct xml_hooks *hooks)
{
    AUTO(parser) p = fault_now() ? NULL : XML_ParserCreateNS(NULL, SEPARATOR);
    struct walk w = {.p = p, .hooks = hooks};
    if (!p)
        FAIL(LIMIT, "no memory to read XML");
    XML_SetUserData(p, &w);
    XML_SetElementHandler(p, on_open, on_close);
    XML_SetCharacterDataHandler(p, on_text);
    XML_SetStartDoctypeDeclHandler(p, on_doctype);
    return parse_all(&w, bytes);
}

str
xml_attribute(const char *const *attributes, const char *local_name)
{
    for (; attributes && attributes[0]; attributes += 2) {
        const char *const cut = strchr(attributes[0], SEPARATOR);
        if (strcmp(cut ? cut + 1 : attributes[0], local_name) == 0)
            return str_of(attributes[1]);
    }
    return STR_NONE;
}
