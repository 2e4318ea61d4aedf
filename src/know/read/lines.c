/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/lines.h"

#include "base/err.h"

enum { LEVEL_MAX = 6 };

void
lines_begin(struct lines *l, buf *out)
{
    ASSERT(out);
    const buf room = BUF(out->limit);
    *l = (struct lines){
        .out = out, .line = room, .note = room, .notes = room, .title = room, .first = room};
}

void
lines_done(struct lines *l)
{
    buf_done(&l->line);
    buf_done(&l->note);
    buf_done(&l->notes);
    buf_done(&l->title);
    buf_done(&l->first);
}

static bool
is_space(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

/* No control character goes on, and of blanks one. */
static void
add_collapsed(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        if (!is_space(c))
            buf_add_char(b, c);
        else if (b->len && b->at[b->len - 1] != ' ')
            buf_add_char(b, ' ');
    }
}

void
lines_title(const struct lines *l, str properties, buf *out)
{
    AUTO(buf) b = BUF(out->limit);
    ASSERT(!out->len);
    add_collapsed(&b, l->title.len ? buf_str(&l->title) : properties);
    if (!str_trim(buf_str(&b)).len)
        add_collapsed(&b, buf_str(&l->first));
    const str one = str_trim(buf_str(&b));
    out->failed |= b.failed || l->title.failed || l->first.failed;
    if (!one.len)
        return;
    buf_add(out, STR("---\ntitle: "));
    buf_add(out, one);
    buf_add(out, STR("\n---\n\n"));
}

void
lines_text(struct lines *l, str s)
{
    add_collapsed(l->in_note ? &l->note : &l->line, s);
}

bool
lines_has(const struct lines *l)
{
    return str_trim(buf_str(&l->line)).len > 0;
}

/* In text; a heading is taken as it stands. */
static void
add_escaped(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        const bool is_mark =
            c == '*' || c == '[' || c == ']' || c == '_' || (i == 0 && (c == '#' || c == '-'));
        if (is_mark)
            buf_add_char(b, '\\');
        buf_add_char(b, c);
    }
}

static void
put(struct lines *l, enum lines_kind kind, int level, str s)
{
    ASSERT(level >= 0);
    if (kind == LINES_HEADING) {
        if (!l->first.len)
            buf_add(&l->first, s);
        if (level == 1 && !l->title.len)
            buf_add(&l->title, s);
        for (int i = 0; i < (level > LEVEL_MAX ? LEVEL_MAX : level); i++)
            buf_add_char(l->out, '#');
        buf_add_char(l->out, ' ');
        buf_add(l->out, s);
    } else {
        if (kind == LINES_ITEM)
            buf_add(l->out, STR("* "));
        add_escaped(l->out, s);
    }
    buf_add(l->out, STR("\n\n"));
}

void
lines_end(struct lines *l, enum lines_kind kind, int level)
{
    const str s = str_trim(buf_str(&l->line));
    if (s.len)
        put(l, kind, level, s);
    l->out->failed |= l->line.failed || l->notes.failed; /* buf_clear forgets */
    buf_add(l->out, buf_str(&l->notes));
    buf_clear(&l->line);
    buf_clear(&l->notes);
}

void
lines_page(struct lines *l)
{
    buf_add(l->out, STR("\f\n"));
}

void
lines_note_begin(struct lines *l)
{
    buf_clear(&l->note);
    l->in_note = true;
}

void
lines_note_end(struct lines *l)
{
    const str s = str_trim(buf_str(&l->note));
    l->in_note = false;
    l->out->failed |= l->note.failed;
    if (!s.len)
        return;
    buf_add_fmt(&l->notes, "\\[%zu\\] ", ++l->note_count);
    add_escaped(&l->notes, s);
    buf_add(&l->notes, STR("\n\n"));
}
