/* SPDX-License-Identifier: EUPL-1.2 */
/* gguf_type.h - ggml's tensor types and file types: how many bytes a block of values takes.
 *
 * The one table of block sizes; numbers are ggml's own (ggml.h and ggml-common.h of llama.cpp
 * 0.5.0, MIT licence).  Types that ggml gave up keep their row, so that a file of old can be
 * refused by name.  Constants: any thread. */
#pragma once
#include <stdint.h>

struct gguf_type {
    const char *name;
    uint32_t block_values; /* 0: given up */
    uint32_t block_bytes;
};

/* NULL when no type has this number. */
const struct gguf_type *gguf_type_at(uint32_t number);
/* What most tensors of a file are made of, by general.file_type; "" when unknown. */
const char *gguf_type_of_file(uint64_t number);
