/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/odt.h"

#include "base/num.h"
#include "base/vec.h"
#include "know/read/lines.h"
#include "know/read/pack.h"
#include "know/read/xml.h"

enum {
    WORK_BYTES = 256 * 1024 * 1024,
    STYLES_MAX = 10000,
    BASES_MAX = 16,
    SPANS_MAX = XML_DEPTH_MAX,
    BLANKS_MAX = 64,
    TITLE_BYTES = 64 * 1024
};

struct style {
    str name, base;
    bool is_hidden, is_white, has_ground;
};

struct reader {
    arena *a;
    struct lines lines;
    struct {
        struct style *at;
        size_t count, room;
    } styles;
    struct style style; /* while is_style_open */
    bool is_style_open, in_body;
    /* the open elements that may hide or hold text, innermost last */
    struct span {
        bool is_hidden, is_white;
    } spans[SPANS_MAX];
    size_t depth, skipping, items, tables, cells, notes;
    int heading; /* level of the one that is open; 0: none */
    bool in_paragraph, is_title, has_title;
    buf title; /* of the properties */
    bool in_title;
};

/* ---- styles */

static fallible
begin_style(struct reader *r, const char *const *attributes)
{
    if (r->styles.count == STYLES_MAX)
        REFUSE(PARSE, "", "has more than %d styles", STYLES_MAX);
    r->style = (struct style){0};
    r->is_style_open = true;
    TRY(try_arena_str(r->a, xml_attribute(attributes, "name"), &r->style.name));
    return try_arena_str(r->a, xml_attribute(attributes, "parent-style-name"), &r->style.base);
}

static void
take_properties(struct style *s, const char *const *attributes)
{
    const str color = xml_attribute(attributes, "color"),
              ground = xml_attribute(attributes, "background-color");
    s->is_hidden |= str_eq(xml_attribute(attributes, "display"), STR("none"));
    s->is_white |= str_eq_nocase(color, STR("#ffffff"));
    s->has_ground |=
        ground.len && !str_eq(ground, STR("transparent")) && !str_eq_nocase(ground, STR("#ffffff"));
}

static const struct style *
find(const struct reader *r, str name)
{
    for (size_t i = r->styles.count; name.len && i > 0; i--) /* automatic ones come last */
        if (str_eq(r->styles.at[i - 1].name, name))
            return &r->styles.at[i - 1];
    return NULL;
}

static struct style
style_of(const struct reader *r, str name, bool *ret_title)
{
    struct style all = {.name = name};
    const struct style *at = find(r, name);
    *ret_title = str_eq(name, STR("Title"));
    for (int i = 0; at && i < BASES_MAX; i++, at = find(r, at->base)) {
        all.is_hidden |= at->is_hidden;
        all.is_white |= at->is_white;
        all.has_ground |= at->has_ground;
        *ret_title |= str_eq(at->name, STR("Title")) || str_eq(at->base, STR("Title"));
    }
    return all;
}

/* ---- text */

static bool
is_seen(const struct reader *r)
{
    const struct span *const s = r->depth ? &r->spans[r->depth - 1] : NULL;
    return !s || (!s->is_hidden && (!s->is_white || r->tables));
}

static void
push(struct reader *r, const struct style *s)
{
    struct span now = r->depth ? r->spans[r->depth - 1] : (struct span){0};
    now.is_hidden |= s->is_hidden;
    now.is_white = (now.is_white || s->is_white) && !s->has_ground;
    ASSERT(r->depth < SPANS_MAX);
    r->spans[r->depth++] = now;
}

static void
end_paragraph(struct reader *r)
{
    r->in_paragraph = false;
    if (r->notes) {
        lines_text(&r->lines, STR(" "));
        return; /* what it is a note to stays what it is */
    }
    if (r->tables)
        lines_text(&r->lines, STR(" "));
    else if (r->is_title && !r->has_title && lines_has(&r->lines)) {
        r->has_title = true;
        lines_end(&r->lines, LINES_HEADING, 1);
    } else if (r->heading)
        lines_end(&r->lines, LINES_HEADING, r->heading + 1);
    else
        lines_end(&r->lines, r->items ? LINES_ITEM : LINES_TEXT, 0);
    r->heading = 0;
}

