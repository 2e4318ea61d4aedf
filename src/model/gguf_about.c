/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/gguf_about.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"
#include "model/gguf_scan.h"
#include "model/gguf_type.h"

enum {
    CONTEXT_MAX = 1 << 28,
    DIMS_MAX = 1 << 20,
    LAYERS_MAX = 4096,
    HEADS_MAX = 65536,
    HEAD_DIMS_MAX = 65536,
    SHOWN_BYTES_MAX = 256,
    ARCHITECTURE_MAX = 64,
    ESTIMATE_TOKENS = 4096,
    CELL_BYTES = 2
};

struct about {
    const map *values;
    struct gguf_info *info;
};

/* Controls and marks that turn the direction of writing would change what a reader sees. */
static bool
is_showable(str s)
{
    uint32_t c;
    while (utf8_next(&s, &c))
        if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x202a && c <= 0x202e) ||
            (c >= 0x2066 && c <= 0x2069))
            return false;
    return s.len == 0;
}

static str
text_of(const struct about *r, str key)
{
    const struct gguf_value *v = map_get(r->values, key);
    return v && v->type == GGUF_STRING && !v->is_array ? v->bytes : STR_NONE;
}

static str
shown_of(const struct about *r, str key)
{
    const str s = text_of(r, key);
    return s.len <= SHOWN_BYTES_MAX && is_showable(s) ? s : STR_NONE;
}

static fallible
read_architecture(struct about *r)
{
    const str s = text_of(r, STR("general.architecture"));
    bool is_name = s.len > 0 && s.len <= ARCHITECTURE_MAX;
    for (size_t i = 0; i < s.len && is_name; i++)
        is_name = isalnum((unsigned char)s.at[i]) || str_find_char(STR("-_."), s.at[i]) >= 0;
    if (!is_name)
        REFUSE(PARSE, "general.architecture", "The file does not say which architecture it is of.");
    r->info->architecture = s;
    return OK;
}

static const struct gguf_value *
own_value(const struct about *r, const char *name)
{
    char key[ARCHITECTURE_MAX + 64];
    snprintf(key, sizeof key, "%.*s.%s", STR_FMT(r->info->architecture), name);
    return map_get(r->values, str_of(key));
}

/* "ARCHITECTURE.name": its greatest element where each layer has its own.  Absent: *ret stays. */
static fallible
read_number(const struct about *r, const char *name, uint64_t max, uint64_t *ret)
{
    const struct gguf_value *v = own_value(r, name);
    uint64_t greatest = 0, n;
    if (!v)
        return OK;
    if (v->is_array && v->count > LAYERS_MAX)
        REFUSE(PARSE, name,
               "The value of \"%s\" (byte %" PRIu64 ") is a list of %" PRIu64 "; the limit is %d.",
               name, v->at, v->count, LAYERS_MAX);
    for (uint64_t i = 0; i < v->count; i++) {
        if (!gguf_value_u64(v, i, &n) || n > max)
            REFUSE(PARSE, name,
                   "The value of \"%s\" (byte %" PRIu64 ") is not a whole number from 0 to %" PRIu64
                   ".",
                   name, v->at, max);
        greatest = n > greatest ? n : greatest;
    }
    *ret = greatest;
    return OK;
}

static fallible
read_numbers(struct about *r)
{
    struct gguf_info *i = r->info;
    TRY(read_number(r, "context_length", CONTEXT_MAX, &i->context_tokens));
    TRY(read_number(r, "embedding_length", DIMS_MAX, &i->embedding_dims));
    TRY(read_number(r, "block_count", LAYERS_MAX, &i->layers));
    TRY(read_number(r, "attention.head_count", HEADS_MAX, &i->heads));
    i->heads_kv = i->heads;
    TRY(read_number(r, "attention.head_count_kv", HEADS_MAX, &i->heads_kv));
    TRY(read_number(r, "vocab_size", GGUF_ARRAY_MAX, &i->vocabulary));
    TRY(read_number(r, "pooling_type", 4, &i->pooling));
    const struct gguf_value *tokens = map_get(r->values, STR("tokenizer.ggml.tokens"));
    const struct gguf_value *split = map_get(r->values, STR("split.count"));
    if (tokens && tokens->is_array)
        i->vocabulary = tokens->count;
    if (split && (split->is_array || !gguf_value_u64(split, 0, &i->split_count)))
        REFUSE(PARSE, "split.count", "The value of \"split.count\" is not a whole number.");
    return OK;
}

static bool
has_flag(const struct about *r, const char *name)
{
    const struct gguf_value *v = own_value(r, name);
    return v && v->type == GGUF_BOOL && !v->is_array && v->bytes.len == 1 && v->bytes.at[0] == 1;
}

static bool
is_embedder(const struct gguf_info *i)
{
    static const char *const names[] = {"bert",           "modern-bert", "nomic-bert",
                                        "nomic-bert-moe", "neo-bert",    "jina-bert-v2",
                                        "jina-bert-v3",   "eurobert",    "gemma-embedding",
                                        "t5encoder",      "llama-embed"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        if (str_eq(i->architecture, str_of(names[n])))
            return true;
    return i->pooling != 0;
}

/* Layers × KV heads × (key + value) of a head × tokens.  Bounded above, so it cannot overflow:
 * 2^12 × 2^16 × 2^17 × 2 × 2^12 = 2^58. */
static fallible
estimate_memory(struct about *r)
{
    struct gguf_info *i = r->info;
    const struct gguf_value *each = own_value(r, "attention.head_count_kv");
    uint64_t heads = i->layers * i->heads_kv, key = 0, value = 0, n;
    if (each && each->is_array) {
        heads = 0;
        for (uint64_t l = 0; l < each->count; l++)
            heads += gguf_value_u64(each, l, &n) ? n : 0;
    }
    key = value = i->heads ? i->embedding_dims / i->heads : 0;
    TRY(read_number(r, "attention.key_length", HEAD_DIMS_MAX, &key));
    TRY(read_number(r, "attention.value_length", HEAD_DIMS_MAX, &value));
    i->memory_bytes_4k = i->data_bytes;
    if (!i->is_embedder)
        i->memory_bytes_4k += heads * (key + value) * CELL_BYTES * ESTIMATE_TOKENS;
    return OK;
}

static void
read_texts(struct about *r)
{
    struct gguf_info *i = r->info;
    i->name = shown_of(r, STR("general.name"));
    i->licence = shown_of(r, STR("general.license"));
    i->type = shown_of(r, STR("general.type"));
    i->tokenizer = shown_of(r, STR("tokenizer.ggml.model"));
    const str template = text_of(r, STR("tokenizer.chat_template"));
    i->chat_template = utf8_valid(template) ? template : STR_NONE;
}

fallible
gguf_about(const map *values, struct gguf_info *info)
{
    struct about r = {values, info};
    uint64_t file_type = UINT64_MAX;
    TRY(read_architecture(&r));
    read_texts(&r);
    const struct gguf_value *f = map_get(values, STR("general.file_type"));
    if (f && !f->is_array && gguf_value_u64(f, 0, &file_type))
        info->file_type = str_of(gguf_type_of_file(file_type));
    TRY(read_numbers(&r));
    info->is_embedder = is_embedder(info);
    info->has_vision = has_flag(&r, "has_vision_encoder");
    TRY(estimate_memory(&r));
    return read_number(&r, "embedding_length_out", DIMS_MAX, &info->embedding_dims);
}
