/* SPDX-License-Identifier: EUPL-1.2 */
/* grammar.h - what a request may say where the parsers leave it to us: target, Host, method
 * (RFC 3986, RFC 9110 sections 4 and 7, RFC 9112 section 3).
 *
 * Pure functions over bytes; used alike for HTTP/1.1 and HTTP/2.  Stricter than the RFCs where a
 * lenient reading has been the door of attacks: dot segments, %00, comma and user part in a
 * host.  More lenient in one point: in path and query the few characters are taken that
 * browsers leave unescaped (WHATWG URL). */
#pragma once
#include "base/err.h"
#include "net/http.h"

/* HTTP_OTHER for every other name. */
enum http_method method_find(str name);
/* Only token characters (RFC 9110 section 5.6.2) and not empty? */
bool token_valid(str s);
/* host [":" port], not empty. */
bool host_valid(str s);

/* Splits the target in origin form, absolute form, or "*" with OPTIONS.  *ret_path is at least
 * "/"; *ret_host is empty unless the form is absolute.  PARSE with a sentence. */
fallible
target_split(str target, enum http_method method, str *ret_path, str *ret_query, str *ret_host);
