/* SPDX-License-Identifier: EUPL-1.2 */
/* sigv4_canon.h - the canonical request of AWS Signature Version 4: the one text that both sides
 * make of a request, so that both sign the same.
 *
 * Method, path, query, the signed header fields, their names and the payload's hash, a line each.
 * A service but S3 normalizes the path and encodes what came once more ("%3A" becomes "%253A");
 * S3 takes it as it is.  The query is decoded, encoded again and sorted; a value in a header loses
 * the space around it and all but one of several spaces within.
 *
 * Source: AWS, "Signature Version 4 signing process", create a canonical request.  Pure; any
 * thread; texts live in the arena. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

struct sigv4_field {
    str name, value; /* names compare without case */
};

struct sigv4_request {
    str method;
    str path;  /* as it is on the wire, without query */
    str query; /* as it is on the wire, without '?' */
    const struct sigv4_field *fields;
    size_t field_count;
    str payload; /* SHA-256 of the body in hexadecimal digits, or a word such as UNSIGNED-PAYLOAD */
    bool is_s3;  /* the path is taken as it is */
};

enum { SIGV4_PARAMS_MAX = 256, SIGV4_FIELDS_MAX = 128 };

/* Value of the first field of that name; at == NULL when there is none. */
str sigv4_field_of(const struct sigv4_request *r, str name);
/* Adds the canonical request; `signed_names` as in SignedHeaders: "host;x-amz-date".  A query
 * parameter X-Amz-Signature is left out.  LIMIT: more than SIGV4_PARAMS_MAX parameters, or memory.
 */
fallible sigv4_canon_put(arena *a, const struct sigv4_request *r, str signed_names, buf *b);
/* Adds `s` percent-encoded: all but letters, digits and - . _ ~ */
void sigv4_canon_encode(buf *b, str s);
