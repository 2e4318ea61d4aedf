/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/pdf.h"

#include "base/map.h"
#include "know/read/lines.h"
#include "know/read/pdf_page.h"

enum { WORK_BYTES = 512 * 1024 * 1024, SIZE_MAX_PX = 256, LEVELS = 5 };
enum { EDGE_PERCENT = 9, HEADING_BYTES_MAX = 240, BOLD_BYTES_MAX = 140, SECTION_BYTES_MAX = 160 };

/* Runs that stand on one line, with " | " where there is a gap. */
struct line {
    int32_t page, top, left, height, size;
    bool is_bold, is_row;
    str text;
};

struct setter {
    arena *a;
    struct pdf_runs runs;
    struct {
        struct line *at;
        size_t count, room;
    } all;
    map edges;                  /* headers and footers without their digits, to how many pages */
    int32_t body;               /* the size most of the text has */
    int8_t levels[SIZE_MAX_PX]; /* of headings, by their size */
    struct lines out;
    struct line paragraph; /* the last line of the one that is open */
    int level;             /* of a heading that is open; 0: none */
    bool is_open;
};

/* ---- lines of runs */

static bool
is_same_line(const struct line *l, const struct pdf_run *r)
{
    const int32_t off = r->top > l->top ? r->top - l->top : l->top - r->top;
    return l->page == r->page && 2 * off < (l->height > r->height ? l->height : r->height);
}

/* *end: where the line's ink ends. */
static fallible
join_run(struct setter *s, struct line *l, int32_t *end, const struct pdf_run *r)
{
    const int32_t gap = r->left - *end;
    const bool is_cell = 10 * gap > 13 * r->height || gap < -2 * r->height;
    AUTO(buf) b = BUF(l->text.len + r->text.len + 16);
    buf_add(&b, l->text);
    buf_add(&b, is_cell ? STR(" | ") : gap > r->height / 8 ? STR(" ") : STR_NONE);
    buf_add(&b, r->text);
    TRY(buf_end(&b));
    l->is_row |= is_cell;
    l->is_bold &= r->is_bold;
    l->size = r->size > l->size ? r->size : l->size;
    *end = r->left + r->width;
    return try_arena_str(s->a, buf_str(&b), &l->text);
}

static fallible
make_lines(struct setter *s)
{
    int32_t end = 0;
    for (size_t i = 0; i < s->runs.all.count; i++) {
        const struct pdf_run *const r = &s->runs.all.at[i];
        struct line *const last = s->all.count ? &s->all.at[s->all.count - 1] : NULL;
        if (last && is_same_line(last, r) && last->text.len < HEADING_BYTES_MAX * 8) {
            TRY(join_run(s, last, &end, r));
            continue;
        }
        const struct line l = {.page = r->page,
                               .top = r->top,
                               .left = r->left,
                               .height = r->height,
                               .size = r->size,
                               .is_bold = r->is_bold,
                               .text = r->text};
        end = r->left + r->width;
        TRY(VEC_ADD(s->a, &s->all, &l));
    }
    return OK;
}

/* ---- headers and footers */

static bool
is_at_edge(const struct setter *s, const struct line *l)
{
    const int64_t height = s->runs.page_heights.at[l->page - 1];
    return (int64_t)l->top * 100 < height * EDGE_PERCENT ||
           (int64_t)l->top * 100 > height * (100 - EDGE_PERCENT);
}

