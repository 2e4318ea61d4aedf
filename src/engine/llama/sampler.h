/* SPDX-License-Identifier: EUPL-1.2 */
/* sampler.h - one token out of one row of logits, for one answer.
 *
 * In this order: bias and penalties on the logits; then temperature 0 takes the best, else top_k,
 * top_p, min_p, temperature and a draw (llama.cpp's samplers and its order: the filters look at
 * the model's own distribution; tokens that have no chance are left out before).  The presence and
 * frequency penalties count the answer's tokens, `repeat` also those of the prompt.
 *
 * A JSON object is asked of the token that was drawn, not of the vocabulary: only when the guide
 * (json_guide.h) refuses it, all tokens are tested and one is drawn among those it allows.
 * Either way an allowed token comes with the probability it has among the allowed ones.
 *
 * A grammar is asked in the same way, of llama.cpp's own grammar sampler; the answer ends when the
 * model ends it where the grammar allows.  sampler_check has read it with gbnf_read before.
 *
 * logprobs are of the unmodified logits: what the model thinks, not what the settings made of it.
 *
 * The draw depends on seed, answer's index and logits alone.  The same build gives the same logits
 * for the same text decoded alone.  With others in the same step matrix products are grouped
 * differently and sums round differently (in the 7th digit), so that two tokens of nearly equal
 * probability may change places; who needs repeatable answers runs with one sequence.
 *
 * One thread.  Logits that are no numbers are never chosen. */
#pragma once
#include "engine/llama/json_guide.h"
#include "engine/llama/tokens.h"
#include "engine/serve.h"

enum { SAMPLER_TOPS_MAX = 20 };

struct sampler;

/* Room for one candidate per token, shared by all samplers of one thread. */
struct candidates {
    float *logits;
    llama_token_data *at;
    size_t count;
};
fallible candidates_init(struct candidates *ret, const struct vocabulary *v);
void candidates_done(struct candidates *c);

struct choice {
    llama_token token;
    bool is_end;          /* of generation: nothing is to be shown */
    bool is_object_whole; /* this token ends the answer */
    float logprob;        /* and the following only when asked for */
    struct {
        llama_token token;
        float logprob;
    } tops[SAMPLER_TOPS_MAX];
    size_t top_count;
};

/* ARGUMENT: a bias names no token of the vocabulary, or the grammar is none. */
fallible sampler_check(const struct serve_job *j, const struct vocabulary *v);
/* The seed of answer `index` of a request with `seed`: answers get unrelated ones. */
uint32_t sampler_seed(uint64_t seed, uint32_t index);
/* What `j` asks for must have been checked.  LIMIT. */
fallible sampler_new(const struct serve_job *j, const struct vocabulary *v,
                     const struct tokens *prompt, uint32_t seed, struct sampler **ret);
void sampler_free(struct sampler *s);
/* UNSUPPORTED: no token of this vocabulary continues the object; CORRUPT: no logit is a number. */
fallible
sampler_choose(struct sampler *s, const float *logits, struct candidates *room, struct choice *ret);
