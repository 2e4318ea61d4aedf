/* SPDX-License-Identifier: EUPL-1.2 */
/* tokens.h - a model's vocabulary, and text into tokens.
 *
 * Control tokens ("<|im_end|>") steer a model: turns, roles, tools.  Who may write them?
 *   chat       the template; what came out of a message is text, even when it spells a control
 *              token.  Nearly always no message does, and the prompt is tokenised in one piece,
 *              as the model was trained.  Only when the prompt as a whole has other control
 *              tokens than the template's own stretches have, it is tokenised stretch by stretch,
 *              with those of the messages as plain text; then the tokens at the seams may differ
 *              from the trained ones, which only who typed the control token notices.
 *   complete   the caller, who writes the whole prompt and needs them (fill in the middle)
 *   embed, tokenize   nobody
 *
 * The pieces of all tokens are kept in one block, since guides and logprobs look at many.
 * One thread. */
#pragma once
#include <llama.h>

#include "base/err.h"
#include "base/str.h"
#include "engine/llama/shim.h"

struct vocabulary {
    const struct llama_vocab *from;
    uint32_t count;
    char *pieces;       /* of control tokens: empty */
    uint32_t *piece_at; /* count + 1 offsets */
    llama_token *ends;  /* of generation */
    size_t end_count;
};

/* CORRUPT when the vocabulary is none; LIMIT. */
fallible vocabulary_init(struct vocabulary *ret, const struct llama_vocab *from);
void vocabulary_done(struct vocabulary *v);
str vocabulary_piece(const struct vocabulary *v, llama_token t);
/* With the text of control tokens, into `room`; for people to read. */
str vocabulary_name(const struct vocabulary *v, llama_token t, char *room, size_t room_len);
bool vocabulary_is_end(const struct vocabulary *v, llama_token t);

/* Tokens of a bounded number; `count` goes on beyond `room`, so that it can be told. */
struct tokens {
    llama_token *at;
    size_t count, room;
};

/* LIMIT. */
fallible tokens_init(struct tokens *ret, size_t room);
void tokens_done(struct tokens *t);

enum tokens_special {
    TOKENS_PLAIN = 0,
    TOKENS_CONTROL = 1, /* texts of control tokens become them */
    TOKENS_FRAME = 2    /* the model's own first and last tokens are added */
};

/* Adds the tokens of `text`, whole or not at all; `special` is a set of tokens_special.
 * CORRUPT when the vocabulary cannot express it, UNSUPPORTED beyond 2 GiB. */
fallible tokens_add(struct tokens *t, const struct vocabulary *v, str text, unsigned special);
/* The model's own first token, where it wants one. */
void tokens_add_first(struct tokens *t, const struct vocabulary *v);
/* A chat's prompt with the model's first token (once), its messages inert as told above.  `scratch`
 * is overwritten. */
fallible tokens_add_prompt(struct tokens *t, const struct vocabulary *v,
                           const struct shim_prompt *p, struct tokens *scratch);
/* The same without the first token: what follows something else. */
fallible tokens_add_rest(struct tokens *t, const struct vocabulary *v, const struct shim_prompt *p,
                         struct tokens *scratch);
