/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/json.h"

#include <yyjson.h>

#include "base/utf8.h"

/* Does a value end with `c`?  Then what follows it needs a comma. */
static inline bool
ends_value(char c)
{
    return c == '"' || c == '}' || c == ']' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static inline void
comma(buf *b)
{
    if (b->len && ends_value(b->at[b->len - 1]))
        buf_add_char(b, ',');
}

void
json_open(buf *b, char bracket)
{
    ASSERT(bracket == '{' || bracket == '[');
    comma(b);
    buf_add_char(b, bracket);
}

void
json_close(buf *b, char bracket)
{
    ASSERT(bracket == '}' || bracket == ']');
    buf_add_char(b, bracket);
}

void
json_key(buf *b, const char *name)
{
    comma(b);
    buf_add_char(b, '"');
    json_put_raw(b, str_of(name));
    buf_add(b, STR("\":"));
}

/* Length of the start that can be copied as it is: no quote, backslash, control or bad byte. */
static size_t
plain_len(str s)
{
    str rest = s;
    uint32_t code_point;
    while (rest.len) {
        const unsigned char c = (unsigned char)rest.at[0];
        if (c < ' ' || c == '"' || c == '\\')
            break;
        if (c < 0x80)
            rest = (str){rest.at + 1, rest.len - 1};
        else if (!utf8_next(&rest, &code_point))
            break;
    }
    return s.len - rest.len;
}

static void
put_escaped(buf *b, unsigned char c)
{
    static const char letters[' '] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c >= 0x80)
        buf_add(b, STR("\xEF\xBF\xBD"));
    else if (c == '"' || c == '\\')
        buf_add(b, (str){(const char[]){'\\', (char)c}, 2});
    else if (c < ' ' && letters[c])
        buf_add(b, (str){(const char[]){'\\', letters[c]}, 2});
    else
        buf_add_fmt(b, "\\u%04x", c);
}

void
json_put_raw(buf *b, str s)
{
    while (s.len) {
        const size_t n = plain_len(s);
        buf_add(b, str_slice(s, 0, n));
        if (n == s.len)
            break;
        put_escaped(b, (unsigned char)s.at[n]);
        s = str_slice(s, n + 1, s.len);
    }
}

void
json_put_str(buf *b, str s)
{
    comma(b);
    buf_add_char(b, '"');
    json_put_raw(b, s);
    buf_add_char(b, '"');
}

void
json_put_u64(buf *b, uint64_t n)
{
    comma(b);
    buf_add_u64(b, n);
}

void
json_put_i64(buf *b, int64_t n)
{
    comma(b);
    if (n < 0)
        buf_add_char(b, '-');
    buf_add_u64(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

/* yyjson writes the shortest text that reads back, into a little memory of its own. */
void
json_put_f64(buf *b, double d)
{
    char room[256];
    yyjson_alc alc;
    yyjson_val v = {.tag = YYJSON_TYPE_NUM | YYJSON_SUBTYPE_REAL, .uni.f64 = d};
    size_t len = 0;
    const bool ready = yyjson_alc_pool_init(&alc, room, sizeof room);
    ASSERT(ready);
    const char *text =
        yyjson_val_write_opts(&v, YYJSON_WRITE_INF_AND_NAN_AS_NULL, &alc, &len, NULL);
    ASSERT(text != NULL);
    comma(b);
    buf_add(b, (str){text, len});
}

void
json_put_bool(buf *b, bool v)
{
    comma(b);
    buf_add(b, v ? STR("true") : STR("false"));
}

void
json_put_null(buf *b)
{
    comma(b);
    buf_add(b, STR("null"));
}

void
json_member_str(buf *b, const char *name, str s)
{
    json_key(b, name);
    json_put_str(b, s);
}

void
json_member_u64(buf *b, const char *name, uint64_t n)
{
    json_key(b, name);
    json_put_u64(b, n);
}

void
json_member_i64(buf *b, const char *name, int64_t n)
{
    json_key(b, name);
    json_put_i64(b, n);
}

void
json_member_f64(buf *b, const char *name, double d)
{
    json_key(b, name);
    json_put_f64(b, d);
}

void
json_member_bool(buf *b, const char *name, bool v)
{
    json_key(b, name);
    json_put_bool(b, v);
}

/* ---- a value read before, written again */

static void
put_number(buf *b, const yyjson_val *n)
{
    const yyjson_subtype kind = n->tag & YYJSON_SUBTYPE_MASK;
    if (kind == YYJSON_SUBTYPE_REAL)
        json_put_f64(b, n->uni.f64);
    else if (kind == YYJSON_SUBTYPE_UINT)
        json_put_u64(b, n->uni.u64);
    else
        json_put_i64(b, n->uni.i64);
}

/* Descends by recursion: json_read let at most JSON_DEPTH_MAX levels in. */
static void
put_items(buf *b, const jval *v, const char brackets[2])
{
    struct jwalk w = {0};
    jval item;
    json_open(b, brackets[0]);
    while (json_each(v, &w, &item)) {
        if (item.name)
            json_key(b, item.name);
        json_put_value(b, &item);
    }
    json_close(b, brackets[1]);
}

void
json_put_value(buf *b, const jval *v)
{
    const yyjson_val *val = v->v;
    switch (json_type(*v)) {
    case J_ABSENT:
    case J_NULL:
        return json_put_null(b);
    case J_BOOL:
        return json_put_bool(b, (val->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE);
    case J_NUMBER:
        return put_number(b, val);
    case J_STRING:
        return json_put_str(b, (str){val->uni.str, val->tag >> YYJSON_TAG_BIT});
    case J_ARRAY:
        return put_items(b, v, "[]");
    case J_OBJECT:
        return put_items(b, v, "{}");
    }
    UNREACHABLE("a JSON type");
}
