/* SPDX-License-Identifier: EUPL-1.2 */
/* gzip.h - whole answers in gzip (RFC 9110 section 8.4.1.3, RFC 1952), for clients that ask for it.
 *
 * Only text of GZIP_BYTES_MIN to GZIP_BYTES_MAX bytes: below that it gains nothing, above it the
 * loop's thread would stand still for others.  Streams are never touched: an event must not wait
 * for the next.  Nobody's cookies go with a request here, so what an attacker's page can make a
 * browser ask for shows no secret by its length. */
#pragma once
#include "base/arena.h"
#include "net/http.h"

enum { GZIP_BYTES_MIN = 16 * 1024, GZIP_BYTES_MAX = 1024 * 1024 };

/* Does this Accept-Encoding take gzip?  No field, no gzip. */
bool gzip_is_accepted(str accept_encoding);
/* Is it text that gets smaller? */
bool gzip_is_worth(int status, const struct http_field *fields, size_t count, str body);
/* In `a`; LIMIT. */
fallible gzip_pack(arena *a, str body, str *ret);
