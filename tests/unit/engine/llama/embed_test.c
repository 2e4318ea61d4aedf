/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/embed.h"

#include <math.h>

#include "base/fault.h"
#include "rig.h"

static struct loaded m;
static struct embed e;
static struct tokens scratch;
static struct serve serve;

/* An encoder with vectors of 64 and a context of 256 tokens; packs 64 tokens into a step. */
static bool
engine(void)
{
    if (!m.model) {
        CHECK_OK(rig_load(&rig_embed_model, rig_options(-1, true), &m));
        CHECK_OK(tokens_init(&scratch, m.context_tokens));
        CHECK_OK(embed_init(&e, &m, 64));
        e.serve = &serve;
    }
    return m.model != NULL;
}

static struct rig_job *
job(const char *const *texts, size_t count, uint32_t dimensions)
{
    AUTO(buf) b = BUF(1 << 20);
    for (size_t i = 0; i < count; i++)
        section_put(&b, str_of(texts[i]));
    struct engine_submit ask = rig_ask(ENGINE_EMBED, 1, 0);
    ask.dimensions = dimensions;
    return rig_job(ask, buf_str(&b));
}

static void
run(void)
{
    for (int i = 0; i < 1000 && embed_run(&e); i++)
        continue;
}

/* Vectors of `texts`, run to the end. */
static struct rig_job *
embed(const char *const *texts, size_t count, uint32_t dimensions)
{
    struct rig_job *r = job(texts, count, dimensions);
    CHECK_OK(embed_add(&e, &r->pub, &scratch));
    run();
    CHECK(rig_is_over(r));
    embed_drop(&e, &r->pub);
    return r;
}

