/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/secret.h"

#include <sodium.h>

#include "base/fault.h"

/* libsodium's guarded memory: own pages between guards, mlock, MADV_DONTDUMP, wiped when freed.
 * sodium_init may be called again and again; it makes the canary. */
fallible
secret_get(secret *ret, size_t len)
{
    ASSERT(len > 0);
    void *at = fault_now() || sodium_init() < 0 ? NULL : sodium_malloc(len);
    if (!at)
        FAIL(LIMIT, "no memory for a secret of %zu bytes", len);
    memset(at, 0, len);
    *ret = (secret){at, len};
    return OK;
}

void
secret_done(secret *s)
{
    sodium_free(s->at);
    *s = (secret){0};
}

void
wipe(void *at, size_t len)
{
    if (len)
        explicit_bzero(at, len);
}
