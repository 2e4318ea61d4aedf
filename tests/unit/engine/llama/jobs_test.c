/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/jobs.h"

#include <math.h>

#include "base/fault.h"
#include "rig.h"

static struct rig_engine e;

/* 4 sequences of 512 tokens and 2,048 cells. */
static bool
engine(void)
{
    if (!e.m.model)
        CHECK_OK(rig_engine_start(&e, &rig_chat_model, rig_options(-1, false)));
    return e.m.model != NULL;
}

static const char letters[600] = {[0 ... 598] = 'a'};

/* A job of `prompt` + 1 tokens. */
static struct rig_job *
job(uint32_t n, size_t prompt, uint32_t tokens_max)
{
    struct rig_job *r = rig_job(rig_ask(ENGINE_COMPLETE, n, tokens_max), (str){letters, prompt});
    r->pub.ask.ignore_eos = 1;
    return r;
}

static struct rig_job *
submit(uint32_t n, size_t prompt, uint32_t tokens_max)
{
    struct rig_job *r = job(n, prompt, tokens_max);
    CHECK_OK(rig_submit(&e, r));
    return r;
}

static unsigned
count_state(const struct rig_job *r, enum answer_state state)
{
    const struct job *j = r->pub.backend;
    unsigned n = 0;
    for (uint32_t i = 0; i < r->pub.ask.n; i++)
        n += j->answers[i].state == state;
    return n;
}

static void
cancel(struct rig_job *r)
{
    rig_cancel(&e, r);
    rig_job_free(r);
}

TEST(what_fits_the_context_exactly_is_taken_and_one_token_more_is_told_with_both_numbers)
{
    NEED(engine());
    struct rig_job *fits = submit(1, 411, 100), *over = job(1, 412, 100), *full = job(1, 511, 0),
                   *way_over = job(1, 599, 0), *open_end = submit(1, 510, 0);
    CHECK_ERR(rig_submit(&e, over), CONTEXT_LENGTH);
    CHECK_INT(e.serve.have, ==, 513);
    CHECK_INT(e.serve.limit, ==, 512);
    CHECK_ERR(rig_submit(&e, full), CONTEXT_LENGTH);
    CHECK_INT(e.serve.have, ==, 513);
    CHECK_ERR(rig_submit(&e, way_over), CONTEXT_LENGTH);
    CHECK_INT(e.serve.have, ==, 601);
    over->pub.ask.tokens_max = UINT32_MAX;
    CHECK_ERR(rig_submit(&e, over), CONTEXT_LENGTH);
    CHECK(!over->pub.backend);
    rig_job_free(over);
    rig_job_free(full);
    rig_job_free(way_over);
    cancel(fits);
    cancel(open_end);
    CHECK(rig_is_empty(&e));
}

TEST(an_empty_prompt_and_a_bias_beyond_the_vocabulary_are_refused)
{
    static const struct conv_bias beyond = {260, 1};
    const struct tokens none = {0};
    NEED(engine());
    struct rig_job *r = job(1, 3, 10);
    CHECK_ERR(jobs_add(&e.jobs, &r->pub, &none, NULL, 1), ARGUMENT);
    r->pub.bias = &beyond;
    r->pub.bias_count = 1;
    CHECK_ERR(rig_submit(&e, r), ARGUMENT);
    CHECK(rig_is_empty(&e));
    rig_job_free(r);
}

TEST(all_cells_an_answer_may_need_are_reserved_and_the_prompt_once)
{
    NEED(engine());
    struct rig_job *r = submit(3, 99, 50);
    jobs_start(&e.jobs);
    CHECK_INT(e.jobs.reserved, ==, 100 + 3 * 50);
    CHECK_INT(count_state(r, ANSWER_READS), ==, 1);
    CHECK_INT(count_state(r, ANSWER_LURKS), ==, 2);
    CHECK_INT(jobs_count(&e.jobs).running, ==, 1);
    cancel(r);
    CHECK_INT(e.jobs.reserved, ==, 0);
    e.m.can_share = false;
    r = submit(3, 99, 50);
    jobs_start(&e.jobs);
    CHECK_INT(e.jobs.reserved, ==, 3 * 150);
    CHECK_INT(count_state(r, ANSWER_READS), ==, 3);
    e.m.can_share = true;
    cancel(r);
    CHECK(rig_is_empty(&e));
}

