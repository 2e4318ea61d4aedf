/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/show.h"

#include <stdarg.h>

#include "base/utf8.h"
#include "os/clock.h"

enum { BAR = 24, REFRESH_MS = 100, GAP = 2 };

/* ---- text */

static bool
is_combining(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || c == 0xfeff;
}

size_t
show_width(str s)
{
    size_t n = 0;
    uint32_t c;
    for (str rest = s; rest.len;) {
        if (!utf8_next(&rest, &c)) {
            rest = str_slice(rest, 1, rest.len);
            c = 0xfffd;
        }
        n += !is_combining(c);
    }
    return n;
}

/* C0, DEL, C1; also the marks that turn the direction of what follows. */
static bool
is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

void
show_text(FILE *f, str s, bool lines)
{
    char room[4] = "";
    uint32_t c;
    for (str rest = s; rest.len;) {
        if (!utf8_next(&rest, &c)) {
            rest = str_slice(rest, 1, rest.len);
            c = 0xfffd;
        }
        if (is_control(c) && !(lines && (c == '\n' || c == '\t')))
            c = 0xfffd;
        (void)fwrite(room, 1, utf8_put(c, room), f);
    }
}

static void
put_blanks(FILE *f, size_t n)
{
    (void)fprintf(f, "%*s", (int)n, "");
}

static void
wrap_paragraph(FILE *f, str text, size_t indent, size_t width, bool begun)
{
    size_t at = 0;
    str word;
    while (str_next(&text, ' ', &word)) {
        const size_t n = show_width(word);
        if (!n)
            continue;
        if (at && at + 1 + n > width) {
            (void)fputc('\n', f);
            at = 0;
        }
        if (at)
            (void)fputc(' ', f);
        else if (!begun)
            put_blanks(f, indent);
        begun = false;
        show_text(f, word, false);
        at += (at ? 1 : 0) + n;
    }
    (void)fputc('\n', f);
}

void
show_wrapped(FILE *f, str text, size_t indent, size_t width)
{
    str paragraph;
    while (str_next(&text, '\n', &paragraph))
        wrap_paragraph(f, paragraph, indent, width, false);
}

void
show_hanging(FILE *f, str text, size_t indent, size_t width)
{
    wrap_paragraph(f, text, indent, width, true);
}

void
show_styled(FILE *f, bool colored, enum style s, str text)
{
    static const char *const codes[] = {"1", "2", "31", "32", "33"};
    if (colored)
        (void)fprintf(f, "\033[%sm", codes[s]);
    show_text(f, text, false);
    if (colored)
        (void)fputs("\033[0m", f);
}

/* ---- numbers */

/* Three digits that count, in the largest unit that is not above the number. */
static const char *
scaled(uint64_t n, uint64_t factor, const char *const *units, char room[SHOW_MAX])
{
    double d = (double)n;
    size_t i = 0;
    while (d >= (double)factor && units[i + 1]) {
        d /= (double)factor;
        i++;
    }
    const int digits = i == 0 || d >= 99.95 ? 0 : d >= 9.995 ? 1 : 2;
    (void)snprintf(room, SHOW_MAX, "%.*f%s%s", digits, d, *units[i] ? " " : "", units[i]);
    return room;
}

