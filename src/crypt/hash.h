/* SPDX-License-Identifier: EUPL-1.2 */
/* hash.h - SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869) over OpenSSL 3.
 *
 * Digests are plain values.  Key material is a `secret` (base/secret.h).  Any thread; a running
 * sha256 belongs to one. */
#pragma once
#include "base/buf.h"
#include "base/secret.h"

typedef struct {
    uint8_t bytes[32];
} digest;

typedef struct sha256 sha256;

/* Fails only when the library does; INTERNAL. */
fallible sha256_of(str bytes, digest *ret);
fallible sha256_new(sha256 **ret);
fallible sha256_add(sha256 *h, str bytes);
/* Ends it; h is freed, also on failure. */
fallible sha256_end(sha256 *h, digest *ret);
void sha256_free(sha256 *h);
fallible hmac_sha256(const secret *key, str bytes, digest *ret);

enum { HKDF_INFO_MAX = 1024 };
/* `len` bytes, 1 to 255 × 32, from `key`, which is not empty, without salt.  `info`, at most
 * HKDF_INFO_MAX bytes, separates uses. */
fallible hkdf_sha256(const secret *key, str info, size_t len, secret *ret);

static inline bool
digest_eq(const digest *a, const digest *b)
{
    return secret_eq((str){(const char *)a->bytes, 32}, (str){(const char *)b->bytes, 32});
}
/* 64 hexadecimal digits and NUL. */
void digest_text(const digest *d, char room[65]);
/* PARSE unless exactly 64 hexadecimal digits. */
fallible digest_read(str hex, digest *ret);
