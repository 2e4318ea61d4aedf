/* SPDX-License-Identifier: EUPL-1.2 */
/* turns.h - system and messages of a Converse request into canonical messages.
 *
 * Of a user's message each toolResult becomes a message of role TOOL, and its texts one of role
 * USER behind them; an assistant's message becomes one with its texts and its calls.  Texts are
 * joined with a line end between them.  A document of text (txt, md, csv, html) becomes text with
 * its name; what the model reasoned in the past is read and left out, as the API does; cache points
 * have no effect.  A result of status "error" begins with "Error: ", unless it says that itself:
 * models have no other place for it.
 *
 * Turns of tools must fit together: each call of a message is answered in the next, by its id;
 * nothing else is answered. */
#pragma once
#include "base/json.h"
#include "base/params.h"
#include "model/conv.h"

/* Adds to c->messages; texts live in `a`. */
fallible bedrock_read_turns(const struct params *p, arena *a, const jval *body, struct conv *c);
