/* SPDX-License-Identifier: EUPL-1.2 */
/* entropy.h - the only source of randomness: getrandom(2).  Tests fix it by a seed. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* IO if the system gives none. */
fallible entropy_get(void *ret, size_t len);
/* `prefix` as it is ("req_", at most 12 bytes) and 26 characters of Crockford base32 (128 bits:
 * 48 of wall time in ms, 80 random), so ids sort by time.  NUL-ended in `room`.  Ends the process
 * when the system has no entropy. */
enum { ID_MAX = 40 };
str id_new(const char *prefix, char room[ID_MAX]);

/* Tests: a repeatable stream from `seed`, one thread; 0 returns to the system's. */
void entropy_fix(uint64_t seed);
