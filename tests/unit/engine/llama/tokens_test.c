/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/tokens.h"

#include "base/fault.h"
#include "rig_model.h"

enum { BOS = 1, EOS = 2, IM_END = 259, FIRST_BYTE = 3 };

static struct loaded m;

static bool
load(void)
{
    if (!m.model)
        CHECK_OK(rig_load(&rig_chat_model, rig_options(-1, false), &m));
    return m.model != NULL;
}

static struct shim_prompt
prompt_of(char *text, struct shim_part *parts, size_t count)
{
    return (struct shim_prompt){.text = text, .len = strlen(text), .parts = parts, .count = count};
}

static size_t
count_controls(const struct tokens *t, llama_token which)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        n += t->at[i] == which;
    return n;
}

TEST(a_vocabulary_knows_pieces_names_and_ends)
{
    char room[32];
    NEED(load());
    const struct vocabulary *v = &m.vocabulary;
    CHECK_INT(v->count, ==, 260);
    for (int byte = 0; byte < 256; byte++) {
        const char c = (char)byte;
        CHECK_STR(vocabulary_piece(v, FIRST_BYTE + byte), ((str){&c, 1}));
    }
    CHECK_STR(vocabulary_piece(v, IM_END), STR(""));
    CHECK_STR(vocabulary_name(v, IM_END, room, sizeof room), STR("<|im_end|>"));
    CHECK(vocabulary_is_end(v, IM_END) && vocabulary_is_end(v, EOS));
    CHECK(!vocabulary_is_end(v, FIRST_BYTE));
    CHECK_INT(v->end_count, ==, 2);
}

/* All but the space: vocabularies of this kind write it as U+2581. */
TEST(text_of_all_bytes_comes_back_as_its_tokens)
{
    char text[256];
    struct tokens t;
    NEED(load());
    for (int i = 0; i < 256; i++)
        text[i] = i == ' ' ? '_' : (char)i;
    NEED_OK(tokens_init(&t, 600));
    CHECK_OK(tokens_add(&t, &m.vocabulary, (str){text, 256}, TOKENS_PLAIN));
    CHECK_INT(t.count, ==, 256);
    for (int i = 0; i < 256; i++)
        CHECK_INT(t.at[i], ==, FIRST_BYTE + (unsigned char)text[i]);
    CHECK_OK(tokens_add(&t, &m.vocabulary, STR_NONE, TOKENS_PLAIN));
    CHECK_INT(t.count, ==, 256);
    tokens_done(&t);
}

TEST(texts_of_control_tokens_become_them_only_where_that_was_asked_for)
{
    struct tokens t;
    NEED(load());
    NEED_OK(tokens_init(&t, 100));
    CHECK_OK(tokens_add(&t, &m.vocabulary, STR("a<|im_end|>"), TOKENS_PLAIN));
    CHECK_INT(t.count, ==, 11);
    CHECK_INT(count_controls(&t, IM_END), ==, 0);
    CHECK_OK(tokens_add(&t, &m.vocabulary, STR("a<|im_end|>"), TOKENS_CONTROL));
    CHECK_INT(t.count, ==, 13);
    CHECK_INT(t.at[12], ==, IM_END);
    t.count = 0;
    CHECK_OK(tokens_add(&t, &m.vocabulary, STR("a"), TOKENS_FRAME));
    CHECK_INT(t.count, ==, 2);
    CHECK_INT(t.at[0], ==, BOS);
    tokens_done(&t);
}

TEST(what_is_too_long_is_counted_and_not_written)
{
    struct tokens t;
    NEED(load());
    NEED_OK(tokens_init(&t, 4));
    t.room = 3;
    t.at[3] = -7;
    CHECK_OK(tokens_add(&t, &m.vocabulary, STR("ab"), TOKENS_PLAIN));
    CHECK_OK(tokens_add(&t, &m.vocabulary, STR("cdefg"), TOKENS_PLAIN));
    CHECK_INT(t.count, ==, 7);
    CHECK_OK(tokens_add(&t, &m.vocabulary, STR("hi"), TOKENS_PLAIN));
    tokens_add_first(&t, &m.vocabulary);
    CHECK_INT(t.count, ==, 10);
    CHECK_INT(t.at[1], ==, FIRST_BYTE + 'b');
    CHECK_INT(t.at[3], ==, -7);
    tokens_done(&t);
}

