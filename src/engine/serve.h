/* SPDX-License-Identifier: EUPL-1.2 */
/* serve.h - the frame of every engine process: reads the channel, hands requests to a backend,
 * writes what it makes.  llama/ and toy/ are backends.
 *
 * One thread calls the backend: serve_run alternates between draining the channel (waiting only
 * when the backend is idle) and backend->step.  So a cancel is seen between two steps.  Text is
 * put together here (engine/text.h): UTF-8 across tokens, stop strings across token borders;
 * a backend emits raw token bytes. */
#pragma once
#include "base/arena.h"
#include "engine/submit.h"

struct serve;

/* A request as the backend gets it; lives until its last answer ended.  Strings live in `a`. */
struct serve_job {
    uint64_t id;
    arena *a;                 /* room for a small multiple of the prompt */
    struct engine_submit ask; /* checked */
    str prompt;               /* SECTION_PROMPT; complete, tokenize: UTF-8; embed: well-formed */
    const void *bias;         /* SECTION_BIAS, unaligned struct conv_bias */
    size_t bias_count;
    const struct submit_image *images; /* SECTION_IMAGES */
    size_t image_count;
    str grammar;   /* SECTION_GRAMMAR: UTF-8; gbnf_read says whether it is one */
    void *backend; /* the backend's own */
};

struct serve_backend {
    const char *name;
    /* Fills the hello (proto and memory are set by serve). */
    fallible (*open)(void *self, struct serve *s, struct engine_hello *ret);
    /* Takes a job on, or fails it: the error is sent as FAILED (serve_set_numbers before).  Nothing
     * may be emitted for a job that submit fails. */
    fallible (*submit)(void *self, struct serve_job *j);
    /* The job is over or cancelled: forget it.  Called once for every job submit took, never
     * from inside submit or step. */
    void (*drop)(void *self, struct serve_job *j);
    /* Some work; true while there is more to do. */
    bool (*step)(void *self);
    void (*stats)(void *self, struct engine_stats *ret);
    void *self;
};

/* ---- called by a backend from step or submit */
/* One token of answer `index`.  `lp` NULL unless logprobs were asked for; tops follow in `tops`.
 * Probabilities that are no number or above 1 are put right here.  The echo of a prompt is made
 * here as well.
 * Returns false when the answer is over (a stop string matched or tokens_max came): then
 * serve_answer_end was done already and the backend must not go on with it. */
struct serve_logprob {
    str text;
    float logprob;
};
bool
serve_token(struct serve *s, struct serve_job *j, uint32_t index, str bytes,
            const struct serve_logprob *lp, const struct serve_logprob *tops, size_t top_count);
/* The answer ended by itself (STOP: end of generation) or at the context's end (LENGTH).  What is
 * over already stays as it is.  Embeddings and counting have one answer, 0. */
void
serve_answer_end(struct serve *s, struct serve_job *j, uint32_t index, enum engine_finish finish);
void serve_vector(struct serve *s, struct serve_job *j, uint32_t index, const float *values,
                  size_t dims);
/* Counts for DONE.  Call when work on the prompt begins, before the first token: waiting in the
 * backend's queue ends with this call, and the first token ends the prefill. */
void serve_prompt_tokens(struct serve_job *j, uint32_t prompt, uint32_t cached);
/* So many tokens were guessed for the answer, and so many of them were right: added up for DONE. */
void serve_guessed(struct serve_job *j, uint32_t index, uint32_t guessed, uint32_t right);
/* The whole job failed in a step; the trail's error and these numbers are sent. */
void serve_fail(struct serve *s, struct serve_job *j, err e, uint64_t have, uint64_t limit);
/* For FAILED from submit: the numbers of a CONTEXT_LENGTH. */
void serve_set_numbers(struct serve *s, uint64_t have, uint64_t limit);
void serve_loading(struct serve *s, float progress);

/* Until the channel ends.  `channel` is a SEQPACKET descriptor and stays the caller's.  OK when
 * the gate closed it; PARSE when a message was malformed beyond a request; BUSY when the gate
 * took nothing for ten seconds (it queues for each client, so one slow reader is not the cause). */
fallible serve_run(int channel, const struct serve_backend *b, uint32_t queue_max);
