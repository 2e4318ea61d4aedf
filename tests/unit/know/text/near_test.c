/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/near.h"

#include "test.h"

TEST(slips_are_counted_by_letters)
{
    CHECK_INT(near_distance(STR("urlaub"), STR("urlaub"), 2), ==, 0);
    CHECK_INT(near_distance(STR("urlab"), STR("urlaub"), 2), ==, 1);
    CHECK_INT(near_distance(STR("urluab"), STR("urlaub"), 2), ==, 1);
    CHECK_INT(near_distance(STR("fuhrer"), STR("führer"), 2), ==, 1);
    CHECK_INT(near_distance(STR("anspuch"), STR("anspruch"), 2), ==, 1);
    CHECK_INT(near_distance(STR("gearbeited"), STR("gearbeitet"), 2), ==, 1);
}

TEST(what_is_too_far_is_one_more_than_allowed)
{
    CHECK_INT(near_distance(STR("miete"), STR("steuer"), 2), ==, 3);
    CHECK_INT(near_distance(STR("a"), STR("abcdefgh"), 1), ==, 2);
    CHECK_INT(near_distance(STR("\xff\xff"), STR("ab"), 2), ==, 3);
    CHECK_INT(near_distance(STR(""), STR(""), 0), ==, 0);
}

TEST(short_words_are_forgiven_nothing)
{
    CHECK_INT(near_most(STR("amt")), ==, 0);
    CHECK_INT(near_most(STR("über")), ==, 0);
    CHECK_INT(near_most(STR("miete")), ==, 1);
    CHECK_INT(near_most(STR("anspruch")), ==, 2);
}

/* The whole table, as the textbook has it. */
static size_t
plain(str a, str b)
{
    size_t d[20][20];
    for (size_t i = 0; i <= a.len; i++)
        for (size_t k = 0; k <= b.len; k++) {
            if (!i || !k) {
                d[i][k] = i + k;
                continue;
            }
            const size_t other = a.at[i - 1] != b.at[k - 1];
            size_t n = d[i - 1][k - 1] + other;
            n = d[i - 1][k] + 1 < n ? d[i - 1][k] + 1 : n;
            n = d[i][k - 1] + 1 < n ? d[i][k - 1] + 1 : n;
            if (i > 1 && k > 1 && a.at[i - 1] == b.at[k - 2] && a.at[i - 2] == b.at[k - 1] &&
                d[i - 2][k - 2] + 1 < n)
                n = d[i - 2][k - 2] + 1;
            d[i][k] = n;
        }
    return d[a.len][b.len];
}

TEST(it_agrees_with_the_whole_table)
{
    for (int round = 0; round < 50000; round++) {
        char x[12], y[12];
        const str a = {x, (size_t)(test_random() % sizeof x)};
        const str b = {y, (size_t)(test_random() % sizeof y)};
        for (size_t i = 0; i < sizeof x; i++) {
            x[i] = (char)('a' + test_random() % 3);
            y[i] = (char)('a' + test_random() % 3);
        }
        const size_t most = (size_t)(test_random() % 4), want = plain(a, b);
        CHECK_INT(near_distance(a, b, most), ==, want > most ? most + 1 : want);
    }
}

TEST(two_letters_for_an_umlaut_are_read_as_one)
{
    char room[64];
    str s;
    CHECK(near_umlaut(STR("fuehrerschein"), room, sizeof room, &s));
    CHECK_STR(s, STR("führerschein"));
    CHECK(near_umlaut(STR("oeffnen"), room, sizeof room, &s));
    CHECK_STR(s, STR("öffnen"));
    CHECK(!near_umlaut(STR("wohnung"), room, sizeof room, &s));
    CHECK(!near_umlaut(STR("quelle"), room, sizeof room, &s));
    CHECK(!near_umlaut(STR("fuehrerschein"), room, 5, &s));
}
