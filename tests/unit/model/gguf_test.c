/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/gguf.h"

#include <stdio.h>

#include "base/fault.h"
#include "gguf_write.h"
#include "test.h"

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
empty_bench(void)
{
    bench t = {GGUF_WRITER, BUF(1 << 26), NULL, {.version = 77}};
    CHECK_OK(arena_open(GGUF_SCRATCH_BYTES, &t.a));
    gguf_write_str(&t.w, "general.architecture", STR("llama"));
    return t;
}

/* One of everything: numbers, texts, lists of both, tensors of three types. */
static void
fill(gguf_writer *w)
{
    static const uint64_t dims[] = {64, 3};
    gguf_write_str(w, "general.name", STR("Probe"));
    gguf_write_u32(w, "general.alignment", 32);
    gguf_write_u32(w, "llama.context_length", 4096);
    gguf_write_f32(w, "llama.rope.freq_base", 10000);
    gguf_write_bool(w, "tokenizer.ggml.add_bos_token", true);
    gguf_write_array(w, "tokenizer.ggml.tokens", 8, 3);
    gguf_write_text(&w->values, STR("<s>"));
    gguf_write_text(&w->values, STR(""));
    gguf_write_text(&w->values, STR("Haus"));
    gguf_write_array(w, "tokenizer.ggml.scores", 6, 2);
    gguf_write_number(&w->values, 0, 8);
    gguf_write_floats(w, "token_embd.weight", 8, 3);
    gguf_write_floats(w, "output_norm.weight", 8, 0);
    gguf_write_pad(&w->data, 32);
    gguf_write_tensor_at(w, "blk.0.attn_q.weight", 8, dims, 2, w->data.len); /* Q8_0 */
    memset(buf_add_room(&w->data, 3 * 2 * 34), 7, 3 * 2 * 34);
}

static bench
probe(void)
{
    bench t = empty_bench();
    fill(&t.w);
    gguf_write_end(&t.w, &t.file);
    return t;
}

static err
read_again(bench *t, str head, uint64_t file_bytes)
{
    arena_reset(t->a);
    return gguf_read(head, file_bytes, t->a, &t->info);
}

/* What the writer holds now, as a file. */
static err
read(bench *t)
{
    buf_clear(&t->file);
    gguf_write_end(&t->w, &t->file);
    return read_again(t, buf_str(&t->file), t->file.len);
}

/* A copy with nothing behind it, so that a read past the end shows. */
static str
exact_copy(str s)
{
    char *at = malloc(s.len ? s.len : 1);
    if (at && s.len)
        memcpy(at, s.at, s.len);
    return (str){at, s.len};
}

static void
exact_free(str s)
{
    free((void *)(uintptr_t)s.at);
}

static bool
is_inside(str s, str file)
{
    return s.len == 0 || (s.at >= file.at && s.at + s.len <= file.at + file.len);
}

/* What holds of every head that was let through. */
static void
check_sane(const struct gguf_info *i, str file)
{
    CHECK(i->version == 2 || i->version == 3);
    CHECK(i->head_bytes <= file.len && i->data_bytes <= file.len - i->head_bytes);
    CHECK(i->tensor_count <= file.len / 33 && i->kv_count <= file.len / 14);
    CHECK(i->architecture.len > 0 && is_inside(i->architecture, file));
    CHECK(is_inside(i->name, file) && is_inside(i->licence, file));
    CHECK(is_inside(i->chat_template, file) && is_inside(i->tokenizer, file));
    CHECK(i->memory_bytes_4k >= i->data_bytes);
    CHECK(i->parameters <= 8 * file.len);
}

TEST(a_whole_file_is_read)
{
    AUTO(bench) t = probe();
    NEED_OK(read_again(&t, buf_str(&t.file), t.file.len));
    CHECK_INT(t.info.version, ==, 3);
    CHECK_INT(t.info.tensor_count, ==, 3);
    CHECK_INT(t.info.kv_count, ==, 8);
    CHECK_INT(t.info.parameters, ==, 24 + 8 + 192);
    CHECK_INT(t.info.data_bytes, ==, 96 + 32 + 204);
    CHECK_INT(t.info.head_bytes, ==, t.file.len - 96 - 32 - 224);
    CHECK_STR(t.info.name, STR("Probe"));
    CHECK_INT(t.info.vocabulary, ==, 3);
    check_sane(&t.info, buf_str(&t.file));
}

