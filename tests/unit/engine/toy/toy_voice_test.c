/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/toy/toy_voice.h"

#include <math.h>

#include "base/utf8.h"
#include "engine/toy/toy.h"
#include "test.h"

static struct serve_job
job(const char *prompt, float temperature)
{
    return (struct serve_job){.prompt = str_of(prompt),
                              .ask = {.n = 1, .temperature = temperature}};
}

/* Joined tokens; how many, and how many of them end within a character. */
static str
say_all(struct toy_voice *v, char room[65536], unsigned *ret_count, unsigned *ret_broken)
{
    struct toy_token t;
    size_t len = 0;
    *ret_count = *ret_broken = 0;
    while (!toy_voice_is_silent(v) && len < 60000) {
        toy_speak(v, 3, &t);
        memcpy(room + len, t.chosen.text.at, t.chosen.text.len);
        len += t.chosen.text.len;
        ++*ret_count;
        *ret_broken += utf8_whole_len(t.chosen.text) != t.chosen.text.len;
    }
    return (str){room, len};
}

TEST(an_answer_has_the_length_it_should_and_is_valid_text)
{
    static char room[65536];
    unsigned count, broken, all_broken = 0;
    for (uint32_t length = 0; length < 100; length++) {
        const struct serve_job j = job("Frage", 1);
        struct toy_voice v = toy_voice_of(NULL, &j, length, length);
        const str text = say_all(&v, room, &count, &broken);
        CHECK(utf8_valid(text));
        CHECK(length ? count == length : count >= 20 && count <= 60);
        all_broken += broken;
    }
    CHECK_INT(all_broken, >, 100);
}

TEST(splits_within_an_umlaut_never_fall_on_the_end)
{
    static char room[65536];
    unsigned count, broken;
    for (uint32_t i = 0; i < 500; i++) {
        struct serve_job j = job("Frage", 1);
        j.ask.seed = i;
        struct toy_voice v = toy_voice_of(NULL, &j, 0, 1 + i % 7);
        CHECK(utf8_valid(say_all(&v, room, &count, &broken)));
    }
}

TEST(asking_for_alternatives_does_not_change_what_is_said)
{
    const struct serve_job j = job("Frage", 1);
    struct toy_voice a = toy_voice_of(NULL, &j, 0, 50), b = a;
    while (!toy_voice_is_silent(&a)) {
        struct toy_token with, without;
        toy_speak(&a, TOY_TOPS_MAX, &with);
        toy_speak(&b, 0, &without);
        CHECK_STR(with.chosen.text, without.chosen.text);
    }
    CHECK(toy_voice_is_silent(&b));
}

TEST(alternatives_are_different_sorted_and_no_more_than_certain)
{
    const struct serve_job j = job("Frage", 1);
    struct toy_voice v = toy_voice_of(NULL, &j, 0, 1000);
    while (!toy_voice_is_silent(&v)) {
        struct toy_token t;
        double sum = 0;
        unsigned chosen = 0;
        toy_speak(&v, TOY_TOPS_MAX, &t);
        for (size_t i = 0; i < TOY_TOPS_MAX; i++) {
            sum += exp((double)t.tops[i].logprob);
            chosen += str_eq(t.tops[i].text, t.chosen.text);
            for (size_t k = 0; k < i; k++) {
                CHECK(t.tops[i].logprob < t.tops[k].logprob);
                CHECK(!str_eq(t.tops[i].text, t.tops[k].text));
            }
        }
        CHECK(sum <= 1.0001);
        CHECK_INT(chosen, ==, 1);
    }
}

TEST(without_temperature_the_likeliest_token_is_said)
{
    const struct serve_job j = job("Frage", 0);
    struct toy_voice v = toy_voice_of(NULL, &j, 0, 100);
    while (!toy_voice_is_silent(&v)) {
        struct toy_token t;
        toy_speak(&v, 1, &t);
        CHECK_STR(t.tops[0].text, t.chosen.text);
    }
}

TEST(words_are_counted_by_the_space_between_them)
{
    CHECK_INT(toy_count(STR("")), ==, 1);
    CHECK_INT(toy_count(STR(" \n\t")), ==, 1);
    CHECK_INT(toy_count(STR("ein")), ==, 2);
    CHECK_INT(toy_count(STR(" ein  zwei\ndrei ")), ==, 4);
}

static double
closeness(const char *a, const char *b)
{
    float x[TOY_DIMS], y[TOY_DIMS];
    double sum = 0;
    toy_embed(str_of(a), x, TOY_DIMS);
    toy_embed(str_of(b), y, TOY_DIMS);
    for (size_t i = 0; i < TOY_DIMS; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

TEST(texts_are_as_close_as_they_look)
{
    CHECK(closeness("Wohngeld beantragen", "Wohngeld beantragen") > 0.9999);
    CHECK(closeness("Wohngeld beantragen", "Wohngeld beantragt") > 0.6);
    CHECK(closeness("Wohngeld beantragen", "Straßenlaterne") < 0.3);
    CHECK(closeness("a", "b") < 0.9);
}

TEST(a_vector_has_unit_length_whatever_the_text_and_the_dimensions)
{
    char text[64];
    float v[TOY_DIMS];
    for (size_t dims = 1; dims <= TOY_DIMS; dims++) {
        double sum = 0;
        const size_t len = test_random() % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)test_random();
        toy_embed((str){text, len}, v, dims);
        for (size_t i = 0; i < dims; i++)
            sum += (double)v[i] * (double)v[i];
        CHECK(fabs(sum - 1) < 1e-3);
    }
}
