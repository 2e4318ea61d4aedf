/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/seal.h"

#include <sodium.h>

#include "base/fault.h"

enum {
    NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES
};
_Static_assert(SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key of the library");
_Static_assert(SEAL_OVERHEAD == NONCE_LEN + TAG_LEN, "what sealing adds");

static const unsigned char *
bytes_of(str text)
{
    return (const unsigned char *)(text.len ? text.at : "");
}

/* Room in `b` for what will be there; NULL room is a failure of the buf. */
static fallible
room_in(buf *b, size_t len, unsigned char **ret)
{
    char *at = buf_add_room(b, len);
    TRY(buf_end(b));
    *ret = (unsigned char *)at;
    return OK;
}

fallible
seal_close(const secret *key, str about, str text, buf *b)
{
    unsigned char *at;
    ASSERT(key->len == SEAL_KEY_LEN);
    if (fault_now() || sodium_init() < 0)
        FAIL(INTERNAL, "the library of ciphers does not start");
    TRY(room_in(b, text.len + SEAL_OVERHEAD, &at));
    randombytes_buf(at, NONCE_LEN);
    unsigned long long len = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(at + NONCE_LEN, &len, bytes_of(text), text.len,
                                               bytes_of(about), about.len, NULL, at, key->at);
    ASSERT(len == text.len + TAG_LEN);
    return OK;
}

fallible
seal_open(const secret *key, str about, str sealed, buf *b)
{
    unsigned char *at;
    unsigned long long len = 0;
    ASSERT(key->len == SEAL_KEY_LEN);
    if (sealed.len < SEAL_OVERHEAD)
        FAIL(CORRUPT, "%zu bytes are no sealed text", sealed.len);
    /* One byte more: an empty text has a place, too. */
    TRY(room_in(b, sealed.len - SEAL_OVERHEAD + 1, &at));
    const unsigned char *from = bytes_of(sealed);
    const int rc = fault_now() ? -1
                               : crypto_aead_xchacha20poly1305_ietf_decrypt(
                                     at, &len, NULL, from + NONCE_LEN, sealed.len - NONCE_LEN,
                                     bytes_of(about), about.len, from, key->at);
    b->len -= rc ? sealed.len - SEAL_OVERHEAD + 1 : 1;
    if (rc)
        FAIL(CORRUPT, "a sealed text does not open: it was changed, moved, or has another key");
    return OK;
}
