/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/markdown.h"

#include "base/buf.h"
#include "base/map.h"
#include "know/day.h"

enum { STACK_MAX = 32, ANNEX_ID_MAX = 64, GONE_TEXT_MAX = 60, STATUTE_HEADINGS = 3 };

struct reader {
    arena *a;
    struct doc *d;
    str text;
    size_t at;
    struct {
        int level;
        str title;
    } stack[STACK_MAX];
    size_t depth;
    map seen;                         /* section names, to how often */
    bool is_open, in_annex, is_plain; /* is_plain: no headings at all */
    struct doc_unit unit;             /* while is_open */
    size_t body_from;
    size_t paged; /* up to here form feeds are counted */
    uint32_t page;
    bool has_pages;
};

/* ---- lines */

static bool
next_line(str text, size_t *at, str *ret)
{
    if (*at >= text.len)
        return false;
    const ptrdiff_t n = str_find_char(str_slice(text, *at, text.len), '\n');
    const size_t end = n < 0 ? text.len : *at + (size_t)n;
    *ret = str_slice(text, *at, end);
    if (ret->len && ret->at[ret->len - 1] == '\r')
        ret->len--;
    *at = n < 0 ? text.len : end + 1;
    return true;
}

static bool
is_blank(str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] != ' ' && line.at[i] != '\t')
            return false;
    return true;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static size_t
count_while(str s, size_t from, bool (*is)(char))
{
    while (from < s.len && is(s.at[from]))
        from++;
    return from;
}

/* "*", "-", "1.", "12a.", "a)", "3)" with a blank or the end behind, a "*" also with the mark of a
 * footnote; *ret_star for "*". */
static bool
is_list_item(str line, bool *ret_star)
{
    const str s = str_trim(line);
    size_t n = 0;
    *ret_star = s.len && s.at[0] == '*';
    if (*ret_star || (s.len && s.at[0] == '-'))
        n = 1;
    else if (str_starts(s, STR("–")))
        n = 3;
    else if (s.len && is_digit(s.at[0])) {
        n = count_while(s, 0, is_digit);
        n = n < s.len && s.at[n] == ')' ? n : count_while(s, n, is_small);
        n = n < s.len && (s.at[n] == '.' || s.at[n] == ')') ? n + 1 : 0;
    } else if (s.len && is_small(s.at[0])) {
        n = count_while(s, 0, is_small);
        n = n <= 3 && n < s.len && s.at[n] == ')' ? n + 1 : 0;
    }
    const bool before_mark = *ret_star && str_starts(str_slice(s, n, s.len), STR("[^"));
    return n && (n == s.len || s.at[n] == ' ' || s.at[n] == '\t' || before_mark);
}

/* ---- pages */

static bool
begins_page(str line)
{
    return line.len && line.at[0] == '\f';
}

/* The page on which the byte at `at` stands; places come in order. */
static uint32_t
page_at(struct reader *r, size_t at)
{
    for (; r->paged < at; r->paged++)
        r->page += r->text.at[r->paged] == '\f';
    return r->has_pages ? r->page : 0;
}

static void
set_pages(struct reader *r, struct doc_unit *u)
{
    size_t from = u->from, to = u->to;
    while (from < to && (unsigned char)r->text.at[from] <= ' ')
        from++;
    while (to > from && (unsigned char)r->text.at[to - 1] <= ' ')
        to--;
    u->page = page_at(r, from);
    u->page_to = page_at(r, to);
}

/* ---- cleaning */

struct cleaner {
    buf *out, *line;
    bool in_footnote;
};

static bool
is_escape(str s, size_t i)
{
    return s.at[i] == '\\' && i + 1 < s.len && strchr(".-*_#[]()", s.at[i + 1]);
}

/* Blanks run together, "**" and "[^…]" gone, escapes taken off. */
static void
add_inline(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const str rest = str_slice(s, i, s.len);
        const ptrdiff_t end = str_starts(rest, STR("[^")) ? str_find_char(rest, ']') : -1;
        if (end > 0)
            i += (size_t)end;
        else if (str_starts(rest, STR("**")))
            i++;
        else if (s.at[i] == ' ' || s.at[i] == '\t' || str_starts(rest, STR("\u00a0"))) {
            i += s.at[i] == ' ' || s.at[i] == '\t' ? 0 : 1;
            if (b->len && b->at[b->len - 1] != ' ')
                buf_add_char(b, ' ');
        } else if (is_escape(s, i))
            buf_add_char(b, s.at[++i]);
        else
            buf_add_char(b, s.at[i]);
    }
}

