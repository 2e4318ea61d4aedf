/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/guess.h"

#include "base/fault.h"
#include "test.h"

static struct guess_odds all;

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
    guess_hear(g, &all, 4);
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
chance(const struct guess *g, uint32_t of)
{
    uint16_t got[GUESS_MAX] = {0};
    guess_chances(g, &all, of, got);
    for (uint32_t i = 1; i < of; i++)
        CHECK_INT(got[i], <=, got[i - 1]);
    return got[of - 1];
}

TEST(what_is_guessed_is_taken_to_be_seldom_right_until_it_was)
{
    static const int32_t prompt[] = {1, 1, 1, 1, 1, 1};
    all = (struct guess_odds){.said = {0}};
    struct guess *g = made(prompt, 6, 1000);
    CHECK_INT(chance(g, 1), <=, 125);
    CHECK_INT(chance(g, 2), <=, 125 / 8 + 1);
    CHECK_INT(chance(g, GUESS_MAX), ==, 0);
    for (int i = 0; i < 60; i++)
        guess_hear(g, &all, 1);
    CHECK_INT(chance(g, 1), >, 900);
    CHECK_INT(chance(g, GUESS_MAX), >, 500);
    guess_hear(g, &all, 2); /* it stops repeating itself: of another run little is known */
    CHECK_INT(chance(g, 1), <, 400);
    guess_free(g);
}

TEST(an_answer_begins_with_what_was_right_in_others_and_then_its_own_counts)
{
    static const int32_t prompt[] = {1, 1, 1, 1, 1, 1};
    all = (struct guess_odds){.right = {90}, .said = {100}};
    struct guess *g = made(prompt, 6, 1000);
    CHECK_INT(chance(g, 1), >, 800);
    for (int32_t i = 0; i < 200; i++) /* each time 1 is guessed and something else is said */
        guess_hear(g, &(struct guess_odds){.said = {0}}, i % 4 < 3 ? 1 : 2 + i / 4);
    CHECK_INT(g->odds.said[0], >, 0);
    CHECK_INT(chance(g, 1), <, 800);
    guess_free(g);
}

TEST(counts_fade_so_that_a_text_that_changes_is_noticed)
{
    static const int32_t prompt[] = {1, 1, 1, 1, 1, 1};
    all = (struct guess_odds){.said = {0}};
    struct guess *g = made(prompt, 6, 100000);
    for (int i = 0; i < 50000; i++)
        guess_hear(g, &all, 1);
    for (size_t i = 0; i < GUESS_RUNS; i++) {
        CHECK_INT(all.said[i], <=, 256);
        CHECK_INT(all.right[i], <=, all.said[i]);
        CHECK_INT(g->odds.said[i], <=, 32);
    }
    guess_free(g);
}

TEST(nothing_is_counted_where_there_was_no_guess)
{
    static const int32_t prompt[] = {1, 2, 3, 4, 5, 6};
    all = (struct guess_odds){.said = {0}};
    struct guess *g = made(prompt, 6, 100);
    for (int32_t i = 10; i < 100; i++)
        guess_hear(g, &all, i);
    for (size_t i = 0; i < GUESS_RUNS; i++)
        CHECK_INT(all.said[i] + g->odds.said[i], ==, 0);
    guess_free(g);
}

TEST(tokens_beyond_the_room_are_not_kept)
{
    static const int32_t prompt[] = {1, 2, 3, 4};
    struct guess *g = made(prompt, 4, 2);
    for (int32_t i = 0; i < 10; i++)
        guess_hear(g, &all, i);
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
            guess_hear(g, &all, at[count - 1]);
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
