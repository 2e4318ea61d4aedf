/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/lexicon.h"

#include "test.h"

TEST(case_diacritics_hyphens_and_composition_do_not_count)
{
    const uint64_t hash = word_hash_of(STR("ozturk")).hash;
    CHECK(word_hash_of(STR("\u00d6zt\u00fcrk")).hash == hash);
    CHECK(word_hash_of(STR("O\u0308ztu\u0308rk")).hash == hash);
    CHECK(word_hash_of(STR("Steuer-ID")).hash == word_hash_of(STR("steuerid")).hash);
    CHECK(word_hash_of(STR("Stra\u00dfe")).hash == word_hash_of(STR("STRASSE")).hash);
    CHECK(word_hash_of(STR("Kochs")).stem == word_hash_of(STR("Koch")).hash);
}

TEST(different_words_differ_and_unknown_ones_have_no_bits)
{
    AUTO(arena) *a = NULL;
    const lexicon *x = NULL;
    uint32_t bits;
    uint8_t label;
    NEED_OK(arena_open(4 << 20, &a));
    NEED_OK(detect_open(a, &x));
    lexicon_find(x, word_hash_of(STR("Quobb")).hash, &bits, &label);
    CHECK(bits == 0 && label == DETECT_NONE);
    lexicon_find(x, word_hash_of(STR("Herrn")).hash, &bits, &label);
    CHECK_INT(bits & WORD_ANREDE, !=, 0);
    lexicon_find(x, word_hash_of(STR("IdNr")).hash, &bits, &label);
    CHECK_INT(label, ==, DETECT_STEUER_ID);
    CHECK(word_is_upper(0xD6) && !word_is_upper(0xF6) && word_is_upper(0x160) &&
          !word_is_upper('1'));
}

TEST(an_arena_too_small_for_the_lists_is_refused)
{
    AUTO(arena) *a = NULL;
    const lexicon *x = NULL;
    NEED_OK(arena_open(64 * 1024, &a));
    CHECK_ERR(detect_open(a, &x), LIMIT);
    CHECK(x == NULL);
}
