/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/step.h"

#include <math.h>
#include <yyjson.h>

#include "base/fault.h"
#include "os/clock.h"
#include "rig.h"

static struct rig_engine e;
static const struct rig_model *const model = &rig_chat_model;

/* One engine for most tests: 4 sequences of 512 tokens, 64 tokens in a step. */
static bool
engine(void)
{
    if (!e.m.model)
        CHECK_OK(rig_engine_start(&e, model, rig_options(-1, false)));
    return e.m.model != NULL;
}

static struct rig_job *
submit(struct engine_submit ask, str prompt)
{
    struct rig_job *r = rig_job(ask, prompt);
    CHECK_OK(rig_submit(&e, r));
    return r;
}

/* The text of one greedy answer, run alone. */
static void
alone(str prompt, uint32_t tokens_max, char *room, size_t *ret_len)
{
    struct rig_job *r = submit(rig_ask(ENGINE_COMPLETE, 1, tokens_max), prompt);
    rig_run(&e);
    memcpy(room, r->answers[0].text, r->answers[0].len);
    *ret_len = r->answers[0].len;
    rig_job_free(r);
}

static str
letters(char *room, size_t len)
{
    for (size_t i = 0; i < len; i++)
        room[i] = (char)('a' + test_random() % 26);
    return (str){room, len};
}

TEST(an_answer_streams_token_by_token_until_tokens_max)
{
    NEED(engine());
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 20);
    ask.ignore_eos = 1;
    struct rig_job *r = submit(ask, STR("Guten_Tag"));
    uint32_t last = 0;
    while (step_run(&e.step)) {
        CHECK_INT(r->answers[0].tokens, ==, last + 1);
        last = r->answers[0].tokens;
        rig_settle(&e);
    }
    CHECK_INT(last, ==, 20);
    CHECK_INT(r->answers[0].finish, ==, FINISH_LENGTH);
    CHECK_INT(r->prompt_tokens, ==, 10);
    CHECK_INT(r->after_the_end, ==, 0);
    CHECK(rig_is_empty(&e));
    rig_job_free(r);
}

TEST(greedy_answers_are_the_same_every_time)
{
    char first[1024], again[1024];
    size_t first_len, again_len;
    NEED(engine());
    alone(STR("Wie_geht_es"), 100, first, &first_len);
    for (int i = 0; i < 3; i++) {
        alone(STR("Wie_geht_es"), 100, again, &again_len);
        CHECK_STR(((str){again, again_len}), ((str){first, first_len}));
    }
    CHECK_INT(first_len, >, 0);
}

/* One byte for each token, and the two best logprobs. */
static struct rig_job *
submit_watched(str prompt)
{
    static const struct conv_bias no_empty_pieces[] = {{0, -100}, {1, -100}};
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 60);
    ask.ignore_eos = 1;
    ask.logprobs = 1;
    ask.top_logprobs = 4;
    struct rig_job *r = rig_job(ask, prompt);
    r->pub.bias = no_empty_pieces;
    r->pub.bias_count = 2;
    CHECK_OK(rig_submit(&e, r));
    return r;
}

/* Sums round differently in company (sampler.h), and keys and values are rounded to 16 bits, so
 * where two tokens are as good as each other the texts may part. */
TEST(jobs_in_company_give_the_same_greedy_text_as_alone)
{
    static const char *const prompts[] = {"eins", "zwei_zwei_zwei_zwei", "drei?", "vier vier"};
    struct rig_job *single[4], *together[4];
    unsigned equal = 0;
    NEED(engine());
    for (int i = 0; i < 4; i++) {
        single[i] = submit_watched(str_of(prompts[i]));
        rig_run(&e);
    }
    for (int i = 0; i < 4; i++)
        together[i] = submit_watched(str_of(prompts[i]));
    rig_run(&e);
    for (int i = 0; i < 4; i++) {
        const struct rig_answer *a = &single[i]->answers[0], *b = &together[i]->answers[0];
        uint32_t t = 0;
        NEED(a->len == 60 && b->len == 60);
        while (t < 60 && a->text[t] == b->text[t])
            t++;
        equal += t == 60;
        if (t < 60)
            CHECK(a->tops[t][0] - a->tops[t][1] < 0.02f);
        rig_job_free(single[i]);
        rig_job_free(together[i]);
    }
    CHECK_INT(equal, >=, 2);
    CHECK(rig_is_empty(&e));
}

