/* SPDX-License-Identifier: EUPL-1.2 */
#include "sight/pixels.h"

#include <string.h>

#include "base/fault.h"

fallible
pixels_check(str bytes, struct pixels *ret)
{
    struct pixels p;
    if (bytes.len < sizeof p)
        FAIL(PARSE, "%zu bytes of pixels", bytes.len);
    memcpy(&p, bytes.at, sizeof p);
    if (p.magic != PIXELS_MAGIC || !p.width || !p.height || p.zero ||
        (uint64_t)p.width * p.height > PIXELS_OUT_MAX ||
        bytes.len != sizeof p + (size_t)p.width * p.height * 3)
        FAIL(PARSE, "%u x %u pixels in %zu bytes", p.width, p.height, bytes.len);
    *ret = p;
    return OK;
}