TEST(the_head_alone_is_enough_and_less_asks_for_more)
{
    AUTO(bench) t = probe();
    NEED_OK(read_again(&t, buf_str(&t.file), t.file.len));
    const size_t enough = t.info.head_bytes;
    size_t asked = 0;
    for (size_t n = 0; n <= enough; n++) {
        const str head = exact_copy((str){t.file.at, n});
        const err e = read_again(&t, head, t.file.len);
        asked += e.code == ERR_LIMIT;
        if (e.code != ERR_LIMIT)
            CHECK_OK(e);
        if (e.code == ERR_OK)
            CHECK(n > enough - 32);
        exact_free(head);
    }
    CHECK(asked > enough - 32);
}

TEST(a_file_cut_anywhere_is_refused)
{
    AUTO(bench) t = probe();
    /* The last tensor ends 20 bytes before the file does. */
    for (size_t n = 0; n < t.file.len - 20; n++) {
        const str cut = exact_copy((str){t.file.at, n});
        CHECK_ERR(read_again(&t, cut, n), PARSE);
        exact_free(cut);
    }
    CHECK_INT(t.info.version, ==, 77);
    CHECK_OK(read_again(&t, (str){t.file.at, t.file.len - 20}, t.file.len - 20));
}

TEST(any_byte_changed_is_refused_or_leaves_a_sane_head)
{
    static const unsigned char masks[] = {0x00, 0xff, 0x7f, 0x80, 0x01};
    AUTO(bench) t = probe();
    const str file = exact_copy(buf_str(&t.file));
    char *at = (char *)(uintptr_t)file.at;
    int refused = 0;
    for (size_t n = 0; n < file.len; n++)
        for (size_t m = 0; m < sizeof masks; m++) {
            const char old = at[n];
            at[n] = (char)masks[m];
            const err e = read_again(&t, file, file.len);
            if (e.code)
                CHECK_ERR(e, PARSE);
            else
                check_sane(&t.info, file);
            refused += e.code != 0;
            at[n] = old;
        }
    CHECK_INT(refused, >, 1000);
    exact_free(file);
}

TEST(many_bytes_changed_at_random_are_refused_or_leave_a_sane_head)
{
    AUTO(bench) t = probe();
    const size_t len = t.file.len;
    for (int round = 0; round < 20000; round++) {
        const str file = exact_copy(buf_str(&t.file));
        char *at = (char *)(uintptr_t)file.at;
        for (uint64_t n = test_random() % 6; n > 0; n--)
            at[test_random() % len] = (char)(test_random() >> (test_random() % 8));
        const err e = read_again(&t, file, len);
        if (e.code)
            CHECK_ERR(e, PARSE);
        else
            check_sane(&t.info, file);
        exact_free(file);
    }
}

TEST(pieces_swapped_within_the_file_are_refused_or_leave_a_sane_head)
{
    AUTO(bench) t = probe();
    const size_t len = t.file.len;
    for (int round = 0; round < 5000; round++) {
        const str file = exact_copy(buf_str(&t.file));
        char *at = (char *)(uintptr_t)file.at;
        const size_t from = test_random() % len, to = test_random() % len;
        const size_t most = len - (from > to ? from : to), n = test_random() % (most + 1);
        memmove(at + to, t.file.at + from, n);
        const err e = read_again(&t, file, len);
        if (e.code)
            CHECK_ERR(e, PARSE);
        else
            check_sane(&t.info, file);
        exact_free(file);
    }
}

TEST(running_out_of_memory_anywhere_is_reported_and_leaves_the_result_alone)
{
    AUTO(bench) t = probe();
    long n = 1;
    for (bool more = true; more && n < 1000; n++) {
        t.info.version = 77;
        arena_reset(t.a);
        fault_arm(n);
        const err e = gguf_read(buf_str(&t.file), t.file.len, t.a, &t.info);
        more = fault_fired();
        fault_arm(0);
        if (more) {
            CHECK_ERR(e, LIMIT);
            CHECK_INT(t.info.version, ==, 77);
        } else
            CHECK_OK(e);
    }
    CHECK_INT(n, >, 3);
}