static struct rig_job *
drawn(uint64_t seed)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 60);
    ask.ignore_eos = 1;
    ask.temperature = 1;
    ask.seed = seed;
    ask.logprobs = 1;
    ask.top_logprobs = 5;
    struct rig_job *r = submit(ask, STR("Was hat die Gemeinde mit dem Antrag auf Wohngeld gemacht, "
                                        "den ich im Mai gestellt habe, und bis wann?"));
    rig_run(&e);
    return r;
}

static bool
is_bit_for_bit(const struct rig_job *a, const struct rig_job *b)
{
    const struct rig_answer *x = a->answers, *y = b->answers;
    return x->tokens == y->tokens && str_eq(rig_text(a, 0), rig_text(b, 0)) &&
           memcmp(x->logprob, y->logprob, sizeof x->logprob) == 0 &&
           memcmp(x->tops, y->tops, sizeof x->tops) == 0;
}

TEST(a_seeded_answer_written_alone_is_the_same_bit_for_bit_whatever_was_before)
{
    NEED(engine());
    struct rig_job *first = drawn(5), *again = drawn(5), *other = drawn(6);
    CHECK_INT(first->answers[0].tokens, ==, 60);
    CHECK(is_bit_for_bit(first, again));
    CHECK(!is_bit_for_bit(first, other));
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 3, 30);
    struct rig_job *noise = submit(ask, STR("etwas anderes")), *more = submit(ask, STR("und noch"));
    rig_run(&e);
    struct rig_job *later = drawn(5);
    CHECK(is_bit_for_bit(first, later));
    rig_engine_end(&e);
    NEED(engine());
    struct rig_job *anew = drawn(5);
    CHECK(is_bit_for_bit(first, anew));
    struct rig_job *const all[] = {first, again, other, noise, more, later, anew};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        rig_job_free(all[i]);
}

TEST(writers_go_singly_or_together_whichever_was_measured_to_be_faster)
{
    NEED(engine());
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 40);
    ask.ignore_eos = 1;
    for (int singly = 0; singly <= 1; singly++) {
        struct rig_job *a = submit(ask, STR("eins")), *b = submit(ask, STR("zwei"));
        CHECK(step_run(&e.step));
        for (uint32_t i = 2; i < 10; i++) {
            e.step.pace = (struct pace){.single_us = 1000};
            e.step.pace.rows_us[2] = singly ? 3000 : 1500;
            CHECK(step_run(&e.step));
            CHECK_INT(e.step.batch.n_tokens, ==, singly ? 1 : 2);
            CHECK_INT(a->answers[0].tokens, ==, i);
            CHECK_INT(b->answers[0].tokens, ==, i);
        }
        rig_cancel(&e, a);
        rig_cancel(&e, b);
        rig_job_free(a);
        rig_job_free(b);
    }
}

TEST(what_is_not_measured_yet_is_tried_and_the_other_way_now_and_then)
{
    unsigned singles = 0;
    NEED(engine());
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 400);
    ask.ignore_eos = 1;
    e.step.pace = (struct pace){0};
    struct rig_job *a = submit(ask, STR("eins")), *b = submit(ask, STR("zwei"));
    CHECK(step_run(&e.step));
    CHECK(step_run(&e.step));
    CHECK_INT(e.step.batch.n_tokens, ==, 2);
    CHECK(e.step.pace.rows_us[2] > 0 && !e.step.pace.single_us);
    CHECK(step_run(&e.step));
    CHECK_INT(e.step.batch.n_tokens, ==, 1);
    CHECK(e.step.pace.single_us > 0);
    for (int i = 0; i < 256; i++) {
        e.step.pace.single_us = 1000;
        e.step.pace.rows_us[2] = 100;
        CHECK(step_run(&e.step));
        singles += e.step.batch.n_tokens == 1;
    }
    CHECK_INT(singles, ==, 4);
    rig_cancel(&e, a);
    rig_cancel(&e, b);
    rig_job_free(a);
    rig_job_free(b);
}

