/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/citizen/likeness.h"

#define TALKER_DIMS 8
#include "unit/gate/keeper.h"
#include "unit/gate/talker.h"

static struct rig rig;

struct heard {
    struct keeper k;
    gate_job *job;
    unsigned ends;
    size_t dims, asked;
    double length; /* of all of them */
};

static void
on_likeness(void *ctx, const float *const *vectors, size_t dims)
{
    struct heard *const h = ctx;
    h->ends++;
    h->dims = vectors ? dims : 0;
    for (size_t i = 0; vectors && i < h->asked; i++)
        for (size_t k = 0; vectors[i] && k < dims; k++)
            h->length += (double)vectors[i][k] * (double)vectors[i][k];
}

static err
ask(struct heard *h, const char *text, size_t times)
{
    str texts[LIKENESS_TEXTS_MAX];
    memset(h, 0, sizeof *h);
    for (size_t i = 0; i < times; i++)
        texts[i] = str_of(text);
    h->asked = times;
    keeper_init(&h->k, &rig, "key_1", "offen");
    const struct likeness_ask q = {.call = &h->k.call,
                                   .texts = texts,
                                   .count = times,
                                   .received_us = clock_us(),
                                   .done = on_likeness,
                                   .ctx = h,
                                   .job = &h->job};
    const err e = likeness_run(&q);
    if (!e.code)
        RIG_UNTIL(&rig, h->ends);
    CHECK(!h->job);
    return e;
}

TEST(a_text_gets_a_vector_of_length_one_and_the_use_of_the_model_is_on_record)
{
    static struct heard h;
    rig_open(&rig);
    rig.talkers = true;
    CHECK_OK(ask(&h, "Hund", 1));
    CHECK_INT(h.ends, ==, 1);
    CHECK_INT(h.dims, ==, 8);
    CHECK(h.length > 0.999 && h.length < 1.001);
    CHECK(rig_record(&rig, "decision", h.k.id, 0).len > 0);
    keeper_end(&h.k);
    rig_close(&rig);
}

TEST(many_texts_get_a_vector_each)
{
    static struct heard h;
    rig_open(&rig);
    rig.talkers = true;
    CHECK_OK(ask(&h, "Hund", LIKENESS_TEXTS_MAX));
    CHECK_INT(h.dims, ==, 8);
    CHECK(h.length > LIKENESS_TEXTS_MAX - 0.1 && h.length < LIKENESS_TEXTS_MAX + 0.1);
    keeper_end(&h.k);
    rig_close(&rig);
}

TEST(a_text_that_is_too_long_is_cut_between_characters)
{
    static struct heard h;
    static char text[LIKENESS_BYTES_MAX + 100];
    rig_open(&rig);
    rig.talkers = true;
    memset(text, 'a', sizeof text - 1);
    memcpy(text + LIKENESS_BYTES_MAX - 1, "ä", 2);
    const err e = ask(&h, text, 1);
    CHECK(e.code == ERR_OK || e.code == ERR_TOO_LARGE || e.code == ERR_ARGUMENT);
    keeper_end(&h.k);
    rig_close(&rig);
}

TEST(without_an_embedder_there_is_no_vector)
{
    static struct heard h;
    rig_open(&rig);
    rig.talkers = true;
    CHECK_OK(registry_remove(rig.registry, STR("toy-embed")));
    const err e = ask(&h, "Hund", 1);
    CHECK(e.code || (h.ends == 1 && !h.dims));
    keeper_end(&h.k);
    rig_close(&rig);
}
