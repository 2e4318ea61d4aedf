/* SPDX-License-Identifier: EUPL-1.2 */
/* pixels.h - what an image becomes in a cell (sight/decode.h), and what it is held against by who
 * gets it.  Pure. */
#pragma once
#include "base/err.h"
#include "base/str.h"

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

/* The head of what comes back; PARSE unless it is whole and in its bounds. */
fallible pixels_check(str bytes, struct pixels *ret);