TEST(an_arena_that_is_too_small_is_reported)
{
    AUTO(bench) t = empty_bench();
    AUTO(arena) *small = NULL;
    char name[32];
    for (int n = 0; n < 3000; n++) {
        snprintf(name, sizeof name, "t%d", n);
        gguf_write_floats(&t.w, name, 8, 0);
    }
    gguf_write_end(&t.w, &t.file);
    NEED_OK(arena_open(16 * 1024, &small));
    CHECK_ERR(gguf_read(buf_str(&t.file), t.file.len, small, &t.info), LIMIT);
}

/* ---- the first 24 bytes */
static err
read_changed(bench *t, size_t at, uint64_t n, size_t len)
{
    for (size_t i = 0; i < len; i++)
        t->file.at[at + i] = (char)(n >> (8 * i));
    return read_again(t, buf_str(&t->file), t->file.len);
}

TEST(another_magic_is_no_gguf)
{
    AUTO(bench) t = probe();
    memcpy(t.file.at, "GGML", 4);
    const err e = read_again(&t, buf_str(&t.file), t.file.len);
    CHECK_ERR(e, PARSE);
    CHECK(str_find(str_of(err_public(e)), STR("no GGUF file")) >= 0);
}

TEST(versions_two_and_three_are_read_and_others_refused)
{
    static const uint32_t bad[] = {0, 1, 4, 255, 0x10003, UINT32_MAX};
    AUTO(bench) t = probe();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(read_changed(&t, 4, bad[i], 4), PARSE);
    NEED_OK(read_changed(&t, 4, 2, 4));
    CHECK_INT(t.info.version, ==, 2);
}

TEST(a_big_endian_file_is_told_as_such)
{
    AUTO(bench) t = probe();
    const err e = read_changed(&t, 4, 0x03000000, 4);
    CHECK_ERR(e, PARSE);
    CHECK(str_find(str_of(err_public(e)), STR("big endian")) >= 0);
}

TEST(counts_beyond_the_limits_or_the_file_are_refused)
{
    static const uint64_t bad[] = {GGUF_TENSORS_MAX + 1, GGUF_TENSORS_MAX, 1ull << 32,
                                   1ull << 62,           1ull << 63,       UINT64_MAX};
    for (size_t at = 8; at <= 16; at += 8)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            AUTO(bench) t = probe();
            CHECK_ERR(read_changed(&t, at, bad[i], 8), PARSE);
        }
}

TEST(a_claimed_count_allocates_no_more_than_the_file_could_hold)
{
    AUTO(bench) t = probe();
    CHECK_ERR(read_changed(&t, 8, t.file.len / 33, 8), PARSE);
    CHECK_INT(arena_used(t.a), <, 64 * t.file.len);
}

TEST(one_tensor_more_or_less_than_there_are_is_refused_or_left_out)
{
    AUTO(bench) t = probe();
    CHECK_ERR(read_changed(&t, 8, 4, 8), PARSE);
}

/* ---- keys */
TEST(a_key_that_stands_there_twice_is_refused)
{
    AUTO(bench) t = empty_bench();
    gguf_write_u32(&t.w, "llama.block_count", 1);
    gguf_write_str(&t.w, "llama.block_count", STR("1"));
    CHECK_ERR(read(&t), PARSE);
}

TEST(a_key_without_a_name_is_refused)
{
    AUTO(bench) t = empty_bench();
    gguf_write_u32(&t.w, "", 1);
    CHECK_ERR(read(&t), PARSE);
}

TEST(an_alignment_is_a_power_of_two_within_bounds)
{
    static const uint32_t good[] = {8, 16, 32, 64, 4096},
                          bad[] = {0, 1, 2, 4, 7, 33, 48, 8192, 1u << 31, UINT32_MAX};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        AUTO(bench) t = empty_bench();
        t.w.alignment = good[i];
        gguf_write_u32(&t.w, "general.alignment", good[i]);
        gguf_write_floats(&t.w, "a", 3, 0);
        gguf_write_floats(&t.w, "b", 3, 0);
        CHECK_OK(read(&t));
        CHECK_INT(t.info.head_bytes % good[i], ==, 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(bench) t = empty_bench();
        gguf_write_u32(&t.w, "general.alignment", bad[i]);
        gguf_write_floats(&t.w, "a", 3, 0);
        CHECK_ERR(read(&t), PARSE);
    }
}

