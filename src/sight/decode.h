/* SPDX-License-Identifier: EUPL-1.2 */
/* decode.h - an image's bytes into pixels: the part of seeing that a hostile image could turn, so
 * it is done in a process that has nothing (know/cell/cell.h).
 *
 * libpng and libjpeg-turbo decode; which of the two the first bytes say.  Width and height are held
 * against PIXELS_IN_MAX before room for pixels is taken, and what is larger than PIXELS_OUT_MAX
 * comes back smaller by a whole factor (means of squares of pixels).  What shows through is white.
 * The orientation that cameras note beside the image is not applied; an image of which a part is
 * missing is none.  Pure, but for memory. */
#pragma once
#include "base/buf.h"

/* Adds a struct pixels and what it is the head of (sight/pixels.h).  PARSE says what is wrong as
 * the rest of a sentence that begins with the image's place; LIMIT. */
fallible decode_image(str bytes, buf *ret);
