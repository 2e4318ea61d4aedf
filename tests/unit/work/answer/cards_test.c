/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/cards.h"

#include "unit/know/rig.h"

static struct know_hit
hit_of(const char *text, float score, label l)
{
    const str t = str_of(text);
    return (struct know_hit){.doc = STR("d"),
                             .section = STR("§ 1"),
                             .text = content_of(t, l),
                             .quote = content_of(t, l),
                             .quote_to = t.len,
                             .score = score,
                             .words = score};
}

TEST(the_best_passages_come_with_their_share_and_weak_ones_do_not)
{
    RIG(r);
    struct know_hit at[] = {hit_of("Der Ausweis gilt zehn Jahre.", 30, LABEL_BOTTOM),
                            hit_of("Der Pass gilt zehn Jahre.", 20, LABEL_BOTTOM),
                            hit_of("Hunde sind anzumelden.", 2, LABEL_BOTTOM)};
    const struct know_hits hits = {.at = at, .count = 3, .units = 9000};
    struct cards c;
    NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("Wie lange gilt der Ausweis?"), &c));
    CHECK_INT(c.count, ==, 2);
    CHECK(c.is_enough);
    CHECK(c.confidence > 0.5 && c.confidence <= 1);
    CHECK_STR(c.at[1].quote, STR("Der Pass gilt zehn Jahre."));
}

TEST(little_strength_is_not_enough_and_nothing_found_neither)
{
    RIG(r);
    struct know_hit at[] = {hit_of("Hunde sind anzumelden.", 2, LABEL_BOTTOM)};
    struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    struct cards c;
    NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("Katzen?"), &c));
    CHECK(!c.is_enough);
    hits.count = 0;
    NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("Katzen?"), &c));
    CHECK(!c.is_enough);
    CHECK_INT(c.count, ==, 0);
}

TEST(a_long_line_is_cut_to_the_sentences_that_hold_the_words_and_stays_verbatim)
{
    RIG(r);
    char text[4000] = "";
    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "Der Satz mit der Nummer %d sagt nichts zur Sache. ", i);
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "Hunde sind binnen vier Wochen "
             "anzumelden. Schluss.");
    struct know_hit at[] = {hit_of(text, 20, LABEL_BOTTOM)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    struct cards c;
    NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("Wann muss ich Hunde anmelden?"), &c));
    NEED(c.count == 1);
    CHECK(c.at[0].quote.len <= CARD_QUOTE_MAX);
    CHECK(str_find(c.at[0].quote, STR("Hunde sind binnen vier Wochen")) >= 0);
    CHECK(str_find(str_of(text), c.at[0].quote) >= 0);
}

TEST(what_stands_around_a_short_line_comes_along_as_far_as_there_is_room)
{
    RIG(r);
    static const char text[] = "(1) Die Anzeige hat\n1. binnen zwei Wochen\n2. schriftlich\nzu "
                               "erfolgen.";
    struct know_hit at[] = {hit_of(text, 20, LABEL_BOTTOM)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    struct cards c;
    at[0].quote_from = 20;
    at[0].quote_to = 41;
    at[0].quote = content_of(str_slice(str_of(text), 20, 41), LABEL_BOTTOM);
    NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("Anzeige binnen zwei Wochen?"), &c));
    NEED(c.count == 1);
    CHECK_STR(c.at[0].quote, str_of(text));
}