TEST(jobs_start_in_order_and_one_that_does_not_fit_holds_up_those_behind)
{
    NEED(engine());
    struct rig_job *a = submit(1, 499, 12), *b = submit(1, 499, 12), *c = submit(1, 499, 12),
                   *d = submit(1, 499, 12), *small = submit(1, 1, 1);
    jobs_start(&e.jobs);
    CHECK_INT(jobs_count(&e.jobs).running, ==, 4);
    CHECK_INT(jobs_count(&e.jobs).waiting, ==, 1);
    CHECK_INT(e.jobs.reserved, ==, 2048);
    CHECK_INT(count_state(small, ANSWER_WAITS), ==, 1);
    cancel(b);
    struct rig_job *large = submit(1, 500, 11);
    jobs_start(&e.jobs);
    CHECK_INT(count_state(small, ANSWER_READS), ==, 1);
    CHECK_INT(count_state(large, ANSWER_WAITS), ==, 1);
    struct rig_job *last = submit(1, 1, 1);
    cancel(small);
    jobs_start(&e.jobs);
    CHECK_INT(count_state(large, ANSWER_READS), ==, 1);
    CHECK_INT(count_state(last, ANSWER_WAITS), ==, 1);
    cancel(a);
    cancel(c);
    cancel(d);
    cancel(large);
    cancel(last);
    CHECK(rig_is_empty(&e));
}

TEST(cells_are_bounded_as_well_as_sequences)
{
    NEED(engine());
    const uint32_t cells = e.m.cells;
    e.m.cells = 600;
    struct rig_job *a = submit(1, 399, 100), *b = submit(2, 59, 20);
    jobs_start(&e.jobs);
    CHECK_INT(count_state(a, ANSWER_READS), ==, 1);
    CHECK_INT(count_state(b, ANSWER_READS), ==, 1);
    CHECK_INT(count_state(b, ANSWER_LURKS), ==, 1);
    CHECK_INT(e.jobs.reserved, ==, 600);
    struct rig_job *c = submit(1, 0, 1);
    jobs_start(&e.jobs);
    CHECK_INT(count_state(c, ANSWER_WAITS), ==, 1);
    cancel(b);
    jobs_start(&e.jobs);
    CHECK_INT(count_state(c, ANSWER_READS), ==, 1);
    cancel(a);
    cancel(c);
    e.m.cells = cells;
    CHECK(rig_is_empty(&e));
}

TEST(answers_that_come_later_get_the_prompt_of_those_that_write)
{
    NEED(engine());
    struct rig_job *other = submit(3, 9, 3), *r = submit(3, 49, 100);
    CHECK(step_run(&e.step));
    CHECK_INT(count_state(r, ANSWER_WAITS), ==, 2);
    while (!rig_is_over(other))
        CHECK(step_run(&e.step));
    rig_settle(&e);
    rig_job_free(other);
    jobs_start(&e.jobs);
    const struct job *j = r->pub.backend;
    CHECK_INT(count_state(r, ANSWER_WAITS), ==, 0);
    CHECK_INT(j->answers[2].state, ==, ANSWER_READS);
    CHECK_INT(j->answers[2].read, ==, 49);
    CHECK_INT(llama_memory_seq_pos_max(e.m.memory, j->answers[2].seq), ==, 48);
    rig_run(&e);
    rig_job_free(r);
    CHECK(rig_is_empty(&e));
}

TEST(an_answer_that_ends_hands_its_sequence_over)
{
    NEED(engine());
    struct rig_job *rest = submit(3, 1, 400), *r = submit(3, 49, 5);
    const struct job *j;
    while (r->open == 3)
        CHECK(step_run(&e.step));
    j = r->pub.backend;
    CHECK_INT(j->answers[0].state, ==, ANSWER_OVER);
    CHECK_INT(j->answers[1].state, ==, ANSWER_READS);
    CHECK_INT(j->answers[1].read, ==, 49);
    CHECK_INT(j->answers[2].state, ==, ANSWER_WAITS);
    CHECK_INT(llama_memory_seq_pos_max(e.m.memory, j->answers[1].seq), ==, 48);
    cancel(rest);
    rig_run(&e);
    for (uint32_t i = 0; i < 3; i++)
        CHECK_STR(rig_text(r, i), rig_text(r, 0));
    rig_job_free(r);
    CHECK(rig_is_empty(&e));
}

