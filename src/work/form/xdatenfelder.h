/* SPDX-License-Identifier: EUPL-1.2 */
/* xdatenfelder.h - forms as FIM describes them (XDatenfelder 2.0 and 3.0), as fields (form.h).
 *
 * Read are: of the Stammdatenschema its name or bezeichnung; of each "datenfeld" id, name or
 * bezeichnungEingabe, hilfetextEingabe, datentyp (text, date, bool, num, num_int, num_currency,
 * file and the 3.0 names), praezisierung (minLength, maxLength, minValue, maxValue), bezug; and of
 * the "struktur" around it whether anzahl begins with 1.  Groups give no field of their own.
 *
 * XML as far as needed (XML 1.0 sections 2.4 to 2.8, 3.1): elements by their local names, CDATA,
 * the five entities; attributes are passed over.  A document type declaration is refused, and with
 * it every entity anybody could define. */
#pragma once
#include "work/form/form.h"

/* PARSE: not well formed in what is read; ARGUMENT: no field in it. */
fallible xdatenfelder_read(arena *a, str xml, struct form *ret);
