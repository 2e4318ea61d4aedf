/* SPDX-License-Identifier: EUPL-1.2 */
/* engine.h - one running model, as the gate sees it: load is somebody else's business (super/),
 * here are submit, cancel, tokens, done, stats and capabilities.
 *
 * An `engine` is one channel to one engine process.  When the process dies, or says anything that
 * is malformed, every job on it gets on_failed(ENGINE_LOST), once, then its owner on_lost, and
 * makes a new one.  Jobs are independent: what one does or suffers is not seen by another.  One
 * thread: the loop's.  A grant must cover the label of what is submitted.
 *
 * The process is not trusted: every length, index, count and order of its messages is checked
 * here (and in engine/decode.h) before a hook sees it.  What it can do is answer nonsense. */
#pragma once
#include "engine/proto.h"
#include "model/conv.h"
#include "os/ipc.h"
#include "policy/guardrail.h"

typedef struct engine engine;
typedef struct engine_job engine_job;

struct engine_token { /* one entry of logprobs */
    str text;         /* bytes of the token: maybe not whole UTF-8 */
    double logprob;
    const struct engine_token *top;
    size_t top_count;
};

/* What an answer is made of, the same from every engine (parts.h). */
enum engine_part {
    PART_TEXT,
    PART_REASONING, /* what the model thought before it answered */
    PART_CALL,      /* a tool call begins: the text is the tool's name */
    PART_ARGUMENTS  /* more of the call's arguments: a piece of their JSON */
};

struct engine_piece {
    uint32_t index; /* which answer */
    enum engine_part part;
    uint32_t call; /* CALL, ARGUMENTS: which call of this answer, 0 … */
    str call_id;   /* CALL: as the engine named it; empty: the dialect makes one */
    uint32_t token_count;
    uint32_t prompt_tokens, cached_tokens; /* of the request; 0: not said yet */
    content text;                          /* whole UTF-8 characters */
    const struct engine_token *tokens;     /* logprobs, if asked for */
    size_t logprob_count;
};

struct engine_usage {
    uint32_t index;
    enum engine_finish finish;
    uint32_t stop; /* FINISH_STOP: 1 + which of params.stops matched; 0: none */
    uint32_t prompt_tokens, cached_tokens, output_tokens;
    uint32_t guessed, guessed_right; /* of the output: tokens guessed, and those that were right */
    bool is_last;
    const struct guardrail
        *guardrail;    /* FINISH_FILTER: by this one of the policy; NULL: by the model */
    bool is_estimated; /* the provider did not count: the pieces were, and no prompt */
    uint64_t queued_us, prefill_us, decode_us;
};

/* Pointers are valid during the call.  After on_done with is_last, or on_failed, the job is dead.
 * Any hook may cancel any job, its own too, and submit new ones; it must not free the engine.
 * on_text may be NULL where no text comes, on_vector where no vector does. */
struct engine_hooks {
    void (*on_text)(void *ctx, const struct engine_piece *p);
    void (*on_vector)(void *ctx, uint32_t index, const float *values, size_t dims);
    void (*on_done)(void *ctx, const struct engine_usage *u);
    /* `e` has a public sentence in the trail where there is one to say.  Its code is ENGINE_LOST,
     * CANCELLED (engine_free), CONTEXT_LENGTH, ARGUMENT, UNSUPPORTED, BUSY, LIMIT or INTERNAL. */
    void (*on_failed)(void *ctx, err e);
    void *ctx;
};

struct engine_events {
    void (*on_ready)(void *ctx, engine *e); /* the hello came; may be NULL */
    /* All jobs were failed before.  engine_free may be called from here. */
    void (*on_lost)(void *ctx, engine *e);
    void *ctx;
};

/* Takes the channel's descriptor over, also when it fails. */
fallible engine_new(loop *l, int channel, struct engine_events events, engine **ret);
/* Jobs still running get on_failed(CANCELLED).  NULL is fine. */
void engine_free(engine *e);
bool engine_is_ready(const engine *e);
double engine_progress(const engine *e); /* of loading, 0 … 1 */
/* Valid when ready. */
const struct engine_hello *engine_caps(const engine *e);
size_t engine_jobs(const engine *e);

/* DENIED: the grant does not cover conv->label; ENGINE_LOADING; UNSUPPORTED: the model cannot do
 * that kind; BUSY: the channel is full; ENGINE_LOST; LIMIT.  Then no hook is called.  Answers carry
 * the label conv->label joined with `model_label`.  ENGINE_TOKENIZE counts the tokens of
 * conv->messages as the model would be shown them, tools and all, or where there are none of
 * conv->prompt: on_done says how many as prompt_tokens, and nothing else comes.  c->tools must live
 * as long as the job. */
fallible engine_submit(engine *e, const grant *g, enum engine_kind kind, const struct conv *c,
                       label model_label, struct engine_hooks hooks, engine_job **ret);
/* No hook is called any more; the engine stops within one step.  NULL is fine. */
void engine_cancel(engine_job *j);
/* The answer comes through `fn`, once; never when the engine is lost.  BUSY when too many wait. */
fallible
engine_ask_stats(engine *e, void (*fn)(void *ctx, const struct engine_stats *s), void *ctx);
