/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/gguf_about.h"

#include <stdio.h>

#include "base/utf8.h"
#include "gguf_write.h"
#include "test.h"

/* A head with one tensor of 64 bytes; the test adds keys. */
typedef struct {
    gguf_writer w;
    buf file;
    arena *a;
    struct gguf_info info;
} bench;

static void
bench_auto(bench *t)
{
    gguf_writer_auto(&t->w);
    buf_done(&t->file);
    arena_free(t->a);
}

static bench
start(const char *architecture)
{
    bench t = {GGUF_WRITER, BUF(1 << 20), NULL, {.version = 77}};
    CHECK_OK(arena_open(GGUF_SCRATCH_BYTES, &t.a));
    if (architecture)
        gguf_write_str(&t.w, "general.architecture", str_of(architecture));
    gguf_write_floats(&t.w, "token_embd.weight", 16, 0);
    return t;
}

static err
read(bench *t)
{
    buf_clear(&t->file);
    arena_reset(t->a);
    gguf_write_end(&t->w, &t->file);
    return gguf_read(buf_str(&t->file), t->file.len, t->a, &t->info);
}

TEST(what_a_head_says_is_read)
{
    AUTO(bench) t = start("llama");
    gguf_write_str(&t.w, "general.name", STR("Bürger 7B"));
    gguf_write_str(&t.w, "general.license", STR("apache-2.0"));
    gguf_write_str(&t.w, "general.type", STR("model"));
    gguf_write_u32(&t.w, "general.file_type", 15);
    gguf_write_u32(&t.w, "llama.context_length", 8192);
    gguf_write_u32(&t.w, "llama.embedding_length", 64);
    gguf_write_u32(&t.w, "llama.block_count", 3);
    gguf_write_u32(&t.w, "llama.attention.head_count", 4);
    gguf_write_u32(&t.w, "llama.attention.head_count_kv", 2);
    gguf_write_u32(&t.w, "bert.block_count", 99);
    gguf_write_str(&t.w, "tokenizer.ggml.model", STR("gpt2"));
    gguf_write_str(&t.w, "tokenizer.chat_template", STR("{{ messages }}\n"));
    gguf_write_array(&t.w, "tokenizer.ggml.tokens", 8, 2);
    gguf_write_text(&t.w.values, STR("a"));
    gguf_write_text(&t.w.values, STR("\xff"));
    NEED_OK(read(&t));
    CHECK_STR(t.info.architecture, STR("llama"));
    CHECK_STR(t.info.name, STR("Bürger 7B"));
    CHECK_STR(t.info.licence, STR("apache-2.0"));
    CHECK_STR(t.info.type, STR("model"));
    CHECK_STR(t.info.file_type, STR("Q4_K_M"));
    CHECK_STR(t.info.tokenizer, STR("gpt2"));
    CHECK_STR(t.info.chat_template, STR("{{ messages }}\n"));
    CHECK_INT(t.info.context_tokens, ==, 8192);
    CHECK_INT(t.info.embedding_dims, ==, 64);
    CHECK_INT(t.info.layers, ==, 3);
    CHECK_INT(t.info.heads, ==, 4);
    CHECK_INT(t.info.heads_kv, ==, 2);
    CHECK_INT(t.info.vocabulary, ==, 2);
    CHECK_INT(t.info.data_bytes, ==, 64);
    CHECK(!t.info.is_embedder);
    CHECK_INT(t.info.memory_bytes_4k, ==, 64 + 3 * 2 * (16 + 16) * 2 * 4096);
}

TEST(what_is_not_said_is_empty_or_zero)
{
    AUTO(bench) t = start("llama");
    NEED_OK(read(&t));
    CHECK_INT(t.info.name.len + t.info.licence.len + t.info.type.len + t.info.file_type.len +
                  t.info.chat_template.len,
              ==, 0);
    CHECK_INT(t.info.context_tokens + t.info.layers + t.info.vocabulary + t.info.split_count +
                  t.info.pooling,
              ==, 0);
    CHECK_INT(t.info.memory_bytes_4k, ==, 64);
}

TEST(a_head_without_an_architecture_is_refused)
{
    static const str bad[] = {
        STR_INIT(""),
        STR_INIT("lla ma"),
        STR_INIT("ll\0ma"),
        STR_INIT("ä"),
        STR_INIT("%s"),
        STR_INIT("a123456789012345678901234567890123456789012345678901234567890"
                 "12345")};
    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
        AUTO(bench) t = start(NULL);
        CHECK_ERR(read(&t), PARSE);
        gguf_write_str(&t.w, "general.architecture", bad[n]);
        CHECK_ERR(read(&t), PARSE);
        CHECK_INT(t.info.version, ==, 77);
    }
}