TEST(n_answers_read_the_prompt_once_and_differ_by_seed)
{
    char prompt[200];
    NEED(engine());
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 3, 40);
    ask.temperature = 1;
    ask.ignore_eos = 1;
    const uint64_t before = e.step.tokens_in;
    struct rig_job *r = submit(ask, letters(prompt, sizeof prompt));
    rig_run(&e);
    /* The others decode the prompt's last token again. */
    CHECK_INT(e.step.tokens_in - before, ==, 201 + 2);
    CHECK_INT(r->prompt_tokens, ==, 201);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_INT(r->answers[i].tokens, ==, 40);
        CHECK(!str_eq(rig_text(r, i), rig_text(r, (i + 1) % 3)));
    }
    struct rig_job *again = submit(ask, (str){prompt, sizeof prompt});
    rig_run(&e);
    for (uint32_t i = 0; i < 3; i++)
        CHECK_STR(rig_text(again, i), rig_text(r, i));
    rig_job_free(r);
    rig_job_free(again);
    CHECK(rig_is_empty(&e));
}

TEST(more_answers_than_sequences_all_come_and_greedy_ones_are_equal)
{
    NEED(engine());
    for (int share = 1; share >= 0; share--) {
        e.m.can_share = share;
        struct rig_job *r = submit(rig_ask(ENGINE_COMPLETE, 11, 15), STR("Antrag"));
        rig_run(&e);
        for (uint32_t i = 0; i < 11; i++)
            CHECK_STR(rig_text(r, i), rig_text(r, 0));
        CHECK_INT(r->answers[0].len, >, 0);
        rig_job_free(r);
        CHECK(rig_is_empty(&e));
    }
    e.m.can_share = true;
}

TEST(a_long_prompt_holds_up_nobody_who_writes)
{
    char prompt[400];
    NEED(engine());
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 30);
    ask.ignore_eos = 1;
    struct rig_job *first = submit(ask, STR("a")), *second = submit(ask, STR("b"));
    CHECK(step_run(&e.step));
    struct rig_job *late = submit(ask, letters(prompt, sizeof prompt));
    const uint64_t before = e.step.tokens_in;
    for (uint32_t i = 2; late->answers[0].tokens == 0; i++) {
        CHECK(step_run(&e.step));
        CHECK_INT(first->answers[0].tokens, ==, i);
        CHECK_INT(second->answers[0].tokens, ==, i);
        CHECK_INT(e.step.batch.n_tokens, <=, 64);
        NEED(i < 20);
    }
    CHECK_INT(e.step.tokens_in - before, ==, 401);
    rig_run(&e);
    CHECK_INT(late->answers[0].tokens, ==, 30);
    rig_job_free(first);
    rig_job_free(second);
    rig_job_free(late);
}

/* Tokens of a prompt that the next step reads beside one writer, when a token read takes `read_us`
 * and the writer `alone_us`. */
static uint64_t
read_beside(uint64_t gap_us_max, uint64_t read_us, uint64_t alone_us)
{
    char prompt[900];
    struct rig_job *writer = submit(rig_ask(ENGINE_COMPLETE, 1, 50), STR("wer"));
    CHECK(step_run(&e.step) && step_run(&e.step));
    struct rig_job *reader = submit(rig_ask(ENGINE_COMPLETE, 1, 5), letters(prompt, sizeof prompt));
    e.step.gap_us_max = gap_us_max;
    e.step.pace = (struct pace){.single_us = alone_us};
    e.step.pace.read = (struct pace_line){.weight = read_us > 0, .ns = (double)read_us * 1000};
    const uint64_t before = e.step.tokens_in;
    CHECK(step_run(&e.step));
    const uint64_t read = e.step.tokens_in - before;
    e.step.gap_us_max = 0;
    rig_cancel(&e, writer);
    rig_cancel(&e, reader);
    rig_job_free(writer);
    rig_job_free(reader);
    return read;
}