static void
flush(struct cleaner *c)
{
    const str s = str_trim(buf_str(c->line));
    if (s.len && !str_eq(s, STR("*"))) {
        if (c->out->len)
            buf_add_char(c->out, '\n');
        buf_add(c->out, s);
    }
    c->out->failed |= c->line->failed; /* buf_clear forgets */
    buf_clear(c->line);
}

static str
without_stars(str line)
{
    str s = str_trim(line);
    while (s.len && s.at[0] == '*' && (s.len == 1 || strchr(" \t[", s.at[1])))
        s = str_trim(str_slice(s, 1, s.len));
    return s;
}

static int heading_level(str line, str *ret_title);

/* A line that only points to footnotes is blank to the reader. */
static bool
is_only_marks(str line)
{
    str s = str_trim(line);
    while (str_starts(s, STR("[^"))) {
        const ptrdiff_t end = str_find_char(s, ']');
        if (end < 0)
            return false;
        s = str_trim(str_slice(s, (size_t)end + 1, s.len));
    }
    return !s.len;
}

static void
clean_line(struct cleaner *c, str line)
{
    str title;
    bool is_star = false;
    const bool is_note = str_starts(line, STR("[^")) && str_find(line, STR("]:")) > 0;
    if (is_note) {
        flush(c);
        c->in_footnote = true;
        return;
    }
    if (c->in_footnote && (is_blank(line) || str_starts(line, STR("    "))))
        return;
    c->in_footnote = false;
    const bool is_heading = heading_level(line, &title) > 0;
    if (begins_page(line))
        line = str_slice(line, 1, line.len);
    if (is_heading || is_only_marks(line))
        flush(c);
    if (is_heading) {
        add_inline(c->line, title);
        flush(c);
    }
    if (is_heading || is_only_marks(line))
        return;
    if (is_list_item(line, &is_star) && (is_star || !c->line->len)) {
        flush(c);
        line = is_star ? without_stars(line) : line;
        if (is_only_marks(line))
            return;
    }
    if (c->line->len)
        buf_add_char(c->line, ' ');
    add_inline(c->line, str_trim(line));
}

fallible
markdown_clean(arena *a, str lines, str *ret)
{
    AUTO(buf) out = BUF(lines.len + 64), line = BUF(lines.len + 64);
    struct cleaner c = {.out = &out, .line = &line};
    str one;
    for (size_t at = 0; next_line(lines, &at, &one);)
        clean_line(&c, one);
    flush(&c);
    TRY(buf_end(&out));
    TRY(buf_end(&line));
    TRY(try_arena_str(a, buf_str(&out), ret));
    return OK;
}

/* ---- headings */

/* "### Title" - level and title; 0 if it is none. */
static int
heading_level(str line, str *ret_title)
{
    int level = 0;
    while ((size_t)level < line.len && line.at[level] == '#')
        level++;
    if (!level || level > 6 || (size_t)level >= line.len || line.at[level] != ' ')
        return 0;
    *ret_title = str_trim(str_slice(line, (size_t)level, line.len));
    return ret_title->len ? level : 0;
}

/* A name of `len` bytes and what follows behind blanks; false if the name goes on. */
static bool
cut_name(str title, size_t len, str *ret_name, str *ret_rest)
{
    if (len < title.len && title.at[len] != ' ' && title.at[len] != '\t')
        return false;
    *ret_name = str_slice(title, 0, len);
    *ret_rest = str_trim(str_slice(title, len, title.len));
    return true;
}

/* "§ 6a Heading", "Art 5", "(XXXX) §§ 3 bis 5 …" */
static bool
is_section(str title, str *ret_name, str *ret_rest)
{
    const str mark = str_starts(title, STR("§ ")) ? STR("§ ") : STR("Art ");
    if (str_starts(title, mark)) {
        const size_t digits = count_while(title, mark.len, is_digit);
        return digits > mark.len &&
               cut_name(title, count_while(title, digits, is_small), ret_name, ret_rest);
    }
    if (!str_starts(title, STR("(XXXX) §§ ")))
        return false;
    str rest = str_slice(title, sizeof "(XXXX) " - 1, title.len), word;
    const size_t from = title.len - rest.len;
    for (int i = 0; i < 4; i++)
        if (!str_next(&rest, ' ', &word))
            return false;
    const size_t end = rest.at ? (size_t)(rest.at - title.at) : title.len;
    *ret_name = str_trim(str_slice(title, from, end));
    *ret_rest = str_trim(str_slice(title, end, title.len));
    return true;
}

