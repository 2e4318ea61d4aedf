/* SPDX-License-Identifier: EUPL-1.2 */
#include <fcntl.h>
#include <stdio.h>

#include "base/fault.h"
#include "gguf_write.h"
#include "model/registry.h"
#include "os/file.h"
#include "test.h"

typedef struct {
    gguf_writer w;
    buf bytes;
    arena *a;
    fd file;
    struct model model;
} bench;

static void
bench_auto(bench *t)
{
    gguf_writer_auto(&t->w);
    buf_done(&t->bytes);
    arena_free(t->a);
    fd_auto(&t->file);
}

static bench
start(void)
{
    bench t = {GGUF_WRITER, BUF(1 << 26), NULL, -1, {.size_bytes = 77}};
    CHECK_OK(arena_open(1 << 20, &t.a));
    return t;
}

/* What every model needs to be one. */
static void
fill(gguf_writer *w, const char *architecture)
{
    static const char *const keys[] = {"context_length", "embedding_length", "block_count",
                                       "attention.head_count"};
    gguf_write_str(w, "general.architecture", str_of(architecture));
    for (uint32_t i = 0; i < 4; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s.%s", architecture, keys[i]);
        gguf_write_u32(w, key, i == 0 ? 2048 : i == 1 ? 64 : 2);
    }
    gguf_write_array(w, "tokenizer.ggml.tokens", 8, 1);
    gguf_write_text(&w->values, STR("a"));
    gguf_write_floats(w, "token_embd.weight", 64, 2);
}

static err
inspect_bytes(bench *t, str bytes)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/probe.gguf", test_dir());
    fd_auto(&t->file);
    TRY(file_write_atomic(path, bytes, 0600));
    TRY(file_open(path, O_RDONLY, 0, &t->file));
    return model_inspect(t->file, t->a, &t->model);
}

static err
inspect(bench *t)
{
    buf_clear(&t->bytes);
    gguf_write_end(&t->w, &t->bytes);
    return inspect_bytes(t, buf_str(&t->bytes));
}

TEST(a_chat_model_is_described)
{
    AUTO(bench) t = start();
    fill(&t.w, "llama");
    gguf_write_str(&t.w, "general.name", STR("Qwen2.5 Coder 0.5B  Instruct!"));
    gguf_write_str(&t.w, "general.license", STR("apache-2.0"));
    gguf_write_str(&t.w, "tokenizer.chat_template", STR("{{ messages }}"));
    NEED_OK(inspect(&t));
    buf_done(&t.bytes); /* texts must not lie there */
    CHECK_STR(t.model.name, STR("qwen2.5-coder-0.5b-instruct"));
    CHECK_STR(t.model.licence, STR("apache-2.0"));
    CHECK_STR(t.model.architecture, STR("llama"));
    CHECK_STR(t.model.engine, STR("llama"));
    CHECK_INT(t.model.kind, ==, MODEL_CHAT);
    CHECK_INT(t.model.context_tokens, ==, 2048);
    CHECK_INT(t.model.embedding_dims, ==, 64);
    CHECK_INT(t.model.parameters, ==, 128);
    CHECK_INT(t.model.memory_bytes, ==, 512 + 2 * 64 * 2 * 2 * 4096);
    CHECK(t.model.has_template);
    CHECK_INT(t.model.sha256.len + t.model.file.len + t.model.label_text.len, ==, 0);
    uint64_t size;
    CHECK_OK(file_size(t.file, &size));
    CHECK_INT(t.model.size_bytes, ==, size);
}

TEST(an_embedder_is_told_and_named_by_its_architecture_when_it_has_no_name)
{
    AUTO(bench) t = start();
    fill(&t.w, "bert");
    NEED_OK(inspect(&t));
    CHECK_INT(t.model.kind, ==, MODEL_EMBED);
    CHECK_STR(t.model.name, STR("bert"));
    CHECK(!t.model.has_template);
}

TEST(a_name_of_foreign_letters_still_gives_one)
{
    AUTO(bench) t = start();
    fill(&t.w, "llama");
    gguf_write_str(&t.w, "general.name", STR("Bürger-Größe 日本"));
    NEED_OK(inspect(&t));
    CHECK_STR(t.model.name, STR("b-rger-gr-e"));
    AUTO(bench) u = start();
    fill(&u.w, "llama");
    gguf_write_str(&u.w, "general.name", STR("日本 --"));
    NEED_OK(inspect(&u));
    CHECK_STR(u.model.name, STR("llama"));
}

