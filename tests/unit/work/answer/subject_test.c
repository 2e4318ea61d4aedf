/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/subject.h"

#include "know/text/lex.h"
#include "test.h"

static const char *const names[] = {
#define SUBJECT(name) name,
#define SUBJECT_AS(asked, name) asked,
#define LAW_END(text)
#define LAW_NAME(text)
#define OWN_WORD(text)
#include "work/answer/subject.def"
#undef SUBJECT
#undef SUBJECT_AS
#undef LAW_END
#undef LAW_NAME
#undef OWN_WORD
};
enum { NAMES = sizeof names / sizeof *names };

static str
asked(const char *question)
{
    str subject = STR_NONE;
    const bool found = subject_asked(str_of(question), &subject);
    CHECK_INT(found, ==, subject.len > 0);
    return subject;
}

TEST(a_matter_is_what_a_word_begins_with)
{
    CHECK_STR(asked("Was zahle ich für die Biotonne?"), STR("biotonne"));
    CHECK_STR(asked("Wann sind die Schulferien?"), STR("schulferien"));
    CHECK_STR(asked("how much is the dog tax"), STR("hundesteuer"));
    CHECK_STR(asked("Köpek vergisi ne kadar?"), STR("hundesteuer"));
    CHECK_STR(asked("Wann wird der gelbe Sack geholt?"), STR("gelbe sack"));
}

TEST(other_words_are_none)
{
    static const char *const questions[] = {"Wie lange gilt der Pass?", "Der Sack ist gelb.",
                                            "Wann sind Ferienjobs erlaubt?", "", "?"};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        CHECK_STR(asked(questions[i]), STR_NONE);
}

TEST(a_heading_names_it_also_inside_a_compound)
{
    CHECK(subject_is_named(STR("Sonn- und Feiertagsruhe"), STR("feiertag")));
    CHECK(subject_is_named(STR("Haftung bei Körperverletzung"), STR("körperverletzung")));
    CHECK(subject_is_named(STR("Restmülltonnen"), STR("mülltonne")));
    CHECK(!subject_is_named(STR("Der gelbe und der Sack"), STR("gelbe sack")));
    CHECK(!subject_is_named(STR(""), STR("feiertag")));
}

TEST(a_statute_is_one_by_its_title_unless_it_is_a_towns_or_a_lands)
{
    static const char *const statutes[] = {
        "Gesetz über Personalausweise und den elektronischen Identitätsnachweis",
        "Bürgerliches Gesetzbuch",
        "Straßenverkehrs-Ordnung (StVO 2013)",
        "Abgabenordnung",
        "Verordnung über die Zulassung von Personen zum Straßenverkehr",
        "Bundesurlaubsgesetz"};
    static const char *const others[] = {"Hundesteuersatzung der Stadt Musterbach",
                                         "Hessisches Schulgesetz",
                                         "Landesbauordnung",
                                         "Verordnung der Gemeinde über das Parken",
                                         "Öffnungszeiten",
                                         "Merkblatt zum Bundesurlaub",
                                         "Benutzungsordnung der Bücherei",
                                         ""};
    for (size_t i = 0; i < sizeof statutes / sizeof *statutes; i++)
        CHECK(subject_is_statute(str_of(statutes[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!subject_is_statute(str_of(others[i])));
}

TEST(every_matter_is_folded_as_questions_are_and_is_found)
{
    for (size_t i = 0; i < NAMES; i++) {
        struct lex l;
        struct lexeme x;
        str rest = str_of(names[i]);
        CHECK(asked(names[i]).len > 0);
        lex_begin(&l, str_of(names[i]));
        for (str word; str_next(&rest, ' ', &word);) {
            NEED(lex_next(&l, &x));
            CHECK_STR(x.text, word);
        }
    }
}
