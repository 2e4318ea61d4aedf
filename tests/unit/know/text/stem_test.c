/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/stem.h"

#include "test.h"

static void
check_stem(const char *word, const char *want)
{
    char room[STEM_MAX];
    CHECK_STR(stem_german(str_of(word), room), str_of(want));
}

TEST(endings_go_as_snowball_describes)
{
    static const char *const pairs[][2] = {
        {"aufenthaltserlaubnis", "aufenthaltserlaubnis"},
        {"aufeinander", "aufeinand"},
        {"aufeinanderfolgenden", "aufeinanderfolg"},
        {"kategorien", "kategori"},
        {"häuser", "haus"},
        {"arbeitgebers", "arbeitgeb"},
        {"jährlich", "jahrlich"},
        {"möglichkeiten", "moglich"},
        {"kenntnisse", "kenntnis"},
        {"zeugnissen", "zeugnis"},
        {"erlaubnisse", "erlaubnis"},
        {"behörden", "behord"},
        {"wohnung", "wohnung"},
        {"wohnungen", "wohnung"},
        {"versicherungspflichtig", "versicherungspflicht"},
        {"verwaltet", "verwalt"},
        {"handeln", "handel"},
        {"regelns", "regel"},
        {"wählerinnen", "wahl"},
        {"system", "system"},
        {"neue", "neu"},
        {"bauen", "bau"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        check_stem(pairs[i][0], pairs[i][1]);
}

TEST(words_that_are_exceptions_keep_their_end)
{
    check_stem("internet", "internet");
    check_stem("planet", "planet");
    check_stem("ticket", "ticket");
}

TEST(short_words_and_numbers_stay)
{
    check_stem("", "");
    check_stem("es", "es");
    check_stem("ei", "ei");
    check_stem("123", "123");
}

TEST(other_alphabets_come_back_as_they_are)
{
    check_stem("привет", "привет");
    check_stem("αβγ", "αβγ");
}

TEST(an_overlong_word_comes_back_unstemmed)
{
    char word[STEM_MAX + 40], room[STEM_MAX];
    memset(word, 'e', sizeof word);
    CHECK_STR(stem_german((str){word, sizeof word}, room), ((str){word, sizeof word}));
}

TEST(a_stem_is_never_longer_and_never_empty)
{
    static const char *const letters[] = {"a", "e", "s", "t", "n", "r",
                                          "ä", "ü", "u", "y", "l", "ig"};
    for (int round = 0; round < 50000; round++) {
        char word[64], room[STEM_MAX];
        size_t len = 0;
        const size_t n = 1 + (size_t)(test_random() % 20);
        for (size_t i = 0; i < n; i++) {
            const char *const l = letters[test_random() % 12];
            memcpy(word + len, l, strlen(l));
            len += strlen(l);
        }
        const str stem = stem_german((str){word, len}, room);
        CHECK(stem.len && stem.len <= len);
    }
}
