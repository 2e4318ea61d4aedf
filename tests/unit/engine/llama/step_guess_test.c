/* SPDX-License-Identifier: EUPL-1.2 */
/* What is guessed changes when tokens come and not which. */
#include "engine/llama/step.h"

#include <math.h>

#include "rig.h"

enum { PROMPT = 120 };

static struct rig_engine e;

static bool
engine(void)
{
    if (e.m.model)
        return true;
    struct llama_options o = rig_options(-1, false);
    o.step_tokens_max = 128;
    CHECK_OK(rig_engine_start(&e, &rig_chat_model, o));
    e.step.is_eager = true;
    return e.m.model != NULL;
}

static void
guess(uint32_t most)
{
    e.jobs.guesses = most > 0;
    e.step.guess_max = most;
}

/* Few letters, so that three of them have been seen before. */
static str
repetitive(char room[PROMPT])
{
    for (size_t i = 0; i < PROMPT; i++)
        room[i] = (char)('a' + test_random() % 3);
    return (str){room, 20 + test_random() % (PROMPT - 20)};
}

/* One byte for each token, the best of which are told; a seed, but none that was asked for.  Few
 * letters are likely, so that what a random model writes repeats itself. */
static struct engine_submit
watched(float temperature, uint32_t tokens_max)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, tokens_max);
    ask.has_seed = false;
    ask.ignore_eos = 1;
    ask.logprobs = 1;
    ask.top_logprobs = 4;
    ask.temperature = temperature;
    ask.seed = test_random();
    return ask;
}

static const struct conv_bias few_letters[] = {{0, -100},     {1, -100},    {3 + 'a', 10},
                                               {3 + 'b', 10}, {3 + 'c', 9}, {3 + 'd', 8}};

static struct rig_job *
submit(struct engine_submit ask, str prompt)
{
    struct rig_job *r = rig_job(ask, prompt);
    r->pub.bias = few_letters;
    r->pub.bias_count = sizeof few_letters / sizeof *few_letters;
    CHECK_OK(rig_submit(&e, r));
    return r;
}

static struct rig_job *
ran(struct engine_submit ask, str prompt, uint32_t guess_max)
{
    guess(guess_max);
    struct rig_job *r = submit(ask, prompt);
    rig_run(&e);
    CHECK(rig_is_empty(&e));
    return r;
}

static uint32_t
common(const struct rig_answer *a, const struct rig_answer *b)
{
    uint32_t n = 0;
    while (n < a->len && n < b->len && a->text[n] == b->text[n])
        n++;
    return n;
}

/* Tokens decoded together have sums that round differently in their last digits (sampler.h): where
 * texts part, the model itself said nearly the same of both, and that happens seldom. */
static void
check_same_texts(float temperature, int rounds)
{
    char room[PROMPT];
    uint32_t same = 0, guessed = 0, right = 0;
    for (int i = 0; i < rounds; i++) {
        const str prompt = repetitive(room);
        const struct engine_submit ask = watched(temperature, 60);
        struct rig_job *plain = ran(ask, prompt, 0), *fast = ran(ask, prompt, GUESS_MAX);
        const struct rig_answer *a = &plain->answers[0], *b = &fast->answers[0];
        const uint32_t n = common(a, b);
        NEED(a->tokens == 60 && b->tokens == 60);
        same += n == 60;
        for (uint32_t t = 0; t < n; t++)
            CHECK(fabsf(a->logprob[t] - b->logprob[t]) < 0.05f);
        CHECK_INT(a->guessed, ==, 0);
        guessed += b->guessed;
        right += b->guessed_right;
        rig_job_free(plain);
        rig_job_free(fast);
    }
    CHECK_INT(same, >=, rounds - rounds / 8);
    CHECK(right > 0 && right < guessed);
}

TEST(greedy_answers_are_the_same_with_and_without_guessing)
{
    NEED(engine());
    check_same_texts(0, 40);
}

/* With the same draws in the same order, so the distribution is the same. */
TEST(drawn_answers_are_the_same_with_and_without_guessing)
{
    NEED(engine());
    check_same_texts(1, 40);
}

TEST(several_answers_guess_in_one_step_and_each_has_its_own)
{
    struct rig_job *jobs[4], *plain[4];
    char room[4][PROMPT];
    uint32_t guessed = 0;
    NEED(engine());
    for (int i = 0; i < 4; i++) {
        const str prompt = repetitive(room[i]);
        struct engine_submit ask = watched(0, 20);
        plain[i] = ran(ask, prompt, 0);
        jobs[i] = rig_job(ask, prompt);
    }
    guess(GUESS_MAX);
    for (int i = 0; i < 4; i++) {
        jobs[i]->pub.bias = few_letters;
        jobs[i]->pub.bias_count = sizeof few_letters / sizeof *few_letters;
        CHECK_OK(rig_submit(&e, jobs[i]));
    }
    rig_run(&e);
    int same = 0;
    for (int i = 0; i < 4; i++) {
        same += common(&plain[i]->answers[0], &jobs[i]->answers[0]) == 20;
        guessed += jobs[i]->answers[0].guessed;
        CHECK_INT(jobs[i]->answers[0].tokens, ==, 20);
        rig_job_free(plain[i]);
        rig_job_free(jobs[i]);
    }
    CHECK_INT(same, >=, 3);
    CHECK_INT(guessed, >, 0);
    CHECK(rig_is_empty(&e));
}

