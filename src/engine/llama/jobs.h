/* SPDX-License-Identifier: EUPL-1.2 */
/* jobs.h - who may use the context: jobs in order of arrival, their answers, and a ledger of
 * sequences and cells.
 *
 * An answer runs when it has a sequence and has reserved all cells it may ever need, so a step
 * never runs out of them and no running answer is ended for another's sake.  Answers start in
 * order: the first job that does not fit makes the later ones wait, so large jobs do not starve.
 * (It may be that a later, smaller one would fit; even waiting is worth more than full cells.)
 *
 * The n answers of a job read their prompt once.  The first answer reads it; then the others get
 * a copy of its sequence without the last token (metadata only: cells are shared), decode that
 * token themselves and so come to logits of their own.  Answers for which there was no room take
 * over the sequence of one that ended, cut back to the prompt.  Models whose sequences cannot be
 * cut (recurrent ones) read the prompt again for each answer.
 *
 * Nothing is kept across jobs: when an answer is over its sequence is removed.  llama.cpp then
 * forgets the cells but does not wipe them; they are never read before they are written again.
 *
 * One thread. */
#pragma once
#include "engine/llama/load.h"
#include "engine/llama/sampler.h"

struct job;

enum answer_state {
    ANSWER_WAITS,  /* for a sequence and cells */
    ANSWER_LURKS,  /* has both; another answer of the job reads the prompt for it */
    ANSWER_READS,  /* the prompt, token `read` is next */
    ANSWER_WRITES, /* `last` is to be decoded */
    ANSWER_OVER
};

struct answer {
    struct job *job;
    struct sampler *sampler;
    enum answer_state state;
    uint32_t index;
    llama_seq_id seq;
    uint32_t read;    /* tokens of the prompt that are in the memory */
    uint32_t written; /* tokens made; all but the last are in the memory */
    uint32_t reserved;
    llama_token last;
};

struct job {
    struct serve_job *serve;
    struct job *next;
    struct tokens prompt;
    uint64_t seed;
    uint32_t tokens_max; /* of one answer */
    uint32_t reserved;   /* cells of the common prompt */
    uint32_t waiting;    /* answers that wait */
    bool is_over;
    struct answer *answers; /* serve->ask.n */
};

struct jobs {
    const struct loaded *m;
    struct serve *serve;
    struct job *first;
    struct answer *running[ENGINE_SEQUENCES_MAX]; /* by sequence */
    uint32_t reserved;
};

/* The prompt's tokens are copied into the job's arena.  CONTEXT_LENGTH when prompt and answer are
 * longer than the context (numbers are set), ARGUMENT for an empty prompt or a bad bias, LIMIT. */
fallible jobs_add(struct jobs *q, struct serve_job *j, const struct tokens *prompt, uint64_t seed);
void jobs_drop(struct jobs *q, struct serve_job *j);
/* Starts what may start. */
void jobs_start(struct jobs *q);
/* `a` has read the whole prompt: those that lurk get it. */
void jobs_share(struct jobs *q, struct answer *a);
/* `a` has ended: its sequence goes to the next answer of its job, or back. */
void jobs_answer_over(struct jobs *q, struct answer *a);
/* The whole job fails; it is dropped soon. */
void jobs_fail(struct jobs *q, struct job *job, err e);
/* The job that came last of those that run, or NULL. */
struct job *jobs_youngest(const struct jobs *q);

struct jobs_count {
    uint32_t running, waiting, cells_used;
};
struct jobs_count jobs_count(const struct jobs *q);
