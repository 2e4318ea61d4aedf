/* SPDX-License-Identifier: EUPL-1.2 */
#include "downgrade/pseudonym.h"

#include <stdio.h>

#include "base/fault.h"
#include "unit/downgrade/hidden.h"

static const char iban[] = "DE02 1203 0000 0000 2020 51"; /* published specimen */

TEST(identifiers_become_typed_tokens_and_the_rest_stays)
{
    HIDE(h,
         "Sehr geehrte Frau Erika Sommerfeld, Ihre IBAN DE02120300000000202051 ist gespeichert.");
    CHECK_STR(h.texts[0], STR("Sehr geehrte Frau PERSON_HB1, Ihre IBAN IBAN_HB1 ist gespeichert."));
    CHECK_INT(pseudonym_count(h.m), ==, 2);
    hidden_close(&h);
}

TEST(one_value_is_one_token_in_all_texts_and_another_form_of_it_a_letter_more)
{
    HIDE(h, "Frau Erika Sommerfeld, IBAN DE02120300000000202051", "Hat Frau Sommerfeld gezahlt?",
         "IBAN: DE02 1203 0000 0000 2020 51 von Erika Sommerfeld");
    CHECK_STR(h.texts[0], STR("Frau PERSON_HB1, IBAN IBAN_HB1"));
    CHECK_STR(h.texts[1], STR("Hat Frau PERSON_HB1B gezahlt?"));
    CHECK_STR(h.texts[2], STR("IBAN: IBAN_HB1B von PERSON_HB1"));
    CHECK_STR(pseudonym_at(h.m, 1)->forms[1], str_of(iban));
    hidden_close(&h);
}

TEST(two_people_of_one_name_in_different_company_are_two_tokens)
{
    HIDE(h, "Frau Erika Sommerfeld und Herr Max Sommerfeld");
    CHECK_STR(h.texts[0], STR("Frau PERSON_HB1 und Herr PERSON_HB2"));
    hidden_close(&h);
}

TEST(a_conversation_that_goes_on_keeps_its_tokens)
{
    HIDE(one, "Frau Erika Sommerfeld wohnt hier.");
    HIDE(two, "Frau Erika Sommerfeld wohnt hier.", "Und Herr Peter Beispiel?");
    CHECK_STR(one.texts[0], two.texts[0]);
    CHECK_STR(two.texts[1], STR("Und Herr PERSON_HB2?"));
    hidden_close(&one);
    hidden_close(&two);
}

TEST(no_text_may_hold_what_looks_like_a_token)
{
    HIDE(h, "Was heißt person_hb1?", "Frau Erika Sommerfeld fragt.");
    CHECK_STR(h.texts[0], STR("Was heißt person_hb1?"));
    CHECK(str_find(h.texts[1], STR("_HB1")) < 0);
    CHECK(str_find(h.texts[1], STR("Sommerfeld")) < 0);
    hidden_close(&h);
}

TEST(texts_without_identifiers_stay_as_they_are)
{
    HIDE(h, "", "Wie hoch ist die Gebühr?", "\xff\x00 kaputt");
    CHECK_STR(h.texts[0], STR(""));
    CHECK_STR(h.texts[1], STR("Wie hoch ist die Gebühr?"));
    CHECK_INT(pseudonym_count(h.m), ==, 0);
    CHECK(!pseudonym_at(h.m, 0));
    hidden_close(&h);
}

TEST(a_token_is_found_in_any_case_escaped_and_with_an_ending)
{
    static const struct {
        const char *word, *form;
        size_t start, end;
    } rows[] = {
        {"PERSON_HB1", "Erika Sommerfeld", 0, 10},    {"person_hb1", "Erika Sommerfeld", 0, 10},
        {"PERSON\\_HB1s", "Erika Sommerfeld", 0, 11}, {"PERSON_HB1B", "Sommerfeld", 0, 11},
        {"PERSON_HB1Bs", "Sommerfeld", 0, 11},        {"PERSON_HB1en", "Erika Sommerfeld", 0, 10},
        {"xPERSON_HB1", "Erika Sommerfeld", 1, 11},   {"IBAN_HB1", "DE02120300000000202051", 0, 8}};
    HIDE(h, "Frau Erika Sommerfeld, IBAN DE02120300000000202051", "Frau Sommerfeld");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pseudonym_token t = {99, 99, STR_NONE};
        CHECK(pseudonym_find(h.m, str_of(rows[i].word), &t));
        CHECK_STR(t.form, str_of(rows[i].form));
        CHECK_INT(t.start, ==, rows[i].start);
        CHECK_INT(t.end, ==, rows[i].end);
    }
    hidden_close(&h);
}

TEST(what_was_not_given_out_is_no_token)
{
    static const char *const words[] = {
        "PERSON_HB2",         "PERSON_HB0", "PERSON_HB",
        "PERSON_XX1",         "_HB1",       "KATZE_HB1",
        "IBAN_HB1",           "",           "PERSON_HB1000000000000000",
        "PERSON_HB9999999999"};
    HIDE(h, "Frau Erika Sommerfeld");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct pseudonym_token t;
        CHECK(!pseudonym_find(h.m, str_of(words[i]), &t));
    }
    hidden_close(&h);
}

TEST(more_forms_than_there_are_letters_are_written_as_the_first)
{
    char text[4096] = "IBAN DE02120300000000202051";
    size_t len = strlen(text);
    for (size_t gap = 2; gap < 20; gap++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "\nIBAN %.*s %s", (int)gap,
                                "DE02120300000000202051", &"DE02120300000000202051"[gap]);
    }
    HIDE(h, text);
    for (size_t i = 0; i < pseudonym_count(h.m); i++)
        CHECK_INT(pseudonym_at(h.m, i)->form_count, <=, PSEUDONYM_FORMS_MAX);
    CHECK(str_find(h.texts[0], STR("2020")) < 0);
    hidden_close(&h);
}

TEST(a_failing_allocation_hides_nothing_and_says_so)
{
    const str text = STR("Frau Erika Sommerfeld, IBAN DE02120300000000202051");
    const lexicon *x = NULL;
    AUTO(arena) *a = NULL;
    bool fired = true;
    CHECK_OK(arena_open(256 * 1024 * 1024, &a));
    CHECK_OK(detect_open(a, &x));
    const struct pseudonym_ask ask = {x, 3, &text, 1};
    for (long n = 1; fired && n < 1000; n++) {
        str hidden = STR("untouched");
        pseudonyms *m = NULL;
        fault_arm(n);
        const err e = pseudonym_hide(a, &ask, &hidden, &m);
        fired = fault_fired();
        fault_arm(0);
        CHECK(e.code ? !m : str_find(hidden, STR("Sommerfeld")) < 0);
    }
    CHECK(!fired);
}
