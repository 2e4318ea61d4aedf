/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/docx.h"

#include "base/num.h"
#include "know/read/docx_number.h"
#include "know/read/docx_style.h"
#include "know/read/lines.h"
#include "know/read/pack.h"
#include "know/read/xml.h"

enum { TITLE_BYTES = 64 * 1024, NUMBER_ID_MAX = 16 };
enum { WORK_BYTES = 256 * 1024 * 1024, NOTES_MAX = 10000, TINY_HALF_POINTS = 2, LEVEL_MAX = 9 };

/* A footnote or endnote, by the number the body calls it by. */
struct note {
    str id, text;
};

struct notes {
    VEC(struct note) all;
};

struct paragraph {
    struct docx_style style;
    int level; /* its own; LEVEL_MAX: body text; STYLE_LEVEL_NONE */
    bool has_list, is_shaded;
    char list[NUMBER_ID_MAX]; /* its own w:numId; "0": none, whatever the style says */
    uint32_t list_level;
    bool has_list_level, is_begun, is_numbered; /* is_begun: its number, if any, is put */
};

struct run {
    bool is_hidden, has_color, is_white, is_tiny, is_shaded, shows; /* shows: overrules the style */
};

struct reader {
    arena *a;
    struct lines lines;
    struct docx_styles styles;
    struct docx_numbers numbers;
    struct notes footnotes, endnotes;
    struct notes *filling; /* NULL: the body is read */
    struct note note;
    struct paragraph p;
    struct run r;
    size_t skipping; /* open elements below and with one that is left out */
    size_t tables, cells;
    bool in_text, in_run, in_paragraph_mark, has_title, has_heading;
};

/* ---- properties */

static bool
is_light(str fill)
{
    return !fill.len || str_eq_nocase(fill, STR("auto")) || str_eq_nocase(fill, STR("FFFFFF"));
}

static bool
is_tiny(str half_points)
{
    uint64_t n = 0;
    return !num_u64(half_points, 0, 10000, &n).code && n <= TINY_HALF_POINTS;
}

static void
take_run_property(struct reader *r, str name, const char *const *attributes)
{
    const str value = xml_attribute(attributes, "val");
    if (str_eq(name, STR("w:vanish")) || str_eq(name, STR("w:specVanish"))) {
        r->r.is_hidden = docx_is_on(attributes);
        r->r.shows = !r->r.is_hidden;
    } else if (str_eq(name, STR("w:color"))) {
        r->r.has_color = true;
        r->r.is_white = str_eq_nocase(value, STR("FFFFFF"));
    }
    if (str_eq(name, STR("w:sz")))
        r->r.is_tiny = is_tiny(value);
    else if (str_eq(name, STR("w:highlight")))
        r->r.is_shaded = !str_eq(value, STR("none")) && !str_eq(value, STR("white"));
    else if (str_eq(name, STR("w:rStyle"))) {
        const struct docx_style s = docx_style_of(&r->styles, value);
        r->r.is_hidden |= s.is_hidden && !r->r.shows;
        r->r.is_white |= s.is_white && !r->r.has_color;
    }
}

static void
take_paragraph_property(struct reader *r, str name, const char *const *attributes)
{
    const str value = xml_attribute(attributes, "val");
    uint64_t level = 0;
    if (str_eq(name, STR("w:pStyle")))
        r->p.style = docx_style_of(&r->styles, value);
    else if (str_eq(name, STR("w:outlineLvl")) && !num_u64(value, 0, LEVEL_MAX, &level).code)
        r->p.level = (int)level;
    else if (str_eq(name, STR("w:numId")))
        r->p.has_list = str_copy(value, r->p.list, sizeof r->p.list);
    else if (str_eq(name, STR("w:ilvl")) && !num_u64(value, 0, NUMBER_LEVELS - 1, &level).code) {
        r->p.list_level = (uint32_t)level;
        r->p.has_list_level = true;
    }
}

