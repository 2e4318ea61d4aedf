/* SPDX-License-Identifier: EUPL-1.2 */
/* utf8.h - UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, at most U+10FFFF. */
#pragma once
#include "base/str.h"

/* Offset of the first bad byte, or the length when all is well. */
size_t utf8_valid_len(str s);
static inline bool
utf8_valid(str s)
{
    return utf8_valid_len(s) == s.len;
}
/* Length of the start of `s` that ends with a whole character: an unfinished but so far valid
 * last character is left out.  What stands before is not checked. */
size_t utf8_whole_len(str s);
/* Takes one code point off; false at the end or at a bad byte. */
bool utf8_next(str *rest, uint32_t *ret_code_point);
/* Writes 1 to 4 bytes; returns how many. */
size_t utf8_put(uint32_t code_point, char room[4]);
