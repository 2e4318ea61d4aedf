/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/row.h"

#include "base/json.h"
#include "base/num.h"

enum { TEXT_MAX = 64 * 1024, NUMBER_MAX = 64 };

static const char *const names[] = {
#define COLUMN(name) #name,
#include "evidence/columns.def"
#undef COLUMN
};
_Static_assert(sizeof names / sizeof *names == ROW_COUNT, "one name per column");

static fallible
read_member(arena *a, const jval *v, str *ret)
{
    AUTO(buf) b = BUF(NUMBER_MAX);
    if (json_type(*v) == J_STRING)
        return json_str(v, TEXT_MAX, ret);
    if (json_type(*v) != J_NUMBER)
        return OK;
    json_put_value(&b, v);
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

fallible
row_read(arena *a, str entry, struct row *ret)
{
    struct row r = {.at = {STR_NONE}};
    jval root;
    TRY(json_read(a, entry, &root));
    TRY(json_object(&root));
    for (int i = 0; i < ROW_COUNT; i++) {
        const jval v = json_get(&root, names[i]);
        TRY(read_member(a, &v, &r.at[i]));
    }
    *ret = r;
    return OK;
}

uint64_t
row_number(const struct row *r, enum row_column c)
{
    uint64_t n = 0;
    ASSERT(c < ROW_COUNT);
    return num_u64(r->at[c], 0, UINT64_MAX, &n).code ? 0 : n;
}

fallible
row_copy(arena *a, const struct row *r, struct row *ret)
{
    struct row copy;
    for (int i = 0; i < ROW_COUNT; i++)
        TRY(try_arena_str(a, r->at[i], &copy.at[i]));
    *ret = copy;
    return OK;
}

static bool
is_formula(str s)
{
    return s.len && strchr("=+-@\t\r", s.at[0]) && s.at[0];
}

static void
put_cell(buf *b, str s)
{
    buf_add_char(b, '"');
    if (is_formula(s))
        buf_add_char(b, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '"')
            buf_add_char(b, '"');
        buf_add_char(b, s.at[i]);
    }
    buf_add_char(b, '"');
}

void
csv_put_head(buf *b)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        buf_add(b, i ? STR(",") : STR(""));
        put_cell(b, str_of(names[i]));
    }
    buf_add(b, STR("\r\n"));
}

void
csv_put(buf *b, const struct row *r)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        buf_add(b, i ? STR(",") : STR(""));
        if (r->at[i].len)
            put_cell(b, r->at[i]);
    }
    buf_add(b, STR("\r\n"));
}
