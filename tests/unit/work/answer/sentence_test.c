/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/sentence.h"

#include "test.h"

static void
check_sentences(const char *text, const char *const *wanted)
{
    str rest = str_of(text), s;
    for (; *wanted; wanted++) {
        NEED(sentence_next(&rest, &s));
        CHECK_STR(s, str_of(*wanted));
    }
    CHECK(!sentence_next(&rest, &s));
}
#define SPLITS(text, ...) check_sentences(text, (const char *const[]){__VA_ARGS__, NULL})

TEST(sentences_end_at_full_stops_marks_and_lines)
{
    SPLITS("Das kostet 10 Euro. Wirklich? Ja!", "Das kostet 10 Euro.", "Wirklich?", "Ja!");
    SPLITS("Erste Zeile\nzweite Zeile", "Erste Zeile", "zweite Zeile");
    SPLITS("Er sagte \"Nein.\" Dann ging er.", "Er sagte \"Nein.\"", "Dann ging er.");
}

TEST(a_citation_belongs_to_the_sentence_before_it)
{
    SPLITS("Das gilt zehn Jahre. [1] Sonst sechs. [2][3]", "Das gilt zehn Jahre. [1]",
           "Sonst sechs. [2][3]");
}

TEST(numbers_and_abbreviations_end_no_sentence)
{
    SPLITS("Ab dem 1. März gilt § 6 Abs. 2 Nr. 1 z. B. auch hier. Ende.",
           "Ab dem 1. März gilt § 6 Abs. 2 Nr. 1 z. B. auch hier.", "Ende.");
    SPLITS("Das war 2015.", "Das war 2015.");
    SPLITS("a.b", "a.b");
}

TEST(nothing_gives_nothing)
{
    str rest = STR(" \n \n"), s;
    CHECK(!sentence_next(&rest, &s));
    rest = STR_NONE;
    CHECK(!sentence_next(&rest, &s));
}

TEST(any_text_is_taken_apart_in_order_and_without_loss_of_letters)
{
    static const char alphabet[] = "ab. 1!?[]\n\"(";
    for (int round = 0; round < 2000; round++) {
        char text[64];
        size_t len = test_random() % sizeof text, letters = 0, found = 0;
        for (size_t i = 0; i < len; i++) {
            text[i] = alphabet[test_random() % (sizeof alphabet - 1)];
            letters += text[i] == 'a' || text[i] == 'b';
        }
        const char *last = text;
        str rest = {text, len}, s;
        while (sentence_next(&rest, &s)) {
            CHECK(s.at >= last);
            last = s.at + s.len;
            for (size_t i = 0; i < s.len; i++)
                found += s.at[i] == 'a' || s.at[i] == 'b';
        }
        CHECK_INT(found, ==, letters);
    }
}
