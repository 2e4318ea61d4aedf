/* SPDX-License-Identifier: EUPL-1.2 */
/* What layout announces: heads of table columns, keys of JSON and XML. */
#include "detect/doc.h"

enum { CELLS_MAX = 16, KEY_REACH = 5 };

struct cell {
    uint32_t start, end;
};

struct row {
    struct cell cells[CELLS_MAX];
    size_t count;
};

static bool
is_hard_separator(char c)
{
    return c == '|' || c == ';' || c == '\t';
}

/* Length of what separates cells at `i`: a bar, semicolon or tab with blanks, or three blanks. */
static size_t
separator_at(str t, size_t i)
{
    size_t n = 0;
    bool hard = false;
    while (i + n < t.len && (t.at[i + n] == ' ' || is_hard_separator(t.at[i + n]))) {
        hard |= t.at[i + n] != ' ';
        n++;
    }
    return hard || n >= 3 ? n : 0;
}

static uint32_t
line_end(str t, uint32_t i)
{
    const char *const nl = i < t.len ? memchr(t.at + i, '\n', t.len - i) : NULL;
    return nl ? (uint32_t)(nl - t.at) : (uint32_t)t.len;
}

static void
read_row(str t, uint32_t from, uint32_t to, struct row *r)
{
    const str line = str_slice(t, 0, to);
    r->count = 0;
    uint32_t start = from;
    for (uint32_t i = from; i < to && r->count < CELLS_MAX;) {
        const size_t n = separator_at(line, i);
        if (n && i > start)
            r->cells[r->count++] = (struct cell){start, i};
        if (n)
            start = i + (uint32_t)n;
        i += n ? (uint32_t)n : 1;
    }
    if (start < to && r->count < CELLS_MAX)
        r->cells[r->count++] = (struct cell){start, to};
}

/* The type the cell's first label names. */
static uint8_t
announced_in(const struct doc *d, struct cell c)
{
    for (size_t i = tokens_find(&d->t, c.start); i < d->t.count && d->t.at[i].end <= c.end; i++) {
        if (d->t.at[i].kind == TOKEN_NUMBER)
            return DETECT_NONE;
        if (d->t.at[i].label)
            return d->t.at[i].label;
    }
    return DETECT_NONE;
}

static size_t
read_head(const struct doc *d, const struct row *r, uint8_t types[CELLS_MAX])
{
    size_t named = 0;
    for (size_t i = 0; i < r->count; i++) {
        const size_t len = r->cells[i].end - r->cells[i].start;
        types[i] = len <= 40 ? announced_in(d, r->cells[i]) : DETECT_NONE;
        if (len <= 40 && memchr(d->text.at + r->cells[i].start, ':', len))
            return 0;
        named += types[i] != DETECT_NONE;
    }
    return r->count >= 3 ? named : 0;
}

/* Cells whose whole content is the value. */
static bool
is_plain(uint8_t type)
{
    return type == DETECT_PERSON || type == DETECT_STRASSE || type == DETECT_PLZ_ORT ||
           type == DETECT_GEBURTSORT;
}

static fallible
fill_cell(struct doc *d, struct cell c, uint8_t type)
{
    size_t i = tokens_find(&d->t, c.start), last = i;
    bool has_capital = false, has_digit = false;
    const size_t first = i;
    for (; i < d->t.count && d->t.at[i].end <= c.end; i++) {
        d->field[i] = type;
        last = i;
        has_capital |= d->t.at[i].is_upper;
        has_digit |= d->t.at[i].kind == TOKEN_NUMBER;
    }
    if (!is_plain(type) || first == i || !(has_capital || has_digit) ||
        (type == DETECT_PERSON && (has_digit || !has_capital)))
        return OK;
    return doc_add(d, d->t.at[first].start, d->t.at[last].end, type, 88);
}

static fallible
fill_rows(struct doc *d, uint32_t at, const struct row *head, const uint8_t *types)
{
    unsigned blank = 0;
    while (at < d->text.len && blank < 2) {
        const uint32_t end = line_end(d->text, at);
        struct row r;
        read_row(d->text, at, end, &r);
        blank = r.count == 0 ? blank + 1 : 0;
        if (r.count && (r.count + 1 < head->count || r.count > head->count))
            break;
        for (size_t i = 0; i < r.count; i++)
            if (types[i])
                TRY(fill_cell(d, r.cells[i], types[i]));
        at = end + 1;
    }
    return OK;
}

/* ---- keys */

static bool
is_key_mark(const struct token *t)
{
    return t->kind == TOKEN_MARK && (t->mark == '"' || t->mark == ':' || t->mark == '=' ||
                                     t->mark == '>' || t->mark == '\'');
}

/* `"key": "value"`, `<key>value<`, `key="value"`: at most one line. */
static fallible
try_key(struct doc *d, size_t i)
{
    size_t k = i + 1;
    bool opens = false;
    for (; k < i + KEY_REACH && is_key_mark(&d->t.at[k]); k++)
        opens = d->t.at[k].mark == '"' || d->t.at[k].mark == '>';
    if (!opens || k >= d->t.count || k == i + 1 || token_is_mark(&d->t.at[k], '<'))
        return OK;
    const uint32_t start = d->t.at[k].start;
    uint32_t end = start;
    while (end < d->text.len && end - start < 80 && !strchr("\"<\n", doc_char(d, end)))
        end++;
    if (end == start || end >= d->text.len || !strchr("\"<", doc_char(d, end)))
        return OK;
    const struct token *const before = &d->t.at[i] - 4;
    const bool in_birth = i >= 4 && d->t.at[i].label == DETECT_PLZ_ORT &&
                          (before[-1].label == DETECT_GEBURTSDATUM ||
                           doc_labels(d, i).nearest == DETECT_GEBURTSDATUM);
    return doc_add(d, start, end, in_birth ? DETECT_GEBURTSORT : d->t.at[i].label, 92);
}

fallible
rule_columns(struct doc *d)
{
    const str t = d->text;
    for (uint32_t at = 0; at < t.len;) {
        const uint32_t end = line_end(t, at);
        struct row head;
        uint8_t types[CELLS_MAX];
        read_row(t, at, end, &head);
        if (head.count >= 3 && read_head(d, &head, types) >= 2)
            TRY(fill_rows(d, end + 1, &head, types));
        at = end + 1;
    }
    for (size_t i = 0; i < d->t.count; i++)
        if (is_plain(d->t.at[i].label) && d->t.at[i + 1].kind == TOKEN_MARK)
            TRY(try_key(d, i));
    return OK;
}
