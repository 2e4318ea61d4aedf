/* SPDX-License-Identifier: EUPL-1.2 */
/* holidays.h - which days are public holidays in a German Land: pure, computed from the table
 * holidays.def, without a calendar of the system.
 *
 * Sources: for all Länder Art. 2(2) Einigungsvertrag (3 October) and their own laws: Baden-
 * Württemberg FTG § 1, Bayern FTG Art. 1, Berlin FeiertG § 1, Brandenburg FTG § 2, Bremen
 * SoFeiertG § 2, Hamburg FeiertagsG § 1, Hessen HFeiertagsG § 1, Mecklenburg-Vorpommern FTG M-V
 * § 2, Niedersachsen NFeiertagsG § 2, Nordrhein-Westfalen FeiertagsG NW § 2, Rheinland-Pfalz LFtG
 * § 2, Saarland SFG § 2, Sachsen SächsSFG § 1, Sachsen-Anhalt FeiertG LSA § 2, Schleswig-Holstein
 * SFTG § 2, Thüringen ThürFtG § 2.  As they are in force since 2017; a later change of a law is a
 * change of the table.
 *
 * What holds in some municipalities of a Land only is not here (15 August in parts of Bayern,
 * 8 August in Augsburg, Fronleichnam in parts of Sachsen and Thüringen): the policy file names such
 * days itself (hours.h).  Easter by the Gregorian computus, from 1583 on. */
#pragma once
#include "base/str.h"

enum land {
    LAND_NONE,
#define LAND(id, name) LAND_##id,
#include "policy/holidays.def"
#undef LAND
    LAND_COUNT
};

struct date {
    int year, month, day; /* 1 to 12, 1 to 31 */
};

/* "BAYERN", as parties are called in the policy file; "DEUTSCHLAND": what is one in every Land. */
bool holidays_find_land(str name, enum land *ret);
/* The name of the holiday, or NULL; `land` is one.  `day`: days since 1 January 1970. */
const char *holidays_name(enum land land, int64_t day);

struct date date_of_day(int64_t day);
int64_t date_day(struct date d);
/* "2026-04-06", or "04-06", which has year 0 and may be 29 February; false when it is no date. */
bool date_read(str text, struct date *ret);
