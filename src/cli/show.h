/* SPDX-License-Identifier: EUPL-1.2 */
/* show.h - what people see: tables, sizes, times, colours, a progress bar.
 *
 * Text that came from elsewhere (a model's name, an answer) goes to a terminal through show_text
 * only, which replaces control characters: an escape sequence could rewrite the screen or type
 * into it.  Into files and pipes answers go as they are. */
#pragma once
#include <stdio.h>

#include "base/buf.h"
#include "base/vec.h"

/* ---- text */

/* Columns on a terminal, near enough: code points that are no combining marks. */
size_t show_width(str s);
/* Control characters become U+FFFD; line feed and tab stay if `lines`. */
void show_text(FILE *f, str s, bool lines);
/* Words at most `width` columns a line, each line behind `indent` blanks; ends with a line feed. */
void show_wrapped(FILE *f, str text, size_t indent, size_t width);
/* The same where the first line has been begun already, up to `indent`. */
void show_hanging(FILE *f, str text, size_t indent, size_t width);

enum style { STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW };
/* Nothing but the text when not `colored`. */
void show_styled(FILE *f, bool colored, enum style s, str text);

/* ---- numbers: into `room`, NUL-ended; they return it */
enum { SHOW_MAX = 32 };
/* "512 B", "1.5 KiB", "23 GiB" */
const char *show_bytes(uint64_t n, char room[SHOW_MAX]);
/* "850 us", "12.3 ms", "1.25 s", "2 min 5 s", "3 h 20 min", "4 d 2 h" */
const char *show_us(uint64_t us, char room[SHOW_MAX]);
/* "1.54 G" of parameters: "494 M", "7.6 G" */
const char *show_count(uint64_t n, char room[SHOW_MAX]);

/* ---- tables: head and cells are copied into the arena when added */
struct table {
    arena *a;
    size_t columns;
    uint32_t right; /* bit i: column i is set flush right */
    bool has_head;
    VEC(str) cells; /* head first */
};

/* `heads`: names with '|' between them; a name ending in '>' is flush right. */
fallible table_begin(struct table *t, arena *a, const char *heads);
void table_begin_plain(struct table *t, arena *a, size_t columns);
fallible table_add(struct table *t, str cell);
fallible table_add_fmt(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Rows must be whole. */
void table_show(const struct table *t, FILE *f, bool colored);

/* ---- progress of something long, on a terminal only */
struct progress {
    FILE *f; /* NULL: nobody looks */
    const char *what;
    uint64_t total, began_ms, shown_ms;
};

void progress_begin(struct progress *p, FILE *f, const char *what, uint64_t total);
void progress_at(struct progress *p, uint64_t done);
/* Takes the bar away. */
void progress_end(struct progress *p);
