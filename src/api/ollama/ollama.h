/* SPDX-License-Identifier: EUPL-1.2 */
/* ollama.h - the Ollama dialect: chat, generate, tags, show, embed, embeddings, version.
 *
 * Answers are streamed unless "stream" is false: a JSON object per line (application/x-ndjson), the
 * last with "done": true and what it took.  A failure is {"error": TEXT}, in a stream its last
 * line.  A model may be named with the tag ":latest", which stands for no tag.  Sources: the API's
 * own documentation, 2026, and its Python and JavaScript clients. */
#pragma once
#include "api/api.h"

extern const struct route_table ollama_table;
extern const struct dialect ollama_dialect;

/* The model's name without ":latest", where it is not one of that very name. */
str ollama_model(const struct api_call *c, str name, enum model_kind kind);

/* Handlers, one file each. */
void ollama_chat(struct api_call *c); /* answer.c */
void ollama_generate(struct api_call *c);
void ollama_embed(struct api_call *c); /* embed.c */
void ollama_embeddings(struct api_call *c);
void ollama_tags(struct api_call *c); /* models.c */
void ollama_show(struct api_call *c);
