/* SPDX-License-Identifier: EUPL-1.2 */
/* decode.h - bodies of the Messages API into the canonical conversation (API reference, 2026).
 *
 * Every field has a fate in fields.def; members of messages, blocks and options are known here,
 * in turns.c and tools.c, or refused, unless they ask for nothing.  Refusals are 400s that name
 * the field and what it may hold.  Content gets its label later, in the gate. */
#pragma once
#include "base/json.h"
#include "base/params.h"
#include "model/conv.h"

struct anthropic_ask {
    struct conv conv;
    str model;
    bool stream;
    bool wants_thinking; /* what the model thinks is shown */
    bool hides_thinking; /* that it thinks is shown, but not what */
    bool wants_cache;    /* cache_control stands somewhere */
};

enum anthropic_route { ROUTE_M = 1, ROUTE_K = 2, ROUTE_E = 4 };

/* Refuses what fields.def does not know for the route, or refuses. */
fallible anthropic_check_fields(const jval *body, enum anthropic_route route);

fallible anthropic_decode(const struct params *p, arena *a, const jval *body,
                          enum anthropic_route route, struct anthropic_ask *ret);
/* block.cache_control; sets *ret when there is one. */
fallible anthropic_read_cache(const jval *block, bool *ret);
