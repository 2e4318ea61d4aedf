/* SPDX-License-Identifier: EUPL-1.2 */
/* crc32.h - the checksum of ISO 3309 (as in Ethernet, gzip and AWS event streams): polynomial
 * 0xEDB88320 reflected, all ones at both ends.  Guards against damage, not against people.  Pure;
 * any thread. */
#pragma once
#include <stdint.h>

#include "base/str.h"

/* Of what came before (0: nothing) and `s`: crc32(crc32(0, a), b) is that of a and b. */
uint32_t crc32(uint32_t before, str s);
