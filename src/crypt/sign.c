/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sign.h"

#include <sodium.h>

#include "base/fault.h"

_Static_assert(SIGN_SEED_LEN == crypto_sign_ed25519_SEEDBYTES, "seed of the library");
_Static_assert(SIGN_KEY_LEN == crypto_sign_ed25519_SECRETKEYBYTES, "key of the library");
_Static_assert(sizeof(sign_public) == crypto_sign_ed25519_PUBLICKEYBYTES, "public key");
_Static_assert(sizeof(signature) == crypto_sign_ed25519_BYTES, "signature");

static const unsigned char *
bytes_of(str text)
{
    return (const unsigned char *)(text.len ? text.at : "");
}

fallible
sign_pair(const secret *seed, secret *ret_key, sign_public *ret_public)
{
    AUTO(secret) key = {0};
    sign_public p;
    ASSERT(seed->len == SIGN_SEED_LEN);
    TRY(secret_get(&key, SIGN_KEY_LEN));
    if (fault_now() || crypto_sign_ed25519_seed_keypair(p.bytes, key.at, seed->at) != 0)
        FAIL(INTERNAL, "the library failed to make a pair of keys");
    *ret_public = p;
    *ret_key = key;
    key = (secret){0};
    return OK;
}

fallible
sign_make(const secret *key, str text, signature *ret)
{
    signature s;
    ASSERT(key->len == SIGN_KEY_LEN);
    if (fault_now() ||
        crypto_sign_ed25519_detached(s.bytes, NULL, bytes_of(text), text.len, key->at) != 0)
        FAIL(INTERNAL, "the library failed to sign");
    *ret = s;
    return OK;
}

bool
sign_is_valid(const sign_public *p, str text, const signature *s)
{
    return crypto_sign_ed25519_verify_detached(s->bytes, bytes_of(text), text.len, p->bytes) == 0;
}
