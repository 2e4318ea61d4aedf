/* SPDX-License-Identifier: EUPL-1.2 */
/* checkdigit.h - the check digits of German identifiers.
 *
 * Every function takes the number without layout, letters in capitals, and says whether length,
 * alphabet and check digit fit.  Sources: ISO 7064 (mod 11,10 and mod 97-10), ISO 13616 (IBAN),
 * ICAO 9303 (7-3-1), § 139b AO and its ordinance (Steuer-ID), VKVV § 2 (Versicherungsnummer),
 * ELSTER "Pruefung der Steuernummer" (procedures of the Laender), ISO/IEC 7812 (Luhn). */
#pragma once
#include "base/str.h"

typedef bool check_digit(str s);

bool check_none(str s);
bool check_iban(str s);
bool check_steuer_id(str s);
bool check_steuernummer(str s); /* 13 digits; shorter forms have no check of their own */
bool check_ust_id(str s);
bool check_svnr(str s);
bool check_kvnr(str s);
bool check_ausweis(str s); /* serial of 9 and its check digit; an appended D is ignored */
bool check_fuehrerschein(str s);
bool check_betriebsnummer(str s);
bool check_lanr(str s);
bool check_luhn(str s);
bool check_leitweg(str s);
bool check_mrz(str s); /* one line, 30 or 44 characters, `<` as filler */
