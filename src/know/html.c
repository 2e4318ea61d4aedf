/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/html.h"

#include "base/num.h"
#include "base/utf8.h"

struct page {
    str rest;
    buf *b;
    str hidden_by; /* name of the element that hides; empty: visible */
    size_t hidden_depth;
};

static bool
is_name_char(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static str
take_name(str tag)
{
    size_t n = 0;
    while (n < tag.len && is_name_char(tag.at[n]))
        n++;
    return str_slice(tag, 0, n);
}

static bool
is_any(str name, const char *const *names)
{
    for (; *names; names++)
        if (str_eq_nocase(name, str_of(*names)))
            return true;
    return false;
}

/* Without blanks and in small letters, for styles written any way. */
static bool
has_squeezed(str tag, const char *needle)
{
    char room[256];
    size_t n = 0;
    for (size_t i = 0; i < tag.len && n + 1 < sizeof room; i++)
        if (tag.at[i] != ' ' && tag.at[i] != '\t' && tag.at[i] != '\n') {
            const char c = tag.at[i];
            room[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
        }
    return str_find((str){room, n}, str_of(needle)) >= 0;
}

static bool
is_hiding(str name, str tag)
{
    static const char *const always[] = {"script", "style",  "template", "noscript", "head",
                                         "svg",    "select", "textarea", "iframe",   NULL};
    static const char *const signs[] = {"display:none", "visibility:hidden", "aria-hidden=\"true\"",
                                        "font-size:0;", "font-size:0\"",     "font-size:0px",
                                        "opacity:0;",   "opacity:0\"",       NULL};
    if (is_any(name, always))
        return true;
    for (size_t i = 0; signs[i]; i++)
        if (has_squeezed(tag, signs[i]))
            return true;
    return str_find(tag, STR(" hidden")) >= 0 && !str_ends(tag, STR("/"));
}

static void
begin_line(buf *b, const char *mark)
{
    if (b->len)
        buf_add(b, STR("\n\n"));
    buf_add(b, str_of(mark));
}

static void
put_break(buf *b, str name, bool is_end)
{
    static const char *const blocks[] = {"p",  "div",     "br",      "tr", "ul",   "ol", "table",
                                         "td", "section", "article", "th", "main", NULL};
    static const char *const marks[] = {"# ", "## ", "### ", "#### ", "##### ", "###### "};
    if (name.len == 2 && (name.at[0] | 32) == 'h' && name.at[1] >= '1' && name.at[1] <= '6')
        begin_line(b, is_end ? "" : marks[name.at[1] - '1']);
    else if (str_eq_nocase(name, STR("li")))
        begin_line(b, is_end ? "" : "* ");
    else if (is_any(name, blocks))
        begin_line(b, "");
}

static void
take_tag(struct page *p, str tag)
{
    const bool is_end = tag.len && tag.at[0] == '/';
    const str name = take_name(is_end ? str_slice(tag, 1, tag.len) : tag);
    if (p->hidden_by.len) {
        if (!str_eq_nocase(name, p->hidden_by))
            return;
        p->hidden_depth += is_end ? (size_t)-1 : 1;
        if (!p->hidden_depth)
            p->hidden_by = STR_NONE;
        return;
    }
    static const char *const empty[] = {"br", "img", "input",  "meta", "link",
                                        "hr", "wbr", "source", "col",  NULL};
    if (!is_end && name.len && !is_any(name, empty) && is_hiding(name, tag)) {
        p->hidden_by = name;
        p->hidden_depth = 1;
        return;
    }
    put_break(p->b, name, is_end);
}

static const struct {
    const char *name, *text;
} entities[] = {{"amp", "&"},   {"lt", "<"},     {"gt", ">"},     {"quot", "\""}, {"apos", "'"},
                {"nbsp", " "},  {"auml", "ä"},   {"ouml", "ö"},   {"uuml", "ü"},  {"Auml", "Ä"},
                {"Ouml", "Ö"},  {"Uuml", "Ü"},   {"szlig", "ß"},  {"sect", "§"},  {"euro", "€"},
                {"ndash", "–"}, {"bdquo", "„"},  {"ldquo", "“"},  {"rdquo", "”"}, {"shy", ""},
                {"mdash", "—"}, {"hellip", "…"}, {"middot", "·"}, {"copy", "©"}};

static bool
put_entity(buf *b, str name)
{
    char room[4];
    uint64_t code = 0;
    if (str_starts(name, STR("#")) && !str_starts(name, STR("#x"))) {
        if (num_u64(str_slice(name, 1, name.len), 32, 0x10ffff, &code).code ||
            (code >= 0xd800 && code < 0xe000))
            return false;
        buf_add(b, (str){room, utf8_put((uint32_t)code, room)});
        return true;
    }
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (str_eq(name, str_of(entities[i].name))) {
            buf_add(b, str_of(entities[i].text));
            return true;
        }
    return false;
}

/* Text up to the next tag; line feeds are blanks, and '#' or '*' at a line's start is no mark. */
static void
take_text(struct page *p, str text)
{
    if (p->hidden_by.len)
        return;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        const bool at_start = !p->b->len || p->b->at[p->b->len - 1] == '\n';
        const str rest = str_slice(text, i + 1, i + 12);
        const ptrdiff_t end = c == '&' ? str_find_char(rest, ';') : -1;
        if (end > 0 && put_entity(p->b, str_slice(rest, 0, (size_t)end)))
            i += (size_t)end + 1;
        else if (c == '\n' || c == '\r' || c == '\t' || c == ' ') {
            if (!at_start)
                buf_add_char(p->b, ' ');
        } else {
            if (at_start && (c == '#' || c == '*' || c == '-'))
                buf_add_char(p->b, '\\');
            buf_add_char(p->b, c);
        }
    }
}

/* The end of the tag whose inside begins here: quotes may hold '>'. */
static size_t
tag_end(str s)
{
    char quote = 0;
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i;
    }
    return s.len;
}

void
html_to_markdown(str html, buf *b)
{
    struct page p = {.rest = html, .b = b};
    ASSERT(b);
    while (p.rest.len) {
        const ptrdiff_t open = str_find_char(p.rest, '<');
        const size_t n = open < 0 ? p.rest.len : (size_t)open;
        take_text(&p, str_slice(p.rest, 0, n));
        p.rest = str_slice(p.rest, n + (open >= 0), p.rest.len);
        if (open < 0)
            break;
        if (str_starts(p.rest, STR("!--"))) {
            const ptrdiff_t end = str_find(p.rest, STR("-->"));
            p.rest = end < 0 ? STR_NONE : str_slice(p.rest, (size_t)end + 3, p.rest.len);
            continue;
        }
        const size_t end = tag_end(p.rest);
        take_tag(&p, str_slice(p.rest, 0, end));
        p.rest = str_slice(p.rest, end + 1, p.rest.len);
    }
}