/* "Anlage", "Anlage 3a - Heading", "Anhang EV" */
static bool
is_annex(str title, str *ret_name, str *ret_rest)
{
    size_t n = 6;
    if (!str_starts(title, STR("Anlage")) && !str_starts(title, STR("Anhang")))
        return false;
    if (str_starts(str_slice(title, n, title.len), STR(" EV")))
        n += 3;
    else if (n + 1 < title.len && title.at[n] == ' ' && is_digit(title.at[n + 1])) {
        const size_t digits = count_while(title, n + 1, is_digit);
        const size_t more = digits + (digits < title.len && is_small(title.at[digits]));
        n = more == title.len || title.at[more] == ' ' ? more : n;
    }
    if (!cut_name(title, n, ret_name, ret_rest))
        return false;
    while (ret_rest->len && (ret_rest->at[0] == '-' || ret_rest->at[0] == ' '))
        *ret_rest = str_slice(*ret_rest, 1, ret_rest->len);
    while (str_ends(*ret_rest, STR(" -")) || str_ends(*ret_rest, STR(" ")))
        ret_rest->len--;
    return true;
}

static bool
is_formula(str title)
{
    return str_eq(title, STR("Eingangsformel")) || str_eq(title, STR("Präambel")) ||
           str_eq(title, STR("Schlussformel")) || str_eq(title, STR("Schlußformel")) ||
           str_eq(title, STR("Inhaltsverzeichnis"));
}

static bool
is_gone(str s)
{
    static const str words[] = {STR_INIT("(weggefallen)"), STR_INIT("(aufgehoben)"),
                                STR_INIT("(zukünftig in Kraft)"), STR_INIT("(gegenstandslos)")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_find(s, words[i]) >= 0)
            return true;
    return str_eq(s, STR("weggefallen")) || str_eq(s, STR("aufgehoben"));
}

static bool
is_filling(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(" \n-.*\342\200\223\224", s.at[i]))
            return false;
    return true;
}

/* ---- units */

/* The section's name, told apart from those before it. */
static fallible
unique_name(struct reader *r, str name, str *ret)
{
    const uintptr_t n = (uintptr_t)map_get(&r->seen, name) + 1;
    str key;
    TRY(try_arena_str(r->a, name, &key));
    TRY(map_put(&r->seen, key, (void *)n));
    if (n == 1) {
        *ret = key;
        return OK;
    }
    AUTO(buf) b = BUF(name.len + 32);
    buf_add(&b, name);
    buf_add_fmt(&b, " [%zu]", (size_t)n);
    TRY(buf_end(&b));
    TRY(try_arena_str(r->a, buf_str(&b), ret));
    return OK;
}

static fallible
close_unit(struct reader *r, size_t end)
{
    struct doc_unit u = r->unit;
    if (!r->is_open)
        return OK;
    r->is_open = false;
    TRY(markdown_clean(r->a, str_slice(r->text, r->body_from, end), &u.text));
    u.from = r->body_from;
    u.to = end;
    set_pages(r, &u);
    if (is_filling(u.text) || is_gone(u.heading) || (u.text.len < GONE_TEXT_MAX && is_gone(u.text)))
        return OK;
    TRY(unique_name(r, u.section, &u.section));
    TRY(VEC_ADD(r->a, &r->d->units, &u));
    return OK;
}

static fallible
path_of(struct reader *r, int level, str *ret)
{
    const bool all = level == 6 && r->d->is_statute; /* chapters use the sixth level as well */
    AUTO(buf) b = BUF(64 * 1024);
    for (size_t i = 0; i < r->depth; i++) {
        if (r->stack[i].level >= level && !all)
            continue;
        if (b.len)
            buf_add_char(&b, '\n');
        buf_add(&b, r->stack[i].title);
    }
    TRY(buf_end(&b));
    TRY(try_arena_str(r->a, buf_str(&b), ret));
    return OK;
}

static fallible
open_unit(struct reader *r, int level, str section, str heading)
{
    r->unit = (struct doc_unit){.section = section, .heading = heading};
    r->is_open = true;
    r->body_from = r->at;
    return path_of(r, level, &r->unit.path);
}

static void
push(struct reader *r, int level, str title)
{
    while (title.len && (str_ends(title, STR(" -")) || str_ends(title, STR(" "))))
        title = str_slice(title, 0, title.len - (str_ends(title, STR(" -")) ? 2 : 1));
    while (r->depth && r->stack[r->depth - 1].level >= level)
        r->depth--;
    if (r->depth < STACK_MAX) {
        r->stack[r->depth].level = level;
        r->stack[r->depth++].title = title;
    }
}