static void
put_blanks(struct reader *r, const char *const *attributes)
{
    uint64_t n = 1;
    IGNORE(num_u64(xml_attribute(attributes, "c"), 0, BLANKS_MAX, &n)); /* one, or more: the same */
    if (n)
        lines_text(&r->lines, STR(" "));
}

/* ---- elements */

static bool
is_any(str name, const str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, names[i]))
            return true;
    return false;
}

static bool
is_left_out(str name)
{
    static const str names[] = {STR_INIT("text:tracked-changes"),
                                STR_INIT("office:annotation"),
                                STR_INIT("text:table-of-content"),
                                STR_INIT("text:alphabetical-index"),
                                STR_INIT("text:illustration-index"),
                                STR_INIT("text:table-index"),
                                STR_INIT("text:object-index"),
                                STR_INIT("text:user-index"),
                                STR_INIT("text:bibliography"),
                                STR_INIT("text:hidden-text"),
                                STR_INIT("text:note-citation"),
                                STR_INIT("text:hidden-paragraph"),
                                STR_INIT("office:forms"),
                                STR_INIT("text:sequence-decls"),
                                STR_INIT("office:script"),
                                STR_INIT("text:ruby-text")};
    return is_any(name, names, sizeof names / sizeof *names);
}

static bool
is_paragraph(str name)
{
    return str_eq(name, STR("text:p")) || str_eq(name, STR("text:h"));
}

/* Their style may hide what lies in them. */
static bool
is_span(str name)
{
    return is_paragraph(name) || str_eq(name, STR("text:span")) ||
           str_eq(name, STR("text:section"));
}

static void
begin_paragraph(struct reader *r, str name, const char *const *attributes, bool is_title)
{
    uint64_t level = 1;
    const bool is_heading = str_eq(name, STR("text:h"));
    if (is_heading)
        IGNORE(num_u64(xml_attribute(attributes, "outline-level"), 1, 10, &level)); /* then 1 */
    if (r->in_paragraph && !r->notes && !r->tables)
        end_paragraph(r); /* a frame's paragraphs lie inside of one */
    r->in_paragraph = true;
    if (r->notes)
        return;
    r->heading = is_heading ? (int)level : 0;
    r->is_title = is_title;
}

static void
open_block(struct reader *r, str name, const char *const *attributes)
{
    if (str_eq(name, STR("text:list-item")))
        r->items++;
    else if (str_eq(name, STR("table:table"))) {
        if (!r->tables++)
            lines_end(&r->lines, LINES_TEXT, 0);
    } else if (str_eq(name, STR("table:table-row"))) {
        if (r->tables == 1)
            r->cells = 0;
    } else if (str_eq(name, STR("table:table-cell"))) {
        if (r->cells++)
            lines_text(&r->lines, STR(" | "));
    } else if (str_eq(name, STR("text:note"))) {
        if (!r->notes++)
            lines_note_begin(&r->lines);
    } else if (str_eq(name, STR("text:s")))
        put_blanks(r, attributes);
    else if (str_eq(name, STR("text:tab")) || str_eq(name, STR("text:line-break")))
        lines_text(&r->lines, STR(" "));
}

static err
open_in_body(struct reader *r, str name, const char *const *attributes)
{
    bool is_title = false;
    if (is_left_out(name)) {
        r->skipping = 1;
        return OK;
    }
    const struct style s = style_of(r, xml_attribute(attributes, "style-name"), &is_title);
    if (is_paragraph(name))
        begin_paragraph(r, name, attributes, is_title);
    if (is_span(name))
        push(r, &s);
    if (str_eq(name, STR("text:section")) &&
        str_eq(xml_attribute(attributes, "display"), STR("none")))
        r->spans[r->depth - 1].is_hidden = true;
    open_block(r, name, attributes);
    return OK;
}

