/* SPDX-License-Identifier: EUPL-1.2 */
/* decode.h - Ollama request bodies into the canonical conversation.
 *
 * Every field has a fate in fields.def; members of messages and calls are known here or refused,
 * unless they ask for nothing.  Calls have no ids in this dialect until they are given some: what
 * answers a call without naming its id answers the first one of the tool it names, else the first.
 * Content gets its label later, in the gate. */
#pragma once
#include "base/json.h"
#include "base/params.h"
#include "model/conv.h"

struct ollama_ask {
    struct conv conv;
    str model;
    bool stream;
    bool hides_thoughts;
    bool is_raw;  /* generate: conv.prompt, without a template */
    bool is_idle; /* asks for nothing but that the model be there */
};

enum ollama_route {
    OLLAMA_CHAT = 1,
    OLLAMA_GENERATE = 2,
    OLLAMA_EMBED = 4,
    OLLAMA_EMBEDDINGS = 8,
    OLLAMA_SHOW = 16,
    OLLAMA_OPTIONS = 32
};

/* `ret` is all zero before; it is not changed back when the body is refused. */
fallible ollama_decode(const struct params *p, arena *a, const jval *body, enum ollama_route route,
                       struct ollama_ask *ret);
