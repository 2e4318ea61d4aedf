/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/compound.h"

#include "test.h"

static const struct {
    const char *word;
    uint32_t count;
} words[] = {{"wohnung", 50},    {"geber", 20},    {"wohnungsgeber", 5}, {"arbeit", 100},
             {"amt", 30},        {"schule", 40},   {"pflicht", 40},      {"kinder", 60},
             {"kind", 90},       {"geld", 80},     {"kindergeld", 200},  {"führer", 9},
             {"schein", 12},     {"personal", 30}, {"ausweis", 40},      {"selten", 2},
             {"verordnung", 70}, {"urlaub", 30},   {"anspruch", 50},     {"personalausweis", 20}};

static uint32_t
count(void *ctx, str word)
{
    *(size_t *)ctx += 1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(str_of(words[i].word), word))
            return words[i].count;
    return 0;
}

/* Parts with '+' between. */
static str
split(const char *word)
{
    static char room[256];
    str parts[COMPOUND_MAX];
    size_t asked = 0, len = 0;
    const size_t n = compound_split(str_of(word), count, &asked, parts);
    for (size_t i = 0; i < n; i++) {
        if (i)
            room[len++] = '+';
        memcpy(room + len, parts[i].at, parts[i].len);
        len += parts[i].len;
    }
    return (str){room, len};
}

TEST(a_compound_falls_into_what_stands_alone_more_often)
{
    CHECK_STR(split("wohnungsgeber"), STR("wohnung+geber"));
    CHECK_STR(split("führerschein"), STR("führer+schein"));
    CHECK_STR(split("urlaubsanspruch"), STR("urlaub+anspruch"));
    CHECK_STR(split("personalausweisverordnung"), STR("personal+ausweis+verordnung"));
}

TEST(a_first_part_may_lack_its_e)
{
    CHECK_STR(split("schulpflicht"), STR("schul+pflicht"));
}

TEST(what_is_common_as_a_whole_stays_whole)
{
    CHECK_STR(split("kindergeld"), STR(""));
}

TEST(short_rare_and_unknown_words_stay_whole)
{
    CHECK_STR(split("amt"), STR(""));
    CHECK_STR(split("arbeitsamt"), STR("")); /* "amt" is too short a part */
    CHECK_STR(split("seltengeld"), STR(""));
    CHECK_STR(split("xyzzyxyzzy"), STR(""));
    CHECK_STR(split("geld2geld2"), STR(""));
    CHECK_STR(split(""), STR(""));
}

TEST(a_word_is_cut_only_between_letters)
{
    for (int round = 0; round < 2000; round++) {
        static const char *const pieces[] = {"führer", "ä", "geld", "s", "schein", "ü", "arbeit"};
        char word[100];
        size_t len = 0, asked = 0;
        for (int i = 0; i < 4; i++) {
            const char *const p = pieces[test_random() % 7];
            memcpy(word + len, p, strlen(p));
            len += strlen(p);
        }
        str parts[COMPOUND_MAX];
        const size_t n = compound_split((str){word, len}, count, &asked, parts);
        CHECK(n <= COMPOUND_MAX && n != 1);
        CHECK(asked < 5000);
        for (size_t i = 0; i < n; i++)
            CHECK(parts[i].at >= word && parts[i].at + parts[i].len <= word + len &&
                  ((uint8_t)parts[i].at[0] & 0xc0) != 0x80);
    }
}
