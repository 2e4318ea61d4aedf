/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/read.h"

enum { JSON_BYTES_MAX = 256 * 1024 * 1024 };

static const struct read_field *
find_field(const struct read_field *fields, size_t count, const char *name, uint32_t route)
{
    for (size_t i = 0; i < count; i++)
        if ((fields[i].routes & route) && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

bool
read_asks_nothing(const jval *v)
{
    bool flag = true;
    str text = STR("x");
    switch (json_type(*v)) {
    case J_ABSENT:
    case J_NULL:
        return true;
    case J_BOOL:
        return !json_bool(v, &flag).code && !flag;
    case J_STRING:
        return !json_str(v, JSON_BYTES_MAX, &text).code && !text.len;
    case J_ARRAY:
    case J_OBJECT:
        return json_count(v) == 0;
    case J_NUMBER:
        break;
    }
    return false;
}

static fallible
refuse_unknown(const jval *v)
{
    char room[128];
    json_path(v, room, sizeof room);
    REFUSE(ARGUMENT, room, "the field \"%s\" is not known here", room);
}

fallible
read_fields(const jval *body, const struct read_field *fields, size_t count, uint32_t route)
{
    struct jwalk w = {.next = NULL};
    jval v;
    ASSERT(route);
    while (json_each(body, &w, &v)) {
        const struct read_field *f = find_field(fields, count, v.name, route);
        if (!f)
            return refuse_unknown(&v);
        if (f->fate == REFUSED && !read_asks_nothing(&v))
            REFUSE(UNSUPPORTED, f->name, "the field \"%s\" is not supported by this version",
                   f->name);
    }
    return OK;
}

fallible
read_members(const jval *o, const char *const *known)
{
    struct jwalk w = {.next = NULL};
    jval v;
    while (json_each(o, &w, &v)) {
        const char *const *k = known;
        while (*k && strcmp(*k, v.name) != 0)
            k++;
        if (!*k && !read_asks_nothing(&v))
            return refuse_unknown(&v);
    }
    return OK;
}

fallible
read_json(arena *a, const jval *v, size_t len_max, str *ret)
{
    AUTO(buf) text = BUF(JSON_BYTES_MAX);
    json_put_value(&text, v);
    TRY(buf_end(&text));
    if (text.len > len_max)
        REFUSE_AT(ARGUMENT, v, "is larger than %zu bytes", len_max);
    return try_arena_str(a, buf_str(&text), ret);
}
