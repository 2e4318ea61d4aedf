/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/fold.h"

#include "base/utf8.h"
#include "test.h"

/* `text` folded, into a static room. */
static str
folded(str text)
{
    static char room[256];
    size_t len = 0;
    uint32_t c, to[FOLD_MAX];
    while (utf8_next(&text, &c)) {
        const size_t n = fold_char(c, to);
        for (size_t i = 0; i < n; i++)
            len += utf8_put(to[i], room + len);
    }
    return (str){room, len};
}

TEST(capitals_and_accents_go_and_umlauts_stay)
{
    CHECK_STR(folded(STR("ÄÖÜäöü")), STR("äöüäöü"));
    CHECK_STR(folded(STR("Éléve naïve Ångström Łódź Škoda")),
              STR("eleve naive angström lodz skoda"));
    CHECK_STR(folded(STR("ΑΒΓ Привет Їжак")), STR("αβγ привет їжак"));
}

TEST(sharp_s_ligatures_and_wide_letters_are_spelled_out)
{
    CHECK_STR(folded(STR("Straße STRAẞE")), STR("strasse strasse"));
    CHECK_STR(folded(STR("ﬁnden Æther œuvre")), STR("finden aether oeuvre"));
    CHECK_STR(folded(STR("ＡＢｃ１２")), STR("abc12"));
    CHECK_STR(folded(STR("m² 10³")), STR("m2 103"));
}

TEST(what_no_reader_sees_is_ignored)
{
    CHECK_STR(folded(STR("Wohn\u00adgeld\u200b")), STR("wohngeld"));
    CHECK_INT(fold_class(0xad), ==, FOLD_IGNORED);
    CHECK_INT(fold_class(0x308), ==, FOLD_IGNORED);
}

TEST(punctuation_is_neither_letter_nor_digit)
{
    const uint32_t other[] = {' ',    '-',    '.',    0xa7,   0xd7,   0xf7,
                              0x2013, 0x201e, 0x20ac, 0x3001, 0xff0c, 0x1f600};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        CHECK_INT(fold_class(other[i]), ==, FOLD_OTHER);
    CHECK_INT(fold_class('7'), ==, FOLD_DIGIT);
    CHECK_INT(fold_class(0x416), ==, FOLD_LETTER);
}

TEST(folding_twice_changes_nothing_more)
{
    for (uint32_t c = 1; c < 0x3000; c++) {
        uint32_t to[FOLD_MAX], again[FOLD_MAX];
        if (c >= 0xd800 && c < 0xe000)
            continue;
        const size_t n = fold_char(c, to);
        CHECK(n <= FOLD_MAX);
        for (size_t i = 0; i < n; i++)
            CHECK(fold_char(to[i], again) == 1 && again[0] == to[i]);
    }
}

TEST(only_vowels_take_a_diaeresis)
{
    CHECK_INT(fold_with_diaeresis('A'), ==, 0xe4);
    CHECK_INT(fold_with_diaeresis('u'), ==, 0xfc);
    CHECK_INT(fold_with_diaeresis('e'), ==, 'e');
    CHECK_INT(fold_with_diaeresis(0), ==, 0);
}