TEST(beside_a_writer_only_so_much_is_read_as_fits_its_gap_in_whole_tiles)
{
    struct llama_options o = rig_options(-1, false);
    o.context_tokens = 1024;
    o.step_tokens_max = 512;
    rig_engine_end(&e);
    NEED_OK(rig_engine_start(&e, model, o));
    const uint64_t most = e.m.step_tokens_max - 1;
    CHECK_INT(read_beside(0, 1000000, 1000), ==, most); /* no bound */
    CHECK_INT(read_beside(100000, 1, 8000), ==, most);
    CHECK_INT(read_beside(100000, 500, 4000), ==, 192 - 1); /* 192 would fit */
    CHECK_INT(read_beside(100000, 510, 4000), ==, 128 - 1); /* 188 */
    CHECK_INT(read_beside(100000, 700, 4000), ==, 128 - 1); /* 137 */
    CHECK_INT(read_beside(100000, 2500, 8000), ==, STEP_TILE - 1);
    CHECK_INT(read_beside(100000, 1000000, 8000), ==, STEP_TILE - 1);
    CHECK_INT(read_beside(100000, 1800, 30000), ==, 192 - 1); /* 13 times what it takes alone */
    CHECK_INT(read_beside(100000, 50000, 100000), ==, STEP_TILE - 1);
    CHECK_INT(read_beside(100000, 1000, 500000), ==, most); /* it is slow anyway */
    CHECK_INT(read_beside(100000, 0, 0), ==, STEP_READ_FIRST - 1);
    rig_engine_end(&e);
}

TEST(what_reading_takes_is_learned_from_steps_that_read)
{
    char prompt[300];
    NEED(engine());
    e.step.pace = (struct pace){0};
    struct rig_job *r = submit(rig_ask(ENGINE_COMPLETE, 1, 5), letters(prompt, 200));
    rig_run(&e);
    CHECK_INT(pace_read_ns(&e.step.pace, 0), >, 0);
    rig_job_free(r);
}

TEST(prompts_share_the_budget_so_a_short_one_is_not_behind_a_long_one)
{
    char prompt[400];
    NEED(engine());
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 5);
    ask.ignore_eos = 1;
    struct rig_job *long_one = submit(ask, letters(prompt, sizeof prompt)),
                   *short_one = submit(ask, STR("kurz")), *middle = submit(ask, STR("mittel____"));
    CHECK(step_run(&e.step));
    CHECK_INT(short_one->answers[0].tokens, ==, 1);
    CHECK_INT(middle->answers[0].tokens, ==, 1);
    CHECK_INT(e.step.batch.n_tokens, ==, 64);
    CHECK_INT(e.jobs.first->answers[0].read, ==, 64 - 5 - 11);
    rig_run(&e);
    CHECK_INT(long_one->answers[0].tokens, ==, 5);
    rig_job_free(long_one);
    rig_job_free(short_one);
    rig_job_free(middle);
}

TEST(without_a_bound_an_answer_goes_on_to_the_end_of_the_context)
{
    char prompt[400];
    NEED(engine());
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 0);
    ask.ignore_eos = 1;
    struct rig_job *r = submit(ask, letters(prompt, sizeof prompt));
    rig_run(&e);
    CHECK_INT(r->answers[0].tokens, ==, 512 - 401);
    CHECK_INT(r->answers[0].finish, ==, FINISH_LENGTH);
    CHECK(rig_is_empty(&e));
    rig_job_free(r);
}

