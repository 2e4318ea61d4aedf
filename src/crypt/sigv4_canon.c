/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sigv4_canon.h"

#include "base/enc.h"
#include "base/vec.h"

enum { CANON_BYTES_MAX = 1024 * 1024 };

/* ---- percent-encoding */
static bool
is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void
put_byte(buf *b, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    if (is_plain(c)) {
        buf_add_char(b, c);
        return;
    }
    const uint8_t n = (uint8_t)c;
    const char text[] = {'%', digits[n >> 4], digits[n & 15]};
    buf_add(b, (str){text, sizeof text});
}

void
sigv4_canon_encode(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++)
        put_byte(b, s.at[i]);
}

/* Decoded first; what is no escape stands for itself. */
static void
put_again(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char byte;
        if (s.at[i] == '%' && !hex_read(str_slice(s, i + 1, i + 3), &byte, 1).code) {
            put_byte(b, byte);
            i += 2;
        } else {
            put_byte(b, s.at[i]);
        }
    }
}

/* ---- path */
typedef VEC(str) segments;

static fallible
add_segment(arena *a, segments *v, str segment)
{
    if (!segment.len || str_eq(segment, STR(".")))
        return OK;
    if (!str_eq(segment, STR("..")))
        return VEC_ADD(a, v, &segment);
    v->count -= v->count > 0;
    return OK;
}

/* RFC 3986 section 5.2.4, and no empty segments. */
static fallible
put_path(arena *a, str path, buf *b)
{
    segments v = {.count = 0};
    str rest = path, segment;
    while (str_next(&rest, '/', &segment))
        TRY(add_segment(a, &v, segment));
    buf_add(b, v.count ? STR("") : STR("/"));
    for (size_t i = 0; i < v.count; i++) {
        buf_add_char(b, '/');
        sigv4_canon_encode(b, v.at[i]);
    }
    if (v.count && str_ends(path, STR("/")))
        buf_add_char(b, '/');
    return OK;
}

static void
put_s3_path(str path, buf *b)
{
    str rest = path, segment;
    if (!path.len)
        buf_add_char(b, '/');
    for (size_t i = 0; str_next(&rest, '/', &segment); i++) {
        if (i)
            buf_add_char(b, '/');
        put_again(b, segment);
    }
}

/* ---- query */
struct param {
    str name, value;
};

static int
by_name(const void *a, const void *b)
{
    const struct param *x = a, *y = b;
    const int order = str_cmp(x->name, y->name);
    return order ? order : str_cmp(x->value, y->value);
}

static fallible
encode_again(arena *a, str s, str *ret)
{
    AUTO(buf) text = BUF(CANON_BYTES_MAX);
    put_again(&text, s);
    TRY(buf_end(&text));
    return try_arena_str(a, buf_str(&text), ret);
}

static fallible
read_params(arena *a, str query, struct param *v, size_t *ret_count)
{
    size_t count = 0;
    str rest = query, pair;
    while (str_next(&rest, '&', &pair)) {
        str value = pair, name;
        if (!pair.len)
            continue;
        (void)str_next(&value, '=', &name);
        if (str_eq_nocase(name, STR("X-Amz-Signature")))
            continue;
        if (count == SIGV4_PARAMS_MAX)
            REFUSE(ARGUMENT, "", "the address has more than %d parameters", SIGV4_PARAMS_MAX);
        TRY(encode_again(a, name, &v[count].name));
        TRY(encode_again(a, value, &v[count].value));
        count++;
    }
    *ret_count = count;
    return OK;
}

static fallible
put_query(arena *a, str query, buf *b)
{
    struct param v[SIGV4_PARAMS_MAX];
    size_t count = 0;
    TRY(read_params(a, query, v, &count));
    qsort(v, count, sizeof *v, by_name);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_add_char(b, '&');
        buf_add(b, v[i].name);
        buf_add_char(b, '=');
        buf_add(b, v[i].value);
    }
    return OK;
}

/* ---- header fields */
static void
put_value(buf *b, str value)
{
    value = str_trim(value);
    for (size_t i = 0; i < value.len; i++) {
        const bool is_space = value.at[i] == ' ' || value.at[i] == '\t';
        if (!is_space)
            buf_add_char(b, value.at[i]);
        else if (value.at[i - 1] != ' ' && value.at[i - 1] != '\t')
            buf_add_char(b, ' ');
    }
}

static void
put_field(const struct sigv4_request *r, str name, buf *b)
{
    size_t found = 0;
    buf_add(b, name);
    buf_add_char(b, ':');
    for (size_t i = 0; i < r->field_count; i++) {
        if (!str_eq_nocase(r->fields[i].name, name))
            continue;
        if (found++)
            buf_add_char(b, ',');
        put_value(b, r->fields[i].value);
    }
    buf_add_char(b, '\n');
}

str
sigv4_field_of(const struct sigv4_request *r, str name)
{
    for (size_t i = 0; i < r->field_count; i++)
        if (str_eq_nocase(r->fields[i].name, name))
            return r->fields[i].value;
    return STR_NONE;
}

fallible
sigv4_canon_put(arena *a, const struct sigv4_request *r, str signed_names, buf *b)
{
    str rest = signed_names, name;
    ASSERT(r->payload.len);
    buf_add(b, r->method);
    buf_add_char(b, '\n');
    if (r->is_s3)
        put_s3_path(r->path, b);
    else
        TRY(put_path(a, r->path, b));
    buf_add_char(b, '\n');
    TRY(put_query(a, r->query, b));
    buf_add_char(b, '\n');
    while (str_next(&rest, ';', &name))
        put_field(r, name, b);
    buf_add_char(b, '\n');
    buf_add(b, signed_names);
    buf_add_char(b, '\n');
    buf_add(b, r->payload);
    return buf_end(b);
}
