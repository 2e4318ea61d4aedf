/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>

#include "find.h"

TEST(numbers_said_digit_by_digit_take_the_type_of_their_label)
{
    FINDS("Meine Telefonnummer ist null eins sieben sechs zwei drei vier",
          "TELEFON:null eins sieben sechs zwei drei vier");
    FINDS("Die Steuer-ID lautet acht sechs null neun f\u00fcnf sieben",
          "STEUER_ID:acht sechs null neun f\u00fcnf sieben");
}

TEST(a_spelled_name_is_found)
{
    FINDS("ich buchstabiere: B-R-E-N-N", "PERSON:B-R-E-N-N");
    FINDS("B wie Berta, R wie Richard, E wie Emil, N wie Nordpol",
          "PERSON:B wie Berta, R wie Richard, E wie Emil, N wie Nordpol");
}

TEST(few_numbers_in_a_sentence_are_none)
{
    FINDS("zwei oder drei Tage und vier Wochen", "");
    FINDS("a, b und c", "");
}
