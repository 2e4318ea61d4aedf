/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/question.h"

#include "rig.h"

static const char *const texts[] = {
    "# A\n\nDie Fahrerlaubnis und der Führerschein. Der Urlaubsanspruch, Urlaubsanspruch. Urlaub "
    "Urlaub Urlaub "
    "Anspruch Anspruch Anspruch Anspruch. Mieter Mieter. Arbeitgeber.\n"};

static const struct question *
read_question(struct rig *r, const struct segment *s, const char *text)
{
    const everyday *e = NULL;
    const struct question *q = NULL;
    const struct segment **const list = arena_get(r->a, sizeof *list);
    *list = s;
    CHECK_OK(everyday_open(r->a, &e));
    CHECK_OK(question_read(r->a, e, (struct cleared){list, 1}, str_of(text), &q));
    return q;
}

static float
weight(const struct question *q, const char *term)
{
    for (size_t g = 0; g < q->count; g++)
        for (size_t t = 0; t < q->at[g].count; t++)
            if (str_eq(q->at[g].at[t].text, str_of(term)))
                return q->at[g].at[t].weight;
    return 0;
}

TEST(a_word_and_its_parts_make_one_group)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 1);
    const struct question *const q = read_question(&r, &s, "Wie ist der Urlaubsanspruch?");
    CHECK_INT(q->count, ==, 1);
    CHECK(weight(q, "urlaubsanspruch") == 1.0f);
    CHECK(weight(q, "urlaub") == 0.7f && weight(q, "anspruch") == 0.7f);
    CHECK_INT(q->words, ==, 1);
    CHECK_INT(q->known, ==, 1);
}

TEST(everyday_words_bring_the_official_ones)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 1);
    const struct question *const q =
        read_question(&r, &s, "Mein Chef hat mir den Lappen weggenommen");
    CHECK(weight(q, "fahrerlaubnis") == 0.7f);
    CHECK(weight(q, "arbeitgeb") == 0.7f);
    CHECK(weight(q, "chef") == 1.0f);
}

TEST(a_slip_finds_what_was_meant)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 1);
    const struct question *const q = read_question(&r, &s, "urlabsanspruch fuehrerschein mietr");
    CHECK(weight(q, "anspruch") > 0);
    CHECK(weight(q, "fahrerlaubnis") == 0.7f);
    CHECK(weight(q, "miet") == 0.8f);
}

TEST(stop_words_and_nothing_make_no_groups)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 1);
    CHECK_INT(read_question(&r, &s, "")->count, ==, 0);
    CHECK_INT(read_question(&r, &s, "der die das und")->count, ==, 0);
    CHECK_INT(read_question(&r, &s, "?!")->words, ==, 0);
}

TEST(without_segments_words_stay_as_they_are)
{
    RIG(r);
    const everyday *e = NULL;
    const struct question *q = NULL;
    NEED_OK(everyday_open(r.a, &e));
    NEED_OK(question_read(r.a, e, (struct cleared){NULL, 0}, STR("Urlaubsanspruch"), &q));
    CHECK_INT(q->count, ==, 1);
    CHECK_INT(q->at[0].count, ==, 1);
    CHECK_INT(q->known, ==, 0);
}

TEST(endless_questions_are_bounded)
{
    RIG(r);
    AUTO(buf) b = BUF(1 << 20);
    const struct segment s = rig_segment(&r, texts, 1);
    for (int i = 0; i < 5000; i++)
        buf_add_fmt(&b, "wort%d lappen ", i);
    buf_add_char(&b, 0);
    const struct question *const q = read_question(&r, &s, b.at);
    CHECK_INT(q->count, <=, QUESTION_GROUPS_MAX);
    for (size_t g = 0; g < q->count; g++)
        CHECK_INT(q->at[g].count, <=, QUESTION_TERMS_MAX);
}
