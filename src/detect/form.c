/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/form.h"

#include "base/utf8.h"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* ---- separators */

struct gap {
    size_t len;
    unsigned blanks, lines, marks;
    char first;
};

/* Bytes of a blank or dash beyond ASCII at `s`, 0 if there is none. */
static size_t
wide_separator(str s, char *ret_as)
{
    static const struct {
        const char *bytes;
        char as;
    } wide[] = {{"\u00a0", ' '}, {"\u202f", ' '}, {"\u2009", ' '}, {"\u2007", ' '},
                {"\u2013", '-'}, {"\u2011", '-'}, {"\u2010", '-'}, {"\u2212", '-'},
                {"\u00b7", '.'}, {"\u00ad", '-'}};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (str_starts(s, str_of(wide[i].bytes))) {
            *ret_as = wide[i].as;
            return strlen(wide[i].bytes);
        }
    return 0;
}

static size_t
one_separator(str s, char *ret_as)
{
    if (!s.len)
        return 0;
    *ret_as = s.at[0];
    if ((uint8_t)s.at[0] >= 0x80)
        return (uint8_t)s.at[0] == 0xC2 || (uint8_t)s.at[0] == 0xE2 ? wide_separator(s, ret_as) : 0;
    const char c = s.at[0];
    return c == ' ' || c == '-' || c == '/' || c == '.' || c == '\n' || c == '\r' ? 1 : 0;
}

static void
count_separator(struct gap *g, char as)
{
    g->blanks += as == ' ';
    g->lines += as == '\n';
    g->marks += as == '-' || as == '/' || as == '.';
}

/* What may stand inside a number: one mark with a blank on either side, or a line break with the
 * blanks and quote signs of the next line. */
static struct gap
read_gap(str s)
{
    struct gap g = {.first = 0};
    size_t len;
    char as = 0;
    while ((len = one_separator(str_slice(s, g.len, s.len), &as)) > 0 && g.len < 24) {
        if (!g.first)
            g.first = as;
        count_separator(&g, as);
        g.len += len;
        if (as == '\n')
            while (g.len < s.len && g.len < 24 && (s.at[g.len] == '>' || s.at[g.len] == ' '))
                g.len++;
    }
    return g;
}

static bool
may_join(const struct gap *g)
{
    return g->marks <= 1 && g->lines <= 1 && g->blanks <= 1 + g->marks;
}

void
view_read(str text, uint32_t offset, struct view *ret)
{
    size_t i = offset;
    ret->count = 0;
    ret->small_at = VIEW_MAX;
    while (ret->count < VIEW_MAX && i < text.len) {
        const char c = text.at[i];
        if (!is_digit(c) && !is_alpha(c))
            break;
        const size_t at = ret->count++;
        if (c >= 'a' && ret->small_at > at)
            ret->small_at = at;
        ret->c[at] = (char)(c >= 'a' ? c - 32 : c);
        ret->end[at] = (uint32_t)++i;
        ret->after[at] = 0;
        if (i < text.len && (is_digit(text.at[i]) || is_alpha(text.at[i])))
            continue;
        const struct gap g = read_gap(str_slice(text, i, text.len));
        ret->after[at] = g.first ? g.first : i < text.len && (uint8_t)text.at[i] >= 0xC3 ? 0 : ' ';
        if (!g.len || !may_join(&g))
            break;
        i += g.len;
    }
}

/* ---- forms */

/* The digit or letter a scanner may have meant; 0: none. */
static char
as_digit(char c)
{
    static const char from[] = "OQDILBSZG", to[] = "000118526";
    const char *const at = memchr(from, c, sizeof from - 1);
    return at ? to[at - from] : 0;
}

static char
as_letter(char c)
{
    static const char from[] = "01852", to[] = "OIBSZ";
    const char *const at = memchr(from, c, sizeof from - 1);
    return at ? to[at - from] : 0;
}

static char
fit_one(char want, char c, bool tolerant)
{
    const bool digit = is_digit(c);
    switch (want) {
    case '9':
        return digit ? c : tolerant ? as_digit(c) : 0;
    case 'A':
        return !digit ? c : tolerant ? as_letter(c) : 0;
    case 'X':
        return c;
    default:
        if (c == want)
            return c;
        if (!tolerant)
            return 0;
        return as_digit(c) == want || as_letter(c) == want || (want == 'D' && c == '0') ? want : 0;
    }
}

/* The element at `*form` and how often it stands, moving on. */
static char
next_element(const char **form, size_t *ret_times)
{
    const char e = *(*form)++;
    *ret_times = 1;
    if (**form != '{')
        return e;
    *ret_times = 0;
    for ((*form)++; is_digit(**form); (*form)++)
        *ret_times = *ret_times * 10 + (size_t)(**form - '0');
    ASSERT(**form == '}');
    (*form)++;
    return e;
}