const char *
show_bytes(uint64_t n, char room[SHOW_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", NULL};
    return scaled(n, 1024, units, room);
}

const char *
show_count(uint64_t n, char room[SHOW_MAX])
{
    static const char *const units[] = {"", "K", "M", "G", "T", NULL};
    return scaled(n, 1000, units, room);
}

const char *
show_us(uint64_t us, char room[SHOW_MAX])
{
    static const char *const units[] = {"us", "ms", "s", NULL};
    static const struct {
        const char *big, *small;
        uint64_t big_s, small_s;
    } pairs[] = {{"d", "h", 86400, 3600}, {"h", "min", 3600, 60}, {"min", "s", 60, 1}};
    const uint64_t s = us / 1000000;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (s >= pairs[i].big_s) {
            (void)snprintf(room, SHOW_MAX, "%llu %s %llu %s",
                           (unsigned long long)(s / pairs[i].big_s), pairs[i].big,
                           (unsigned long long)(s % pairs[i].big_s / pairs[i].small_s),
                           pairs[i].small);
            return room;
        }
    return scaled(us, 1000, units, room);
}

/* ---- tables */

fallible
table_begin(struct table *t, arena *a, const char *heads)
{
    str rest = str_of(heads), name;
    *t = (struct table){.a = a, .has_head = true};
    while (str_next(&rest, '|', &name)) {
        ASSERT(t->columns < 32);
        if (str_ends(name, STR(">"))) {
            t->right |= UINT32_C(1) << t->columns;
            name.len--;
        }
        t->columns++;
        TRY(table_add(t, name));
    }
    return OK;
}

void
table_begin_plain(struct table *t, arena *a, size_t columns)
{
    ASSERT(columns && columns < 32);
    *t = (struct table){.a = a, .columns = columns};
}

fallible
table_add(struct table *t, str cell)
{
    str kept = STR_NONE;
    TRY(try_arena_str(t->a, cell, &kept));
    return VEC_ADD(t->a, &t->cells, &kept);
}

fallible
table_add_fmt(struct table *t, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return table_add(t, str_of(text));
}

static void
show_cell(const struct table *t, size_t i, size_t width, FILE *f, bool bold)
{
    const str cell = t->cells.at[i];
    const size_t column = i % t->columns, blanks = width - show_width(cell);
    const bool is_right = t->right >> column & 1;
    if (is_right)
        put_blanks(f, blanks);
    if (bold)
        show_styled(f, true, STYLE_BOLD, cell);
    else
        show_text(f, cell, false);
    if (column + 1 < t->columns)
        put_blanks(f, GAP + (is_right ? 0 : blanks));
}

void
table_show(const struct table *t, FILE *f, bool colored)
{
    size_t width[32] = {0};
    ASSERT(t->columns && t->cells.count % t->columns == 0);
    for (size_t i = 0; i < t->cells.count; i++) {
        const size_t w = show_width(t->cells.at[i]);
        if (w > width[i % t->columns])
            width[i % t->columns] = w;
    }
    for (size_t i = 0; i < t->cells.count; i++) {
        show_cell(t, i, width[i % t->columns], f, colored && t->has_head && i < t->columns);
        if (i % t->columns + 1 == t->columns)
            (void)fputc('\n', f);
    }
}

/* ---- progress */

void
progress_begin(struct progress *p, FILE *f, const char *what, uint64_t total)
{
    *p = (struct progress){.f = f, .what = what, .total = total, .began_ms = clock_ms()};
}

void
progress_at(struct progress *p, uint64_t done)
{
    char some[SHOW_MAX], all[SHOW_MAX], rate[SHOW_MAX];
    const uint64_t now = clock_ms(), ms = now - p->began_ms;
    if (!p->f || now < p->shown_ms + REFRESH_MS)
        return;
    p->shown_ms = now;
    const uint64_t total = p->total ? p->total : 1, per_s = done * 1000 / (ms ? ms : 1);
    const int full = (int)(done * BAR / total);
    (void)fprintf(p->f, "\r%s [%.*s%*s] %3u %%  %s of %s  %s/s\033[K", p->what, full,
                  "########################", BAR - full, "", (unsigned)(done * 100 / total),
                  show_bytes(done, some), show_bytes(p->total, all), show_bytes(per_s, rate));
    (void)fflush(p->f);
}

void
progress_end(struct progress *p)
{
    if (p->f && p->shown_ms) {
        (void)fputs("\r\033[K", p->f);
        (void)fflush(p->f);
    }
    p->f = NULL;
}
