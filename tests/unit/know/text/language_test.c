/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/language.h"

#include <stdio.h>

#include "test.h"

static void
is(const char *text, const char *code)
{
    CHECK_STR(language_of(str_of(text)).code, str_of(code));
}

TEST(a_sentence_gives_its_language_away)
{
    is("Ich möchte meinen Hund anmelden und weiß nicht, wie das geht.", "de");
    is("I have moved to the town and would like to register my dog.", "en");
    is("Je voudrais savoir comment inscrire mon fils à l'école.", "fr");
    is("¿Cómo puedo solicitar el permiso de residencia para mi hija?", "es");
    is("Vorrei sapere come si può rinnovare la mia carta d'identità, grazie.", "it");
    is("Köpeğimi nasıl kaydettirebilirim, bunun için ne gerekiyor?", "tr");
    is("Jak mogę zameldować się w mieście i czy muszę za to płacić?", "pl");
    is("Доброго дня, що мені потрібно, щоб зареєструвати собаку?", "uk");
    is("Здравствуйте, что мне нужно, чтобы зарегистрировать собаку?", "ru");
    is("كيف يمكن أن أسجل طفلي في المدرسة؟", "ar");
    is("Cum pot să îmi înregistrez mașina în oraș?", "ro");
}

TEST(what_shows_no_language_is_not_guessed)
{
    is("", "");
    is("4711", "");
    is("Hundesteuer", "");
    is("\xff\xfe", "");
    is("xqz wvx", "");
}

TEST(of_more_words_than_are_read_the_rest_says_nothing)
{
    static char text[LANGUAGE_WORDS_MAX * 4 + 4000];
    size_t n = 0;
    for (int i = 0; i < LANGUAGE_WORDS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "und ");
    for (int i = 0; i < 500; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "the ");
    const struct language l = language_of((str){text, n});
    CHECK_STR(l.code, STR("de"));
    CHECK_INT(l.words, ==, LANGUAGE_WORDS_MAX);
    CHECK(l.share == 1);
}

TEST(any_bytes_are_read_to_their_end)
{
    for (int round = 0; round < 300; round++) {
        char text[200];
        const size_t n = (size_t)(test_random() % sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)test_random();
        const struct language l = language_of((str){text, n});
        CHECK(l.share >= 0 && l.share <= 1);
        CHECK(!l.code.len == (l.share == 0));
    }
}
