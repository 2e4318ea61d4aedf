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
 * amazon-bedrock-invocationMetrics.  Vectors are not streamed.
 *
 * What a guardrail of the policy forbids is an answer as at AWS, with status 200 and
 * amazon-bedrock-guardrailAction INTERVENED: the rule's message, or its name, takes the place of
 * the text; streamed, it stands behind what was sent.  A request that names a guardrail
 * (x-amzn-bedrock-guardrailidentifier) is told NONE else, and gets amazon-bedrock-trace when
 * x-amzn-bedrock-trace is ENABLED.  Vectors have no text to take the place of: they are denied. */
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
/* What stands for an answer that w->blocked forbids; empty when what was sent ends with the rule's
 * name already. */
str invoke_blocked_text(const struct answer *w);
/* Adds a chunk of {"x":…} with the metrics in it: the last. */
void invoke_put_last(struct answer *w, str json);