static err
on_open(void *ctx, str name, const char *const *attributes)
{
    struct reader *const r = ctx;
    if (r->skipping) {
        r->skipping++;
        return OK;
    }
    if (str_eq(name, STR("office:text")))
        r->in_body = true;
    else if (r->in_body)
        return open_in_body(r, name, attributes);
    else if (str_eq(name, STR("style:style")))
        return begin_style(r, attributes);
    else if (r->is_style_open)
        take_properties(&r->style, attributes);
    else if (str_eq(name, STR("dc:title")))
        r->in_title = true;
    return OK;
}

static void
close_in_body(struct reader *r, str name)
{
    if (is_paragraph(name) && r->in_paragraph)
        end_paragraph(r);
    if (is_span(name) && r->depth)
        r->depth--;
    if (str_eq(name, STR("text:list-item")))
        r->items--;
    else if (str_eq(name, STR("table:table-row")) && r->tables == 1)
        lines_end(&r->lines, LINES_TEXT, 0);
    else if (str_eq(name, STR("table:table")))
        r->tables--;
    else if (str_eq(name, STR("text:note")) && !--r->notes) {
        lines_note_end(&r->lines);
        r->in_paragraph = true; /* what it is a note to goes on */
    } else if (str_eq(name, STR("office:text")))
        r->in_body = false;
}

static err
on_close(void *ctx, str name)
{
    struct reader *const r = ctx;
    if (r->skipping) {
        r->skipping--;
        return OK;
    }
    r->in_title = false;
    if (r->in_body)
        close_in_body(r, name);
    else if (str_eq(name, STR("style:style")) && r->is_style_open) {
        r->is_style_open = false;
        return VEC_ADD(r->a, &r->styles, &r->style);
    }
    return OK;
}

static err
on_text(void *ctx, str text)
{
    struct reader *const r = ctx;
    if (r->in_title)
        buf_add(&r->title, text);
    else if (!r->skipping && r->in_body && r->in_paragraph && is_seen(r))
        lines_text(&r->lines, text);
    return OK;
}

/* ---- the whole */

static fallible
walk(struct reader *r, pack *p, const char *name, bool must_be)
{
    AUTO(buf) xml = BUF(PACK_PART_BYTES_MAX);
    const struct xml_hooks hooks = {.open = on_open, .close = on_close, .text = on_text, .ctx = r};
    const err e = pack_read(p, name, &xml);
    if (e.code == ERR_NOT_FOUND && must_be)
        REFUSE(PARSE, "", "is no OpenDocument text");
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    return xml_walk(buf_str(&xml), &hooks);
}

static fallible
read_all(struct reader *r, pack *p)
{
    TRY(walk(r, p, "meta.xml", false));
    TRY(walk(r, p, "styles.xml", false));
    TRY(walk(r, p, "content.xml", true));
    lines_end(&r->lines, LINES_TEXT, 0);
    return buf_end(r->lines.out);
}

static fallible
read_into(pack *p, arena *a, buf *body, buf *b)
{
    AUTO(lines) l = {0};
    AUTO(buf) title = BUF(TITLE_BYTES);
    struct reader *const r = arena_new(a, struct reader);
    lines_begin(&l, body);
    r->a = a;
    r->lines = l;
    r->title = title;
    const err e = read_all(r, p);
    l = r->lines;
    title = r->title;
    TRY(e);
    lines_title(&l, buf_str(&title), b);
    buf_add(b, buf_str(body));
    return buf_end(b);
}

fallible
odt_to_markdown(str bytes, buf *b)
{
    AUTO(pack) *p = NULL;
    AUTO(arena) *a = NULL;
    AUTO(buf) body = BUF(b->limit);
    TRY(pack_open(bytes, &p));
    TRY(arena_open(WORK_BYTES, &a));
    return read_into(p, a, &body, b);
}
