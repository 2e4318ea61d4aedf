/* SPDX-License-Identifier: EUPL-1.2 */
/* decode.h - Converse requests into the canonical conversation (Amazon Bedrock API reference,
 * 2026).
 *
 * Every field has a fate in fields.def; members of what lies deeper are known here, in turns.c and
 * tools.c, or refused, unless they ask for nothing.  Refusals are ValidationExceptions that name
 * the field and what it may hold.  Content gets its label later, in the gate. */
#pragma once
#include "base/json.h"
#include "base/params.h"
#include "model/conv.h"

struct bedrock_ask {
    struct conv conv;
    bool wants_stop; /* additionalModelResponseFieldPaths names /stop_sequence */
};

enum bedrock_route {
    BEDROCK_CONVERSE = 1,
    BEDROCK_COUNT = 2,
    BEDROCK_INFERENCE = 4,
    BEDROCK_ADDITIONAL = 8,
    BEDROCK_PROMPT = 16,
    BEDROCK_EMBED = 32,
    BEDROCK_RETRIEVE = 64,
    BEDROCK_GENERATE = 128,
    BEDROCK_SEARCH = 256
};

/* Refuses what fields.def does not know for the route, or refuses. */
fallible bedrock_check_fields(const jval *body, enum bedrock_route route);
/* BEDROCK_CONVERSE or BEDROCK_COUNT. */
fallible bedrock_decode(const struct params *p, arena *a, const jval *body,
                        enum bedrock_route route, struct bedrock_ask *ret);
/* What one object says of sampling in snake_case: those of the fields of `route` that are there. */
fallible bedrock_read_sampling(const jval *o, struct conv_params *s);
/* A list of stop sequences; null or absent is none. */
fallible bedrock_read_stops(const jval *list, struct conv_params *s);
/* The name of a model: what stands behind the last slash of an ARN, else all of it. */
str bedrock_model_name(str id);