TEST(an_alignment_of_another_type_is_refused)
{
    AUTO(bench) t = empty_bench();
    gguf_write_value(&t.w, "general.alignment", 10, STR("\x20\0\0\0\0\0\0\0"));
    CHECK_ERR(read(&t), PARSE);
    AUTO(bench) u = empty_bench();
    gguf_write_array(&u.w, "general.alignment", 4, 1);
    gguf_write_number(&u.w.values, 32, 4);
    CHECK_ERR(read(&u), PARSE);
}

TEST(more_keys_than_the_limit_are_refused)
{
    AUTO(bench) t = empty_bench();
    char key[32];
    for (int n = 1; n <= GGUF_KV_MAX; n++) {
        snprintf(key, sizeof key, "k%d", n);
        if (n == GGUF_KV_MAX)
            CHECK_OK(read(&t));
        gguf_write_u32(&t.w, key, 1);
    }
    CHECK_ERR(read(&t), PARSE);
}

/* ---- tensors */
static err
read_tensor(uint32_t type, const uint64_t *dims, uint32_t dim_count, uint64_t offset)
{
    AUTO(bench) t = empty_bench();
    gguf_write_floats(&t.w, "first", 64, 64);
    gguf_write_tensor_at(&t.w, "second", type, dims, dim_count, offset);
    memset(buf_add_room(&t.w.data, 4096), 0, 4096);
    return read(&t);
}

enum { FREE = 64 * 64 * 4 }; /* offset behind "first" */

TEST(a_tensor_has_one_to_four_dimensions)
{
    static const uint64_t dims[] = {2, 2, 2, 2, 2};
    for (uint32_t n = 1; n <= 4; n++)
        CHECK_OK(read_tensor(0, dims, n, FREE));
    CHECK_ERR(read_tensor(0, dims, 0, FREE), PARSE);
    CHECK_ERR(read_tensor(0, dims, 5, FREE), PARSE);
}

TEST(no_dimension_is_zero)
{
    for (uint32_t n = 0; n < 4; n++) {
        uint64_t dims[] = {2, 2, 2, 2};
        dims[n] = 0;
        CHECK_ERR(read_tensor(0, dims, 4, FREE), PARSE);
    }
}