TEST(an_answer_ends_where_the_model_ends_it)
{
    static const struct conv_bias end = {259, 100};
    NEED(engine());
    struct rig_job *r = rig_job(rig_ask(ENGINE_COMPLETE, 1, 50), STR("x"));
    r->pub.bias = &end;
    r->pub.bias_count = 1;
    CHECK_OK(rig_submit(&e, r));
    rig_run(&e);
    CHECK_INT(r->answers[0].tokens, ==, 0);
    CHECK_INT(r->answers[0].finish, ==, FINISH_STOP);
    CHECK(rig_is_empty(&e));
    rig_job_free(r);
}

TEST(logprobs_of_a_model_are_a_distribution)
{
    NEED(engine());
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 30);
    ask.ignore_eos = 1;
    ask.logprobs = 1;
    ask.top_logprobs = RIG_TOPS;
    struct rig_job *r = submit(ask, STR("Wer?"));
    rig_run(&e);
    const struct rig_answer *a = &r->answers[0];
    CHECK_INT(a->top_count, ==, RIG_TOPS);
    for (uint32_t t = 0; t < a->tokens; t++) {
        double sum = 0;
        for (size_t i = 0; i < RIG_TOPS; i++)
            sum += exp((double)a->tops[t][i]);
        CHECK(sum > 0.05 && sum < 1.0001);
        CHECK(a->logprob[t] <= a->tops[t][0] && a->logprob[t] < 0);
    }
    rig_job_free(r);
}

TEST(a_hundred_json_objects_of_a_random_model_all_parse)
{
    static const struct conv_bias closing[] = {{3 + '"', 6}, {3 + '}', 6}, {3 + ':', 3}};
    unsigned whole = 0;
    NEED(engine());
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct engine_submit ask = rig_ask(ENGINE_CHAT, 1, 400);
        ask.json_object = 1;
        ask.temperature = 1.5f;
        ask.seed = seed;
        struct rig_job *r = rig_job(ask, STR("JSON!"));
        r->pub.bias = closing;
        r->pub.bias_count = 3;
        NEED_OK(rig_submit(&e, r));
        rig_run(&e);
        yyjson_doc *doc = yyjson_read(r->answers[0].text, r->answers[0].len, 0);
        const bool is_object = doc && yyjson_is_obj(yyjson_doc_get_root(doc));
        CHECK_INT(is_object, ==, r->answers[0].finish == FINISH_STOP);
        whole += is_object;
        yyjson_doc_free(doc);
        rig_job_free(r);
    }
    CHECK_INT(whole, >, 90);
}

/* Who waits, who ages, what steps take: durations, all by the monotonic clock. */
TEST(a_wall_clock_that_jumps_changes_neither_streams_nor_who_waits)
{
    static const int64_t years_ms[] = {INT64_C(315360000000), INT64_C(-315360000000), 0};
    char calm[1024];
    size_t calm_len;
    NEED(engine());
    alone(STR("Uhr"), 60, calm, &calm_len);
    uint64_t now_ns = clock_ns();
    const int64_t wall_ms = clock_wall_ms();
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 60);
    struct rig_job *r = submit(ask, STR("Uhr"));
    ask.class = CONV_BATCH;
    struct rig_job *late = submit(ask, STR("Zeit"));
    const uint64_t came_us = ((struct job *)late->pub.backend)->claim.came_us;
    for (size_t i = 0; e.count; i++) {
        clock_fix(now_ns += 1000000, wall_ms + years_ms[i % 3]);
        if (late->pub.backend)
            CHECK_INT(((struct job *)late->pub.backend)->claim.came_us, ==, came_us);
        step_run(&e.step);
        rig_settle(&e);
        NEED(i < 200);
    }
    clock_free();
    CHECK_INT(r->failure.code + late->failure.code, ==, 0);
    CHECK_INT(late->answers[0].tokens, >, 0);
    CHECK_STR(str_slice(rig_text(r, 0), 0, 3), str_slice((str){calm, calm_len}, 0, 3));
    CHECK(rig_is_empty(&e));
    rig_job_free(r);
    rig_job_free(late);
}

