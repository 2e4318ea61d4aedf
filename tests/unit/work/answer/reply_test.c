/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/reply.h"

#include "unit/know/rig.h"

static const char text[] = "Der Ausweis gilt zehn Jahre.";

static struct know_hit
hit_under(label l, float score)
{
    return (struct know_hit){.doc = STR("d"),
                             .section = STR("§ 1"),
                             .text = content_of(str_of(text), l),
                             .quote = content_of(str_of(text), l),
                             .quote_to = sizeof text - 1,
                             .score = score,
                             .words = score};
}

static struct scoped
asked(enum scope s)
{
    return (struct scoped){.scope = s, .question = STR("Wie lange gilt der Ausweis?")};
}

TEST(what_is_found_is_the_answer_and_nothing_is_said_beside_it)
{
    RIG(r);
    struct know_hit at[] = {hit_under(LABEL_BOTTOM, 30)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    const struct scoped s = asked(SCOPE_ANSWER);
    struct reply p;
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_ANSWER);
    CHECK_INT(p.cards.count, ==, 1);
    CHECK_STR(p.cards.at[0].quote, str_of(text));
    CHECK_INT(p.said.len, ==, 0);
}

TEST(what_is_too_weak_is_handed_over_without_the_cards)
{
    RIG(r);
    struct know_hit at[] = {hit_under(LABEL_BOTTOM, 0.01f)};
    struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    const struct scoped s = asked(SCOPE_ANSWER);
    struct reply p;
    for (size_t count = 0; count < 2; count++) {
        hits.count = count;
        NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
        CHECK_INT(p.behaviour, ==, BEHAVIOUR_HANDOVER);
        CHECK_INT(p.cards.count, ==, 0);
        CHECK(str_find(p.said, STR("weiß ich nicht")) >= 0);
    }
}

TEST(what_is_no_question_for_documents_gets_no_card_even_if_there_were_hits)
{
    static const struct {
        enum scope scope;
        enum behaviour behaviour;
    } cases[] = {{SCOPE_CLARIFY, BEHAVIOUR_CLARIFY},
                 {SCOPE_OFFICIAL, BEHAVIOUR_HANDOVER},
                 {SCOPE_REFUSE, BEHAVIOUR_REFUSE}};
    RIG(r);
    struct know_hit at[] = {hit_under(LABEL_BOTTOM, 30)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    str said[3];
    for (size_t i = 0; i < 3; i++) {
        const struct scoped s = asked(cases[i].scope);
        struct reply p;
        NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
        CHECK_INT(p.behaviour, ==, cases[i].behaviour);
        CHECK_INT(p.cards.count, ==, 0);
        CHECK(p.said.len > 0);
        said[i] = p.said;
        NEED_OK(reply_make(rig_grant(&r, "offen"), &s, NULL, &p));
        CHECK_STR(p.said, said[i]);
    }
    CHECK(!str_eq(said[0], said[1]) && !str_eq(said[1], said[2]) && !str_eq(said[0], said[2]));
}

TEST(a_question_about_a_place_is_answered_only_by_what_names_it)
{
    RIG(r);
    struct know_hit at[] = {hit_under(LABEL_BOTTOM, 30)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    struct scoped s = asked(SCOPE_ANSWER);
    struct reply p;
    s.place = STR("leipzig");
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_HANDOVER);
    CHECK_INT(p.cards.count, ==, 0);
    CHECK(str_find(p.said, STR("einen Ort")) >= 0);
    at[0].title = STR("Satzung der Stadt Leipzig");
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_ANSWER);
}

TEST(a_matter_with_rules_of_its_own_is_answered_by_no_statute_that_does_not_name_it)
{
    static const struct {
        const char *title, *heading;
        enum behaviour behaviour;
    } cases[] = {{"Gesetz über Ordnungswidrigkeiten", "Geldbuße", BEHAVIOUR_HANDOVER},
                 {"Gesetz über Ordnungswidrigkeiten", "Hundesteuer", BEHAVIOUR_ANSWER},
                 {"Hundesteuergesetz", "Höhe", BEHAVIOUR_ANSWER},
                 {"Satzung der Stadt Musterbach", "Höhe", BEHAVIOUR_ANSWER},
                 {"Merkblatt", "", BEHAVIOUR_ANSWER}};
    RIG(r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct know_hit at[] = {hit_under(LABEL_BOTTOM, 30)};
        const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
        struct scoped s = asked(SCOPE_ANSWER);
        struct reply p;
        at[0].title = str_of(cases[i].title);
        at[0].heading = str_of(cases[i].heading);
        s.subject = STR("hundesteuer");
        NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
        CHECK_INT(p.behaviour, ==, cases[i].behaviour);
        CHECK_INT(p.cards.count, ==, cases[i].behaviour == BEHAVIOUR_ANSWER ? 1 : 0);
        CHECK((p.said.len > 0) == (cases[i].behaviour == BEHAVIOUR_HANDOVER));
    }
}

