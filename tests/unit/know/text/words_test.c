/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/words.h"

#include "know/text/lex.h"
#include "know/text/stem.h"
#include "test.h"

static const char *const stops[] = {
#define STOP(word, class) word,
#include "know/text/stop.def"
#undef STOP
};
static const struct {
    const char *said, *official;
} sayings[] = {
#define EVERYDAY(said, official) {said, official},
#include "know/text/everyday.def"
#undef EVERYDAY
};

enum { STOPS = sizeof stops / sizeof *stops, SAYINGS = sizeof sayings / sizeof *sayings };

TEST(the_stop_words_are_in_order_and_each_is_found)
{
    for (size_t i = 0; i < STOPS; i++) {
        CHECK(words_is_stop(str_of(stops[i])));
        if (i)
            CHECK(str_cmp(str_of(stops[i - 1]), str_of(stops[i])) < 0);
    }
}

TEST(words_that_mean_something_are_no_stop_words)
{
    CHECK(!words_is_stop(STR("wohngeld")));
    CHECK(!words_is_stop(STR("")));
    CHECK(!words_is_stop(STR("zzz")));
    CHECK(!words_is_stop(STR("Der")));
}

static size_t
stems_of(const char *text, str stems[EVERYDAY_WORDS_MAX], char rooms[EVERYDAY_WORDS_MAX][STEM_MAX])
{
    struct lex l;
    struct lexeme x;
    size_t n = 0;
    lex_begin(&l, str_of(text));
    while (n < EVERYDAY_WORDS_MAX && lex_next(&l, &x)) {
        char stem[STEM_MAX];
        const str s = stem_german(x.text, stem);
        memcpy(rooms[n], s.at, s.len);
        stems[n] = (str){rooms[n], s.len};
        n++;
    }
    return n;
}

TEST(every_saying_is_found_by_its_own_words)
{
    AUTO(arena) *a = NULL;
    const everyday *e = NULL;
    NEED_OK(arena_open(4 << 20, &a));
    NEED_OK(everyday_open(a, &e));
    for (size_t i = 0; i < SAYINGS; i++) {
        str stems[EVERYDAY_WORDS_MAX], official = STR_NONE;
        char rooms[EVERYDAY_WORDS_MAX][STEM_MAX];
        const size_t n = stems_of(sayings[i].said, stems, rooms);
        CHECK(n >= 1);
        CHECK_INT(everyday_find(e, stems, n, &official), ==, n);
        CHECK(official.len > 0);
    }
}

TEST(the_longest_saying_wins_and_unknown_words_find_none)
{
    AUTO(arena) *a = NULL;
    const everyday *e = NULL;
    str official = STR("untouched");
    const str long_one[] = {STR("erst"), STR("hilf"), STR("kurs")};
    const str none[] = {STR("xyzzy")};
    NEED_OK(arena_open(4 << 20, &a));
    NEED_OK(everyday_open(a, &e));
    CHECK_INT(everyday_find(e, none, 1, &official), ==, 0);
    CHECK_STR(official, STR("untouched"));
    CHECK_INT(everyday_find(e, long_one, 0, &official), ==, 0);
    CHECK_INT(everyday_find(e, long_one, 3, &official), ==, 2);
}

TEST(no_room_is_reported)
{
    AUTO(arena) *a = NULL;
    const everyday *e = NULL;
    NEED_OK(arena_open(1024, &a));
    CHECK_ERR(everyday_open(a, &e), LIMIT);
}
