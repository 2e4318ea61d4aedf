/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/know/offline.h"

#include "os/file.h"
#include "test.h"

static str
file_of(const char *text)
{
    static char path[300];
    (void)snprintf(path, sizeof path, "%s/vectors.jsonl", test_dir());
    CHECK_OK(file_write_atomic(path, str_of(text), 0600));
    return str_of(path);
}

TEST(vectors_are_read_as_numbers_or_base64_and_brought_to_length_one)
{
    AUTO(offline_vectors) v = {0};
    NEED_OK(offline_vectors_read(file_of("{\"id\":\"a\",\"embedding\":[3,4]}\n"
                                         "{\"id\":\"b\",\"embedding\":\"AAAAQAAAAAA=\"}\n"),
                                 &v));
    CHECK_INT(v.dims, ==, 2);
    const float *const a = offline_vectors_find(&v, STR("a"));
    const float *const b = offline_vectors_find(&v, STR("b"));
    NEED(a && b);
    CHECK(a[0] > 0.59f && a[0] < 0.61f && a[1] > 0.79f && a[1] < 0.81f);
    CHECK(b[0] > 0.99f && b[1] == 0);
    CHECK(!offline_vectors_find(&v, STR("c")));
}

TEST(lines_that_are_no_vectors_are_refused)
{
    static const char *const bad[] = {
        "",
        "{}\n",
        "{\"id\":\"a\"}\n",
        "{\"id\":\"a\",\"embedding\":[]}\n",
        "{\"id\":\"a\",\"embedding\":[\"x\"]}\n",
        "{\"id\":\"a\",\"embedding\":\"AAA=\"}\n",
        "{\"id\":\"a\",\"embedding\":\"?\"}\n",
        "{\"id\":\"a\",\"embedding\":[1]}\n{\"id\":\"b\",\"embedding\":[1,2]}\n",
        "not json\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(offline_vectors) v = {0};
        const err e = offline_vectors_read(file_of(bad[i]), &v);
        CHECK(e.code == ERR_ARGUMENT || e.code == ERR_PARSE);
    }
}

TEST(a_file_that_is_not_there_is_not_found)
{
    AUTO(offline_vectors) v = {0};
    CHECK_ERR(offline_vectors_read(STR("/nonexistent/v"), &v), NOT_FOUND);
}

/* ---- vectors of questions */

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
