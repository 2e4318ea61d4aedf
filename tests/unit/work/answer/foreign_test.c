/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/foreign.h"

#include "base/fault.h"
#include "base/utf8.h"
#include "test.h"

enum { DIMS = 8 };

TEST(a_question_in_another_language_is_told_with_the_words_that_matter)
{
    struct foreign f;
    NEED(foreign_read(STR("How long can I drive with my Indian licence?"), &f));
    CHECK_STR(f.code, STR("en"));
    NEED(f.count == 4);
    CHECK_STR(f.words[0], STR("long"));
    CHECK_STR(f.words[1], STR("drive"));
    CHECK_STR(f.words[3], STR("licence"));
    CHECK(foreign_read(STR("Bunun için izin gerekiyor mu, ne kadar?"), &f));
    CHECK_STR(f.code, STR("tr"));
}

TEST(german_and_what_is_too_short_to_tell_are_not_foreign)
{
    struct foreign f = {.count = 77};
    CHECK(!foreign_read(STR("Wie hoch ist die Hundesteuer?"), &f));
    CHECK(!foreign_read(STR("Welche Rassen gelten in Hessen als Kampfhunde?"), &f));
    CHECK(!foreign_read(STR("Elterngeld max. pro Monat?"), &f));
    CHECK(!foreign_read(STR("passport?"), &f));
    CHECK(!foreign_read(STR_NONE, &f));
    CHECK_INT(f.count, ==, 77);
}

TEST(every_language_has_all_phrases_and_tells_itself)
{
    str code;
    size_t told = 0, all = 0;
    for (size_t k = 0; (code = foreign_language(k)).len; k++, all++)
        for (size_t i = 0; i < FOREIGN_PHRASES; i++) {
            const str text = foreign_phrase(code, i);
            CHECK(text.len > 5 && utf8_valid(text));
            for (size_t n = 0; n < i; n++)
                CHECK(!str_eq(text, foreign_phrase(code, n)));
            told += str_eq(language_of(text).code, code);
        }
    CHECK_STR(foreign_language(0), STR("de"));
    CHECK(told * 10 >= all * FOREIGN_PHRASES * 6); /* short ones tell little */
    CHECK_INT(foreign_phrase(STR("xx"), 0).len, ==, 0);
}

/* A space where the first dimension says the language and the others what is meant. */
struct space {
    float at[2 * FOREIGN_PHRASES + 2][DIMS];
    struct foreign_vectors v;
};

static void
fill(struct space *s)
{
    memset(s, 0, sizeof *s);
    s->v.dims = DIMS;
    for (size_t i = 0; i < FOREIGN_PHRASES; i++) {
        s->at[i][0] = 0.9f;
        s->at[i + FOREIGN_PHRASES][0] = 0.1f;
        s->at[i][1 + i % (DIMS - 1)] = s->at[i + FOREIGN_PHRASES][1 + i % (DIMS - 1)] = 0.4f;
        s->v.phrases[i] = s->at[i];
        s->v.german[i] = s->at[i + FOREIGN_PHRASES];
    }
    s->at[16][0] = 0.9f; /* the question */
    s->at[16][3] = 0.4f;
    s->at[17][0] = 0.9f; /* a word */
    s->at[17][5] = 0.4f;
    s->v.question = s->at[16];
    s->v.words[0] = s->at[17];
}

TEST(what_the_language_adds_is_taken_off)
{
    AUTO(arena) *a = NULL;
    struct space s;
    const struct foreign f = {.code = STR("en"), .count = 1};
    const float *q = NULL;
    struct know_bridge b;
    CHECK_OK(arena_open(1 << 16, &a));
    fill(&s);
    NEED_OK(foreign_apply(a, &f, &s.v, &q, &b));
    CHECK(q[3] > 0.9f && q[0] < 0.3f);
    NEED(b.count == 1);
    CHECK(b.vectors[5] > 0.39f && b.vectors[0] < 0.11f);
}

TEST(without_a_whole_set_of_phrases_the_question_stays_as_it_was)
{
    AUTO(arena) *a = NULL;
    struct space s;
    const struct foreign f = {.code = STR("en"), .count = 1};
    const float *q = NULL;
    struct know_bridge b;
    CHECK_OK(arena_open(1 << 16, &a));
    fill(&s);
    s.v.german[3] = NULL;
    NEED_OK(foreign_apply(a, &f, &s.v, &q, &b));
    CHECK(q == s.v.question);
    CHECK_INT(b.count, ==, 0);
    fill(&s);
    s.v.words[0] = NULL; /* a word that got no vector is passed over */
    NEED_OK(foreign_apply(a, &f, &s.v, &q, &b));
    CHECK_INT(b.count, ==, 0);
    CHECK(q != s.v.question);
}

TEST(too_little_memory_is_reported)
{
    struct space s;
    const struct foreign f = {.code = STR("en"), .count = 1};
    fill(&s);
    for (long n = 1;; n++) {
        AUTO(arena) *a = NULL;
        const float *q = NULL;
        struct know_bridge b;
        CHECK_OK(arena_open(1 << 16, &a));
        fault_arm(n);
        const err e = foreign_apply(a, &f, &s.v, &q, &b);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK(e.code);
    }
}