/* A heading of a statute, with the unit before it closed unless an annex goes on. */
static fallible
statute_heading(struct reader *r, int level, str title, size_t line_at)
{
    str name, rest;
    if (level > 1 && is_annex(title, &name, &rest)) {
        TRY(close_unit(r, line_at));
        r->depth = 0;
        r->in_annex = true;
        return open_unit(r, level, name, rest);
    }
    if (r->in_annex && level > 1 && !is_formula(title))
        return OK;
    TRY(close_unit(r, line_at));
    if (level == 1)
        return OK;
    if (is_formula(title))
        return str_eq(title, STR("Präambel")) ? open_unit(r, level, title, STR_NONE) : OK;
    if (is_section(title, &name, &rest))
        return open_unit(r, level, name, rest);
    push(r, level, title);
    return OK;
}

static fallible
plain_heading(struct reader *r, int level, str title, size_t line_at)
{
    TRY(close_unit(r, line_at));
    if (level == 1 && !r->d->title.len)
        r->d->title = title;
    TRY(open_unit(r, level, title, title));
    push(r, level, title);
    return OK;
}

/* ---- documents */

/* "Title: Wohngeldgesetz" */
static fallible
front_line(struct doc *d, str line)
{
    str value = line, key;
    if (!line.len || line.at[0] == ' ' || !str_next(&value, ':', &key))
        return OK;
    value = str_trim(value);
    if (value.len > 1 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = str_slice(value, 1, value.len - 1);
    if (str_eq_nocase(key, STR("title")))
        d->title = value;
    else if (str_eq_nocase(key, STR("jurabk")) || str_eq_nocase(key, STR("abbreviation")))
        d->abbreviation = value;
    else if (str_eq_nocase(key, STR("edition")) || str_eq_nocase(key, STR("stand")))
        d->edition = value;
    else if (str_eq_nocase(key, STR("valid_from")) || str_eq_nocase(key, STR("gültig_ab")))
        return day_read(value, &d->valid_from);
    else if (str_eq_nocase(key, STR("valid_to")) || str_eq_nocase(key, STR("gültig_bis")))
        return day_read(value, &d->valid_to);
    return OK;
}

static fallible
read_front(struct reader *r)
{
    str line;
    size_t at = 0;
    if (!next_line(r->text, &at, &line) || !str_eq(line, STR("---")))
        return OK;
    while (next_line(r->text, &at, &line)) {
        if (str_eq(line, STR("---"))) {
            r->at = at;
            return OK;
        }
        TRY(front_line(r->d, line));
    }
    return OK;
}

static void
look_ahead(struct reader *r)
{
    str line, title, name, rest;
    size_t sections = 0, headings = 0;
    for (size_t at = r->at; next_line(r->text, &at, &line);) {
        r->has_pages |= begins_page(line);
        if (!heading_level(line, &title))
            continue;
        headings++;
        sections += is_section(title, &name, &rest);
    }
    r->is_plain = headings == 0;
    r->d->is_statute = sections >= STATUTE_HEADINGS;
}

static fallible
read_headed(struct reader *r)
{
    str line, title;
    if (!r->d->is_statute)
        TRY(open_unit(r, 1, r->d->title, r->d->title));
    for (size_t before = r->at; next_line(r->text, &r->at, &line); before = r->at) {
        const int level = heading_level(line, &title);
        if (level && r->d->is_statute)
            TRY(statute_heading(r, level, title, before));
        else if (level)
            TRY(plain_heading(r, level, title, before));
    }
    return close_unit(r, r->text.len);
}

/* Text without headings: a unit ends at the first blank line behind DOC_UNIT_WORDS words. */
static fallible
read_plain(struct reader *r)
{
    str line;
    size_t words = 0, number = 0, page = 1;
    for (size_t before = r->at; next_line(r->text, &r->at, &line); before = r->at) {
        page += begins_page(line);
        if (r->has_pages ? begins_page(line) : words >= DOC_UNIT_WORDS && is_blank(line))
            TRY(close_unit(r, before));
        if (!r->is_open) {
            words = 0;
            r->at = before;
            TRY(open_unit(r, 1,
                          r->has_pages ? arena_fmt(r->a, "Seite %zu", page)
                                       : arena_fmt(r->a, "%zu", ++number),
                          STR_NONE));
            (void)next_line(r->text, &r->at, &line);
        }
        for (size_t i = 0; i < line.len; i++)
            words += line.at[i] == ' ';
        words++;
    }
    return close_unit(r, r->text.len);
}

fallible
markdown_read(arena *a, str text, struct doc *d)
{
    AUTO(map) seen = {0};
    struct reader r = {.a = a, .d = d, .text = text, .page = 1};
    TRY(read_front(&r));
    look_ahead(&r);
    const err e = r.is_plain ? read_plain(&r) : read_headed(&r);
    seen = r.seen;
    return e;
}
