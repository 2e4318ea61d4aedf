/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/citations.h"

#include "base/utf8.h"
#include "work/stores/passages.h"

enum { NOTE_BYTES = 16 * 1024 };

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

static size_t
characters(str text)
{
    uint32_t c;
    size_t count = 0;
    for (; text.len; count++)
        if (!utf8_next(&text, &c))
            text = str_slice(text, 1, text.len);
    return count;
}

fallible
citations_find(arena *a, const struct citation_sources *s, str text, citation_list *ret)
{
    struct passage_mark m = {0};
    size_t index = 0, before = 0;
    while (s->count && ret->count < CITATIONS_MAX && passage_mark_next(text, m.to, &m)) {
        index += characters(str_slice(text, before, m.from));
        before = m.from;
        if (m.number <= s->count)
            TRY(add(a, &s->at[m.number - 1], index, ret));
    }
    return OK;
}