TEST(a_failed_job_is_told_once_and_does_not_go_on)
{
    NEED(engine());
    struct rig_job *r = submit(6, 20, 30), *calm = submit(1, 5, 30);
    for (int i = 0; i < 3; i++)
        CHECK(step_run(&e.step));
    jobs_fail(&e.jobs, r->pub.backend, err_start(ERR_INTERNAL, "f", 1, "f", "first"));
    jobs_fail(&e.jobs, r->pub.backend, err_start(ERR_BUSY, "f", 1, "f", "second"));
    CHECK_ERR(r->failure, INTERNAL);
    rig_run(&e);
    CHECK_INT(r->after_the_end, ==, 0);
    CHECK_INT(calm->answers[0].tokens, ==, 30);
    rig_job_free(r);
    rig_job_free(calm);
    CHECK(rig_is_empty(&e));
}

TEST(the_youngest_is_the_last_of_those_that_run)
{
    NEED(engine());
    CHECK(!jobs_youngest(&e.jobs));
    struct rig_job *a = submit(2, 9, 9), *b = submit(2, 9, 9), *waits = submit(1, 9, 9);
    jobs_start(&e.jobs);
    CHECK(jobs_youngest(&e.jobs) == b->pub.backend);
    jobs_fail(&e.jobs, b->pub.backend, (err){ERR_BUSY});
    CHECK(jobs_youngest(&e.jobs) == a->pub.backend);
    rig_settle(&e);
    rig_job_free(b);
    cancel(a);
    cancel(waits);
    CHECK(rig_is_empty(&e));
}

/* ---- tenants and classes */

static struct rig_job *
submit_for(uint64_t tenant, uint32_t class, size_t prompt, uint32_t tokens_max)
{
    struct rig_job *r = job(1, prompt, tokens_max);
    r->pub.ask.tenant = tenant;
    r->pub.ask.class = class;
    CHECK_OK(rig_submit(&e, r));
    return r;
}

/* Until the answer's first token. */
static unsigned
steps_until_written(struct rig_job *r)
{
    unsigned steps = 0;
    while (!r->answers[0].tokens && steps < 1000) {
        CHECK(step_run(&e.step));
        rig_settle(&e);
        steps++;
    }
    return steps;
}

TEST(a_tenant_with_one_request_waits_at_most_two_steps_more_than_alone_whatever_another_has_queued)
{
    struct rig_job *crowd[20];
    NEED(engine());
    struct rig_job *alone = submit_for(2, CONV_CLERK, 30, 5);
    const unsigned steps_alone = steps_until_written(alone);
    cancel(alone);
    for (size_t i = 0; i < 20; i++)
        crowd[i] = submit_for(1, CONV_CLERK, 30, 60);
    for (int i = 0; i < 10; i++)
        CHECK(step_run(&e.step));
    CHECK_INT(jobs_count(&e.jobs).running, ==, 4);
    struct rig_job *one = submit_for(2, CONV_CLERK, 30, 5);
    CHECK_INT(steps_until_written(one), <=, steps_alone + 2);
    rig_run(&e);
    for (size_t i = 0; i < 20; i++) {
        CHECK_INT(crowd[i]->failure.code, ==, ERR_OK);
        CHECK_INT(crowd[i]->answers[0].tokens, ==, 60);
        rig_job_free(crowd[i]);
    }
    rig_job_free(one);
    CHECK(rig_is_empty(&e) && e.jobs.aside_bytes == 0);
}

/* Where cells lie decides the order of sums, so the last digits of logits may differ, and with
 * them, in a model of random weights, some late token.  Up to there the likelihoods must be the
 * same. */
