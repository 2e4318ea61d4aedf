/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/toy/toy_words.h"

#include "base/utf8.h"
#include "engine/toy/toy_voice.h"
#include "test.h"

static size_t
count_many_byte_words(const str *words, size_t count)
{
    size_t many = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < words[i].len; k++)
            if ((uint8_t)words[i].at[k] >= 0x80) {
                many++;
                break;
            }
    return many;
}

/* Answers in JSON hold them unescaped, and a token must hold one with its space. */
TEST(every_word_is_there_valid_plain_and_fits_a_token)
{
    for (size_t i = 0; i < TOY_OPENERS + TOY_WORDS; i++) {
        const str w = i < TOY_OPENERS ? toy_openers[i] : toy_words[i - TOY_OPENERS];
        CHECK(w.len > 0 && w.len + 1 <= TOY_TOKEN_BYTES_MAX);
        CHECK(utf8_valid(w));
        for (size_t k = 0; k < w.len; k++)
            CHECK((uint8_t)w.at[k] > ' ' && w.at[k] != '"' && w.at[k] != '\\' && w.at[k] != '.');
    }
}

TEST(no_word_is_there_twice)
{
    for (size_t i = 0; i < TOY_WORDS; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(!str_eq(toy_words[i], toy_words[k]));
}

TEST(many_words_have_umlauts)
{
    CHECK_INT(count_many_byte_words(toy_words, TOY_WORDS), >, 30);
    CHECK_INT(count_many_byte_words(toy_openers, TOY_OPENERS), >, 3);
}
