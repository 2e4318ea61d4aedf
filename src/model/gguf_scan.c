/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/gguf_scan.h"

#include <inttypes.h>

#include "model/gguf.h"

static const uint8_t sizes[GGUF_VALUE_TYPES] = {
    [GGUF_U8] = 1,  [GGUF_I8] = 1,   [GGUF_U16] = 2, [GGUF_I16] = 2, [GGUF_U32] = 4, [GGUF_I32] = 4,
    [GGUF_F32] = 4, [GGUF_BOOL] = 1, [GGUF_U64] = 8, [GGUF_I64] = 8, [GGUF_F64] = 8,
};

/* The next `len` bytes. */
static fallible
take(struct gguf_scan *s, uint64_t len, str *ret)
{
    ASSERT(s->at <= s->head.len && s->head.len <= s->file_bytes && s->at <= GGUF_HEAD_BYTES_MAX);
    if (len > s->file_bytes - s->at)
        REFUSE(PARSE, "",
               "The file ends at byte %" PRIu64 ", within a part that begins at byte %" PRIu64 ".",
               s->file_bytes, s->at);
    if (len > GGUF_HEAD_BYTES_MAX - s->at)
        REFUSE(PARSE, "", "The head goes on behind byte %d, where it must have ended.",
               GGUF_HEAD_BYTES_MAX);
    if (len > s->head.len - s->at)
        FAIL(LIMIT, "the head goes on behind byte %zu", s->head.len);
    *ret = (str){s->head.at + s->at, (size_t)len};
    s->at += len;
    return OK;
}

static uint64_t
little_endian(const char *at, size_t len)
{
    uint64_t n = 0;
    for (size_t i = len; i-- > 0;)
        n = n << 8 | (uint8_t)at[i];
    return n;
}

fallible
gguf_scan_u32(struct gguf_scan *s, uint32_t *ret)
{
    str b = STR_NONE;
    TRY(take(s, 4, &b));
    *ret = (uint32_t)little_endian(b.at, 4);
    return OK;
}

fallible
gguf_scan_u64(struct gguf_scan *s, uint64_t *ret)
{
    str b = STR_NONE;
    TRY(take(s, 8, &b));
    *ret = little_endian(b.at, 8);
    return OK;
}

static fallible
scan_string(struct gguf_scan *s, uint64_t len_max, str *ret)
{
    const uint64_t at = s->at;
    uint64_t len;
    TRY(gguf_scan_u64(s, &len));
    if (len > len_max)
        REFUSE(PARSE, "",
               "The string at byte %" PRIu64 " claims %" PRIu64 " bytes; the limit is %" PRIu64 ".",
               at, len, len_max);
    return take(s, len, ret);
}

fallible
gguf_scan_name(struct gguf_scan *s, const char *what, size_t len_max, str *ret)
{
    const uint64_t at = s->at;
    str name;
    TRY(scan_string(s, len_max, &name));
    if (name.len == 0)
        REFUSE(PARSE, "", "The %s at byte %" PRIu64 " is empty.", what, at);
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= ' ' || name.at[i] > '~')
            REFUSE(PARSE, "", "The %s at byte %" PRIu64 " is not printable ASCII.", what, at);
    *ret = name;
    return OK;
}

static fallible
check_bools(const struct gguf_value *v)
{
    for (size_t i = 0; i < v->bytes.len; i++)
        if ((uint8_t)v->bytes.at[i] > 1)
            REFUSE(PARSE, "", "The boolean at byte %" PRIu64 " is neither 0 nor 1.", v->at + i);
    return OK;
}

static fallible
scan_strings(struct gguf_scan *s, struct gguf_value *v)
{
    for (uint64_t i = 0; i < v->count; i++) {
        str one;
        TRY(scan_string(s, GGUF_STRING_BYTES_MAX, &one));
    }
    v->bytes = (str){s->head.at + v->at, (size_t)(s->at - v->at)};
    return OK;
}

static fallible
scan_elements(struct gguf_scan *s, struct gguf_value *v)
{
    v->at = s->at;
    if (v->type == GGUF_STRING && v->is_array)
        return scan_strings(s, v);
    if (v->type == GGUF_STRING)
        return scan_string(s, GGUF_STRING_BYTES_MAX, &v->bytes);
    TRY(take(s, v->count * sizes[v->type], &v->bytes));
    return v->type == GGUF_BOOL ? check_bools(v) : OK;
}

static fallible
scan_type(struct gguf_scan *s, enum gguf_value_type *ret)
{
    const uint64_t at = s->at;
    uint32_t type;
    TRY(gguf_scan_u32(s, &type));
    if (type >= GGUF_VALUE_TYPES)
        REFUSE(PARSE, "", "The value at byte %" PRIu64 " is of type %" PRIu32 ", which is unknown.",
               at, type);
    *ret = (enum gguf_value_type)type;
    return OK;
}

fallible
gguf_scan_value(struct gguf_scan *s, struct gguf_value *ret)
{
    const uint64_t at = s->at;
    struct gguf_value v = {.count = 1};
    TRY(scan_type(s, &v.type));
    if (v.type == GGUF_ARRAY) {
        v.is_array = true;
        TRY(scan_type(s, &v.type));
        TRY(gguf_scan_u64(s, &v.count));
    }
    if (v.type == GGUF_ARRAY)
        REFUSE(PARSE, "", "The value at byte %" PRIu64 " is an array of arrays.", at);
    if (v.count > GGUF_ARRAY_MAX)
        REFUSE(PARSE, "",
               "The array at byte %" PRIu64 " claims %" PRIu64 " elements; the limit is %d.", at,
               v.count, GGUF_ARRAY_MAX);
    TRY(scan_elements(s, &v));
    *ret = v;
    return OK;
}

static bool
is_signed(enum gguf_value_type t)
{
    return t == GGUF_I8 || t == GGUF_I16 || t == GGUF_I32 || t == GGUF_I64;
}

static bool
is_integer(enum gguf_value_type t)
{
    return is_signed(t) || t == GGUF_U8 || t == GGUF_U16 || t == GGUF_U32 || t == GGUF_U64;
}

bool
gguf_value_u64(const struct gguf_value *v, uint64_t i, uint64_t *ret)
{
    ASSERT(i < v->count);
    const size_t size = sizes[v->type];
    if (!is_integer(v->type))
        return false;
    const uint64_t n = little_endian(v->bytes.at + i * size, size);
    if (is_signed(v->type) && n >> (8 * size - 1))
        return false;
    *ret = n;
    return true;
}
