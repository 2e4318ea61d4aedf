/* SPDX-License-Identifier: EUPL-1.2 */
/* gguf_scan.h - walks the bytes of a GGUF head: numbers, strings and values, one after another.
 *
 * Every read is checked against the file's end, the part that was read so far and the longest
 * head there may be, before a byte is touched.  No recursion: an array of arrays is refused.
 * Nothing is copied or allocated; strs point into `head`.  GGUF writes every number little
 * endian (github.com/ggml-org/ggml, docs/gguf.md). */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* Types of values, by GGUF's numbers. */
enum gguf_value_type {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_VALUE_TYPES
};

struct gguf_scan {
    str head;
    uint64_t file_bytes; /* at least head.len */
    uint64_t at;         /* of the next byte */
};

struct gguf_value {
    enum gguf_value_type type; /* of an array: of its elements */
    bool is_array;
    uint64_t count; /* elements; 1 unless it is an array */
    uint64_t at;    /* where it stands in the file */
    str bytes;      /* a string's text; else as stored */
};

/* PARSE with a public sentence; LIMIT when `head` ends too early.  After a failure the scan is
 * of no more use. */
fallible gguf_scan_u32(struct gguf_scan *s, uint32_t *ret);
fallible gguf_scan_u64(struct gguf_scan *s, uint64_t *ret);
/* A name: 1 to `len_max` printable ASCII characters. `what` says whose, for the sentence. */
fallible gguf_scan_name(struct gguf_scan *s, const char *what, size_t len_max, str *ret);
/* Type and value, of a key. */
fallible gguf_scan_value(struct gguf_scan *s, struct gguf_value *ret);

/* Element `i` as a number that is not negative; false when it is no integer or is negative. */
bool gguf_value_u64(const struct gguf_value *v, uint64_t i, uint64_t *ret);
