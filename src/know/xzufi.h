/* SPDX-License-Identifier: EUPL-1.2 */
/* xzufi.h - service descriptions as administrations exchange them (XZuFi 2.2), as Markdown: each
 * service a title, each of its modules (costs, time limits, documents, procedure, …) a section.
 *
 * Offices ("organisationseinheit") stand beside: each a title, with sections for what it does, its
 * opening hours (infoOeffnungszeitenText), its addresses (anschrift) and how it is reached
 * (kommunikation: what the channel is called, and kennung).
 *
 * Read are of every "leistung" the texts in German of modulText (named by their leikaTextmodul;
 * codes 02 and 03 are the service's name), modulFrist, modulKosten and modulBearbeitungsdauer.
 * Their content is HTML (html.h): hidden text is dropped, and no text can pass for a heading.
 *
 * The XML of it that is needed and no more (XML 1.0 sections 2.4 to 2.8, 3.1): elements by their
 * local names, attributes, CDATA, the five entities and characters by number.  A document type
 * declaration is refused, and with it every entity anybody could define.  Bounded by the input and
 * XZUFI_DEPTH_MAX.  Source: XZuFi 2.2.0 (xoev.de/schemata/xzufi/2_2_0). */
#pragma once
#include "base/buf.h"

enum { XZUFI_DEPTH_MAX = 64 };

/* PARSE: not well formed in what is read of it, or too deep. */
fallible xzufi_to_markdown(str xml, buf *b);
