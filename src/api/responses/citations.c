/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/citations.h"

#include "base/num.h"
#include "base/utf8.h"

enum { DIGITS_MAX = 3, NOTE_BYTES = 16 * 1024 };

/* The number of a mark that begins here; 0: it is none. */
static uint64_t
mark_at(str s)
{
    size_t len = 1;
    uint64_t n = 0;
    while (len < s.len && len <= DIGITS_MAX && s.at[len] >= '0' && s.at[len] <= '9')
        len++;
    if (len < 2 || len >= s.len || s.at[len] != ']')
        return 0;
    return num_u64(str_slice(s, 1, len), 1, UINT64_MAX, &n).code ? 0 : n;
}

static fallible
add(arena *a, const struct citation_source *s, size_t index, citation_list *to)
{
    AUTO(buf) b = BUF(NOTE_BYTES);
    str note;
    json_open(&b, '{');
    json_member_str(&b, "type", STR("file_citation"));
    json_member_str(&b, "file_id", s->file);
    json_member_str(&b, "filename", s->name);
    json_member_u64(&b, "index", index);
    json_close(&b, '}');
    TRY(buf_end(&b));
    TRY(try_arena_str(a, buf_str(&b), &note));
    return VEC_ADD(a, to, &note);
}

fallible
citations_find(arena *a, const struct citation_sources *s, str text, citation_list *ret)
{
    str rest = text;
    uint32_t c;
    if (!s->count)
        return OK;
    for (size_t index = 0; rest.len && ret->count < CITATIONS_MAX; index++) {
        const uint64_t n = rest.at[0] == '[' ? mark_at(rest) : 0;
        if (n && n <= s->count)
            TRY(add(a, &s->at[n - 1], index, ret));
        if (!utf8_next(&rest, &c))
            rest = str_slice(rest, 1, rest.len);
    }
    return OK;
}