static double
dot(const float *a, const float *b, size_t dims)
{
    double sum = 0;
    for (size_t i = 0; i < dims; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static const char *const texts[] = {"Wohngeld",
                                    "Wohngeld",
                                    "Baugenehmigung",
                                    "Wie beantrage ich Wohngeld?",
                                    "a",
                                    "Der Antrag ist beim Amt zu stellen.",
                                    "Baugenehmigungen",
                                    "zzzz zzzz"};

TEST(vectors_have_length_one_and_equal_texts_have_equal_ones)
{
    NEED(engine());
    struct rig_job *r = embed(texts, 8, 0);
    CHECK_INT(r->vector_count, ==, 8);
    CHECK_INT(r->dims, ==, 64);
    for (int i = 0; i < 8; i++)
        CHECK(fabs(dot(r->vectors[i], r->vectors[i], 64) - 1) < 1e-5);
    CHECK(dot(r->vectors[0], r->vectors[1], 64) > 0.9999);
    CHECK(dot(r->vectors[0], r->vectors[7], 64) < 0.99);
    CHECK_INT(r->answers[0].finish, ==, FINISH_STOP);
    rig_job_free(r);
}

TEST(packed_vectors_are_those_of_the_text_alone)
{
    NEED(engine());
    struct rig_job *packed = embed(texts, 8, 0);
    CHECK_INT(e.steps, >, 0);
    for (int i = 0; i < 8; i++) {
        struct rig_job *single = embed(&texts[i], 1, 0);
        CHECK(dot(single->vectors[0], packed->vectors[i], 64) > 0.9999);
        rig_job_free(single);
    }
    rig_job_free(packed);
}

TEST(fewer_dimensions_are_the_first_ones_at_length_one)
{
    NEED(engine());
    struct rig_job *whole = embed(texts, 2, 0), *cut = embed(texts, 2, 16);
    CHECK_INT(cut->dims, ==, 16);
    CHECK(fabs(dot(cut->vectors[0], cut->vectors[0], 16) - 1) < 1e-5);
    const double length = sqrt(dot(whole->vectors[0], whole->vectors[0], 16));
    CHECK(fabs(dot(cut->vectors[0], whole->vectors[0], 16) - length) < 1e-4);
    rig_job_free(whole);
    rig_job_free(cut);
}

TEST(more_dimensions_than_the_model_has_are_refused)
{
    NEED(engine());
    struct rig_job *r = job(texts, 1, 65);
    CHECK_ERR(embed_add(&e, &r->pub, &scratch), ARGUMENT);
    CHECK(strstr(err_public((err){ERR_ARGUMENT}), "64"));
    CHECK(!e.first && !r->pub.backend);
    rig_job_free(r);
}

TEST(an_input_of_a_whole_context_is_taken_and_a_longer_one_told_with_both_numbers)
{
    static char fits[254], over[400];
    const char *const good[] = {"a", fits}, *const bad[] = {"a", over};
    NEED(engine());
    memset(fits, 'x', sizeof fits - 1);
    memset(over, 'x', sizeof over - 1);
    struct rig_job *r = embed(good, 2, 0);
    CHECK_INT(r->failure.code, ==, 0);
    CHECK_INT(r->vector_count, ==, 2);
    CHECK_INT(r->prompt_tokens, ==, 4 + 256);
    rig_job_free(r);
    r = job(bad, 2, 0);
    CHECK_ERR(embed_add(&e, &r->pub, &scratch), CONTEXT_LENGTH);
    CHECK_INT(serve.have, ==, 402);
    CHECK_INT(serve.limit, ==, 256);
    rig_job_free(r);
}

TEST(a_step_holds_many_inputs_but_no_more_than_its_budget)
{
    static const char *many[200];
    NEED(engine());
    for (int i = 0; i < 200; i++)
        many[i] = texts[i % 8];
    const uint64_t steps = e.steps, tokens = e.tokens_in;
    struct rig_job *r = job(many, 200, 0);
    CHECK_OK(embed_add(&e, &r->pub, &scratch));
    while (embed_run(&e))
        CHECK_INT(e.batch.n_tokens, <=, 64);
    CHECK_INT(r->vector_count, ==, 200);
    CHECK_INT(e.tokens_in - tokens, ==, r->prompt_tokens);
    CHECK_INT(e.steps - steps, <, 120);
    embed_drop(&e, &r->pub);
    rig_job_free(r);
}

TEST(a_single_question_does_not_wait_for_a_long_list)
{
    static const char *many[100];
    NEED(engine());
    for (int i = 0; i < 100; i++)
        many[i] = texts[5];
    struct rig_job *list = job(many, 100, 0), *question = job(texts, 1, 0);
    CHECK_OK(embed_add(&e, &list->pub, &scratch));
    CHECK(embed_run(&e));
    CHECK_OK(embed_add(&e, &question->pub, &scratch));
    CHECK_INT(embed_count(&e).running, ==, 1);
    CHECK_INT(embed_count(&e).waiting, ==, 1);
    CHECK(embed_run(&e));
    CHECK(rig_is_over(question));
    CHECK(!rig_is_over(list));
    embed_drop(&e, &question->pub);
    CHECK(embed_run(&e));
    /* Cancelled on the way. */
    embed_drop(&e, &list->pub);
    CHECK(!embed_run(&e));
    CHECK(!e.first);
    rig_job_free(list);
    rig_job_free(question);
}

TEST(an_empty_text_has_a_vector_too)
{
    static const char *const empty[] = {"", "a"};
    NEED(engine());
    struct rig_job *r = embed(empty, 2, 0);
    CHECK_INT(r->vector_count, ==, 2);
    CHECK_INT(r->failure.code, ==, 0);
    rig_job_free(r);
}

TEST(a_control_token_in_a_text_is_text)
{
    static const char *const spelt[] = {"[SEP]", "a"};
    NEED(engine());
    struct rig_job *r = embed(spelt, 1, 0);
    CHECK_INT(r->prompt_tokens, >, 3);
    rig_job_free(r);
}

TEST(a_model_that_writes_can_embed_as_well)
{
    struct loaded writer;
    struct embed other;
    NEED_OK(rig_load(&rig_chat_model, rig_options(-1, true), &writer));
    CHECK(writer.memory);
    CHECK(!writer.template);
    NEED_OK(embed_init(&other, &writer, 64));
    other.serve = &serve;
    struct rig_job *r = job(texts, 8, 0);
    CHECK_OK(embed_add(&other, &r->pub, &scratch));
    while (embed_run(&other))
        continue;
    CHECK_INT(r->vector_count, ==, 8);
    CHECK(dot(r->vectors[0], r->vectors[1], 64) > 0.9999);
    CHECK(dot(r->vectors[0], r->vectors[7], 64) < 0.99);
    embed_drop(&other, &r->pub);
    rig_job_free(r);
    embed_done(&other);
    load_done(&writer);
}

TEST(every_failure_of_memory_is_reported_and_leaves_nothing)
{
    NEED(engine());
    for (long n = 1;; n++) {
        struct embed again = {0};
        fault_arm(n);
        const err got = embed_init(&again, &m, 64);
        const bool fired = fault_fired();
        fault_arm(0);
        embed_done(&again);
        CHECK_INT(got.code, ==, fired ? ERR_LIMIT : ERR_OK);
        if (!fired)
            break;
    }
    for (size_t limit = 1; limit < 8000; limit += 500) {
        arena *a;
        struct rig_job *r = job(texts, 8, 0);
        arena *const whole = r->pub.a;
        NEED_OK(arena_open(limit, &a));
        r->pub.a = a;
        const err got = embed_add(&e, &r->pub, &scratch);
        CHECK(got.code == ERR_LIMIT || got.code == ERR_OK);
        CHECK_INT(e.first != NULL, ==, got.code == ERR_OK);
        embed_drop(&e, &r->pub);
        arena_free(a);
        arena_free(whole);
    }
    embed_done(&e);
    tokens_done(&scratch);
    load_done(&m);
}

TEST(a_tenants_long_list_does_not_hold_up_anothers_question_nor_a_batch_a_citizen)
{
    static const char *many[60];
    static const char *const one[] = {"Wohngeld im Mai"};
    static const uint32_t classes[2][2] = {{1, 1}, {2, 0}};
    for (size_t i = 0; i < 60; i++)
        many[i] = "Ein Bescheid von vielen";
    NEED(engine());
    for (size_t n = 0; n < 2; n++) {
        struct rig_job *crowd[8], *own = job(one, 1, 0);
        for (size_t i = 0; i < 8; i++) {
            crowd[i] = job(many, 60, 0);
            crowd[i]->pub.ask.tenant = 1;
            crowd[i]->pub.ask.class = classes[n][0];
            CHECK_OK(embed_add(&e, &crowd[i]->pub, &scratch));
        }
        embed_run(&e);
        own->pub.ask.tenant = 2;
        own->pub.ask.class = classes[n][1];
        CHECK_OK(embed_add(&e, &own->pub, &scratch));
        embed_run(&e);
        CHECK(rig_is_over(own));
        run();
        for (size_t i = 0; i < 8; i++) {
            CHECK_INT(crowd[i]->vector_count, ==, 60);
            embed_drop(&e, &crowd[i]->pub);
            rig_job_free(crowd[i]);
        }
        embed_drop(&e, &own->pub);
        rig_job_free(own);
    }
}