TEST(no_answer_gets_longer_than_it_may)
{
    char room[PROMPT];
    NEED(engine());
    for (uint32_t tokens_max = 1; tokens_max < 24; tokens_max++) {
        struct rig_job *r = ran(watched(0, tokens_max), repetitive(room), GUESS_MAX);
        CHECK_INT(r->answers[0].tokens, ==, tokens_max);
        CHECK_INT(r->answers[0].finish, ==, FINISH_LENGTH);
        CHECK_INT(r->after_the_end, ==, 0);
        rig_job_free(r);
    }
}

TEST(who_asks_for_repeatable_answers_is_not_guessed_for)
{
    char room[PROMPT];
    NEED(engine());
    struct engine_submit ask = watched(0, 60);
    ask.has_seed = true;
    struct rig_job *r = ran(ask, repetitive(room), GUESS_MAX);
    CHECK_INT(r->answers[0].tokens, ==, 60);
    CHECK_INT(r->answers[0].guessed, ==, 0);
    rig_job_free(r);
}

TEST(a_json_object_and_penalties_hold_for_what_was_guessed)
{
    char room[PROMPT];
    NEED(engine());
    struct engine_submit ask = watched(0, 60);
    ask.frequency = 0.5f;
    ask.repeat = 1.1f;
    const str prompt = repetitive(room);
    struct rig_job *plain = ran(ask, prompt, 0), *fast = ran(ask, prompt, GUESS_MAX);
    CHECK_INT(common(&plain->answers[0], &fast->answers[0]), >=, 20);
    rig_job_free(plain);
    rig_job_free(fast);
    ask = watched(1, 60);
    ask.json_object = 1;
    fast = ran(ask, STR("{\"a\":\"aaaaaa\",\"b\":\"aaaaaa\"}{\"a\":\"aaaa"), GUESS_MAX);
    CHECK_INT(fast->failure.code, ==, 0);
    CHECK(str_starts(rig_text(fast, 0), STR("{")));
    rig_job_free(fast);
}

/* What steps take, and how often guesses are right, is said by hand before each. */
static uint64_t
guessed_when_a_step_takes(uint64_t single_us, uint64_t many_us, uint32_t right_permille)
{
    char room[PROMPT];
    const uint64_t before = e.step.guessed;
    guess(GUESS_MAX);
    e.step.is_eager = false;
    struct rig_job *r = submit(watched(0, 60), repetitive(room));
    do {
        struct answer *a = e.jobs.running[0];
        e.step.pace.single_us = single_us;
        for (size_t i = 2; i <= PACE_ROWS_MAX; i++)
            e.step.pace.rows_us[i] = many_us;
        for (size_t i = 0; i < GUESS_RUNS; i++) {
            e.jobs.odds.right[i] = right_permille;
            e.jobs.odds.said[i] = 1000;
        }
        if (a && a->guess)
            a->guess->odds = (struct guess_odds){.said = {0}};
        e.step.purse = purse_full();
        rig_settle(&e);
    } while (step_run(&e.step));
    e.step.is_eager = true;
    rig_job_free(r);
    return e.step.guessed - before;
}

TEST(nothing_is_guessed_where_it_does_not_pay)
{
    NEED(engine());
    CHECK_INT(guessed_when_a_step_takes(1000, 9000, 900), ==, 0); /* eight more cost too much */
    CHECK_INT(guessed_when_a_step_takes(1000, 2000, 50), ==, 0);  /* it is never right */
    CHECK_INT(guessed_when_a_step_takes(1000, 1100, 900), >, 0);
}

TEST(where_it_does_not_pay_it_is_tried_now_and_then)
{
    NEED(engine());
    struct pace *p = &e.step.pace;
    const uint64_t before = e.step.guessed;
    guess(GUESS_MAX);
    e.step.is_eager = false;
    struct rig_job *r = submit(watched(0, 200), STR("aaaaaaaaaaaaaaaaaaaaaaaa"));
    do {
        p->single_us = 1;
        for (size_t i = 2; i <= PACE_ROWS_MAX; i++)
            p->rows_us[i] = 1000000;
        rig_settle(&e);
    } while (step_run(&e.step));
    e.step.is_eager = true;
    CHECK_INT(e.step.guessed - before, <=, 4 * GUESS_MAX);
    rig_job_free(r);
}

TEST(random_jobs_that_guess_and_are_cancelled_leave_no_cell_used)
{
    static struct rig_job *jobs[40];
    char room[PROMPT];
    size_t made = 0;
    NEED(engine());
    guess(GUESS_MAX);
    while (made < 40 || e.count) {
        if (made < 40 && test_random() % 3 == 0) {
            struct engine_submit ask =
                watched((float)(test_random() % 2), 1 + (uint32_t)test_random() % 40);
            ask.n = 1 + (uint32_t)test_random() % 3;
            jobs[made++] = submit(ask, repetitive(room));
        }
        if (e.count && test_random() % 20 == 0)
            rig_cancel(&e, e.all[test_random() % e.count]);
        step_run(&e.step);
        CHECK_INT(e.jobs.reserved, <=, e.m.cells);
        CHECK_INT(jobs_count(&e.jobs).cells_used, <=, e.jobs.reserved);
        rig_settle(&e);
    }
    CHECK(rig_is_empty(&e));
    for (size_t i = 0; i < made; i++) {
        CHECK_INT(jobs[i]->failure.code, ==, 0);
        CHECK_INT(jobs[i]->after_the_end, ==, 0);
        rig_job_free(jobs[i]);
    }
    rig_engine_end(&e);
}