static size_t
same_tokens(const struct rig_answer *a, const struct rig_answer *b)
{
    size_t n = 0;
    while (n < a->tokens && n < b->tokens && fabsf(a->logprob[n] - b->logprob[n]) < 0.05f)
        n++;
    return n;
}

TEST(an_answer_that_gave_way_goes_on_as_if_nothing_had_been)
{
    enum { BEFORE = 12 };
    NEED(engine());
    struct rig_job *alone = job(1, 40, 50);
    alone->pub.ask.logprobs = 1;
    CHECK_OK(rig_submit(&e, alone));
    rig_run(&e);
    struct rig_job *crowd[4], *other[3];
    for (size_t i = 0; i < 4; i++) {
        crowd[i] = job(1, 40, 50);
        crowd[i]->pub.ask.tenant = 1;
        crowd[i]->pub.ask.class = CONV_CLERK;
        crowd[i]->pub.ask.logprobs = 1;
        CHECK_OK(rig_submit(&e, crowd[i]));
    }
    for (int i = 0; i < BEFORE; i++)
        CHECK(step_run(&e.step));
    const uint64_t before = e.jobs.ousted;
    for (size_t i = 0; i < 3; i++)
        other[i] = submit_for(2 + i, CONV_CLERK, 20, 30);
    CHECK(step_run(&e.step));
    CHECK_INT(e.jobs.ousted, ==, before + 3);
    rig_run(&e);
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(crowd[i]->answers[0].tokens, ==, 50);
        CHECK_INT(same_tokens(&crowd[i]->answers[0], &alone->answers[0]), >, BEFORE + 3);
        rig_job_free(crowd[i]);
    }
    for (size_t i = 0; i < 3; i++)
        rig_job_free(other[i]);
    rig_job_free(alone);
    CHECK(rig_is_empty(&e) && e.jobs.aside_bytes == 0);
}

TEST(a_citizen_is_served_before_a_batch_and_a_batch_waits_for_clerks)
{
    struct rig_job *batch[6], *clerk[4];
    NEED(engine());
    for (size_t i = 0; i < 6; i++)
        batch[i] = submit_for(1, CONV_BATCH, 20, 40);
    for (int i = 0; i < 3; i++)
        CHECK(step_run(&e.step));
    for (size_t i = 0; i < 4; i++)
        clerk[i] = submit_for(1, CONV_CLERK, 20, 20);
    struct rig_job *citizen = submit_for(1, CONV_CITIZEN, 20, 5);
    CHECK_INT(steps_until_written(citizen), <=, 3);
    for (size_t i = 0; i < 6; i++)
        CHECK(count_state(batch[i], ANSWER_WRITES) == 0);
    rig_run(&e);
    for (size_t i = 0; i < 6; i++) {
        CHECK_INT(batch[i]->answers[0].tokens, ==, 40);
        rig_job_free(batch[i]);
    }
    for (size_t i = 0; i < 4; i++)
        rig_job_free(clerk[i]);
    rig_job_free(citizen);
    CHECK(rig_is_empty(&e));
}

TEST(a_job_that_is_cancelled_while_it_stands_aside_leaves_nothing)
{
    struct rig_job *crowd[4];
    NEED(engine());
    for (size_t i = 0; i < 4; i++)
        crowd[i] = submit_for(1, CONV_BATCH, 20, 40);
    for (int i = 0; i < 3; i++)
        CHECK(step_run(&e.step));
    struct rig_job *clerk = submit_for(2, CONV_CLERK, 20, 30);
    CHECK(step_run(&e.step));
    CHECK(e.jobs.aside_bytes > 0);
    for (size_t i = 0; i < 4; i++)
        cancel(crowd[i]);
    CHECK_INT(e.jobs.aside_bytes, ==, 0);
    cancel(clerk);
    CHECK(rig_is_empty(&e));
}