TEST(an_architecture_of_64_letters_is_read)
{
    AUTO(bench) t = start("a12345678901234567890123456789012345678901234567890123456789_-.Z");
    CHECK_OK(read(&t));
    CHECK_INT(t.info.architecture.len, ==, 64);
}

TEST(an_architecture_that_is_a_number_is_refused)
{
    AUTO(bench) t = start(NULL);
    gguf_write_u32(&t.w, "general.architecture", 1);
    CHECK_ERR(read(&t), PARSE);
}

TEST(what_would_deceive_a_reader_is_not_shown)
{
    static const str bad[] = {STR_INIT("a\xff"),
                              STR_INIT("\x1b[2J"),
                              STR_INIT("a\nb"),
                              STR_INIT("a\0b"),
                              STR_INIT("\xc2\x9b"),
                              STR_INIT("\xe2\x80\xae"
                                       "fdp"),
                              STR_INIT("\xe2\x81\xa6x"),
                              STR_INIT("\xed\xa0\x80")};
    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
        AUTO(bench) t = start("llama");
        gguf_write_str(&t.w, "general.name", bad[n]);
        gguf_write_str(&t.w, "general.license", bad[n]);
        gguf_write_str(&t.w, "tokenizer.ggml.model", bad[n]);
        NEED_OK(read(&t));
        CHECK_INT(t.info.name.len + t.info.licence.len + t.info.tokenizer.len, ==, 0);
    }
}

TEST(the_edges_of_what_is_not_shown_are_where_they_should_be)
{
    static const struct {
        uint32_t from, to; /* not shown */
    } rows[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x202a, 0x202e}, {0x2066, 0x2069}};
    for (uint32_t c = 0; c < 0x3000; c++) {
        bool hidden = false;
        for (size_t i = 0; i < 4; i++)
            hidden = hidden || (c >= rows[i].from && c <= rows[i].to);
        if (!hidden && c % 64 > 1 && c % 64 < 62 && c < 0x2000)
            continue; /* the middle of what is shown */
        char room[4];
        AUTO(bench) t = start("llama");
        gguf_write_str(&t.w, "general.name", (str){room, utf8_put(c, room)});
        NEED_OK(read(&t));
        CHECK_INT(t.info.name.len == 0, ==, hidden);
    }
}

TEST(a_name_of_a_whole_page_is_not_shown)
{
    AUTO(bench) t = start("llama");
    char page[257];
    memset(page, 'x', sizeof page);
    gguf_write_str(&t.w, "general.name", (str){page, 257});
    gguf_write_str(&t.w, "general.license", (str){page, 256});
    NEED_OK(read(&t));
    CHECK_INT(t.info.name.len, ==, 0);
    CHECK_INT(t.info.licence.len, ==, 256);
}

TEST(a_template_that_is_not_utf8_counts_as_none)
{
    AUTO(bench) t = start("llama");
    gguf_write_str(&t.w, "tokenizer.chat_template", STR("{{\xff}}"));
    NEED_OK(read(&t));
    CHECK_INT(t.info.chat_template.len, ==, 0);
}

TEST(texts_of_another_type_count_as_none)
{
    AUTO(bench) t = start("llama");
    gguf_write_u32(&t.w, "general.name", 5);
    gguf_write_array(&t.w, "tokenizer.chat_template", 8, 1);
    gguf_write_text(&t.w.values, STR("x"));
    gguf_write_str(&t.w, "general.file_type", STR("15"));
    NEED_OK(read(&t));
    CHECK_INT(t.info.name.len + t.info.chat_template.len + t.info.file_type.len, ==, 0);
}

TEST(absurd_numbers_are_refused)
{
    static const char *const keys[] = {"llama.context_length",
                                       "llama.embedding_length",
                                       "llama.block_count",
                                       "llama.attention.head_count",
                                       "llama.attention.head_count_kv",
                                       "llama.vocab_size",
                                       "llama.pooling_type",
                                       "llama.attention.key_length",
                                       "llama.attention.value_length",
                                       "llama.embedding_length_out"};
    for (size_t n = 0; n < sizeof keys / sizeof *keys; n++) {
        AUTO(bench) t = start("llama");
        gguf_write_u32(&t.w, keys[n], UINT32_MAX);
        const err e = read(&t);
        CHECK_ERR(e, PARSE);
        CHECK(str_find(str_of(err_public(e)), str_of(keys[n] + 6)) >= 0);
        CHECK_INT(t.info.version, ==, 77);
    }
}

TEST(numbers_that_are_no_whole_numbers_are_refused)
{
    AUTO(bench) t = start("llama");
    gguf_write_f32(&t.w, "llama.context_length", 8192);
    CHECK_ERR(read(&t), PARSE);
}

TEST(negative_numbers_are_refused)
{
    AUTO(bench) t = start("llama");
    gguf_write_value(&t.w, "llama.block_count", 5, STR("\xff\xff\xff\xff"));
    CHECK_ERR(read(&t), PARSE);
}

