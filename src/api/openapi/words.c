/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/words.h"

#include "base/json.h"

enum { KEY_MAX = 256 };

/* ---- kinds of values: "string|array" */
void
words_open_kinds(buf *b, str kinds, bool or_null)
{
    const bool is_any = !kinds.len || str_eq(kinds, STR("any"));
    str one;
    json_open(b, '{');
    if (!is_any) {
        json_key(b, "type");
        json_open(b, '[');
        while (str_next(&kinds, '|', &one))
            json_put_str(b, one);
        if (or_null)
            json_put_str(b, STR("null"));
        json_close(b, ']');
    }
}

void
words_put_kinds(buf *b, str kinds, bool or_null)
{
    words_open_kinds(b, kinds, or_null);
    json_close(b, '}');
}

void
words_put_key(buf *b, str name)
{
    char room[KEY_MAX];
    const bool fits = str_copy(name, room, sizeof room);
    ASSERT(fits);
    json_key(b, room);
}

/* ---- lists of members: "name:kinds name:kinds* …" */

bool
words_next(str *rest, struct words_member *ret)
{
    str word;
    do {
        if (!str_next(rest, ' ', &word))
            return false;
    } while (!word.len || str_eq(word, STR("…")));
    ret->needed = str_ends(word, STR("*"));
    ret->kinds = str_slice(word, 0, word.len - ret->needed);
    const bool is_bare = str_find(ret->kinds, STR(":")) < 0;
    str_next(&ret->kinds, ':', &ret->name);
    if (is_bare)
        ret->kinds = STR("string");
    return true;
}

void
words_put_needed(buf *b, str list, bool all)
{
    struct words_member m;
    bool any = false;
    while (words_next(&list, &m)) {
        if (!m.needed && !all)
            continue;
        if (!any) {
            json_key(b, "required");
            json_open(b, '[');
        }
        any = true;
        json_put_str(b, m.name);
    }
    if (any)
        json_close(b, ']');
}

void
words_put_members(buf *b, str list, bool or_null)
{
    struct words_member m;
    json_key(b, "properties");
    json_open(b, '{');
    while (words_next(&list, &m)) {
        words_put_key(b, m.name);
        words_put_kinds(b, m.kinds, or_null && !m.needed);
    }
    json_close(b, '}');
}

void
words_open_object(buf *b)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("object"));
}

void
words_put_body(buf *b, str list)
{
    words_open_object(b);
    words_put_members(b, list, true);
    words_put_needed(b, list, false);
    if (!str_ends(list, STR("…")))
        json_member_bool(b, "additionalProperties", false);
    json_close(b, '}');
}
