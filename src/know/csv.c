/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/csv.h"

enum { COLUMNS_MAX = 256 };

struct table {
    str rest;
    char separator;
    str names[COLUMNS_MAX]; /* as they stand, quotes and all */
    size_t count;
};

/* The separator of the first row: quoted ones do not count. */
static char
separator_of(str csv)
{
    static const char all[] = {';', ',', '\t', '|'};
    size_t counts[sizeof all] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < csv.len && (quoted || csv.at[i] != '\n'); i++) {
        quoted ^= csv.at[i] == '"';
        for (size_t k = 0; k < sizeof all && !quoted; k++)
            counts[k] += csv.at[i] == all[k];
    }
    for (size_t k = 1; k < sizeof all; k++)
        best = counts[k] > counts[best] ? k : best;
    return all[best];
}

/* Takes a field off, as it stands; *ret_last: a row ends with it. */
static str
take_field(struct table *t, bool *ret_last)
{
    const str s = t->rest;
    bool quoted = false;
    size_t i = 0;
    for (; i < s.len && (quoted || (s.at[i] != t->separator && s.at[i] != '\n')); i++)
        quoted ^= s.at[i] == '"';
    *ret_last = i == s.len || s.at[i] == '\n';
    t->rest = str_slice(s, i + 1, s.len);
    const size_t end = *ret_last && i && s.at[i - 1] == '\r' ? i - 1 : i;
    return str_trim(str_slice(s, 0, end));
}

/* Without its quotes, on one line; in text what Markdown would take for a mark is escaped, in a
 * heading nothing is one. */
static void
put_value(buf *b, str field, bool is_heading)
{
    const bool quoted = field.len > 1 && field.at[0] == '"';
    const str s = quoted ? str_slice(field, 1, field.len - str_ends(field, STR("\""))) : field;
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        if (quoted && c == '"' && i + 1 < s.len && s.at[i + 1] == '"')
            i++;
        if (c == '\n' || c == '\r' || c == '\t')
            buf_add_char(b, ' ');
        else if (!is_heading && c && strchr("*_#[]()", c)) {
            buf_add_char(b, '\\');
            buf_add_char(b, c);
        } else
            buf_add_char(b, c);
    }
}

static void
put_pair(buf *b, str name, str value)
{
    buf_add(b, STR("* "));
    put_value(b, name, false);
    buf_add(b, STR(": "));
    put_value(b, value, false);
    buf_add_char(b, '\n');
}

static bool
is_empty(str field)
{
    return !field.len || str_eq(field, STR("\"\""));
}

static void
put_row(struct table *t, size_t number, buf *b)
{
    AUTO(buf) row = BUF(8 * t->rest.len + 1024);
    bool last = false, has_any = false;
    for (size_t i = 0; !last && t->rest.len; i++) {
        const str field = take_field(t, &last);
        if (i == 0) {
            buf_add(&row, STR("\n## "));
            if (is_empty(field))
                buf_add_fmt(&row, "Zeile %zu", number);
            else
                put_value(&row, field, true);
            buf_add(&row, STR("\n\n"));
        }
        if (i < t->count && !is_empty(field)) {
            put_pair(&row, t->names[i], field);
            has_any = true;
        }
    }
    if (has_any)
        buf_add(b, buf_str(&row));
    b->failed |= row.failed;
}

void
csv_to_markdown(str csv, buf *b)
{
    struct table t = {.rest = csv};
    bool last = false;
    if (str_starts(t.rest, STR("\xef\xbb\xbf")))
        t.rest = str_slice(t.rest, 3, t.rest.len);
    t.separator = separator_of(t.rest);
    while (!last && t.rest.len) {
        const str name = take_field(&t, &last);
        if (t.count < COLUMNS_MAX)
            t.names[t.count++] = name;
    }
    for (size_t number = 2; t.rest.len; number++)
        put_row(&t, number, b);
}
