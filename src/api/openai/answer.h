/* SPDX-License-Identifier: EUPL-1.2 */
/* answer.h - what the answers of chat and completions are made of besides text: logprobs in the
 * two spellings of the dialect (a list of objects; parallel lists). */
#pragma once
#include "api/openai/decode.h"
#include "engine/engine.h"

/* One stream chunk's logprobs, whole.  *offset: see openai_add_logprobs.  `b` has failed when
 * memory is out. */
void openai_put_logprobs(buf *b, bool is_chat, const struct engine_piece *p, uint32_t *offset);
/* Collects for a plain answer: chat as JSON items, completions as rows for the list below.
 * *offset counts characters of text before the next token. */
void openai_add_logprobs(buf *rows, bool is_chat, const struct engine_piece *p, uint32_t *offset);
/* The collected rows as the value of "logprobs"; null when there are none. */
void openai_put_logprob_list(buf *b, bool is_chat, str rows);
