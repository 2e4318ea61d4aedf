/* SPDX-License-Identifier: EUPL-1.2 */
/* decode.h - the body of a request for a response, all but the history it goes on with.
 *
 * Every field has a fate in fields.def; what lies within them is known here or refused.  Strings
 * live in the body and the arena. */
#pragma once
#include "api/responses/file_search.h"
#include "api/responses/items.h"
#include "base/params.h"

struct response_ask {
    struct conv conv; /* without messages: they are put together when the history is there */
    str model, instructions;
    bool stream, background, store;
    str previous, conversation; /* ids; empty: none */
    struct items input;
    struct file_search search;
    bool truncates; /* "truncation": "auto" */
    str echo; /* the members of the response that repeat the request, beginning with a comma */
};

fallible
response_decode(const struct params *p, arena *a, const jval *body, struct response_ask *ret);