TEST(products_that_overflow_are_refused)
{
    static const uint64_t bad[][4] = {
        {UINT64_MAX, 1, 1, 1},
        {1ull << 63, 1, 1, 1},
        {1ull << 32, 1ull << 32, 1, 1}, /* 0 in 64 bits */
        {1ull << 33, 1ull << 31, 2, 1}, /* 0 in 64 bits */
        {1ull << 62, 4, 1, 1},          /* 0 in 64 bits */
        {(1ull << 62) + 1, 4, 1, 1},    /* 4 values in 64 bits */
        {1ull << 16, 1ull << 16, 1ull << 16, 1ull << 16},
        {3037000500, 3037000500, 1, 1}, /* just past 2^63 */
        {1ull << 61, 1, 1, 1},          /* bytes overflow to 2^63 */
        {1ull << 62, 1, 1, 1},          /* bytes overflow to 0 */
        {(1ull << 62) + 8, 1, 1, 1},    /* bytes overflow to 32 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(read_tensor(0, bad[i], 4, FREE), PARSE);
}

TEST(offsets_that_overflow_are_refused)
{
    static const uint64_t dims[] = {8};
    static const uint64_t bad[] = {UINT64_MAX - 31, UINT64_MAX - 63, 1ull << 63, 1ull << 62};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(read_tensor(0, dims, 1, bad[i]), PARSE);
}

TEST(offsets_are_aligned)
{
    static const uint64_t dims[] = {8};
    CHECK_OK(read_tensor(0, dims, 1, FREE + 32));
    CHECK_ERR(read_tensor(0, dims, 1, FREE + 8), PARSE);
    CHECK_ERR(read_tensor(0, dims, 1, FREE + 31), PARSE);
}

TEST(data_ends_within_the_file)
{
    static const uint64_t fits[] = {1024}, beyond[] = {1025};
    CHECK_OK(read_tensor(0, fits, 1, FREE));
    CHECK_ERR(read_tensor(0, fits, 1, FREE + 32), PARSE);
    const err e = read_tensor(0, beyond, 1, FREE);
    CHECK_ERR(e, PARSE);
    CHECK_STR(str_of(err_public(e)),
              STR("The tensor with data at byte 16544 reaches beyond the end "
                  "of the file, byte 20640."));
}

TEST(tensors_do_not_share_data)
{
    static const uint64_t dims[] = {8};
    const err e = read_tensor(0, dims, 1, FREE - 32);
    CHECK_ERR(e, PARSE);
    CHECK(str_find(str_of(err_public(e)), STR("share")) >= 0);
    CHECK_ERR(read_tensor(0, dims, 1, 0), PARSE);
}

TEST(tensors_may_lie_in_any_order)
{
    static const uint64_t dims[] = {8};
    AUTO(bench) t = empty_bench();
    for (uint64_t n = 0; n < 8; n++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", (int)n);
        gguf_write_tensor_at(&t.w, name, 0, dims, 1, (n * 5 % 8) * 32);
    }
    memset(buf_add_room(&t.w.data, 256), 0, 256);
    NEED_OK(read(&t));
    CHECK_INT(t.info.data_bytes, ==, 256);
}

TEST(a_type_that_is_unknown_is_named_by_number_and_one_given_up_by_name)
{
    static const uint64_t dims[] = {256};
    err e = read_tensor(43, dims, 1, FREE);
    CHECK_ERR(e, PARSE);
    CHECK(str_find(str_of(err_public(e)), STR("type 43, which is unknown")) >= 0);
    e = read_tensor(31, dims, 1, FREE);
    CHECK_ERR(e, PARSE);
    CHECK(str_find(str_of(err_public(e)), STR("type 31 (Q4_0_4_4)")) >= 0);
    CHECK_ERR(read_tensor(UINT32_MAX, dims, 1, FREE), PARSE);
}

TEST(rows_are_whole_blocks)
{
    static const uint64_t whole[] = {256, 2}, part[] = {128, 4}, odd[] = {33, 32};
    CHECK_OK(read_tensor(12, whole, 2, FREE));
    CHECK_ERR(read_tensor(12, part, 2, FREE), PARSE);
    CHECK_ERR(read_tensor(2, odd, 2, FREE), PARSE);
}

TEST(a_tensor_name_stands_there_once)
{
    AUTO(bench) t = empty_bench();
    gguf_write_floats(&t.w, "same", 8, 0);
    gguf_write_floats(&t.w, "same", 8, 0);
    CHECK_ERR(read(&t), PARSE);
}

TEST(a_tensor_name_is_at_most_63_bytes)
{
    char name[65];
    memset(name, 'n', sizeof name);
    for (size_t n = 63; n <= 64; n++) {
        AUTO(bench) t = empty_bench();
        name[n] = 0;
        gguf_write_floats(&t.w, name, 8, 0);
        if (n == 63)
            CHECK_OK(read(&t));
        else
            CHECK_ERR(read(&t), PARSE);
        name[n] = 'n';
    }
}

TEST(a_file_without_tensors_is_whole)
{
    AUTO(bench) t = empty_bench();
    NEED_OK(read(&t));
    CHECK_INT(t.info.tensor_count, ==, 0);
    CHECK_INT(t.info.data_bytes, ==, 0);
}

TEST(as_many_tensors_as_there_may_be_are_read)
{
    static const uint64_t dims[] = {8};
    AUTO(bench) t = empty_bench();
    for (uint64_t n = 0; n < GGUF_TENSORS_MAX; n++) {
        char name[32];
        snprintf(name, sizeof name, "blk.%llu.weight", (unsigned long long)n);
        gguf_write_tensor_at(&t.w, name, 0, dims, 1, (GGUF_TENSORS_MAX - 1 - n) * 32);
    }
    memset(buf_add_room(&t.w.data, GGUF_TENSORS_MAX * 32ull), 0, GGUF_TENSORS_MAX * 32ull);
    NEED_OK(read(&t));
    CHECK_INT(t.info.parameters, ==, GGUF_TENSORS_MAX * 8ll);
}

TEST(a_vocabulary_of_150000_words_is_read)
{
    AUTO(bench) t = empty_bench();
    gguf_write_array(&t.w, "tokenizer.ggml.tokens", 8, 150000);
    for (int n = 0; n < 150000; n++) {
        char word[16];
        snprintf(word, sizeof word, "wort%d", n);
        gguf_write_text(&t.w.values, str_of(word));
    }
    gguf_write_floats(&t.w, "a", 8, 0);
    NEED_OK(read(&t));
    CHECK_INT(t.info.vocabulary, ==, 150000);
}
