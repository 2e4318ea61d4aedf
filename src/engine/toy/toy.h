/* SPDX-License-Identifier: EUPL-1.2 */
/* toy.h - a deterministic engine without a model, for tests and outside clients' suites.
 *
 * Tokens are words with the space before them; some words come as two tokens, split within an
 * umlaut.  An answer is a pseudo-random walk over a fixed German word list, seeded by the
 * conversation's bytes and, when temperature > 0, by the seed and the answer's index; so equal
 * requests get equal answers.  It ends by itself after 20 to 60 tokens.  json_object gives an
 * object.  Embeddings are unit vectors from hashed byte trigrams: equal texts are equal, similar
 * ones close.  A text has one token for each word and one more.
 *
 * Commands inside the last user message (or the prompt to be completed) make faults reproducible:
 *     !crash     the process ends by abort() after three tokens
 *     !slow N    N milliseconds for each token of this request; others are not slowed down
 *     !long N    the answer has N tokens
 *     !call NAME the answer is a call of the tool of that name, if it was offered
 * A grammar is obeyed: the answer is a text of it, drawn at random from the same seed.
 * Context 8,192 tokens; sequences are stepped together, one token each per step. */
#pragma once
#include "engine/serve.h"

enum { TOY_CONTEXT_TOKENS = 8192, TOY_DIMS = 256, TOY_MS_MAX = 60000 };

struct toy;
/* `token_ms`: time one token takes, 0 … TOY_MS_MAX. */
fallible toy_new(bool is_embedder, uint32_t sequences_max, uint32_t token_ms, struct toy **ret);
void toy_free(struct toy *t);
/* Points to `t`. */
struct serve_backend toy_backend(struct toy *t);
