/* SPDX-License-Identifier: EUPL-1.2 */
/* sign.h - Ed25519 signatures (RFC 8032) over libsodium.
 *
 * A pair comes from a seed of 32 bytes, so it can be derived from a master key and need not be
 * stored.  Signing is deterministic: one key, one text, one signature.  Checking refuses what RFC
 * 8032 leaves open: points of small order and numbers that are not reduced.  Any thread. */
#pragma once
#include "base/secret.h"

enum { SIGN_SEED_LEN = 32, SIGN_KEY_LEN = 64 };

typedef struct {
    uint8_t bytes[32];
} sign_public;

typedef struct {
    uint8_t bytes[64];
} signature;

/* `seed` has SIGN_SEED_LEN bytes; *ret_key is for sign_make. */
fallible sign_pair(const secret *seed, secret *ret_key, sign_public *ret_public);
fallible sign_make(const secret *key, str text, signature *ret);
/* Did the holder of the key sign exactly this text? */
bool sign_is_valid(const sign_public *p, str text, const signature *s);
