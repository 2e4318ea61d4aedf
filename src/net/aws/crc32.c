/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/aws/crc32.h"

static const uint32_t table[256] = {
#include "net/aws/crc32.def"
};

uint32_t
crc32(uint32_t before, str s)
{
    uint32_t c = ~before;
    for (size_t i = 0; i < s.len; i++)
        c = table[(c ^ (uint8_t)s.at[i]) & 0xff] ^ c >> 8;
    return ~c;
}
