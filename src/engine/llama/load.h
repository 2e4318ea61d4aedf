/* SPDX-License-Identifier: EUPL-1.2 */
/* load.h - a model in memory: weights mapped from a descriptor, a context with its cells, the
 * vocabulary, the compiled chat template.
 *
 * Cells.  All sequences share one store (kv_unified): cells are handed out one by one, so a short
 * sequence does not block room for a long one, and a common prompt is kept once.  There are up
 * to four contexts' worth of them, fewer where memory is scarce, never less than one context.
 * llama.cpp writes to all of them at the start, so they count as resident.
 *
 * Embedders have no answers to write.  Models that see the whole text at once (BERT) want it in
 * one step, so a step holds one whole context; pooling is the model's own, else the mean (or the
 * last token where attention is causal).  llama.cpp sets a row of logits aside for each token of a
 * step although an encoder has none: with 250,000 tokens in the vocabulary 1 MB each.
 *
 * An adapter is one for all of the process: whoever asks for another one asks another process.
 *
 * The file must have an open file description of its own, for it is read through its position. */
#pragma once
#include "engine/llama/eyes.h"
#include "engine/llama/llama_backend.h"
#include "engine/llama/template.h"
#include "engine/llama/tokens.h"

enum { LOAD_CONTEXTS_MAX = 4, LOAD_EMBED_SEQUENCES = 32, LOAD_GUESS_ROWS = 16 };

struct loaded {
    struct llama_model *model;
    struct llama_context *ctx;
    llama_memory_t memory; /* NULL: an encoder keeps none */
    struct vocabulary vocabulary;
    struct template *template; /* NULL: cannot chat */
    struct eyes *eyes;         /* NULL: cannot see */
    uint32_t context_tokens;   /* of one sequence */
    uint32_t cells, sequences_max, step_tokens_max, dims;
    uint32_t rows_max; /* of logits in one step: for each sequence one, and some for guesses */
    bool can_share;    /* a part of a sequence can be copied and cut off */
};

/* CORRUPT when llama.cpp refuses the file, UNSUPPORTED when it is of a kind that is not served or
 * the adapter is not for it. */
fallible load_model(const struct llama_options *o, void (*progress)(void *ctx, float part),
                    void *ctx, struct loaded *ret);
void load_done(struct loaded *l);