TEST(a_long_name_is_cut_to_64_characters)
{
    AUTO(bench) t = start();
    char title[100];
    memset(title, 'A', sizeof title);
    fill(&t.w, "llama");
    gguf_write_str(&t.w, "general.name", (str){title, sizeof title});
    NEED_OK(inspect(&t));
    CHECK_INT(t.model.name.len, ==, 64);
}

TEST(a_head_larger_than_the_first_piece_is_read_in_more)
{
    static const int counts[] = {1000, 60000, 150000};
    for (int n = 0; n < 3; n++) {
        AUTO(bench) t = start();
        fill(&t.w, "llama");
        gguf_write_array(&t.w, "tokenizer.ggml.merges", 8, (uint64_t)counts[n]);
        for (int i = 0; i < counts[n]; i++) {
            char word[32];
            snprintf(word, sizeof word, "wort%d teil%d", i, i);
            gguf_write_text(&t.w.values, str_of(word));
        }
        CHECK_OK(inspect(&t));
        CHECK_INT(t.model.context_tokens, ==, 2048);
    }
}

TEST(what_is_no_gguf_file_is_refused)
{
    static const str bad[] = {STR_INIT(""), STR_INIT("G"), STR_INIT("GGUF"),
                              STR_INIT("#!/bin/sh\necho hello, this is a script\n"),
                              STR_INIT("PK\3\4 a zip archive, or the start of one .....")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(bench) t = start();
        CHECK_ERR(inspect_bytes(&t, bad[i]), PARSE);
        CHECK_INT(t.model.size_bytes, ==, 77);
    }
}

TEST(a_descriptor_that_cannot_be_read_is_reported)
{
    AUTO(bench) t = start();
    NEED_OK(file_open(test_dir(), O_RDONLY | O_DIRECTORY, 0, &t.file));
    CHECK(model_inspect(t.file, t.a, &t.model).code != ERR_OK);
    CHECK(model_inspect(-1, t.a, &t.model).code != ERR_OK);
    CHECK_INT(t.model.size_bytes, ==, 77);
}

TEST(a_part_of_a_split_model_is_refused)
{
    AUTO(bench) t = start();
    fill(&t.w, "llama");
    gguf_write_u32(&t.w, "split.count", 3);
    const err e = inspect(&t);
    CHECK_ERR(e, UNSUPPORTED);
    CHECK(str_find(str_of(err_public(e)), STR("3 parts")) >= 0);
}

TEST(what_is_no_model_on_its_own_is_refused)
{
    static const char *const types[] = {"adapter", "mmproj", "vocab", "imatrix"};
    for (size_t i = 0; i < 4; i++) {
        AUTO(bench) t = start();
        fill(&t.w, "llama");
        gguf_write_str(&t.w, "general.type", str_of(types[i]));
        const err e = inspect(&t);
        CHECK_ERR(e, UNSUPPORTED);
        CHECK(str_find(str_of(err_public(e)), str_of(types[i])) >= 0);
    }
    AUTO(bench) t = start();
    fill(&t.w, "clip");
    CHECK_ERR(inspect(&t), UNSUPPORTED);
}

static void
adapter(bench *t, const char *architecture, const char *type)
{
    gguf_write_str(&t->w, "general.architecture", str_of(architecture));
    gguf_write_str(&t->w, "general.type", str_of(type));
    gguf_write_str(&t->w, "general.name", STR("Bescheide"));
    gguf_write_floats(&t->w, "blk.0.attn_q.weight.lora_a", 64, 4);
}

static err
inspect_adapter(bench *t, const struct model *base)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/adapter.gguf", test_dir());
    gguf_write_end(&t->w, &t->bytes);
    fd_auto(&t->file);
    TRY(file_write_atomic(path, buf_str(&t->bytes), 0600));
    TRY(file_open(path, O_RDONLY, 0, &t->file));
    return model_inspect_adapter(t->file, base, t->a, &t->model);
}

static const struct model base = {.name = {"amt", 3},
                                  .engine = {"llama", 5},
                                  .architecture = {"qwen2", 5},
                                  .label_text = {"INTERN", 6},
                                  .context_tokens = 2048,
                                  .memory_bytes = 1000,
                                  .has_template = true};

