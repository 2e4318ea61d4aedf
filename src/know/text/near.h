/* SPDX-License-Identifier: EUPL-1.2 */
/* near.h - words that were meant: one that nobody wrote against those that were.
 *
 * The distance counts letters put in, left out, changed and swapped with their neighbour (optimal
 * string alignment; Damerau 1964).  Pure. */
#pragma once
#include "base/str.h"

enum { NEAR_LETTERS_MAX = 48 };

/* How many slips a word of that length is forgiven: 0 below five letters, 1 below eight, else 2. */
size_t near_most(str word);
/* At most `most` slips, else most + 1; words beyond NEAR_LETTERS_MAX letters are never near. */
size_t near_distance(str a, str b, size_t most);
/* "fuehrerschein" as "führerschein", into `room` of room_len; false if there is nothing to change
 * or it does not fit. */
bool near_umlaut(str word, char *room, size_t room_len, str *ret);
