/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/place.h"

#include <stdio.h>

#include "know/text/lex.h"
#include "test.h"

static const char *const places[] = {
#define PLACE(name) name,
#define PLACE_AS(asked, name)
#include "work/answer/place.def"
#undef PLACE
#undef PLACE_AS
};
enum { PLACES = sizeof places / sizeof *places };

static str
asked(const char *question)
{
    str place = STR_NONE;
    const bool found = place_asked(str_of(question), &place);
    CHECK_INT(found, ==, place.len > 0);
    return place;
}

TEST(a_place_is_what_in_points_to_in_the_sentence_that_asks)
{
    CHECK_STR(asked("Wie schnell darf man in Italien fahren?"), STR("italien"));
    CHECK_STR(asked("was kostet die kita in leipzig"), STR("leipzig"));
    CHECK_STR(asked("Gilt das in der Schweiz?"), STR("schweiz"));
    CHECK_STR(asked("Ist am Montag in Nordrhein-Westfalen Feiertag?"), STR("nordrhein westfalen"));
    CHECK_STR(asked("Im Saarland? Darf ich da angeln?"), STR("saarland"));
}

TEST(for_and_other_languages_point_to_a_place_too)
{
    CHECK_STR(asked("Brauche ich für die Türkei ein Visum?"), STR("türkei"));
    CHECK_STR(asked("How high is the minimum wage in France?"), STR("frankreich"));
    CHECK_STR(asked("Do I need a visa for Canada?"), STR("kanada"));
    CHECK_STR(asked("Как получить визу в США?"), STR("usa"));
    CHECK_STR(asked("Яка зарплата у Польщі?"), STR("polen"));
    CHECK_STR(asked("Can I stay in Germany?"), STR_NONE);
    CHECK_STR(asked("Для Польщі?"), STR_NONE);
}

TEST(the_longest_name_is_meant)
{
    CHECK_STR(asked("Was gilt in Sachsen-Anhalt?"), STR("sachsen anhalt"));
    CHECK_STR(asked("Was gilt in Sachsen?"), STR("sachsen"));
    CHECK_STR(asked("Was gilt in Sachsenheim?"), STR_NONE);
}

TEST(where_somebody_lives_or_goes_is_no_question_about_a_place)
{
    static const char *const questions[] = {
        "Ich wohne in München und in Ulm. Was ist die Hauptwohnung?",
        "Brauche ich für eine Reise nach Italien einen Pass?",
        "Gilt mein türkischer Führerschein in Deutschland?",
        "Wie lange ist der Ausweis gültig?",
        "Muss ich in Musterbach Hundesteuer zahlen?",
        "in",
        "in der",
        "",
        "In?"};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        CHECK_STR(asked(questions[i]), STR_NONE);
}

TEST(a_text_names_a_place_by_whole_words)
{
    CHECK(place_is_named(STR("Satzung der Stadt Leipzig"), STR("leipzig")));
    CHECK(place_is_named(STR("a) Nordrhein-Westfalen,"), STR("nordrhein westfalen")));
    CHECK(!place_is_named(STR("Nordrhein und Westfalen"), STR("nordrhein westfalen")));
    CHECK(!place_is_named(STR("Leipziger Straße"), STR("leipzig")));
    CHECK(!place_is_named(STR(""), STR("leipzig")));
}

TEST(every_name_is_folded_as_questions_are_and_is_found)
{
    for (size_t i = 0; i < PLACES; i++) {
        char question[100];
        struct lex l;
        struct lexeme x;
        str rest = str_of(places[i]);
        snprintf(question, sizeof question, "Was gilt in %.*s?", STR_FMT(str_of(places[i])));
        CHECK_STR(asked(question), str_of(places[i]));
        lex_begin(&l, str_of(places[i]));
        for (str word; str_next(&rest, ' ', &word);) {
            NEED(lex_next(&l, &x));
            CHECK_STR(x.text, word);
        }
    }
}
