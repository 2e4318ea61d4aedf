/* SPDX-License-Identifier: EUPL-1.2 */
/* decode.h - OpenAI request bodies into the canonical conversation (API reference, 2026).
 *
 * Every field has a fate in fields.def; members of messages, parts and options are known here or
 * refused, unless they ask for nothing.  Refusals are 400s that name the field and what it may
 * hold.  Content gets its label later, in the gate. */
#pragma once
#include "base/json.h"
#include "base/params.h"
#include "model/conv.h"

struct openai_ask {
    struct conv conv;
    str model;
    bool stream, include_usage;
    bool base64;         /* embeddings */
    uint32_t echo_chars; /* of the prompt, when the text begins with it */
    str label_text;      /* of the answer, once it started */
};

enum openai_route { ROUTE_C = 1, ROUTE_T = 2, ROUTE_E = 4 };

/* Refuses what fields.def does not know or refuses. */
fallible openai_check_fields(const jval *body, enum openai_route route);
/* Of what lies within a field: refuses what is not in `known` (NULL-ended), unless it asks for
 * nothing: clients send back what they were sent. */
fallible openai_check_members(const jval *o, const char *const *known);
fallible
openai_decode_chat(const struct params *p, arena *a, const jval *body, struct openai_ask *ret);
fallible
openai_decode_text(const struct params *p, arena *a, const jval *body, struct openai_ask *ret);
fallible
openai_decode_embed(const struct params *p, arena *a, const jval *body, struct openai_ask *ret);
