/* SPDX-License-Identifier: EUPL-1.2 */
/* sigv4_chunks.h - bodies whose chunks are signed one after the other (aws-chunked,
 * STREAMING-AWS4-HMAC-SHA256-PAYLOAD).
 *
 *     10000;chunk-signature=HEX CRLF  data  CRLF  …  0;chunk-signature=HEX CRLF CRLF
 *
 * Each signature is over the one before, the first over that of the request, so that no chunk can
 * be left out, repeated or moved.  Variants with trailers are not taken.  Pure; any thread. */
#pragma once
#include "crypt/sigv4.h"

enum { SIGV4_CHUNK_COUNT_MAX = 65536 };

/* Checks the body under a claim that was verified and adds its data to `ret`.  UNAUTHENTICATED
 * (InvalidSignatureException): a signature does not fit, or the end is missing; ARGUMENT: it has
 * not the form, or not `want_len` bytes. */
fallible sigv4_chunks_read(const struct sigv4_claim *c, const secret *key, str body,
                           uint64_t want_len, buf *ret);
/* Adds a chunk and sets *signature, a room of 65, from that of the chunk before to its own. */
fallible sigv4_chunks_put(const struct sigv4_claim *c, const secret *key, str data,
                          char signature[65], buf *b);
