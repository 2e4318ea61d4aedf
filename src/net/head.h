/* SPDX-License-Identifier: EUPL-1.2 */
/* head.h - the head of an answer as HTTP/1.1 text (RFC 9112 sections 2 and 4).
 *
 * Pure: bytes into a buf.  A field cannot break the framing whatever it holds: control
 * characters in names and values become spaces (RFC 9110 section 5.5), and fields that only the
 * server may set (head_is_ours) are left out. */
#pragma once
#include "base/buf.h"
#include "net/http.h"

enum head_framing { HEAD_LENGTH, HEAD_CHUNKED, HEAD_UNTIL_CLOSE, HEAD_NO_BODY };

struct head {
    int status;
    enum head_framing framing;
    uint64_t length; /* with HEAD_LENGTH */
    str connection;  /* "close", "keep-alive"; empty: no such field */
    str date, id;
    const struct http_field *fields;
    size_t count;
};

void head_put(buf *b, const struct head *h);
/* Connection, Content-Length, Date, Transfer-Encoding, X-Request-Id and what else belongs to one
 * hop; in any case of letters. */
bool head_is_ours(str name);
/* 204 and 304 have no body, and no length either. */
bool head_is_bodiless(int status);
/* The bytes of `s` with control characters replaced. */
void head_put_clean(buf *b, str s);
