/* SPDX-License-Identifier: EUPL-1.2 */
/* gguf_write.h - writes small GGUF files (version 3): for tests, fuzz corpora and tiny_gguf.
 *
 * Written apart from the reader, so that one cannot hide the other's faults.  Values and tensors
 * are added in any order; gguf_write_end puts the file together.  A writer owns its bufs. */
#pragma once
#include <string.h>

#include "base/buf.h"

enum { GGUF_WRITE_MAX = 1 << 30 };

typedef struct {
    buf values, tensors, data;
    uint64_t value_count, tensor_count;
    uint32_t version, alignment;
} gguf_writer;

#define GGUF_WRITER                                                                                \
    ((gguf_writer){BUF(GGUF_WRITE_MAX), BUF(GGUF_WRITE_MAX), BUF(GGUF_WRITE_MAX), 0, 0, 3, 32})

static inline void
gguf_writer_auto(gguf_writer *w)
{
    buf_done(&w->values);
    buf_done(&w->tensors);
    buf_done(&w->data);
}

/* Little endian. */
static inline void
gguf_write_number(buf *b, uint64_t n, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_add_char(b, (char)(n >> (8 * i)));
}

static inline void
gguf_write_text(buf *b, str s)
{
    gguf_write_number(b, s.len, 8);
    buf_add(b, s);
}

/* A value of any type as it stands in the file. */
static inline void
gguf_write_value(gguf_writer *w, const char *key, uint32_t type, str bytes)
{
    gguf_write_text(&w->values, str_of(key));
    gguf_write_number(&w->values, type, 4);
    buf_add(&w->values, bytes);
    w->value_count++;
}

static inline void
gguf_write_str(gguf_writer *w, const char *key, str s)
{
    gguf_write_value(w, key, 8, STR_NONE);
    gguf_write_text(&w->values, s);
}

static inline void
gguf_write_u32(gguf_writer *w, const char *key, uint32_t n)
{
    gguf_write_value(w, key, 4, STR_NONE);
    gguf_write_number(&w->values, n, 4);
}

static inline void
gguf_write_f32(gguf_writer *w, const char *key, float f)
{
    gguf_write_value(w, key, 6, (str){(const char *)&f, sizeof f});
}

static inline void
gguf_write_bool(gguf_writer *w, const char *key, bool is)
{
    gguf_write_value(w, key, 7, is ? STR("\1") : STR("\0"));
}

/* The elements follow: gguf_write_text or gguf_write_number into w->values. */
static inline void
gguf_write_array(gguf_writer *w, const char *key, uint32_t type, uint64_t count)
{
    gguf_write_value(w, key, 9, STR_NONE);
    gguf_write_number(&w->values, type, 4);
    gguf_write_number(&w->values, count, 8);
}

/* The head of a tensor; its data may lie anywhere. */
static inline void
gguf_write_tensor_at(gguf_writer *w, const char *name, uint32_t type, const uint64_t *dims,
                     uint32_t dim_count, uint64_t offset)
{
    gguf_write_text(&w->tensors, str_of(name));
    gguf_write_number(&w->tensors, dim_count, 4);
    for (uint32_t i = 0; i < dim_count; i++)
        gguf_write_number(&w->tensors, dims[i], 8);
    gguf_write_number(&w->tensors, type, 4);
    gguf_write_number(&w->tensors, offset, 8);
    w->tensor_count++;
}

static inline void
gguf_write_pad(buf *b, size_t alignment)
{
    const size_t more = (alignment - b->len % alignment) % alignment;
    char *at = more ? buf_add_room(b, more) : NULL;
    if (at)
        memset(at, 0, more);
}

/* A tensor of 32-bit floats; `columns` 0: one dimension.  Returns room for its values. */
static inline float *
gguf_write_floats(gguf_writer *w, const char *name, uint64_t rows, uint64_t columns)
{
    const uint64_t dims[] = {rows, columns};
    gguf_write_pad(&w->data, w->alignment);
    gguf_write_tensor_at(w, name, 0, dims, columns ? 2 : 1, w->data.len);
    char *at = buf_add_room(&w->data, rows * (columns ? columns : 1) * sizeof(float));
    return (float *)(void *)at;
}

static inline float *
gguf_write_floats_of(gguf_writer *w, const char *name, const uint64_t *dims, uint32_t count)
{
    uint64_t n = sizeof(float);
    gguf_write_pad(&w->data, w->alignment);
    gguf_write_tensor_at(w, name, 0, dims, count, w->data.len);
    for (uint32_t i = 0; i < count; i++)
        n *= dims[i];
    return (float *)(void *)buf_add_room(&w->data, n);
}

/* The file into `b`. */
static inline void
gguf_write_end(gguf_writer *w, buf *b)
{
    buf_add(b, STR("GGUF"));
    gguf_write_number(b, w->version, 4);
    gguf_write_number(b, w->tensor_count, 8);
    gguf_write_number(b, w->value_count, 8);
    buf_add(b, buf_str(&w->values));
    buf_add(b, buf_str(&w->tensors));
    if (w->tensor_count)
        gguf_write_pad(b, w->alignment);
    buf_add(b, buf_str(&w->data));
    gguf_write_pad(b, w->alignment);
}
