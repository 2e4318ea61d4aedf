/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/likeness.h"

#include "test.h"

static str
texts_of(const char *question, buf *b)
{
    const struct offline_question q = {STR("q1"), str_of(question)};
    CHECK_OK(offline_likeness_texts(&q, b));
    return buf_str(b);
}

TEST(of_a_german_question_itself_is_read_and_of_another_its_words_too)
{
    AUTO(buf) de = BUF(1 << 16);
    AUTO(buf) en = BUF(1 << 16);
    CHECK_STR(texts_of("Was kostet der Hund?", &de),
              STR("{\"id\":\"q1\",\"text\":\"query: Was kostet der Hund?\"}\n"));
    const str all = texts_of("How much is the dog?", &en);
    CHECK(str_find(all, STR("{\"id\":\"q1#dog\",\"text\":\"query: dog\"}\n")) >= 0);
    CHECK(str_find(all, STR("#the\"")) < 0);
}

TEST(phrases_of_all_languages_are_listed)
{
    AUTO(buf) b = BUF(1 << 20);
    offline_likeness_phrases(&b);
    CHECK_OK(buf_end(&b));
    CHECK(str_find(buf_str(&b), STR("{\"id\":\"phrase:de:0\",\"text\":\"query: Ich wohne")) >= 0);
    CHECK(str_find(buf_str(&b), STR("\"phrase:tr:7\"")) >= 0);
}

static void
put(offline_vectors *v, const char *id, float *at)
{
    const struct offline_row row = {str_of(id), at};
    CHECK_OK(VEC_ADD(v->a, &v->rows, &row));
}

TEST(vectors_are_found_by_question_word_and_phrase)
{
    static float q[8] = {0.9f, 0.4f}, dog[8] = {0.9f, 0, 0.4f}, en[8] = {0.9f}, de[8] = {0.1f};
    static char ids[16][32];
    AUTO(offline_vectors) v = {.dims = 8};
    AUTO(arena) *a = NULL;
    struct know_ask ask = {.most = 1};
    const struct offline_question ours = {STR("q1"), STR("How much is the dog?")};
    CHECK_OK(arena_open(1 << 20, &v.a));
    CHECK_OK(arena_open(1 << 20, &a));
    put(&v, "q1", q);
    put(&v, "q1#dog", dog);
    CHECK_OK(offline_likeness(&v, &ours, a, &ask));
    CHECK(ask.vector == q && !ask.bridge.count); /* no phrases: as it is */
    for (int i = 0; i < 8; i++) {
        snprintf(ids[i], sizeof ids[i], "phrase:en:%d", i);
        snprintf(ids[i + 8], sizeof ids[i], "phrase:de:%d", i);
        put(&v, ids[i], en);
        put(&v, ids[i + 8], de);
    }
    CHECK_OK(offline_likeness(&v, &ours, a, &ask));
    CHECK(ask.vector != q && ask.bridge.count == 1);
    CHECK(ask.vector[1] > 0.9f);
}

TEST(what_has_no_vector_is_asked_by_words_alone)
{
    AUTO(offline_vectors) v = {.dims = 8};
    AUTO(arena) *a = NULL;
    struct know_ask ask = {.most = 1};
    const struct offline_question ours = {STR("q9"), STR("How much is the dog?")};
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(arena_open(1 << 20, &v.a));
    CHECK_OK(offline_likeness(&v, &ours, a, &ask));
    CHECK(!ask.vector && !ask.bridge.count);
}
