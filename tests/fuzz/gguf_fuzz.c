/* SPDX-License-Identifier: EUPL-1.2 */
/* gguf_fuzz.c - any bytes as a GGUF file, whole and as the start of a larger one. */
#include "fuzz/fuzz.h"
#include "model/gguf.h"

static bool
is_inside(str s, str file)
{
    return s.len == 0 || (s.at >= file.at && s.at + s.len <= file.at + file.len);
}

static void
check_sane(const struct gguf_info *i, str head, uint64_t file_bytes)
{
    ASSERT(i->version == 2 || i->version == 3);
    ASSERT(i->tensor_count == 0 || i->head_bytes <= file_bytes);
    ASSERT(i->data_bytes <= file_bytes);
    ASSERT(i->memory_bytes_4k >= i->data_bytes);
    ASSERT(is_inside(i->architecture, head) && i->architecture.len);
    ASSERT(is_inside(i->name, head) && is_inside(i->licence, head) && is_inside(i->type, head));
    ASSERT(is_inside(i->chat_template, head) && is_inside(i->tokenizer, head));
}

static void
read(str head, uint64_t file_bytes)
{
    AUTO(arena) *a = NULL;
    struct gguf_info info = {.version = 77};
    if (arena_open(GGUF_SCRATCH_BYTES, &a).code)
        return;
    const err e = gguf_read(head, file_bytes, a, &info);
    ASSERT(e.code == ERR_OK || e.code == ERR_PARSE || e.code == ERR_LIMIT);
    ASSERT(e.code != ERR_LIMIT || head.len < file_bytes);
    ASSERT(!e.code || info.version == 77);
    if (!e.code)
        check_sane(&info, head, file_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const str head = {(const char *)data, len};
    read(head, len);
    read(head, len + (1ull << 40));
    return 0;
}
