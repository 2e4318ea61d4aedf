/* SPDX-License-Identifier: EUPL-1.2 */
/* ratelimit.h - what is left of a caller's limits (gate.h), as header fields in a dialect's form.
 *
 * OpenAI: x-ratelimit-limit-requests, -remaining-requests, -reset-requests and the same for tokens;
 * a reset is the time until then, as Go writes one ("6m0s", "1.5s", "20ms").
 * Anthropic: anthropic-ratelimit-requests-limit, -remaining, -reset and the same for tokens; a
 * reset is a moment (RFC 3339).  What is not limited is not told. */
#pragma once
#include "gate/gate.h"
#include "net/http.h"

enum { RATELIMIT_FIELDS = 6 };

/* Fills `ret`, which has room for RATELIMIT_FIELDS, and returns how many; values live in `a`. */
size_t ratelimit_openai(arena *a, const struct gate_limits *l, struct http_field *ret);
size_t ratelimit_anthropic(arena *a, const struct gate_limits *l, int64_t now_wall_ms,
                           struct http_field *ret);
