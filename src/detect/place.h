/* SPDX-License-Identifier: EUPL-1.2 */
/* place.h - reading the name of a town, for addresses and births. */
#pragma once
#include "detect/doc.h"

/* The token after a town's name that begins at `i`, or `i` if none does: "Frankfurt (Oder)",
 * "Ludwigshafen am Rhein", "Bad Aibling". */
size_t place_end(const struct doc *d, size_t i);