static void
take_property(struct reader *r, str name, const char *const *attributes)
{
    if (str_eq(name, STR("w:shd"))) {
        const bool is_dark = !is_light(xml_attribute(attributes, "fill"));
        if (r->in_run)
            r->r.is_shaded |= is_dark;
        else
            r->p.is_shaded |= is_dark;
    } else if (r->in_run)
        take_run_property(r, name, attributes);
    else if (!r->in_paragraph_mark)
        take_paragraph_property(r, name, attributes);
}

/* White on a dark ground is for people to read; what ground a table has, its style says. */
static bool
is_seen(const struct reader *r)
{
    const struct docx_style *const s = &r->p.style;
    if (r->r.is_hidden || (s->is_hidden && !r->r.shows) || r->r.is_tiny || s->is_contents)
        return false;
    return !(r->r.is_white || (s->is_white && !r->r.has_color)) || r->tables || r->r.is_shaded ||
           r->p.is_shaded;
}

/* ---- notes */

static const struct note *
find_note(const struct notes *n, str id)
{
    for (size_t i = 0; id.len && i < n->all.count; i++)
        if (str_eq(n->all.at[i].id, id))
            return &n->all.at[i];
    return NULL;
}

static void
put_note(struct reader *r, const struct notes *n, str id)
{
    const struct note *const note = find_note(n, id);
    if (!note || r->filling || !is_seen(r))
        return;
    lines_note_begin(&r->lines);
    lines_text(&r->lines, note->text);
    lines_note_end(&r->lines);
}

static fallible
begin_note(struct reader *r, const char *const *attributes)
{
    if (r->filling->all.count == NOTES_MAX)
        REFUSE(PARSE, "", "has more than %d notes", NOTES_MAX);
    r->note = (struct note){0};
    buf_clear(&r->lines.line);
    return try_arena_str(r->a, xml_attribute(attributes, "id"), &r->note.id);
}

static fallible
end_note(struct reader *r)
{
    TRY(try_arena_str(r->a, str_trim(buf_str(&r->lines.line)), &r->note.text));
    buf_clear(&r->lines.line);
    return r->note.text.len ? VEC_ADD(r->a, &r->filling->all, &r->note) : OK;
}

/* ---- paragraphs and rows */

static str
list_of(const struct paragraph *p)
{
    const str list = p->has_list ? str_of(p->list) : p->style.list;
    return str_eq(list, STR("0")) ? STR_NONE : list;
}

/* Before its first words: a paragraph without any has no number either. */
static void
put_number(struct reader *r)
{
    AUTO(buf) b = BUF(1024);
    const struct paragraph *const p = &r->p;
    const str list = list_of(p);
    if (p->is_begun || r->filling || !list.len)
        return;
    r->p.is_begun = true;
    if (!docx_number_next(&r->numbers, list,
                          p->has_list_level ? p->list_level : p->style.list_level, &b))
        return;
    lines_text(&r->lines, buf_str(&b));
    lines_text(&r->lines, STR(" "));
    r->p.is_numbered = true;
}

static int
level_of(const struct reader *r)
{
    const int own = r->p.level;
    const int level = own == STYLE_LEVEL_NONE ? r->p.style.level : own;
    return level == STYLE_LEVEL_NONE || level >= LEVEL_MAX ? STYLE_LEVEL_NONE : level;
}

static void
end_paragraph(struct reader *r)
{
    const int level = level_of(r);
    if (r->filling || r->tables)
        lines_text(&r->lines, STR(" "));
    else if (r->p.style.is_title && !r->has_title && lines_has(&r->lines)) {
        r->has_title = true;
        lines_end(&r->lines, LINES_HEADING, 1);
    } else if (level != STYLE_LEVEL_NONE)
        lines_end(&r->lines, LINES_HEADING, level + 2);
    else
        lines_end(&r->lines, list_of(&r->p).len && !r->p.is_numbered ? LINES_ITEM : LINES_TEXT, 0);
    r->p = (struct paragraph){.level = STYLE_LEVEL_NONE, .style.level = STYLE_LEVEL_NONE};
}

static void
begin_cell(struct reader *r)
{
    if (r->cells++)
        lines_text(&r->lines, STR(" | "));
}