TEST(every_quote_is_a_run_of_whole_lines_of_its_text_and_never_too_long)
{
    RIG(r);
    for (int round = 0; round < 300; round++) {
        AUTO(buf) b = BUF(1 << 16);
        size_t starts[40], lines = 1 + (size_t)(test_random() % 39);
        for (size_t i = 0; i < lines; i++) {
            if (i)
                buf_add_char(&b, '\n');
            starts[i] = b.len;
            for (size_t k = 1 + (size_t)(test_random() % 60); k; k--)
                buf_add(&b, STR("ab "));
        }
        const size_t at_line = (size_t)(test_random() % lines);
        const size_t from = starts[at_line];
        const size_t to = at_line + 1 < lines ? starts[at_line + 1] - 1 : b.len;
        const str text = arena_str(r.a, buf_str(&b));
        struct know_hit at[] = {hit_of(text.at, 20, LABEL_BOTTOM)};
        const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
        struct cards c;
        at[0].quote_from = from;
        at[0].quote_to = to;
        at[0].quote = content_of(str_slice(text, from, to), LABEL_BOTTOM);
        NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("ab?"), &c));
        NEED(c.count == 1);
        const str q = c.at[0].quote;
        const char *const end = q.at + q.len;
        CHECK(q.len <= CARD_QUOTE_MAX && q.len >= to - from);
        CHECK(q.at <= text.at + from && end >= text.at + to);
        CHECK(q.at == text.at || q.at[-1] == '\n');
        CHECK(end == text.at + text.len || *end == '\n');
    }
}

TEST(in_a_small_collection_half_of_the_words_must_be_there)
{
    RIG(r);
    struct know_hit at[] = {hit_of("Die Steuer beträgt 96 Euro.", 0.5f, LABEL_BOTTOM)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 12};
    struct cards c;
    at[0].title = STR("Hundesteuersatzung");
    NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("Wie hoch ist die Hundesteuer?"), &c));
    CHECK(c.is_enough);
    NEED_OK(cards_take(rig_grant(&r, "offen"), &hits,
                       STR("Welche Steuer gilt am Neptun im "
                           "Himmel?"),
                       &c));
    CHECK(!c.is_enough);
    NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("???"), &c));
    CHECK(!c.is_enough);
}

TEST(a_question_in_another_language_is_judged_by_the_passage_nearest_to_it)
{
    RIG(r);
    struct know_hit at[] = {hit_of("Der Ausweis gilt zehn Jahre.", 0, LABEL_BOTTOM)};
    struct know_hits hits = {.at = at, .count = 1, .units = 9000, .domain = -0.2f, .nearest = 0.1f};
    struct cards c;
    const grant *const g = rig_grant(&r, "offen");
    at[0].score = 1;
    NEED_OK(cards_take(g, &hits, STR("How long does an identity card last?"), &c));
    CHECK(c.is_enough);
    CHECK(c.confidence < 0.5);
    hits.nearest = -0.2f;
    NEED_OK(cards_take(g, &hits, STR("How long does an identity card last?"), &c));
    CHECK(!c.is_enough);
    hits.nearest = 0.1f;
    hits.domain = -0.4f; /* German words that nobody here wrote: it does not know the matter */
    NEED_OK(cards_take(g, &hits, STR("Wie lange dauert es mit der Insolvenz?"), &c));
    CHECK(!c.is_enough);
}

TEST(the_nearer_a_question_is_to_what_the_documents_are_about_the_weaker_a_passage_may_be)
{
    static const struct {
        float words, domain;
        bool is_enough;
    } cases[] = {{18, -0.1f, true}, {18, -0.4f, false}, {9, -0.1f, true},
                 {9, -0.3f, false}, {40, -0.6f, false}, {40, -0.3f, true}};
    RIG(r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct know_hit at[] = {
            hit_of("Der Ausweis gilt zehn Jahre.", cases[i].words, LABEL_BOTTOM)};
        const struct know_hits hits = {
            .at = at, .count = 1, .units = 9000, .known = 1, .domain = cases[i].domain};
        struct cards c;
        NEED_OK(cards_take(rig_grant(&r, "offen"), &hits, STR("Wie lange gilt der Ausweis?"), &c));
        CHECK_INT(c.is_enough, ==, cases[i].is_enough);
    }
}

TEST(what_the_grant_does_not_cover_is_denied)
{
    RIG(r);
    struct know_hit at[] = {hit_of("Geheim.", 20, rig_label(&r, "VS-NfD"))};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    struct cards c;
    CHECK_ERR(cards_take(rig_grant(&r, "offen"), &hits, STR("Was?"), &c), DENIED);
}
