/* SPDX-License-Identifier: EUPL-1.2 */
/* gguf.h - reads the head of a GGUF file (ggml's container, version 2 and 3, little endian) and
 * refuses what is not whole, before any engine sees it.
 *
 * Engines crash or worse on hostile files (CVE-2025-49847, CVE-2025-53630, CVE-2026-27940), so
 * this validator bounds everything: counts, string lengths, nesting, alignment, types, products
 * of dimensions without overflow, tensors inside the file and not over one another, names once.
 * It reads from a mapped or partly read head; weights are never looked at.  Pure: no I/O.
 *
 * One pass, near linear in the head.  What a caller may show is checked to be UTF-8 without
 * control characters and is empty otherwise.  Not here: whether a file suits us (registry.h). */
#pragma once
#include "base/arena.h"

enum {
    GGUF_KV_MAX = 4096,
    GGUF_TENSORS_MAX = 65536,
    GGUF_STRING_BYTES_MAX = 8 * 1024 * 1024,
    GGUF_ARRAY_MAX = 4 * 1024 * 1024,
    GGUF_HEAD_BYTES_MAX = 256 * 1024 * 1024,
    GGUF_KEY_BYTES_MAX = 1024,
    GGUF_NAME_BYTES_MAX = 63,            /* of tensors; the engine cuts longer ones */
    GGUF_SCRATCH_BYTES = 4 * 1024 * 1024 /* an arena of this limit is enough */
};

struct gguf_info {
    uint32_t version;
    uint64_t tensor_count, kv_count, parameters, head_bytes, data_bytes;
    str architecture, name, licence, chat_template, tokenizer, file_type;
    str type;             /* "model", "adapter", "mmproj" …; empty: not said */
    uint64_t split_count; /* files this one is a part of; 0 or 1: whole */
    uint64_t context_tokens, embedding_dims, layers, heads, heads_kv, vocabulary;
    uint64_t pooling;         /* 0: none, 1: mean, 2: first token, 3: last token, 4: a rank */
    bool is_embedder;         /* architecture or pooling says so */
    bool has_vision;          /* clip: it takes images */
    uint64_t memory_bytes_4k; /* estimate: weights, and KV cells for 4,096 tokens in f16 */
};

/* `head` is the file's start, `file_bytes` the size of all of it.  PARSE with a public sentence
 * that says what and at which byte; LIMIT when `head` is too short to hold the head (read more:
 * up to GGUF_HEAD_BYTES_MAX).  `head` is at most `file_bytes` long.  Strings point into `head` or
 * are constants; `a` holds working memory only. */
fallible gguf_read(str head, uint64_t file_bytes, arena *a, struct gguf_info *ret);
