/* SPDX-License-Identifier: EUPL-1.2 */
/* refusal.h - what the server says when it refuses a request itself: in the form the hooks give
 * it, else {"error":{"message":…,"type":…,"code":…}}. */
#pragma once
#include "net/http.h"

/* Type and body live in the arena.  Never fails: without memory the body is "{}". */
void refusal_make(const struct http_hooks *hooks, int status, str text, arena *a, str *ret_type,
                  str *ret_body);
