/* SPDX-License-Identifier: EUPL-1.2 */
/* invoke.h - InvokeModel: bodies in the shape of the model's maker.
 *
 * Which shape it is the body says; a model here takes them all:
 *   {"anthropic_version": "bedrock-2023-05-31", "max_tokens": …, "messages": […]}
 *       a message of the Messages API (messages.c, over api/anthropic)
 *   {"messages": […], …}        a chat completion, one answer, no logprobs (chat.c, over
 * api/openai)
 *   {"prompt": "…", "max_tokens": …, "temperature": …, "top_p": …, "top_k": …, "stop": […]}
 *       raw text gone on with: {"outputs": [{"text": …, "stop_reason": "stop" | "length"}]}
 *       (prompt.c)
 *   {"inputText": "…"}          a vector: {"embedding": […], "inputTextTokenCount": n} (embed.c)
 * Streamed, each event or chunk of that shape is the bytes of one chunk; the last one carries
 * amazon-bedrock-invocationMetrics.  Vectors are not streamed. */
#pragma once
#include "api/bedrock/answer.h"

/* Sets w->ask and the shape. */
fallible invoke_decode(struct answer *w, const jval *body);

fallible invoke_messages(struct answer *w, const jval *body);
fallible invoke_chat(struct answer *w, const jval *body);
fallible invoke_prompt(struct answer *w, const jval *body);
fallible invoke_embed(struct answer *w, const jval *body);

/* `body` again, without the members in `without` (NULL-ended) and with "model"; lives in the call's
 * arena.  ARGUMENT when it says itself what the path says: model, stream. */
fallible invoke_rewrite(struct answer *w, const jval *body, const char *const *without, jval *ret);
/* Adds a chunk of {"x":…} with the metrics in it: the last. */
void invoke_put_last(struct answer *w, str json);
