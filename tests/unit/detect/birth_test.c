/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>

#include "find.h"

TEST(births_are_found_in_every_form)
{
    FINDS("geb. 21.12.1948 (Jena)", "GEBURTSDATUM:21.12.1948 | GEBURTSORT:Jena");
    FINDS("* 8.11.59 Essen", "GEBURTSDATUM:8.11.59 | GEBURTSORT:Essen");
    FINDS("Geburtsdatum: 23. Jan. 2000", "GEBURTSDATUM:23. Jan. 2000");
    FINDS("\"geburtsdatum\": \"1959-01-21\"", "GEBURTSDATUM:1959-01-21");
    FINDS("geboren am 3. M\u00e4rz 1950 in Aleppo",
          "GEBURTSDATUM:3. M\u00e4rz 1950 | GEBURTSORT:Aleppo");
    FINDS("geboren am zw\u00f6lften M\u00e4rz neunzehnhundertachtzig",
          "GEBURTSDATUM:zw\u00f6lften M\u00e4rz neunzehnhundertachtzig");
}

TEST(other_dates_stay)
{
    FINDS("Antrag vom 29.6.25 und Bescheid vom 12. M\u00e4rz 2024", "");
    FINDS("geb\u00fchrenfrei bis 12.03.2024", "");
    FINDS("2025-04-09T08:14:33Z", "");
}
