/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/prefix.h"

#include "base/fault.h"
#include "rig.h"

static struct rig_engine e;

static const uint8_t amt[32] = "amt", kasse[32] = "kasse", nobody[32];

/* 4 sequences of 512 tokens and 2,048 cells; the step and jobs are not used, only the memory. */
static bool
engine(void)
{
    if (!e.m.model)
        CHECK_OK(rig_engine_start(&e, &rig_chat_model, rig_options(-1, false)));
    prefix_shrink(&e.jobs.prefix, 0);
    return e.m.model != NULL;
}

static struct prefix *
cache(void)
{
    return &e.jobs.prefix;
}

/* Sequence 0 holds tokens first, first + 1, … */
static llama_token *
fill(llama_token first, uint32_t len)
{
    static llama_token tokens[512];
    struct llama_batch b = llama_batch_init(512, 0, 1);
    llama_memory_seq_rm(e.m.memory, 0, -1, -1);
    for (uint32_t i = 0; i < len; i++) {
        tokens[i] = (first + (llama_token)i) % 200 + 10;
        b.token[i] = tokens[i];
        b.pos[i] = (llama_pos)i;
        b.n_seq_id[i] = 1;
        b.seq_id[i][0] = 0;
        b.logits[i] = i + 1 == len;
    }
    for (uint32_t at = 0; at < len;) {
        struct llama_batch part = b;
        const uint32_t n = len - at < e.m.step_tokens_max ? len - at : e.m.step_tokens_max;
        part.n_tokens = (int32_t)n;
        part.token += at;
        part.pos += at;
        part.n_seq_id += at;
        part.seq_id += at;
        part.logits += at;
        CHECK_INT(llama_decode(e.m.ctx, part), ==, 0);
        at += n;
    }
    llama_batch_free(b);
    return tokens;
}

static void
keep(const uint8_t scope[32], llama_token first, uint32_t len)
{
    prefix_keep(cache(), scope, fill(first, len), len, 0);
    llama_memory_seq_rm(e.m.memory, 0, -1, -1);
}

static uint32_t
find(const uint8_t scope[32], llama_token first, uint32_t len)
{
    llama_token tokens[512];
    for (uint32_t i = 0; i < len; i++)
        tokens[i] = (first + (llama_token)i) % 200 + 10;
    const uint32_t got = prefix_find(cache(), scope, tokens, len);
    CHECK_INT(prefix_take(cache(), scope, tokens, len, 1), ==, got);
    CHECK_INT(llama_memory_seq_pos_max(e.m.memory, 1) + 1, ==, (llama_pos)got);
    llama_memory_seq_rm(e.m.memory, 1, -1, -1);
    return got;
}

TEST(what_was_read_is_found_again_as_far_as_it_is_the_same)
{
    NEED(engine());
    keep(amt, 1, 100);
    CHECK_INT(find(amt, 1, 300), ==, 100);
    CHECK_INT(find(amt, 1, 60), ==, 60);
    CHECK_INT(find(amt, 2, 100), ==, 0);
    CHECK_INT(find(amt, 1, PREFIX_MIN - 1), ==, 0);
    CHECK_INT(cache()->tokens, ==, 100);
}

TEST(nobody_of_another_scope_finds_anything_whatever_it_guesses)
{
    NEED(engine());
    keep(amt, 1, 100);
    CHECK_INT(find(kasse, 1, 100), ==, 0);
    CHECK_INT(find(nobody, 1, 100), ==, 0);
    for (int bit = 0; bit < 256; bit++) {
        uint8_t other[32];
        memcpy(other, amt, 32);
        other[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_INT(find(other, 1, 100), ==, 0);
    }
    CHECK_INT(find(amt, 1, 100), ==, 100);
}

TEST(what_is_nobodys_or_short_is_not_kept)
{
    NEED(engine());
    keep(nobody, 1, 100);
    keep(amt, 1, PREFIX_MIN - 1);
    CHECK_INT(cache()->count, ==, 0);
    CHECK_INT(cache()->tokens, ==, 0);
}

TEST(a_conversation_that_goes_on_is_kept_once)
{
    NEED(engine());
    keep(amt, 1, 50);
    keep(amt, 1, 100);
    keep(amt, 1, 80);
    CHECK_INT(cache()->count, ==, 1);
    CHECK_INT(cache()->tokens, ==, 100);
    keep(kasse, 1, 80);
    CHECK_INT(cache()->count, ==, 2);
}

TEST(what_was_used_longest_ago_goes_first)
{
    NEED(engine());
    keep(amt, 1, 100);
    keep(amt, 50, 100);
    keep(amt, 90, 100);
    CHECK_INT(find(amt, 1, 100), ==, 100);
    prefix_shrink(cache(), 250);
    CHECK_INT(find(amt, 50, 100), ==, 0);
    CHECK_INT(find(amt, 1, 100), ==, 100);
    prefix_shrink(cache(), 0);
    CHECK_INT(cache()->count, ==, 0);
}

TEST(there_are_only_so_many_entries_and_the_oldest_makes_way)
{
    NEED(engine());
    const size_t room = cache()->room;
    cache()->room = 20;
    for (uint8_t i = 0; i < 25; i++) {
        const uint8_t scope[32] = {1, i};
        keep(scope, 1, PREFIX_MIN);
        CHECK_INT(find(scope, 1, PREFIX_MIN), ==, PREFIX_MIN);
    }
    const uint8_t first[32] = {1, 0};
    CHECK_INT(cache()->count, ==, 20);
    CHECK_INT(find(first, 1, PREFIX_MIN), ==, 0);
    cache()->room = room;
}

TEST(what_is_kept_takes_no_cell_and_no_more_than_its_share)
{
    NEED(engine());
    for (uint8_t i = 0; i < 40; i++) {
        const uint8_t scope[32] = {2, i};
        keep(scope, i, 100);
        CHECK_INT(cache()->tokens, <=, e.m.cells / 2);
        for (llama_seq_id seq = 0; seq < (llama_seq_id)e.m.sequences_max; seq++)
            CHECK_INT(llama_memory_seq_pos_max(e.m.memory, seq), ==, -1);
    }
    CHECK_INT(cache()->tokens, >, e.m.cells / 2 - 100);
    CHECK(!prefix_wants(cache(), amt, e.m.cells / 2 + 1));
    CHECK(prefix_wants(cache(), amt, e.m.cells / 2));
}

TEST(what_does_not_fit_into_the_free_cells_is_read_again)
{
    NEED(engine());
    llama_token tokens[512];
    keep(amt, 1, 400);
    memcpy(tokens, fill(1, 400), 400 * sizeof *tokens);
    llama_seq_id seq = 0;
    while (prefix_take(cache(), amt, tokens, 400, ++seq) == 400)
        NEED(seq < 100);
    CHECK_INT(seq, ==, e.m.cells / 400);
    CHECK_INT(llama_memory_seq_pos_max(e.m.memory, seq), ==, -1);
    llama_memory_clear(e.m.memory, false);
    CHECK_INT(prefix_take(cache(), amt, tokens, 400, 1), ==, 400);
    llama_memory_clear(e.m.memory, false);
}

TEST(without_memory_nothing_is_kept_and_nothing_is_lost)
{
    NEED(engine());
    llama_token *tokens = fill(1, 100);
    for (int n = 1; n <= 2; n++) {
        fault_arm(n);
        prefix_keep(cache(), amt, tokens, 100, 0);
        CHECK(fault_fired());
        fault_arm(0);
        CHECK_INT(cache()->count, ==, 0);
    }
    llama_memory_seq_rm(e.m.memory, 0, -1, -1);
    rig_engine_end(&e);
}
