/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/word.h"

#include <stdio.h>

#include "test.h"

/* All words, with a bar behind each. */
static const char *
folded(const char *text, bool goes_on)
{
    static char room[4096];
    struct words w = {.text = str_of(text), .goes_on = goes_on};
    struct word one;
    size_t len = 0;
    room[0] = 0;
    while (word_next(&w, &one) && len < sizeof room - 100)
        len += (size_t)snprintf(room + len, sizeof room - len, "%.*s|", (int)one.len, one.at);
    return room;
}

TEST(case_diacritics_and_what_cannot_be_seen_do_not_count)
{
    static const char *const same[][2] = {
        {"Bombe", "bombe|"},
        {"BÖSE", "bose|"},
        {"boese", "bose|"},
        {"b\xc3\xb6se", "bose|"},
        {"bo\xcc\x88se", "bose|"}, /* combining */
        {"Straße", "strasse|"},
        {"bom\xc2\xad"
         "be",
         "bombe|"}, /* soft hyphen */
        {"bo\xe2\x80\x8bm\xef\xbb\xbf"
         "be",
         "bombe|"},                                /* no width */
        {"\xef\xbc\xa2\xef\xbd\x8fmbe", "bombe|"}, /* full width */
        {"b\xd0\xbemb\xd0\xb5", "bombe|"},         /* Cyrillic */
        {"B\xd0\x9eMBE", "bombe|"},
        {"Łódź", "lodz|"},
        {"a-b_c.d", "a|b|c|d|"},
        {"x\xff"
         "y",
         "x|y|"},
        {"a\xe2\x80\x94"
         "b",
         "a|b|"},
        {"\xd7\xa9\xd7\x9c", "\xd7\xa9\xd7\x9c|"}, /* letters of other scripts stay */
        {"", ""},
        {" \t\n...", ""}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        CHECK_STR(str_of(folded(same[i][0], false)), str_of(same[i][1]));
}

TEST(the_last_word_of_a_text_that_goes_on_is_not_whole)
{
    CHECK_STR(str_of(folded("eins zwei", true)), STR("eins|"));
    CHECK_STR(str_of(folded("eins zwei ", true)), STR("eins|zwei|"));
    CHECK_STR(str_of(folded("eins zwei", false)), STR("eins|zwei|"));
}

TEST(a_long_word_is_cut_and_says_so)
{
    char text[400];
    struct word one;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    struct words w = {.text = str_of(text)};
    NEED(word_next(&w, &one));
    CHECK(one.is_cut);
    CHECK_INT(one.len, ==, WORD_BYTES_MAX);
    CHECK_INT(one.end, ==, sizeof text - 1);
    CHECK(!word_next(&w, &one));
}

TEST(a_word_ends_however_much_stands_behind_it_that_cannot_be_seen)
{
    char text[400] = "bombe";
    struct word one;
    for (size_t i = 5; i < 397; i += 2)
        memcpy(text + i, "\xc2\xad", 2);
    struct words w = {.text = str_of(text), .goes_on = true};
    NEED(word_next(&w, &one));
    CHECK_INT(one.len, ==, 5);
    CHECK_INT(one.end, ==, 5);
}

/* Whatever the bytes are: words lie in the text, in order, and none is empty. */
TEST(words_of_any_bytes_are_in_order_and_within)
{
    for (int round = 0; round < 2000; round++) {
        char text[80];
        struct word one;
        const size_t len = test_random() % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(test_random() % 4 ? "aE \xc3\xa4-*1"[test_random() % 8]
                                               : (char)test_random());
        struct words w = {.text = {text, len}};
        size_t at = 0;
        while (word_next(&w, &one)) {
            CHECK(one.start >= at && one.end > one.start && one.end <= len);
            CHECK(one.len > 0 && one.len <= WORD_BYTES_MAX);
            at = one.end;
        }
    }
}