TEST(what_is_asked_of_this_place_is_answered_by_its_own_documents_alone)
{
    RIG(r);
    struct know_hit at[] = {hit_under(LABEL_BOTTOM, 30)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    struct scoped s = asked(SCOPE_ANSWER);
    struct reply p;
    s.is_local = true;
    at[0].title = STR("Verwaltungsverfahrensgesetz");
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_HANDOVER);
    CHECK(str_find(p.said, STR("vor Ort")) >= 0);
    at[0].title = STR("Öffnungszeiten");
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_ANSWER);
}

TEST(a_section_asked_for_by_its_name_must_be_there)
{
    RIG(r);
    struct know_hit at[] = {hit_under(LABEL_BOTTOM, 30)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    struct scoped s = asked(SCOPE_ANSWER);
    struct reply p;
    s.question = STR("Was steht in § 999?");
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_HANDOVER);
    s.question = STR("Was steht in § 1?");
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_ANSWER);
    s.question = STR("Was steht in § 1 PAuswG?"); /* of that law */
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_HANDOVER);
    at[0].doc = STR("pauswg_2021");
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_ANSWER);
}

TEST(what_says_too_little_may_choose_among_documents_that_speak_of_it)
{
    RIG(r);
    struct know_hit at[6];
    for (size_t i = 0; i < 6; i++) {
        at[i] = hit_under(LABEL_BOTTOM, 1);
        at[i].title = i < 2 ? STR("Satzung") : STR("Ordnung");
        at[i].heading = arena_fmt(r.a, "Gebühr %zu", i < 2 ? 0 : i);
    }
    at[5].heading = STR_NONE;
    struct know_hits hits = {.at = at, .count = 6, .units = 9000};
    struct scoped s = asked(SCOPE_CLARIFY);
    struct reply p;
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.choice_count, ==, 4); /* the same one once, one without a name not at all */
    CHECK_STR(p.choices[0].heading, STR("Gebühr 0"));
    CHECK_STR(p.choices[1].heading, STR("Gebühr 2"));
    s.scope = SCOPE_REFUSE;
    NEED_OK(reply_make(rig_grant(&r, "offen"), &s, &hits, &p));
    CHECK_INT(p.choice_count, ==, 0);
    s.scope = SCOPE_CLARIFY;
    at[1].text = content_of(str_of(text), rig_label(&r, "VS-NfD"));
    CHECK_ERR(reply_make(rig_grant(&r, "offen"), &s, &hits, &p), DENIED);
}

TEST(what_the_grant_does_not_cover_is_denied_and_leaves_the_reply_alone)
{
    RIG(r);
    struct know_hit at[] = {hit_under(rig_label(&r, "VS-NfD"), 30)};
    const struct know_hits hits = {.at = at, .count = 1, .units = 9000};
    const struct scoped s = asked(SCOPE_ANSWER);
    struct reply p = {.behaviour = BEHAVIOUR_CLARIFY};
    CHECK_ERR(reply_make(rig_grant(&r, "intern"), &s, &hits, &p), DENIED);
    CHECK_INT(p.behaviour, ==, BEHAVIOUR_CLARIFY);
    CHECK_INT(p.cards.count, ==, 0);
    CHECK_OK(reply_make(rig_grant(&r, "VS-NfD"), &s, &hits, &p));
}

TEST(each_behaviour_has_a_name_of_its_own_and_every_answer_its_notice)
{
    for (int a = BEHAVIOUR_ANSWER; a <= BEHAVIOUR_REFUSE; a++)
        for (int b = BEHAVIOUR_ANSWER; b <= BEHAVIOUR_REFUSE; b++)
            CHECK_INT(
                a == b, ==,
                strcmp(behaviour_name((enum behaviour)a), behaviour_name((enum behaviour)b)) == 0);
    CHECK(str_find(reply_notice(), STR("KI-System")) >= 0);
}