/* "Seite 3 von 12" of each page is one line. */
static fallible
edge_key(struct setter *s, str text, str *ret)
{
    AUTO(buf) b = BUF(text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            buf_add_char(&b, text.at[i]);
    buf_add_char(&b, '.'); /* a number alone has a key too */
    TRY(buf_end(&b));
    return try_arena_str(s->a, buf_str(&b), ret);
}

static fallible
count_edges(struct setter *s)
{
    for (size_t i = 0; i < s->all.count; i++) {
        str key;
        if (!is_at_edge(s, &s->all.at[i]))
            continue;
        TRY(edge_key(s, s->all.at[i].text, &key));
        const uintptr_t n = (uintptr_t)map_get(&s->edges, key) + 1;
        TRY(map_put(&s->edges, key, (void *)n));
    }
    return OK;
}

static fallible
is_repeated(struct setter *s, const struct line *l, bool *ret)
{
    str key;
    *ret = false;
    if (!is_at_edge(s, l))
        return OK;
    TRY(edge_key(s, l->text, &key));
    const size_t n = (uintptr_t)map_get(&s->edges, key), pages = s->runs.page_heights.count;
    *ret = n > 1 && 3 * n >= pages;
    return OK;
}

/* ---- sizes */

static void
weigh_sizes(struct setter *s)
{
    size_t bytes[SIZE_MAX_PX] = {0}, best = 0;
    int level = 1;
    for (size_t i = 0; i < s->all.count; i++) {
        const struct line *const l = &s->all.at[i];
        bytes[l->size < SIZE_MAX_PX ? l->size : SIZE_MAX_PX - 1] += l->text.len;
    }
    for (size_t i = 1; i < SIZE_MAX_PX; i++)
        best = bytes[i] > bytes[best] ? i : best;
    s->body = (int32_t)best;
    for (size_t i = SIZE_MAX_PX - 1; 10 * i > 11 * best; i--)
        if (bytes[i]) {
            s->levels[i] = (int8_t)level;
            level += level < LEVELS;
        }
    s->levels[best] = (int8_t)(level < LEVELS ? level : LEVELS);
    if (s->levels[best] == 1)
        s->levels[best] = 2; /* a title is set larger */
}

static bool
is_section(str text)
{
    str rest = STR_NONE;
    if (str_starts(text, STR("§ ")) || str_starts(text, STR("§\u00a0")))
        rest = str_slice(text, str_starts(text, STR("§ ")) ? 3 : 4, text.len);
    else if (str_starts(text, STR("Artikel ")))
        rest = str_slice(text, 8, text.len);
    else if (str_starts(text, STR("Art. ")))
        rest = str_slice(text, 5, text.len);
    return rest.len && rest.at[0] >= '0' && rest.at[0] <= '9';
}

static bool
ends_a_sentence(str text)
{
    return text.len && strchr(".,;:", text.at[text.len - 1]) != NULL;
}

/* 0: it is none. */
static int
heading_level(const struct setter *s, const struct line *l)
{
    const int32_t size = l->size < SIZE_MAX_PX ? l->size : SIZE_MAX_PX - 1;
    if (l->is_row)
        return 0;
    if (10 * size > 11 * s->body && l->text.len <= HEADING_BYTES_MAX)
        return s->levels[size];
    if (ends_a_sentence(l->text) || 10 * size < 9 * s->body)
        return 0;
    if (l->is_bold && l->text.len <= BOLD_BYTES_MAX)
        return s->levels[s->body];
    return is_section(l->text) && l->text.len <= SECTION_BYTES_MAX ? s->levels[s->body] : 0;
}

/* ---- paragraphs */

static bool
is_item(str text)
{
    size_t n = 0;
    if (str_starts(text, STR("•")) || str_starts(text, STR("–")) || str_starts(text, STR("- ")))
        return true;
    n += n < text.len && text.at[n] == '(';
    while (n < text.len && n < 4 &&
           ((text.at[n] >= '0' && text.at[n] <= '9') || (text.at[n] >= 'a' && text.at[n] <= 'z')))
        n++;
    const char end = n < text.len ? text.at[n] : 0, after = n + 1 < text.len ? text.at[n + 1] : 0;
    return n && after == ' ' && (end == ')' || (end == '.' && n < 3));
}

static bool
is_joined(const struct setter *s, const struct line *l, int level)
{
    const struct line *const last = &s->paragraph;
    const int32_t step = l->top - last->top, high = last->height > 0 ? last->height : 1;
    if (!s->is_open || level != s->level || l->page != last->page)
        return false;
    if (level && (l->size != last->size || is_section(l->text)))
        return false;
    return !l->is_row && !last->is_row && !is_item(l->text) && step > 0 && 10 * step <= 17 * high;
}

static bool
is_small(char c)
{
    return (c >= 'a' && c <= 'z') || (unsigned char)c == 0xc3; /* ä, ö, ü, ß */
}

/* "Haupt- und Nebenwohnung" keeps its hyphen. */
static bool
is_cut(str before, str after)
{
    static const str joins[] = {STR_INIT("und "), STR_INIT("oder "), STR_INIT("bzw"),
                                STR_INIT("sowie ")};
    if (before.len < 2 || before.at[before.len - 1] != '-' || !is_small(before.at[before.len - 2]))
        return false;
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++)
        if (str_starts(after, joins[i]))
            return false;
    return after.len && is_small(after.at[0]);
}

static void
close_paragraph(struct setter *s)
{
    if (s->is_open)
        lines_end(&s->out, s->level ? LINES_HEADING : LINES_TEXT, s->level);
    s->is_open = false;
}

static void
put_line(struct setter *s, const struct line *l)
{
    const int level = heading_level(s, l);
    if (!is_joined(s, l, level))
        close_paragraph(s);
    else if (is_cut(s->paragraph.text, l->text))
        s->out.line.len -= s->out.line.len > 0; /* the hyphen */
    else
        lines_text(&s->out, STR(" "));
    lines_text(&s->out, l->text);
    s->is_open = true;
    s->level = level;
    s->paragraph = *l;
}

static fallible
put_all(struct setter *s)
{
    int32_t page = 1;
    for (size_t i = 0; i < s->all.count; i++) {
        const struct line *const l = &s->all.at[i];
        bool is_edge;
        TRY(is_repeated(s, l, &is_edge));
        if (is_edge)
            continue;
        if (page < l->page)
            close_paragraph(s);
        for (; page < l->page; page++)
            lines_page(&s->out);
        put_line(s, l);
    }
    close_paragraph(s);
    return buf_end(s->out.out);
}

static fallible
set_all(struct setter *s, str xml)
{
    TRY(pdf_runs_read(&s->runs, xml));
    if (!s->runs.all.count)
        REFUSE(PARSE, "", "has no text: its pages are pictures, which are not read");
    TRY(make_lines(s));
    TRY(count_edges(s));
    weigh_sizes(s);
    return put_all(s);
}

fallible
pdf_to_markdown(str xml, buf *b)
{
    AUTO(arena) *a = NULL;
    AUTO(lines) l = {0};
    AUTO(map) edges = {0};
    AUTO(buf) body = BUF(b->limit);
    TRY(arena_open(WORK_BYTES, &a));
    struct setter *const s = arena_new(a, struct setter);
    lines_begin(&l, &body);
    s->a = s->runs.a = a;
    s->out = l;
    const err e = set_all(s, xml);
    l = s->out;
    edges = s->edges;
    TRY(e);
    lines_title(&l, STR_NONE, b);
    buf_add(b, buf_str(&body));
    return buf_end(b);
}
