/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/fates/fates.h"

#include <stdlib.h>

#include "base/buf.h"
#include "test.h"

enum { PAGE_BYTES_MAX = 256 * 1024 };

static str
read_all(FILE *f, char *room)
{
    const size_t len = fread(room, 1, PAGE_BYTES_MAX, f);
    return (str){room, len};
}

static str
page(void)
{
    static char room[PAGE_BYTES_MAX];
    FILE *f = tmpfile();
    if (!f) {
        test_fail(__FILE__, __LINE__, "no room for the page");
        return STR_NONE;
    }
    fates_put(f);
    rewind(f);
    const str text = read_all(f, room);
    fclose(f);
    return text;
}

/* Everything between the heading of this dialect and the next. */
static str
part_of(str text, const char *name)
{
    char heading[128];
    snprintf(heading, sizeof heading, "\n## %s\n", name);
    const ptrdiff_t at = str_find(text, str_of(heading));
    if (at < 0) {
        test_fail(__FILE__, __LINE__, "there is no part %s", name);
        return STR_NONE;
    }
    const str rest = str_slice(text, (size_t)at + strlen(heading), text.len);
    const ptrdiff_t next = str_find(rest, STR("\n## "));
    return next < 0 ? rest : str_slice(rest, 0, (size_t)next);
}

/* The line that begins with "| `NAME` |". */
static str
line_of(str part, const char *name)
{
    char head[128];
    str line;
    snprintf(head, sizeof head, "| `%s` |", name);
    while (str_next(&part, '\n', &line))
        if (str_starts(line, str_of(head)))
            return str_slice(line, strlen(head), line.len);
    return STR_NONE;
}

static str
cell_of(str line, size_t column)
{
    str cell = STR_NONE;
    for (size_t i = 0; i <= column; i++)
        if (!str_next(&line, '|', &cell))
            return STR_NONE;
    return cell;
}

TEST(every_field_of_every_dialect_is_on_the_page_with_its_fate_for_each_route)
{
    const struct fates_dialect *d;
    const str text = page();
    size_t shown = 0;
    for (size_t i = 0; (d = fates_at(i)); i++) {
        const str part = part_of(text, d->name);
        for (size_t j = 0; j < d->field_count; j++)
            for (size_t k = 0; k < d->route_count; k++) {
                const struct read_field *f = &d->fields[j];
                if (!(f->routes & d->routes[k].bit))
                    continue;
                char want[32];
                snprintf(want, sizeof want, " %s ", fates_name(f->fate));
                CHECK_STR(cell_of(line_of(part, f->name), k), str_of(want));
                shown++;
            }
    }
    CHECK_INT(shown, >, 200);
}

TEST(no_field_has_two_fates_for_one_route_and_none_is_without_a_route)
{
    const struct fates_dialect *d;
    for (size_t i = 0; (d = fates_at(i)); i++) {
        uint32_t all = 0;
        for (size_t k = 0; k < d->route_count; k++) {
            CHECK(!(all & d->routes[k].bit));
            all |= d->routes[k].bit;
        }
        for (size_t j = 0; j < d->field_count; j++) {
            CHECK(d->fields[j].routes && !(d->fields[j].routes & ~all));
            for (size_t o = 0; o < j; o++)
                if ((d->fields[o].routes & d->fields[j].routes) &&
                    strcmp(d->fields[o].name, d->fields[j].name) == 0)
                    test_fail(__FILE__, __LINE__, "%s: %s twice", d->name, d->fields[j].name);
        }
    }
}

TEST(a_field_is_on_one_line_of_its_dialect_only_and_lines_are_as_wide_as_the_heading)
{
    const struct fates_dialect *d;
    const str text = page();
    for (size_t i = 0; (d = fates_at(i)); i++) {
        str part = part_of(text, d->name), line;
        size_t lines = 0, names = 0;
        for (size_t j = 0; j < d->field_count; j++) {
            bool first = true;
            for (size_t o = 0; o < j && first; o++)
                first = strcmp(d->fields[o].name, d->fields[j].name) != 0;
            names += first;
        }
        while (str_next(&part, '\n', &line)) {
            if (!str_starts(line, STR("|")))
                continue;
            size_t bars = 0;
            for (size_t at = 0; at < line.len; at++)
                bars += line.at[at] == '|';
            CHECK_INT(bars, ==, d->route_count + 2);
            lines++;
        }
        CHECK_INT(lines, ==, names + 2);
    }
}

/* UPDATE=1 in the environment writes it anew. */
TEST(the_kept_page_is_what_is_printed)
{
    static char room[PAGE_BYTES_MAX];
    const str text = page();
    if (secure_getenv("UPDATE")) {
        FILE *out = fopen("docs/dialects.md", "w");
        NEED(out);
        fwrite(text.at, 1, text.len, out);
        fclose(out);
    }
    FILE *f = fopen("docs/dialects.md", "r");
    NEED(f);
    const str kept = read_all(f, room);
    fclose(f);
    CHECK_STR(kept, text);
}
