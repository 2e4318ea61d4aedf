/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>

#include "find.h"

TEST(names_are_found_behind_forms_of_address_titles_and_roles)
{
    FINDS("Sehr geehrter Herr Quobb,", "PERSON:Quobb");
    FINDS("Frau Dr. med. von der Quobb-Yrlau kam", "PERSON:von der Quobb-Yrlau");
    FINDS("Sachbearbeiter: KHK Quobb, App. 12", "PERSON:Quobb");
    FINDS("Mit freundlichen Gr\u00fc\u00dfen\nIm Auftrag\nQuobb", "PERSON:Quobb");
    FINDS("Zeuge: Quobb, Anna", "PERSON:Quobb, Anna");
}

TEST(a_name_once_seen_is_found_everywhere_also_with_a_genitive)
{
    FINDS("Frau Quobb kam. Dann ging Quobb. Quobbs Auto stand dort.",
          "PERSON:Quobb | PERSON:Quobb | PERSON:Quobbs");
}

TEST(composed_and_decomposed_letters_are_the_same_name)
{
    FINDS("Herr Sch\u00f6ber kam. Scho\u0308ber ging.",
          "PERSON:Sch\u00f6ber | PERSON:Scho\u0308ber");
}

TEST(words_that_are_names_too_need_a_reason)
{
    FINDS("Wer als Koch, Bauer oder Schreiber arbeitet, hat im Sommer frei.", "");
    FINDS("Herr Koch kocht. Koch ist im Sommer im Urlaub.", "PERSON:Koch | PERSON:Koch");
    FINDS("Im Mai und jeden Sonntag ist geschlossen.", "");
    FINDS("Das Finanzamt Heidelberg und die Stadt K\u00f6ln antworten.", "");
}
