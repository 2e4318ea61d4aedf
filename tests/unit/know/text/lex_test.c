/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/lex.h"

#include "test.h"

/* All lexemes with '|' between; a kind other than a word stands before as a digit. */
static str
lexed(str text)
{
    static char room[2048];
    size_t len = 0;
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    while (lex_next(&l, &x) && len < 1800) {
        if (len)
            room[len++] = '|';
        if (x.kind != LEX_WORD)
            room[len++] = (char)('0' + (int)x.kind);
        memcpy(room + len, x.text.at, x.text.len);
        len += x.text.len;
    }
    return (str){room, len};
}

TEST(words_are_folded_runs_of_letters_and_digits)
{
    CHECK_STR(lexed(STR("Die Straße, eID-Karte (18-jährig)")),
              STR("die|strasse|eid|karte|118|jährig"));
    CHECK_STR(lexed(STR("")), STR(""));
    CHECK_STR(lexed(STR(" ,.;–!? ")), STR(""));
}

TEST(sections_and_articles_are_kept_whole)
{
    CHECK_STR(lexed(STR("nach § 6a Abs. 1")), STR("nach|2§6a|abs|11"));
    CHECK_STR(lexed(STR("§§ 3 bis 5, §12")), STR("2§3|bis|15|2§12"));
    CHECK_STR(lexed(STR("Art. 20 GG und Artikel 3")), STR("2art20|gg|und|2art3"));
    CHECK_STR(lexed(STR("§\u00a07")), STR("2§7"));
}

TEST(a_sign_without_a_number_is_no_section)
{
    CHECK_STR(lexed(STR("das § Zeichen")), STR("das|zeichen"));
    CHECK_STR(lexed(STR("die Art der Hilfe")), STR("die|art|der|hilfe"));
    CHECK_STR(lexed(STR("§ 12345678")), STR("112345678"));
    CHECK_STR(lexed(STR("§")), STR(""));
}

TEST(file_numbers_are_kept_whole_and_in_pieces)
{
    CHECK_STR(lexed(STR("Az. 12 K 3456/21.A")), STR("3az:12k3456/21.a|112|k|33456/21|a"));
    CHECK_STR(lexed(STR("(Aktenzeichen: IV-23/2021)")), STR("3az:iv-23/2021|iv|323/2021"));
    CHECK_STR(lexed(STR("mit dem Aktenzeichen versehen")), STR("mit|dem|aktenzeichen|versehen"));
    CHECK_STR(lexed(STR("3456/21")), STR("33456/21"));
}

TEST(numbers_lose_their_thousands_dots)
{
    CHECK_STR(lexed(STR("1.234.567,89 Euro")), STR("11234567,89|euro"));
    CHECK_STR(lexed(STR("450 Euro, 9,5 v. H.")), STR("1450|euro|19,5|v|h"));
    CHECK_STR(lexed(STR("am 1.5.2021")), STR("am|11|15|12021"));
}

TEST(a_combining_diaeresis_makes_an_umlaut)
{
    CHECK_STR(lexed(STR("fu\u0308r Ha\u0308user")), STR("für|häuser"));
    CHECK_STR(lexed(STR("e\u0301t\u0301e")), STR("ete"));
}

TEST(places_point_into_the_source)
{
    const str text = STR("ab § 6a Übel");
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    NEED(lex_next(&l, &x) && lex_next(&l, &x));
    CHECK_STR(str_slice(text, x.from, x.to), STR("§ 6a"));
    NEED(lex_next(&l, &x));
    CHECK_STR(str_slice(text, x.from, x.to), STR("Übel"));
    CHECK(!lex_next(&l, &x));
}

TEST(random_bytes_end_and_stay_inside)
{
    char text[64];
    for (int round = 0; round < 20000; round++) {
        static const char odd[] = "\xc2\xa7 a1./-A\xcc\x88\xff\xc3";
        const size_t len = (size_t)(test_random() % sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] =
                test_random() % 2 ? odd[test_random() % (sizeof odd - 1)] : (char)test_random();
        struct lex l;
        struct lexeme x;
        size_t last = 0, count = 0;
        lex_begin(&l, (str){text, len});
        while (lex_next(&l, &x)) {
            CHECK(x.from >= last && x.to > x.from && x.to <= len && x.text.len);
            CHECK(x.text.len <= LEX_TEXT_MAX + 4);
            last = x.from;
            NEED(count++ < 3 * sizeof text);
        }
    }
}

TEST(an_endless_word_is_cut)
{
    static char text[5000];
    struct lex l;
    struct lexeme x;
    memset(text, 'x', sizeof text);
    lex_begin(&l, (str){text, sizeof text});
    NEED(lex_next(&l, &x));
    CHECK_INT(x.text.len, ==, LEX_TEXT_MAX);
    CHECK_INT(x.to, ==, sizeof text);
    CHECK(!lex_next(&l, &x));
}