TEST(without_memory_to_stand_aside_nobody_gives_way_and_the_other_waits)
{
    struct rig_job *crowd[4];
    NEED(engine());
    for (size_t i = 0; i < 4; i++)
        crowd[i] = submit_for(1, CONV_CLERK, 20, 10);
    for (int i = 0; i < 3; i++)
        CHECK(step_run(&e.step));
    struct rig_job *one = submit_for(2, CONV_CLERK, 20, 5);
    fault_arm(1);
    jobs_start(&e.jobs);
    CHECK(fault_fired());
    fault_arm(0);
    CHECK_INT(count_state(one, ANSWER_WAITS), ==, 1);
    rig_run(&e);
    CHECK_INT(one->answers[0].tokens, ==, 5);
    for (size_t i = 0; i < 4; i++)
        rig_job_free(crowd[i]);
    rig_job_free(one);
}

TEST(an_answer_put_aside_comes_back_when_the_other_of_its_job_has_ended)
{
    NEED(engine());
    const uint32_t cells = e.m.cells;
    e.m.cells = 512;
    struct rig_job *pair = submit_for(1, CONV_BATCH, 400, 40);
    cancel(pair);
    pair = job(2, 400, 40);
    pair->pub.ask.class = CONV_BATCH;
    CHECK_OK(rig_submit(&e, pair));
    for (int i = 0; i < 12; i++)
        CHECK(step_run(&e.step));
    CHECK_INT(count_state(pair, ANSWER_WRITES), ==, 2);
    struct rig_job *citizen = submit_for(2, CONV_CITIZEN, 20, 20);
    jobs_start(&e.jobs);
    CHECK_INT(count_state(pair, ANSWER_ASIDE), ==, 1);
    CHECK_INT(count_state(citizen, ANSWER_READS), ==, 1);
    rig_run(&e);
    CHECK_INT(pair->answers[0].tokens, ==, 40);
    CHECK_INT(pair->answers[1].tokens, ==, 40);
    CHECK_STR(rig_text(pair, 0), rig_text(pair, 1));
    e.m.cells = cells;
    CHECK(rig_is_empty(&e));
    rig_job_free(pair);
    rig_job_free(citizen);
}

TEST(prompts_half_read_give_way_and_are_read_on_from_there)
{
    struct rig_job *crowd[4];
    NEED(engine());
    for (size_t i = 0; i < 4; i++)
        crowd[i] = submit_for(1, CONV_CLERK, 400, 5);
    CHECK(step_run(&e.step));
    const uint64_t read = e.step.tokens_in;
    struct rig_job *one = submit_for(2, CONV_CLERK, 20, 5);
    CHECK(step_run(&e.step));
    CHECK_INT(count_state(one, ANSWER_READS) + count_state(one, ANSWER_WRITES), ==, 1);
    rig_run(&e);
    CHECK_INT(e.step.tokens_in - read, <=, 4 * 401 + 21 - 60); /* nothing was read twice */
    for (size_t i = 1; i < 4; i++)
        CHECK_STR(rig_text(crowd[i], 0), rig_text(crowd[0], 0));
    for (size_t i = 0; i < 4; i++)
        rig_job_free(crowd[i]);
    rig_job_free(one);
}

TEST(nobody_gives_way_in_vain)
{
    NEED(engine());
    const uint32_t cells = e.m.cells;
    e.m.cells = 700;
    struct rig_job *batch = submit_for(1, CONV_BATCH, 100, 50);
    struct rig_job *clerk = submit_for(1, CONV_CLERK, 300, 50);
    for (int i = 0; i < 10; i++)
        CHECK(step_run(&e.step));
    struct rig_job *large = submit_for(2, CONV_CLERK, 460, 50); /* batch's 151 are not enough */
    jobs_start(&e.jobs);
    CHECK_INT(count_state(batch, ANSWER_ASIDE), ==, 0);
    CHECK_INT(count_state(large, ANSWER_WAITS), ==, 1);
    rig_run(&e);
    e.m.cells = cells;
    CHECK_INT(large->answers[0].tokens, ==, 50);
    rig_job_free(batch);
    rig_job_free(clerk);
    rig_job_free(large);
}

/* ---- what is kept */

static struct rig_job *
run_in(const char *scope, str prompt, uint32_t tokens_max)
{
    struct rig_job *r = rig_job(rig_ask(ENGINE_COMPLETE, 1, tokens_max), prompt);
    r->pub.ask.ignore_eos = 1;
    memcpy(r->pub.ask.scope, scope, strlen(scope));
    CHECK_OK(rig_submit(&e, r));
    rig_run(&e);
    return r;
}

