/* SPDX-License-Identifier: EUPL-1.2 */
/* secret.h - key material: locked in memory, left out of core dumps, wiped when done.
 *
 * AUTO(secret) k = {0}; TRY(secret_get(&k, 32)); ...   Compare with secret_eq (str.h). */
#pragma once
#include "base/err.h"
#include "base/str.h"

typedef struct {
    uint8_t *at;
    size_t len;
} secret;

/* Zeroed; LIMIT if memory is out.  A refused mlock is no failure: `hoheit doctor` reports it. */
fallible secret_get(secret *ret, size_t len);
void secret_done(secret *s);
/* Zeros that the compiler keeps. */
void wipe(void *at, size_t len);

static inline void
secret_auto(secret *s)
{
    secret_done(s);
}
