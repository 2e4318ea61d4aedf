/* SPDX-License-Identifier: EUPL-1.2 */
/* quick.h - SHA-256 for trees: millions of short texts, one after the other.
 *
 * OpenSSL's general interface spends more time on a text of 65 bytes than its arithmetic does, it
 * allocates, and it drags half the library into a static program.  The plain functions below it do
 * none of that and cannot fail; they are marked as deprecated, so they are used here alone.  All
 * else takes crypt/hash.h.  Pure; any thread. */
#pragma once
#include "crypt/hash.h"

/* SHA-256(tag ‖ a ‖ b). */
digest quick_hash(uint8_t tag, str a, str b);
/* SHA-256(text). */
digest quick_hash_plain(str text);
