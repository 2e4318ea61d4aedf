/* SPDX-License-Identifier: EUPL-1.2 */
/* pixels.h - an image's bytes into pixels: the part of seeing that a hostile image could turn, so
 * it is done in a process that has nothing (know/cell/cell.h).
 *
 * libpng and libjpeg-turbo decode; which of the two the first bytes say.  Width and height are held
 * against PIXELS_IN_MAX before room for pixels is taken, and what is larger than PIXELS_OUT_MAX
 * comes back smaller by a whole factor (means of squares of pixels).  What shows through is white.
 * The orientation that cameras note beside the image is not applied; an image of which a part is
 * missing is none.  Pure, but for memory. */
#pragma once
#include "base/buf.h"

enum {
    PIXELS_SIDE_MAX = 32768,
    PIXELS_IN_MAX = 64 * 1024 * 1024,
    PIXELS_OUT_MAX = 2 * 1024 * 1024,
    PIXELS_MAGIC = 0x53495831
};

/* What comes back begins with it, then height × width × (red, green, blue). */
struct pixels {
    uint32_t magic, width, height, zero;
};

enum { PIXELS_BYTES_MAX = (int)sizeof(struct pixels) + 3 * PIXELS_OUT_MAX };

/* PARSE says what is wrong as the rest of a sentence that begins with the image's place; LIMIT. */
fallible pixels_read(str bytes, buf *ret);
/* The head of what pixels_read gave; PARSE unless it is whole and in its bounds. */
fallible pixels_check(str bytes, struct pixels *ret);
