/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/catalog/terms.h"

#include "base/json.h"
#include "base/map.h"

enum { TEXT_MAX = 512 };

static const str names[TERM_FIELDS] = {
    [TERM_REQUEST] = STR_INIT("request"), [TERM_KEY] = STR_INIT("key"),
    [TERM_OBJECT] = STR_INIT("object"),   [TERM_RULE] = STR_INIT("rule"),
    [TERM_EVENT] = STR_INIT("event"),     [TERM_CASE] = STR_INIT("case"),
};

const char *
term_field_name(enum term_field f)
{
    ASSERT(f < TERM_FIELDS);
    return names[f].at;
}

enum term_field
term_field_of(str name)
{
    size_t f = 0;
    while (f < TERM_FIELDS && !str_eq(name, names[f]))
        f++;
    return (enum term_field)f;
}

uint64_t
term_of(enum term_field f, str text)
{
    /* A number of its own for each field; what is found is looked at, so the key is no secret. */
    const uint8_t key[16] = {(uint8_t)(f + 1)};
    ASSERT(f < TERM_FIELDS);
    return siphash24(key, text.at, text.len);
}

bool
term_is_kept(enum term_field f, str text)
{
    return f != TERM_EVENT || (!str_eq(text, STR("decision")) && !str_eq(text, STR("completion")));
}

void
term_put_needle(buf *b, enum term_field f, str text)
{
    buf_add_char(b, '"');
    buf_add(b, names[f]);
    buf_add(b, STR("\":"));
    json_put_str(b, text);
}

/* ---- a line, member by member: an object of texts and numbers, as record_put writes it */

/* Up to the quote that ends it; false if there is none. */
static bool
take_text(str *s, str *ret)
{
    size_t at = 0;
    for (;;) {
        const char *end = at < s->len ? memchr(s->at + at, '"', s->len - at) : NULL;
        if (!end)
            return false;
        at = (size_t)(end - s->at);
        size_t slashes = 0;
        while (slashes < at && s->at[at - 1 - slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            break;
        at++;
    }
    *ret = str_slice(*s, 0, at);
    *s = str_slice(*s, at + 1, s->len);
    return true;
}

/* A name and, where it is a text, its value; numbers are passed over. */
static bool
take_member(str *s, str *ret_name, str *ret_value)
{
    const char *quote = s->len ? memchr(s->at, '"', s->len) : NULL;
    if (!quote)
        return false;
    *s = str_slice(*s, (size_t)(quote - s->at) + 1, s->len);
    if (!take_text(s, ret_name) || s->len < 2 || s->at[0] != ':')
        return false;
    *ret_value = STR_NONE;
    if (s->at[1] != '"')
        return true;
    *s = str_slice(*s, 2, s->len);
    return take_text(s, ret_value);
}

size_t
terms_read(str line, uint64_t ret[TERM_FIELDS])
{
    size_t count = 0;
    str name, value;
    while (count < TERM_FIELDS && take_member(&line, &name, &value)) {
        const enum term_field f = value.len ? term_field_of(name) : TERM_FIELDS;
        if (f < TERM_FIELDS && term_is_kept(f, value))
            ret[count++] = term_of(f, value);
    }
    return count;
}

str
term_time(str line)
{
    str name, value;
    while (take_member(&line, &name, &value))
        if (str_eq(name, STR("time")))
            return value;
    return STR_NONE;
}
