/* SPDX-License-Identifier: EUPL-1.2 */
/* decode.h - OpenAI request bodies into the canonical conversation (API reference, 2026).
 *
 * Every field has a fate in fields.def; members of messages, parts and options are known here or
 * refused, unless they ask for nothing.  A field nobody knows can only be passed through.  Refusals
 * are 400s that name the field and what it may hold.  Content gets its label later, in the gate. */
#pragma once
#include "base/json.h"
#include "base/params.h"
#include "gate/gate.h"
#include "model/conv.h"

struct openai_ask {
    struct conv conv;
    str model;
    bool stream, include_usage;
    bool base64;            /* embeddings */
    uint32_t echo_chars;    /* of the prompt, when the text begins with it */
    str label_text;         /* of the answer, once it started */
    bool keeps_unknown;     /* set before: the request may be passed through as it came */
    struct err_kept unsaid; /* then of the first field that is not known here, if there is one */
    struct gate_raw raw;
};

enum openai_route { ROUTE_C = 1, ROUTE_T = 2, ROUTE_E = 4 };

/* Refuses what fields.def refuses, and what it does not know unless that is kept. */
fallible openai_check_fields(const jval *body, enum openai_route route, struct openai_ask *ret);
/* The request as it came, for gate_ask; `body` and the text it was read from outlive it. */
const struct gate_raw *openai_raw(str text, const jval *body, struct openai_ask *ask);
fallible
openai_decode_chat(const struct params *p, arena *a, const jval *body, struct openai_ask *ret);
fallible
openai_decode_text(const struct params *p, arena *a, const jval *body, struct openai_ask *ret);
fallible
openai_decode_embed(const struct params *p, arena *a, const jval *body, struct openai_ask *ret);