size_t
form_fits(const char *form, const struct view *v, bool tolerant, char ret[FORM_MAX],
          bool *ret_confused)
{
    size_t n = 0;
    *ret_confused = false;
    if (!v->count || !fit_one(*form, v->c[0], tolerant))
        return 0;
    while (*form) {
        size_t times;
        const char want = next_element(&form, &times);
        for (; times; times--, n++) {
            const char fitted = n < v->count ? fit_one(want, v->c[n], tolerant) : 0;
            if (!fitted)
                return 0;
            *ret_confused |= fitted != v->c[n];
            ret[n] = fitted;
        }
    }
    ASSERT(n > 0 && n < FORM_MAX);
    ret[n] = 0;
    return v->after[n - 1] ? n : 0;
}

/* ---- layouts */

struct piece {
    char what;        /* class; '\'' a text */
    const char *text; /* of a text, up to its closing quote */
    size_t len, least, most;
};

static bool
read_times(const char **p, struct piece *e)
{
    size_t n[2] = {0, 0}, k = 0;
    for ((*p)++; **p && **p != '}'; (*p)++)
        if (**p == ',')
            k = 1;
        else
            n[k] = n[k] * 10 + (size_t)(**p - '0');
    (*p)++;
    e->least = n[0];
    e->most = k ? n[1] : n[0];
    return true;
}

static void
read_piece(const char **p, struct piece *e)
{
    *e = (struct piece){.what = *(*p)++, .least = 1, .most = 1};
    if (e->what == '\'') {
        e->text = *p;
        while (**p != '\'')
            (*p)++;
        e->len = (size_t)(*p - e->text);
        (*p)++;
    }
    if (**p == '?')
        e->least = 0, (*p)++;
    else if (**p == '*')
        e->least = 0, e->most = 40, (*p)++;
    else if (**p == '+')
        e->most = 40, (*p)++;
    else if (**p == '{')
        (void)read_times(p, e);
}

static bool
is_in_class(char what, char c)
{
    switch (what) {
    case '9':
        return is_digit(c);
    case 'A':
        return c >= 'A' && c <= 'Z';
    case 'a':
        return c >= 'a' && c <= 'z';
    case 'X':
        return is_digit(c) || (c >= 'A' && c <= 'Z');
    case 'Y':
        return is_digit(c) || is_alpha(c) || c == '.';
    case 'I':
        return c == 'I' || c == 'V' || c == 'X';
    default:
        return c == what;
    }
}

/* One blank, or a line break with the blanks and quote signs around it. */
static size_t
blank_len(str s)
{
    char as = 0;
    const size_t len = one_separator(s, &as);
    if (!len || (as != ' ' && as != '\n'))
        return 0;
    if (as == ' ' && !(s.len > 1 && s.at[1] == '\n'))
        return len;
    size_t n = as == ' ' ? 2 : 1;
    while (n < s.len && n < 24 && (s.at[n] == '>' || s.at[n] == ' '))
        n++;
    return n;
}

/* Bytes one step takes, 0 if it does not fit. */
static size_t
step(const struct piece *e, str s)
{
    char as;
    if (e->what == '\'')
        return str_starts(s, (str){e->text, e->len}) ? e->len : 0;
    if (e->what == '_')
        return blank_len(s);
    if (e->what == 'A' && s.len > 1 &&
        (str_starts(s, STR("Ä")) || str_starts(s, STR("Ö")) || str_starts(s, STR("Ü"))))
        return 2;
    if (e->what == 'D')
        return one_separator(s, &as) && as == '-' ? one_separator(s, &as) : 0;
    return s.len && is_in_class(e->what, s.at[0]) ? 1 : 0;
}

/* Past the elements that stand once: there is one way for each. */
static bool
skip_single(const char **p, str s, size_t *at)
{
    struct piece e;
    for (const char *next = *p; *next; *p = next) {
        read_piece(&next, &e);
        if (e.least != 1 || e.most != 1)
            return true;
        const size_t len = step(&e, str_slice(s, *at, s.len));
        if (!len)
            return false;
        *at += len;
    }
    return true;
}

/* Greedy, giving back within one element: the longest way that lets the rest fit.  Depth is the
 * number of elements, breadth at most 40 each, and texts are short. */
static bool
fits_from(const char *p, str s, size_t at, size_t *ret_end) /* NOLINT(misc-no-recursion) */
{
    struct piece e;
    size_t ways[41], n = 0;
    if (!skip_single(&p, s, &at))
        return false;
    if (!*p) {
        *ret_end = at;
        return at > 0 && !(at < s.len && (is_digit(s.at[at]) || is_alpha(s.at[at])));
    }
    read_piece(&p, &e);
    for (size_t i = at; n <= e.most && n < 41;) {
        ways[n++] = i;
        const size_t len = step(&e, str_slice(s, i, s.len));
        if (!len)
            break;
        i += len;
    }
    while (n-- > e.least)
        if (fits_from(p, s, ways[n], ret_end))
            return true;
    return false;
}

size_t
layout_fits(const char *layout, str text, uint32_t offset)
{
    size_t end = 0;
    const str s = str_slice(text, offset, (size_t)offset + 96);
    return fits_from(layout, s, 0, &end) ? end : 0;
}
