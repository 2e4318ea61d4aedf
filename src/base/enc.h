/* SPDX-License-Identifier: EUPL-1.2 */
/* enc.h - bytes as text: hexadecimal and base64 (RFC 4648, strict: padding, no white space). */
#pragma once
#include "base/buf.h"

void hex_put(buf *b, const void *bytes, size_t len);
/* Lower or upper case; PARSE unless exactly 2 × len digits. */
fallible hex_read(str s, void *ret_bytes, size_t len);
void base64_put(buf *b, const void *bytes, size_t len);
/* Adds the bytes to `b`. */
fallible base64_read(str s, buf *b);