/* ---- elements */

static bool
is_left_out(str name)
{
    static const str names[] = {STR_INIT("w:del"),         STR_INIT("w:moveFrom"),
                                STR_INIT("mc:Fallback"),   STR_INIT("w:pPrChange"),
                                STR_INIT("w:rPrChange"),   STR_INIT("w:instrText"),
                                STR_INIT("w:tblPrChange"), STR_INIT("w:sectPr")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, names[i]))
            return true;
    return false;
}

static void
open_block(struct reader *r, str name)
{
    if (str_eq(name, STR("w:tbl"))) {
        if (!r->tables++)
            lines_end(&r->lines, LINES_TEXT, 0);
    } else if (str_eq(name, STR("w:tr"))) {
        if (r->tables == 1)
            r->cells = 0;
    } else if (str_eq(name, STR("w:tc")))
        begin_cell(r);
    else if (str_eq(name, STR("w:txbxContent")))
        end_paragraph(r); /* a box's paragraphs lie inside of one */
    else if (str_eq(name, STR("w:tab")) || str_eq(name, STR("w:br")) || str_eq(name, STR("w:cr")))
        lines_text(&r->lines, STR(" "));
    else if (str_eq(name, STR("w:noBreakHyphen")) && is_seen(r))
        lines_text(&r->lines, STR("-"));
}

static err
on_open(void *ctx, str name, const char *const *attributes)
{
    struct reader *const r = ctx;
    if (r->skipping || is_left_out(name)) {
        r->skipping++;
        return OK;
    }
    if (r->filling && (str_eq(name, STR("w:footnote")) || str_eq(name, STR("w:endnote"))))
        return begin_note(r, attributes);
    if (str_eq(name, STR("w:p")))
        r->p = (struct paragraph){.level = STYLE_LEVEL_NONE, .style.level = STYLE_LEVEL_NONE};
    else if (str_eq(name, STR("w:r"))) {
        r->r = (struct run){0};
        r->in_run = true;
    } else if (str_eq(name, STR("w:rPr")) && !r->in_run)
        r->in_paragraph_mark = true;
    else if (str_eq(name, STR("w:t")))
        r->in_text = true;
    else if (str_eq(name, STR("w:footnoteReference")))
        put_note(r, &r->footnotes, xml_attribute(attributes, "id"));
    else if (str_eq(name, STR("w:endnoteReference")))
        put_note(r, &r->endnotes, xml_attribute(attributes, "id"));
    else {
        take_property(r, name, attributes);
        open_block(r, name);
    }
    return OK;
}

static void
close_block(struct reader *r, str name)
{
    if (str_eq(name, STR("w:p")))
        end_paragraph(r);
    else if (str_eq(name, STR("w:tr")) && r->tables == 1)
        lines_end(&r->lines, LINES_TEXT, 0);
    else if (str_eq(name, STR("w:tbl")) && r->tables)
        r->tables--;
}

static err
on_close(void *ctx, str name)
{
    struct reader *const r = ctx;
    if (r->skipping) {
        r->skipping--;
        return OK;
    }
    if (r->filling && (str_eq(name, STR("w:footnote")) || str_eq(name, STR("w:endnote"))))
        return end_note(r);
    if (str_eq(name, STR("w:t")))
        r->in_text = false;
    else if (str_eq(name, STR("w:r")))
        r->in_run = false;
    else if (str_eq(name, STR("w:rPr")))
        r->in_paragraph_mark = false;
    else
        close_block(r, name);
    return OK;
}

static err
on_text(void *ctx, str text)
{
    struct reader *const r = ctx;
    if (!r->skipping && r->in_text && is_seen(r)) {
        put_number(r);
        lines_text(&r->lines, text);
    }
    return OK;
}

/* ---- the whole */

static fallible
walk(struct reader *r, str xml)
{
    const struct xml_hooks hooks = {.open = on_open, .close = on_close, .text = on_text, .ctx = r};
    r->p = (struct paragraph){.level = STYLE_LEVEL_NONE, .style.level = STYLE_LEVEL_NONE};
    return xml_walk(xml, &hooks);
}

