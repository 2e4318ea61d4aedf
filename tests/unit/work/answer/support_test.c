/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/support.h"

#include <stdio.h>

#include "test.h"

static struct cards
two_cards(void)
{
    return (struct cards){
        .at = {{.section = STR("§ 6"),
                .heading = STR("Gültigkeitsdauer"),
                .quote = STR("Personalausweise werden für eine Gültigkeitsdauer von zehn Jahren "
                             "ausgestellt.")},
               {.section = STR("§ 43"),
                .quote = STR("Der Anspruch beträgt je Kalendermonat 1 775 Euro für "
                             "Pflegebedürftige. Das gilt nicht am 1. März.")}},
        .count = 2};
}

static enum support_fault
fault_of(const char *sentence)
{
    AUTO(arena) *a = NULL;
    support_list l = {0};
    const struct cards c = two_cards();
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(support_check(a, str_of(sentence), &c, &l));
    CHECK_INT(l.count, ==, 1);
    return l.count ? l.at[0].fault : SUPPORT_FAULT_COUNT;
}
#define FAULT(sentence, wanted) CHECK_INT(fault_of(sentence), ==, SUPPORT_##wanted)

TEST(what_the_quote_says_stays)
{
    FAULT("Der Personalausweis hat eine Gültigkeitsdauer von zehn Jahren [1].", FINE);
    FAULT("Personalausweise werden für 10 Jahre ausgestellt. [1]", FINE);
    FAULT("Nach § 6 gilt eine Gültigkeitsdauer von zehn Jahren [1].", FINE);
    FAULT("Der Anspruch beträgt 1.775 Euro je Kalendermonat [2].", FINE);
    FAULT("Der Anspruch beträgt 1775 Euro je Kalendermonat [1, 2].", FINE);
    FAULT("Das gilt nicht am 1. März [2].", FINE);
}

TEST(what_cites_nothing_or_nothing_that_is_there_goes)
{
    FAULT("Der Personalausweis gilt zehn Jahre.", UNCITED);
    FAULT("Der Personalausweis gilt zehn Jahre [3].", NO_QUOTE);
    FAULT("Der Personalausweis gilt zehn Jahre [0].", NO_QUOTE);
    FAULT("Der Personalausweis gilt zehn Jahre [1][99999999999].", NO_QUOTE);
}

TEST(numbers_dates_and_paragraphs_that_are_not_in_the_cited_quote_go)
{
    FAULT("Personalausweise werden für sechs Jahre ausgestellt [1].", NUMBER);
    FAULT("Personalausweise werden für 6 Jahre ausgestellt [1].", NUMBER);
    FAULT("Personalausweise werden nach § 7 ausgestellt [1].", NUMBER);
    FAULT("Der Anspruch beträgt 775 Euro je Kalendermonat [2].", NUMBER);
    FAULT("Der Anspruch beträgt 1 775 Euro je Kalendermonat [1].", NUMBER);
    FAULT("Der Anspruch beträgt 1 775,50 Euro je Kalendermonat [2].", NUMBER);
    FAULT("Das gilt nicht am 1. April [2].", NUMBER);
}

TEST(a_denial_must_be_the_quotes)
{
    FAULT(
        "Personalausweise werden nicht für eine Gültigkeitsdauer von zehn Jahren ausgestellt [1].",
        NEGATION);
}

TEST(words_of_its_own_go)
{
    FAULT("Rufen Sie morgen beim Bürgermeister an und bringen Sie Kuchen mit [1].", WORDS);
}

TEST(sentences_are_judged_one_by_one_and_lose_their_citations)
{
    AUTO(arena) *a = NULL;
    support_list l = {0};
    const struct cards c = two_cards();
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(support_check(a,
                          STR("Die Gültigkeitsdauer beträgt zehn Jahre [1]. Sie kostet 37 Euro "
                              "[1].\nGern geschehen!"),
                          &c, &l));
    NEED(l.count == 3);
    CHECK_STR(l.at[0].text, STR("Die Gültigkeitsdauer beträgt zehn Jahre."));
    CHECK_INT(l.at[0].fault, ==, SUPPORT_FINE);
    CHECK_INT(l.at[0].cites, ==, 1);
    CHECK_INT(l.at[1].fault, ==, SUPPORT_NUMBER);
    CHECK_INT(l.at[2].fault, ==, SUPPORT_UNCITED);
}

TEST(no_sentence_with_a_number_of_its_own_ever_stays)
{
    const struct cards c = two_cards();
    for (int round = 0; round < 3000; round++) {
        AUTO(arena) *a = NULL;
        char text[128];
        support_list l = {0};
        const unsigned n = (unsigned)(test_random() % 5000);
        NEED_OK(arena_open(1 << 20, &a));
        snprintf(text, sizeof text, "Der Anspruch beträgt %u Euro für Pflegebedürftige [2].", n);
        NEED_OK(support_check(a, str_of(text), &c, &l));
        NEED(l.count == 1);
        CHECK_INT(l.at[0].fault == SUPPORT_FINE, ==, n == 1775 || n == 1);
    }
}

TEST(each_fault_has_words_for_people)
{
    for (int f = SUPPORT_UNCITED; f < SUPPORT_FAULT_COUNT; f++)
        CHECK(*support_says((enum support_fault)f));
}

TEST(no_room_is_reported)
{
    AUTO(arena) *a = NULL;
    support_list l = {0};
    const struct cards c = two_cards();
    char text[3000];
    NEED_OK(arena_open(1024, &a));
    memset(text, 'a', sizeof text);
    CHECK_ERR(support_check(a, (str){text, sizeof text}, &c, &l), LIMIT);
}
