/* SPDX-License-Identifier: EUPL-1.2 */
/* seal.h - bytes at rest that nobody reads or changes without the key: XChaCha20-Poly1305
 * (draft-irtf-cfrg-xchacha-03) over libsodium.
 *
 * Sealed text is nonce ‖ ciphertext ‖ tag.  The nonce has 192 random bits, so that one key may seal
 * as many texts as ever come.  `about` says what the text is and where it belongs ("file_x piece 3,
 * last"); it is not in the sealed text, and a text opens only where it was put: one that was cut,
 * moved or exchanged for another does not.  Any thread. */
#pragma once
#include "base/buf.h"
#include "base/secret.h"

enum { SEAL_KEY_LEN = 32, SEAL_OVERHEAD = 40 };

/* Adds text.len + SEAL_OVERHEAD bytes to `b`, or none. */
fallible seal_close(const secret *key, str about, str text, buf *b);
/* Adds the text to `b`; CORRUPT, and nothing is added, unless it was sealed so. */
fallible seal_open(const secret *key, str about, str sealed, buf *b);
