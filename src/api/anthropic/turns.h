/* SPDX-License-Identifier: EUPL-1.2 */
/* turns.h - system and messages of a Messages request into canonical messages.
 *
 * A turn is what one side says: consecutive messages of one role are one turn, as the API has it.
 * Of a user's turn each tool_result becomes a message of role TOOL, and the texts that follow one
 * of role USER; an assistant's turn becomes one message with its texts and its calls.  Texts are
 * joined with a line end between them.  Text documents become text with their title; thinking of
 * the past is read and left out, as the API does.  `is_error` becomes the word "Error: " before
 * what the tool said, unless it says that itself: models have no other place for it.
 *
 * Turns of tools must fit together: each call of a turn is answered at the start of the next, by
 * its id; nothing else is answered; nobody leaves before. */
#pragma once
#include "api/anthropic/decode.h"

/* Adds to ret->conv.messages and sets ret->wants_cache. */
fallible
anthropic_read_turns(const struct params *p, arena *a, const jval *body, struct anthropic_ask *ret);
