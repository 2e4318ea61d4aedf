/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>

#include "find.h"

TEST(numbers_are_found_in_every_layout)
{
    FINDS("IBAN DE89 3704 0044 0532 0130 00.", "IBAN:DE89 3704 0044 0532 0130 00");
    FINDS("IBAN DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000",
          "IBAN:DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000");
    FINDS("auf DE89 3704 0044\n0532 0130 00 ein", "IBAN:DE89 3704 0044\n0532 0130 00");
    FINDS("Steuer-ID: 86/095/742/719", "STEUER_ID:86/095/742/719");
    FINDS("SV-Nummer 15 070649 C 103", "SVNR:15 070649 C 103");
    FINDS("KVNR: A 000 500 015", "KVNR:A 000 500 015");
    FINDS("Reisepass C01X00T47-8", "REISEPASS:C01X00T47-8");
    FINDS("Personalausweis L01X00T47", "PERSONALAUSWEIS:L01X00T47");
    FINDS("Klasse B: B072RRE2I55", "FUEHRERSCHEIN:B072RRE2I55");
    FINDS("St.-Nr. 181/815/08155", "STEUERNUMMER:181/815/08155");
}

TEST(a_wrong_check_digit_beside_its_label_is_still_found)
{
    FINDS("Steuer-ID: 86095742718", "STEUER_ID:86095742718");
    FINDS("KVNR: A000500016", "KVNR:A000500016");
    FINDS("Konto DE89370400440532013001", "IBAN:DE89370400440532013001");
}

TEST(what_a_scanner_confused_is_found_beside_its_label)
{
    FINDS("Steuer-ID: 86O95742719", "STEUER_ID:86O95742719");
    FINDS("IBAN: DE8937O4OO44O532OI3OOO", "IBAN:DE8937O4OO44O532OI3OOO");
    FINDS("KVNR: A0005000l5", "KVNR:A0005000l5");
}

TEST(numbers_of_something_else_are_left_alone)
{
    FINDS("Bestellnummer 86095742718", "");
    FINDS("Artikel 12345678901 und 123456789", "");
    FINDS("ISBN 9783162643636", "");
    FINDS("Leitweg-ID 04011000-1234512345-06", "");
    FINDS("Version 14.4.28.2, Tarifstelle 6.9.82", "");
    FINDS("Betrag 1.703,33 Euro, Seite 12 bis 47", "");
    FINDS("86095742718", "");
}

TEST(file_numbers_are_known_by_layout_and_by_announcement)
{
    FINDS("(12 C 580/06)", "AZ_GERICHT:12 C 580/06");
    FINDS("XII ZR 17/04", "AZ_GERICHT:XII ZR 17/04");
    FINDS("Az.: 211321/37", "AZ_VERWALTUNG:211321/37");
    FINDS("14-14-83/155 Bd. 1", "AZ_VERWALTUNG:14-14-83/155 Bd. 1");
    FINDS("HRB-Nr. 4711", "HANDELSREGISTER:HRB-Nr. 4711");
    FINDS("Personalnummer: P-26003", "SONSTIGE_NR:P-26003");
}
