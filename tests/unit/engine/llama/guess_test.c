/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/guess.h"

#include "base/fault.h"
#include "test.h"

static struct guess *
made(const int32_t *tokens, uint32_t count, uint32_t more)
{
    struct guess *g = NULL;
    CHECK_OK(guess_new(tokens, count, more, &g));
    return g;
}

TEST(what_followed_the_last_tokens_before_is_the_guess)
{
    static const int32_t prompt[] = {1, 2, 3, 4, 5, 6, 7, 9, 1, 2, 3};
    int32_t got[GUESS_MAX];
    struct guess *g = made(prompt, 11, 10);
    CHECK_INT(guess_next(g, 3, got), ==, 3);
    CHECK(got[0] == 4 && got[1] == 5 && got[2] == 6);
    guess_add(g, 4);
    CHECK_INT(guess_next(g, 1, got), ==, 1);
    CHECK_INT(got[0], ==, 5);
    guess_free(g);
}

TEST(of_two_occurrences_the_later_counts)
{
    static const int32_t prompt[] = {1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3};
    int32_t got[GUESS_MAX];
    struct guess *g = made(prompt, 11, 1);
    CHECK_INT(guess_next(g, 1, got), ==, 1);
    CHECK_INT(got[0], ==, 5);
    guess_free(g);
}

TEST(what_repeats_itself_goes_on_repeating_itself)
{
    static const int32_t prompt[] = {8, 9, 8, 9, 8, 9};
    int32_t got[GUESS_MAX];
    struct guess *g = made(prompt, 6, 1);
    CHECK_INT(guess_next(g, 99, got), ==, GUESS_MAX);
    for (int i = 0; i < GUESS_MAX; i++)
        CHECK_INT(got[i], ==, i % 2 ? 9 : 8);
    guess_free(g);
}

TEST(nothing_is_guessed_of_what_was_never_said_nor_of_a_text_too_short)
{
    static const int32_t prompt[] = {1, 2, 3, 4, 5, 6};
    int32_t got[GUESS_MAX];
    for (uint32_t count = 1; count <= 6; count++) {
        struct guess *g = made(prompt, count, 1);
        CHECK_INT(guess_next(g, GUESS_MAX, got), ==, 0);
        guess_free(g);
    }
}

TEST(no_more_is_guessed_than_was_asked_for)
{
    static const int32_t prompt[] = {1, 1, 1, 1, 1, 1};
    int32_t got[GUESS_MAX];
    struct guess *g = made(prompt, 6, 1);
    for (uint32_t most = 0; most <= GUESS_MAX; most++)
        CHECK_INT(guess_next(g, most, got), ==, most);
    guess_free(g);
}

static uint32_t
tokens_until_it_guesses(struct guess *g)
{
    int32_t got[GUESS_MAX];
    uint32_t n = 0;
    for (; n < 1000 && !guess_next(g, 1, got); n++)
        guess_add(g, 1);
    return n;
}

TEST(who_is_wrong_rests_twice_as_long_each_time_and_not_for_ever)
{
    static const int32_t prompt[] = {1, 1, 1, 1, 1, 1};
    static const uint32_t rests[] = {1, 2, 4, 8, 16, 32, 64, 64};
    struct guess *g = made(prompt, 6, 1000);
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        guess_learn(g, 0);
        CHECK_INT(tokens_until_it_guesses(g), ==, rests[i]);
    }
    guess_learn(g, 1);
    CHECK_INT(tokens_until_it_guesses(g), ==, 0);
    guess_learn(g, 0);
    CHECK_INT(tokens_until_it_guesses(g), ==, 1);
    guess_free(g);
}

TEST(tokens_beyond_the_room_are_not_kept)
{
    static const int32_t prompt[] = {1, 2, 3, 4};
    struct guess *g = made(prompt, 4, 2);
    for (int32_t i = 0; i < 10; i++)
        guess_add(g, i);
    CHECK_INT(g->count, ==, 6);
    guess_free(g);
}

/* Slow and plain: from the end backwards. */
static uint32_t
looked_for(const int32_t *at, uint32_t count)
{
    for (uint32_t from = count - 1; from >= GUESS_GRAM; from--)
        if (memcmp(at + from - GUESS_GRAM, at + count - GUESS_GRAM, GUESS_GRAM * sizeof *at) == 0)
            return from;
    return 0;
}

TEST(every_guess_is_what_followed_the_same_tokens_before)
{
    enum { TOKENS = 400 };
    int32_t at[TOKENS], got[GUESS_MAX];
    uint32_t found = 0, missed = 0;
    for (int round = 0; round < 50; round++) {
        const uint32_t words = 2 + (uint32_t)(test_random() % 6);
        for (uint32_t i = 0; i < TOKENS; i++)
            at[i] = (int32_t)(test_random() % words);
        struct guess *g = made(at, 4, TOKENS - 4);
        for (uint32_t count = 5; count <= TOKENS; count++) {
            guess_add(g, at[count - 1]);
            const uint32_t n = guess_next(g, 1, got), from = looked_for(at, count);
            found += n;
            missed += !n && from;
            if (n)
                CHECK(from && got[0] == at[from]);
        }
        guess_free(g);
    }
    CHECK_INT(found, >, 10000);
    CHECK_INT(missed, <, found / 2); /* tokens of different texts may share a slot */
}

TEST(without_memory_there_is_no_guess_and_nothing_is_left_behind)
{
    static const int32_t prompt[] = {1, 2, 3, 4};
    for (long n = 1; n < 10; n++) {
        struct guess *g = NULL;
        fault_arm(n);
        const err e = guess_new(prompt, 4, 4, &g);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
        CHECK(!g == fired);
        guess_free(g);
        if (!fired)
            break;
    }
}