TEST(an_adapter_is_what_its_base_is_under_a_name_of_its_own)
{
    AUTO(bench) t = start();
    adapter(&t, "qwen2", "adapter");
    NEED_OK(inspect_adapter(&t, &base));
    CHECK(model_is_adapter(&t.model) && !model_is_adapter(&base));
    CHECK_STR(t.model.name, STR("bescheide"));
    CHECK_STR(t.model.origin, STR("amt"));
    CHECK_STR(t.model.label_text, STR("INTERN"));
    CHECK_INT(t.model.context_tokens, ==, 2048);
    CHECK_INT(t.model.size_bytes, ==, t.bytes.len);
    CHECK_INT(t.model.memory_bytes, ==, 1000 + t.bytes.len);
    CHECK(t.model.has_template && t.model.kind == MODEL_CHAT);
}

TEST(an_adapter_for_another_architecture_or_none_at_all_is_refused)
{
    static const char *const rows[][2] = {
        {"llama", "adapter"}, {"qwen2", "model"}, {"qwen2", ""}, {"qwen2", "mmproj"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO(bench) t = start();
        adapter(&t, rows[i][0], rows[i][1]);
        CHECK_ERR(inspect_adapter(&t, &base), UNSUPPORTED);
        CHECK_INT(t.model.size_bytes, ==, 77);
    }
}

TEST(what_can_have_no_adapter_is_no_base)
{
    struct model bases[] = {base, base, base};
    bases[0].kind = MODEL_EMBED;
    bases[1].engine = STR("remote");
    bases[2].engine = STR("lora");
    for (size_t i = 0; i < 3; i++) {
        AUTO(bench) t = start();
        adapter(&t, "qwen2", "adapter");
        CHECK_ERR(inspect_adapter(&t, &bases[i]), UNSUPPORTED);
    }
}

TEST(an_adapter_without_weights_or_cut_short_is_refused)
{
    AUTO(bench) t = start(), cut = start();
    gguf_write_str(&t.w, "general.architecture", STR("qwen2"));
    gguf_write_str(&t.w, "general.type", STR("adapter"));
    CHECK_ERR(inspect_adapter(&t, &base), UNSUPPORTED);
    adapter(&cut, "qwen2", "adapter");
    cut.w.data.len /= 2;
    CHECK_ERR(inspect_adapter(&cut, &base), PARSE);
}

TEST(a_model_that_ranks_is_refused)
{
    AUTO(bench) t = start();
    fill(&t.w, "bert");
    gguf_write_u32(&t.w, "bert.pooling_type", 4);
    CHECK_ERR(inspect(&t), UNSUPPORTED);
}

TEST(a_file_without_weights_or_sizes_is_refused)
{
    AUTO(bench) t = start();
    gguf_write_str(&t.w, "general.architecture", STR("llama"));
    CHECK_ERR(inspect(&t), UNSUPPORTED);
    gguf_write_floats(&t.w, "a", 8, 0);
    CHECK_ERR(inspect(&t), PARSE);
}

TEST(every_fault_on_the_way_is_reported)
{
    AUTO(bench) t = start();
    fill(&t.w, "llama");
    NEED_OK(inspect(&t));
    long n = 1;
    for (bool more = true; more && n < 1000; n++) {
        t.model.size_bytes = 77;
        arena_reset(t.a);
        fault_arm(n);
        const err e = model_inspect(t.file, t.a, &t.model);
        more = fault_fired();
        fault_arm(0);
        if (more)
            CHECK(e.code == ERR_LIMIT || e.code == ERR_IO);
        CHECK_INT(t.model.size_bytes, ==, e.code ? 77 : t.bytes.len);
    }
    CHECK_INT(n, >, 3);
}

TEST(the_built_in_models_have_names_and_no_file)
{
    struct model m;
    model_toy(STR(""), MODEL_CHAT, &m);
    CHECK_STR(m.name, STR("toy"));
    CHECK_STR(m.engine, STR("toy"));
    CHECK(m.has_template && m.kind == MODEL_CHAT && m.file.len == 0 && m.sha256.len == 0);
    model_toy(STR(""), MODEL_EMBED, &m);
    CHECK_STR(m.name, STR("toy-embed"));
    CHECK(m.kind == MODEL_EMBED && m.embedding_dims > 0 && !m.has_template);
    model_toy(STR("probe"), MODEL_CHAT, &m);
    CHECK_STR(m.name, STR("probe"));
}
