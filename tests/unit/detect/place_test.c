/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/place.h"

#include <stdio.h>

#include "find.h"

TEST(streets_are_found_with_their_house_numbers)
{
    FINDS("Gerberweg 6, 51063 K\u00f6ln", "STRASSE:Gerberweg 6 | PLZ_ORT:51063 K\u00f6ln");
    FINDS("Kleiner Ochsenberg 68f\n30159 Hannover",
          "STRASSE:Kleiner Ochsenberg 68f | PLZ_ORT:30159 Hannover");
    FINDS("Prof.-Lindwurm-Str. 186-188", "STRASSE:Prof.-Lindwurm-Str. 186-188");
    FINDS("Op de Diek 172\nD-53111 Bonn", "STRASSE:Op de Diek 172 | PLZ_ORT:D-53111 Bonn");
    FINDS("Postfach 12 34 56", "POSTFACH:Postfach 12 34 56");
}

TEST(towns_may_have_more_than_one_word)
{
    FINDS("60311 Frankfurt am Main.", "PLZ_ORT:60311 Frankfurt am Main");
    FINDS("06108 Halle (Saale)", "PLZ_ORT:06108 Halle (Saale)");
}

TEST(words_for_streets_and_numbers_of_things_are_no_addresses)
{
    FINDS("Die Auflage betrug 50823 Exemplare.", "");
    FINDS("Stra\u00dfenbahnlinie 12 zum Marktplatz", "");
    FINDS("In Zeile 325, im Jahr 2024, am Montag um 8 Uhr", "");
    FINDS("ein Platzverweis 2. Stufe", "");
    FINDS("Im Bereich des Waldwegs", "");
}
