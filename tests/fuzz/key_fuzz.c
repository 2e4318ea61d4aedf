/* SPDX-License-Identifier: EUPL-1.2 */
/* key_fuzz.c - any bytes are refused as UNAUTHENTICATED without a trace, or are a key that is read
 * to the same digest each time: one of ours, 89 bytes with check digits that fit, or one that
 * could have been imported. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "store/keys.h"

static const secret *
pepper(void)
{
    static secret s;
    if (!s.at) {
        ASSERT(secret_get(&s, 32).code == ERR_OK);
        memset(s.at, 7, s.len);
    }
    return &s;
}

static void
check_import(str text, const digest *mac)
{
    static arena *a;
    digest imported;
    str id;
    if (!a)
        ASSERT(arena_open(4096, &a).code == ERR_OK);
    arena_reset(a);
    ASSERT(key_import(pepper(), text, &id, &imported, a).code == ERR_OK);
    ASSERT(digest_eq(mac, &imported));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const str text = {(const char *)data, len};
    digest mac, again, before;
    memset(&mac, 0x55, sizeof mac);
    before = mac;
    const err e = key_read(pepper(), text, &mac);
    if (e.code) {
        ASSERT(e.code == ERR_UNAUTHENTICATED && digest_eq(&mac, &before));
        return 0;
    }
    ASSERT(key_read(pepper(), text, &again).code == ERR_OK && digest_eq(&mac, &again));
    if (str_starts(text, STR("hoh_")))
        ASSERT(len == 89);
    else
        check_import(text, &mac);
    return 0;
}
