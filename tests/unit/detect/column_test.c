/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>

#include "find.h"

TEST(a_column_takes_its_type_from_its_head)
{
    FINDS("Nr. | Name | geb. am | Betrag\n1 | Quobb, Yrla | 17.11.2001 | 3,00\n",
          "PERSON:Quobb, Yrla | GEBURTSDATUM:17.11.2001");
    FINDS("Name;Vorname;Steuer-ID\nQuobb;Yrla;86095742718\n",
          "PERSON:Quobb | PERSON:Yrla | STEUER_ID:86095742718");
}

TEST(keys_announce_their_values)
{
    FINDS("\"nachname\": \"Quobb\", \"x\": \"Quabb\"", "PERSON:Quobb");
    FINDS("<familienname>Quobb</familienname><ort>Yrlau</ort>", "PERSON:Quobb | PLZ_ORT:Yrlau");
}

TEST(a_table_without_known_heads_is_left_alone)
{
    FINDS("Pos | Menge | Preis\n1 | 2 | 3\n", "");
    FINDS("Eins | Zwei | Drei\nVier | F\u00fcnf | Sechs\n", "");
}