/* A part that need not be there, empty then. */
static fallible
read_part(pack *p, const char *name, buf *b)
{
    const err e = pack_read(p, name, b);
    return e.code == ERR_NOT_FOUND ? OK : e;
}

static fallible
read_notes(struct reader *r, pack *p, const char *name, struct notes *n)
{
    AUTO(buf) xml = BUF(PACK_PART_BYTES_MAX);
    TRY(read_part(p, name, &xml));
    if (!xml.len)
        return OK;
    r->filling = n;
    TRY(walk(r, buf_str(&xml)));
    r->filling = NULL;
    return OK;
}

static fallible
read_styles(struct reader *r, pack *p)
{
    AUTO(buf) xml = BUF(PACK_PART_BYTES_MAX);
    TRY(read_part(p, "word/styles.xml", &xml));
    return xml.len ? docx_styles_read(&r->styles, buf_str(&xml)) : OK;
}

static fallible
read_numbers(struct reader *r, pack *p)
{
    AUTO(buf) xml = BUF(PACK_PART_BYTES_MAX);
    TRY(read_part(p, "word/numbering.xml", &xml));
    return xml.len ? docx_numbers_read(&r->numbers, buf_str(&xml)) : OK;
}

static fallible
read_all(struct reader *r, pack *p)
{
    AUTO(buf) xml = BUF(PACK_PART_BYTES_MAX);
    TRY(read_styles(r, p));
    TRY(read_numbers(r, p));
    TRY(read_notes(r, p, "word/footnotes.xml", &r->footnotes));
    TRY(read_notes(r, p, "word/endnotes.xml", &r->endnotes));
    const err e = pack_read(p, "word/document.xml", &xml);
    if (e.code == ERR_NOT_FOUND)
        REFUSE(PARSE, "", "is no Word document");
    TRY(e);
    TRY(walk(r, buf_str(&xml)));
    lines_end(&r->lines, LINES_TEXT, 0);
    return buf_end(r->lines.out);
}

/* ---- the title of the properties */

struct properties {
    buf *title;
    bool in_title;
};

static err
open_property(void *ctx, str name, const char *const *attributes)
{
    struct properties *const t = ctx;
    (void)attributes;
    t->in_title = str_eq(name, STR("dc:title"));
    return OK;
}

static err
close_property(void *ctx, str name)
{
    struct properties *const t = ctx;
    (void)name;
    t->in_title = false;
    return OK;
}

static err
take_property_text(void *ctx, str text)
{
    const struct properties *const t = ctx;
    if (t->in_title)
        buf_add(t->title, text);
    return OK;
}

static fallible
read_title(pack *p, buf *title)
{
    AUTO(buf) xml = BUF(PACK_PART_BYTES_MAX);
    struct properties t = {.title = title};
    const struct xml_hooks hooks = {
        .open = open_property, .close = close_property, .text = take_property_text, .ctx = &t};
    TRY(read_part(p, "docProps/core.xml", &xml));
    return xml.len ? xml_walk(buf_str(&xml), &hooks) : OK;
}

static fallible
read_into(pack *p, arena *a, buf *body, buf *b)
{
    AUTO(lines) l = {0};
    AUTO(buf) title = BUF(TITLE_BYTES);
    lines_begin(&l, body);
    struct reader r = {.a = a, .styles.a = a, .numbers.a = a, .lines = l};
    const err e = read_all(&r, p);
    l = r.lines;
    TRY(e);
    TRY(read_title(p, &title));
    lines_title(&l, buf_str(&title), b);
    buf_add(b, buf_str(body));
    return buf_end(b);
}

fallible
docx_to_markdown(str bytes, buf *b)
{
    AUTO(pack) *p = NULL;
    AUTO(arena) *a = NULL;
    AUTO(buf) body = BUF(b->limit);
    TRY(pack_open(bytes, &p));
    TRY(arena_open(WORK_BYTES, &a));
    return read_into(p, a, &body, b);
}