TEST(a_prompt_read_before_is_not_read_again_and_the_answer_is_the_same)
{
    NEED(engine());
    prefix_shrink(&e.jobs.prefix, 0);
    struct rig_job *cold = run_in("amt", (str){letters, 200}, 20);
    struct rig_job *warm = run_in("amt", (str){letters, 200}, 20);
    CHECK_INT(cold->cached_tokens, ==, 0);
    CHECK_INT(warm->cached_tokens, ==, 200);
    CHECK_INT(warm->prompt_tokens, ==, 201);
    CHECK_STR(rig_text(warm, 0), rig_text(cold, 0));
    rig_job_free(cold);
    rig_job_free(warm);
}

TEST(whoever_guesses_anothers_prompt_learns_nothing_from_what_is_kept)
{
    char canary[400];
    NEED(engine());
    prefix_shrink(&e.jobs.prefix, 0);
    for (unsigned n = 0; n < 40; n++) {
        for (size_t i = 0; i < sizeof canary; i++)
            canary[i] = (char)('a' + (i * (n + 3) + n) % 26);
        const str secret = {canary, 100 + n};
        struct rig_job *own = run_in("geheim", secret, 3), *spy = run_in("offen", secret, 3);
        struct rig_job *plain = run_in("", secret, 3);
        CHECK_INT(spy->cached_tokens, ==, 0);
        CHECK_INT(plain->cached_tokens, ==, 0);
        rig_job_free(own);
        rig_job_free(spy);
        rig_job_free(plain);
    }
}

TEST(what_is_kept_is_in_nobodys_way)
{
    NEED(engine());
    prefix_shrink(&e.jobs.prefix, 0);
    for (unsigned n = 0; n < 4; n++) {
        char scope[8] = "amt";
        scope[3] = (char)('0' + n);
        rig_job_free(run_in(scope, (str){letters, 450}, 10));
    }
    const uint32_t kept = e.jobs.prefix.tokens;
    CHECK_INT(kept, >, 900);
    struct rig_job *all[4];
    for (size_t i = 0; i < 4; i++)
        all[i] = submit(1, 480, 31);
    rig_run(&e);
    CHECK_INT(e.jobs.prefix.tokens, ==, kept);
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(all[i]->failure.code, ==, ERR_OK);
        rig_job_free(all[i]);
    }
}

TEST(after_a_job_that_asks_for_it_nothing_is_kept)
{
    NEED(engine());
    rig_job_free(run_in("amt", (str){letters, 100}, 10));
    CHECK(e.jobs.prefix.count > 0);
    struct rig_job *r = job(1, 50, 10);
    r->pub.ask.wipes = 1;
    CHECK_OK(rig_submit(&e, r));
    rig_run(&e);
    CHECK_INT(e.jobs.prefix.count, ==, 0);
    CHECK(!e.jobs.has_to_wipe && rig_is_empty(&e));
    rig_job_free(r);
}

TEST(room_that_the_request_lacks_is_a_failure_of_this_request)
{
    NEED(engine());
    for (size_t limit = 1; limit < 40000; limit += 4000) {
        arena *a;
        struct tokens prompt = {.count = 400};
        void *at;
        struct rig_job *r = job(64, 0, 10);
        arena *const whole = r->pub.a;
        NEED_OK(try_arena_get(whole, 400, sizeof(llama_token), &at));
        prompt.at = at;
        NEED_OK(arena_open(limit, &a));
        r->pub.a = a;
        const err got = jobs_add(&e.jobs, &r->pub, &prompt, NULL, 1);
        CHECK(got.code == ERR_LIMIT || got.code == ERR_OK);
        CHECK_INT(e.jobs.first != NULL, ==, got.code == ERR_OK);
        jobs_drop(&e.jobs, &r->pub);
        CHECK(rig_is_empty(&e));
        arena_free(a);
        arena_free(whole);
    }
    rig_engine_end(&e);
}