TEST(each_layer_may_have_its_own_heads)
{
    AUTO(bench) t = start("llama");
    gguf_write_u32(&t.w, "llama.embedding_length", 64);
    gguf_write_u32(&t.w, "llama.block_count", 3);
    gguf_write_u32(&t.w, "llama.attention.head_count", 4);
    gguf_write_array(&t.w, "llama.attention.head_count_kv", 5, 3);
    gguf_write_number(&t.w.values, 4, 4);
    gguf_write_number(&t.w.values, 0, 4);
    gguf_write_number(&t.w.values, 1, 4);
    NEED_OK(read(&t));
    CHECK_INT(t.info.heads_kv, ==, 4);
    CHECK_INT(t.info.memory_bytes_4k, ==, 64 + (4 + 0 + 1) * (16 + 16) * 2 * 4096);
}

TEST(a_list_is_for_at_most_as_many_layers_as_there_can_be)
{
    for (uint64_t count = 4096; count <= 4097; count++) {
        AUTO(bench) t = start("llama");
        gguf_write_array(&t.w, "llama.attention.head_count_kv", 0, count);
        for (uint64_t n = 0; n < count; n++)
            buf_add_char(&t.w.values, 1);
        if (count == 4096)
            CHECK_OK(read(&t));
        else
            CHECK_ERR(read(&t), PARSE);
    }
}

TEST(head_sizes_that_are_said_count_instead_of_the_quotient)
{
    AUTO(bench) t = start("llama");
    gguf_write_u32(&t.w, "llama.embedding_length", 64);
    gguf_write_u32(&t.w, "llama.block_count", 1);
    gguf_write_u32(&t.w, "llama.attention.head_count", 4);
    gguf_write_u32(&t.w, "llama.attention.key_length", 128);
    gguf_write_u32(&t.w, "llama.attention.value_length", 32);
    NEED_OK(read(&t));
    CHECK_INT(t.info.memory_bytes_4k, ==, 64 + 4 * (128 + 32) * 2 * 4096);
}

TEST(the_greatest_numbers_that_pass_do_not_overflow_the_estimate)
{
    AUTO(bench) t = start("llama");
    gguf_write_u32(&t.w, "llama.block_count", 4096);
    gguf_write_u32(&t.w, "llama.attention.head_count", 65536);
    gguf_write_u32(&t.w, "llama.attention.key_length", 65536);
    gguf_write_u32(&t.w, "llama.attention.value_length", 65536);
    NEED_OK(read(&t));
    CHECK_INT(t.info.memory_bytes_4k, ==, 64 + (1ull << 58));
}

TEST(embedders_are_told_by_architecture_or_pooling_and_have_no_cells)
{
    static const char *const names[] = {"bert", "nomic-bert", "gemma-embedding", "qwen3"};
    for (size_t n = 0; n < 4; n++) {
        AUTO(bench) t = start(names[n]);
        char key[64];
        snprintf(key, sizeof key, "%s.pooling_type", names[n]);
        if (n == 3)
            gguf_write_u32(&t.w, key, 3);
        snprintf(key, sizeof key, "%s.attention.head_count", names[n]);
        gguf_write_u32(&t.w, key, 4);
        snprintf(key, sizeof key, "%s.block_count", names[n]);
        gguf_write_u32(&t.w, key, 4);
        snprintf(key, sizeof key, "%s.embedding_length", names[n]);
        gguf_write_u32(&t.w, key, 64);
        NEED_OK(read(&t));
        CHECK(t.info.is_embedder);
        CHECK_INT(t.info.memory_bytes_4k, ==, 64);
    }
}

TEST(no_pooling_makes_no_embedder)
{
    AUTO(bench) t = start("llama");
    gguf_write_u32(&t.w, "llama.pooling_type", 0);
    NEED_OK(read(&t));
    CHECK(!t.info.is_embedder);
}

TEST(vectors_that_leave_with_another_length_count_with_that)
{
    AUTO(bench) t = start("llama");
    gguf_write_u32(&t.w, "llama.embedding_length", 64);
    gguf_write_u32(&t.w, "llama.embedding_length_out", 32);
    NEED_OK(read(&t));
    CHECK_INT(t.info.embedding_dims, ==, 32);
}

TEST(parts_of_a_split_are_counted_whatever_the_width_of_the_number)
{
    AUTO(bench) t = start("llama");
    gguf_write_value(&t.w, "split.count", 2, STR("\x05\x00"));
    NEED_OK(read(&t));
    CHECK_INT(t.info.split_count, ==, 5);
}

TEST(a_split_that_is_no_number_is_refused)
{
    AUTO(bench) t = start("llama");
    gguf_write_str(&t.w, "split.count", STR("5"));
    CHECK_ERR(read(&t), PARSE);
}