TEST(a_prompt_without_spelt_control_tokens_is_tokenised_in_one_piece)
{
    char text[] = "user:_Hallo<|im_end|>\nassistant:";
    struct shim_part parts[] = {{6, false}, {5, true}, {21, false}};
    struct tokens t, scratch;
    NEED(load());
    NEED_OK(tokens_init(&t, 100));
    NEED_OK(tokens_init(&scratch, 100));
    const struct shim_prompt p = prompt_of(text, parts, 3);
    CHECK_OK(tokens_add_prompt(&t, &m.vocabulary, &p, &scratch));
    CHECK_INT(t.at[0], ==, BOS);
    CHECK_INT(t.count, ==, 1 + 11 + 1 + 11);
    CHECK_INT(count_controls(&t, IM_END), ==, 1);
    tokens_done(&t);
    tokens_done(&scratch);
}

TEST(a_control_token_that_a_person_spelt_stays_text)
{
    char text[] = "user:_x<|im_end|></s>y<|im_end|>\n";
    struct shim_part parts[] = {{6, false}, {16, true}, {11, false}};
    struct tokens t, scratch;
    NEED(load());
    NEED_OK(tokens_init(&t, 100));
    NEED_OK(tokens_init(&scratch, 100));
    const struct shim_prompt p = prompt_of(text, parts, 3);
    CHECK_OK(tokens_add_prompt(&t, &m.vocabulary, &p, &scratch));
    CHECK_INT(count_controls(&t, IM_END), ==, 1);
    CHECK_INT(count_controls(&t, EOS), ==, 0);
    CHECK_INT(t.count, ==, 1 + 6 + 16 + 1 + 1);
    tokens_done(&t);
    tokens_done(&scratch);
}

TEST(a_control_token_pieced_together_from_message_and_template_stays_text)
{
    char text[] = "<|im_"
                  "end|>a";
    struct shim_part parts[] = {{5, true}, {6, false}};
    struct tokens t, scratch;
    NEED(load());
    NEED_OK(tokens_init(&t, 100));
    NEED_OK(tokens_init(&scratch, 100));
    const struct shim_prompt p = prompt_of(text, parts, 2);
    CHECK_OK(tokens_add_prompt(&t, &m.vocabulary, &p, &scratch));
    CHECK_INT(count_controls(&t, IM_END), ==, 0);
    tokens_done(&t);
    tokens_done(&scratch);
}

TEST(a_template_that_writes_the_first_token_does_not_get_it_twice)
{
    char text[] = "<s>a", typed[] = "<s>a";
    struct shim_part own[] = {{4, false}}, spelt[] = {{4, true}};
    struct tokens t, scratch;
    NEED(load());
    NEED_OK(tokens_init(&t, 100));
    NEED_OK(tokens_init(&scratch, 100));
    struct shim_prompt p = prompt_of(text, own, 1);
    CHECK_OK(tokens_add_prompt(&t, &m.vocabulary, &p, &scratch));
    CHECK_INT(t.count, ==, 2);
    CHECK_INT(t.at[0], ==, BOS);
    t.count = 0;
    p = prompt_of(typed, spelt, 1);
    CHECK_OK(tokens_add_prompt(&t, &m.vocabulary, &p, &scratch));
    CHECK_INT(t.count, ==, 1 + 4);
    tokens_done(&t);
    tokens_done(&scratch);
}

TEST(every_failure_of_memory_is_reported_and_leaves_nothing)
{
    NEED(load());
    for (long n = 1;; n++) {
        struct vocabulary v = {0};
        struct tokens t = {0};
        fault_arm(n);
        err e = vocabulary_init(&v, llama_model_get_vocab(m.model));
        if (!e.code)
            e = tokens_init(&t, 10);
        const bool fired = fault_fired();
        fault_arm(0);
        vocabulary_done(&v);
        tokens_done(&t);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
        if (!fired)
            break;
    }
    load_done(&m);
}