TEST(a_job_cancelled_while_it_reads_or_writes_gives_its_cells_back)
{
    char prompt[300];
    NEED(engine());
    for (int steps = 0; steps < 10; steps++) {
        struct rig_job *r = submit(rig_ask(ENGINE_COMPLETE, 3, 50), letters(prompt, 300));
        for (int i = 0; i < steps; i++)
            CHECK(step_run(&e.step));
        CHECK(steps == 0 || jobs_count(&e.jobs).cells_used > 0);
        rig_cancel(&e, r);
        CHECK(rig_is_empty(&e));
        CHECK(!step_run(&e.step));
        rig_job_free(r);
    }
}

TEST(fifty_random_jobs_with_random_cancels_leave_no_cell_used)
{
    static struct rig_job *jobs[50];
    char prompt[450];
    size_t made = 0;
    NEED(engine());
    while (made < 50 || e.count) {
        if (made < 50 && test_random() % 3 == 0) {
            struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1 + (uint32_t)test_random() % 6,
                                               (uint32_t)test_random() % 60);
            ask.temperature = (float)(test_random() % 3) / 2;
            ask.json_object = test_random() % 8 == 0;
            jobs[made++] = submit(ask, letters(prompt, test_random() % 440));
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
}

/* The ledger is told of more cells than there are, so that llama.cpp finds none. */
TEST(when_cells_run_out_only_the_last_job_fails)
{
    struct rig_engine small;
    char first_prompt[200], second_prompt[200], want[512];
    size_t want_len;
    NEED(engine());
    struct llama_options o = rig_options(-1, false);
    o.context_tokens = 256;
    o.sequences_max = 1;
    o.cells_bytes_max = 1;
    NEED_OK(rig_engine_start(&small, model, o));
    NEED(small.m.cells == 256);
    letters(first_prompt, 200);
    alone((str){first_prompt, 200}, 40, want, &want_len);
    llama_free(small.m.ctx);
    struct llama_context_params p = llama_context_default_params();
    p.n_ctx = 256;
    p.n_batch = p.n_ubatch = 64;
    p.n_seq_max = p.n_outputs_max = 2;
    p.n_threads = p.n_threads_batch = 1;
    p.kv_unified = true;
    small.m.ctx = llama_init_from_model(small.m.model, p);
    small.m.memory = llama_get_memory(small.m.ctx);
    small.m.sequences_max = 2;
    small.m.cells = 4096;
    struct rig_job *first = rig_job(rig_ask(ENGINE_COMPLETE, 1, 40), (str){first_prompt, 200}),
                   *second = rig_job(rig_ask(ENGINE_COMPLETE, 1, 40), letters(second_prompt, 200));
    CHECK_OK(rig_submit(&small, first));
    CHECK_OK(rig_submit(&small, second));
    rig_run(&small);
    CHECK_INT(first->failure.code, ==, 0);
    CHECK_STR(rig_text(first, 0), ((str){want, want_len}));
    CHECK_ERR(second->failure, BUSY);
    CHECK(rig_is_empty(&small));
    rig_job_free(first);
    rig_job_free(second);
    rig_engine_end(&small);
}

TEST(every_failure_of_memory_fails_one_job_and_no_other)
{
    NEED(engine());
    for (long n = 1; n < 200; n++) {
        struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 2, 6);
        ask.frequency = 1;
        ask.ignore_eos = 1;
        struct rig_job *calm = submit(rig_ask(ENGINE_COMPLETE, 1, 12), STR("ruhig"));
        CHECK(step_run(&e.step));
        struct rig_job *r = submit(ask, STR("Zufall"));
        fault_arm(n);
        rig_run(&e);
        const bool fired = fault_fired();
        fault_arm(0);
        const bool r_failed = r->failure.code == ERR_LIMIT;
        const bool calm_failed = calm->failure.code == ERR_LIMIT;
        CHECK_INT(r_failed + calm_failed, ==, fired);
        CHECK(r_failed || r->failure.code == ERR_OK);
        CHECK(calm_failed || calm->failure.code == ERR_OK);
        CHECK(rig_is_empty(&e));
        rig_job_free(r);
        rig_job_free(calm);
        if (!fired)
            break;
    }
    rig_engine_end(&e);
}
