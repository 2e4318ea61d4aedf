/* SPDX-License-Identifier: EUPL-1.2 */
/* openai.h - the OpenAI dialect: chat completions, completions, embeddings, models. */
#pragma once
#include "api/api.h"

extern const struct route_table openai_table;
extern const struct dialect openai_dialect;

/* Handlers, one file each. */
void openai_chat(struct api_call *c); /* answer.c */
void openai_completions(struct api_call *c);
void openai_embeddings(struct api_call *c); /* embed.c */
