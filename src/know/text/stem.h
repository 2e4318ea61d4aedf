/* SPDX-License-Identifier: EUPL-1.2 */
/* stem.h - German stems after Snowball's description (snowballstem.org/algorithms/german/).
 *
 * Takes a folded word (fold.h: lower case, ß as ss, ä ö ü kept); the stem is without umlauts.
 * Words with other than Latin letters come back as they are.  Pure. */
#pragma once
#include "base/str.h"

enum { STEM_MAX = 128 };

/* Into `room`; a word longer than that comes back unstemmed, pointing to itself. */
str stem_german(str word, char room[STEM_MAX]);
