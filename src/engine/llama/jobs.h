/* SPDX-License-Identifier: EUPL-1.2 */
/* jobs.h - who may use the context: jobs, their answers, and a ledger of sequences and cells.
 *
 * An answer runs when it has a sequence and has reserved all cells it may ever need, so a step
 * never runs out of them and no running answer is ended for another's sake.  Who is next is said by
 * sched/fair.h: classes, then tenants by what they were served.  The first job that does not fit
 * makes the others wait, so large jobs do not starve.  (It may be that a later, smaller one would
 * fit; even waiting is worth more than full cells.)
 *
 * To make room for the first, running answers may have to give way, if fair.h says so and if that
 * is enough for the first: their state is put aside in this process's memory, at most
 * JOBS_ASIDE_MAX bytes in all, their sequences and cells are given up, and they go on later as if
 * nothing had been, with a prompt half read or an answer half written.  Nobody's answer is ended.
 *
 * The n answers of a job read their prompt once.  The first answer reads it; then the others get
 * a copy of its sequence without the last token (metadata only: cells are shared), decode that
 * token themselves and so come to logits of their own.  Answers for which there was no room take
 * over the sequence of one that ended, cut back to the prompt.  Models whose sequences cannot be
 * cut (recurrent ones) read the prompt again for each answer.
 *
 * When an answer is over its state is kept for those of the same scope (prefix.h), and its sequence
 * removed.
 * llama.cpp then forgets the cells but does not wipe them; they are never read before they are
 * written again.  Jobs that ask for wiping have all of them overwritten when the last has gone.
 *
 * One thread. */
#pragma once
#include "engine/llama/guess.h"
#include "engine/llama/prefix.h"
#include "engine/llama/sampler.h"
#include "sched/fair.h"

#define JOBS_ASIDE_MAX (256u * 1024 * 1024)

struct job;

enum answer_state {
    ANSWER_WAITS,  /* for a sequence and cells */
    ANSWER_ASIDE,  /* waits to go on, reading or writing; its state is in `aside` */
    ANSWER_LURKS,  /* has both; another answer of the job reads the prompt for it */
    ANSWER_READS,  /* the prompt, token `read` is next */
    ANSWER_WRITES, /* `last` is to be decoded */
    ANSWER_OVER
};

struct answer {
    struct job *job;
    struct sampler *sampler;
    struct guess *guess; /* NULL: nothing is guessed for it */
    enum answer_state state;
    uint32_t index;
    llama_seq_id seq;
    uint32_t read;    /* tokens of the prompt that are in the memory */
    uint32_t written; /* tokens made; all but the last are in the memory */
    uint32_t reserved;
    llama_token last;
    bool leaves; /* is about to give way, while it is found out who does */
    uint8_t *aside;
    size_t aside_len;
};

struct job {
    struct serve_job *serve;
    struct job *next;
    struct tokens prompt;
    const struct views *views; /* the images in it; NULL: none */
    llama_token *made;         /* by answer 0, to be kept; maybe not all, when memory was short */
    size_t made_count, made_room;
    uint64_t seed;
    uint32_t tokens_max; /* of one answer */
    uint32_t reserved;   /* cells of the common prompt */
    uint32_t waiting;    /* answers that wait, begun or not */
    uint32_t cached;     /* tokens of the prompt that needed no reading */
    struct fair_tenant *tenant;
    struct fair_claim claim;
    bool is_over;
    struct answer *answers; /* serve->ask.n */
};

struct jobs {
    const struct loaded *m;
    struct serve *serve;
    struct job *first;
    struct answer *running[ENGINE_SEQUENCES_MAX]; /* by sequence */
    uint32_t reserved;
    struct prefix prefix;
    struct fair *fair;
    uint64_t numbers;       /* given to jobs */
    size_t aside_bytes;     /* of states put aside */
    uint64_t ousted;        /* answers that gave way, in all */
    struct guess_odds odds; /* of all answers */
    bool has_to_wipe, guesses;
};

/* LIMIT. */
fallible jobs_init(struct jobs *ret, const struct loaded *m, struct serve *s);
void jobs_done(struct jobs *q);

/* The prompt's tokens are copied into the job's arena; `views` (NULL: none) live there.
 * CONTEXT_LENGTH when prompt and answer are longer than the context (numbers are set), ARGUMENT for
 * an empty prompt or a bad bias, LIMIT. */
fallible jobs_add(struct jobs *q, struct serve_job *j, const struct tokens *prompt,
                  const struct views *views, uint64_t seed);
void jobs_drop(struct jobs *q, struct serve_job *j);
/* Starts what may start. */
void jobs_start(struct jobs *q);
/* `a` has read the whole prompt: those that lurk get it. */
void jobs_share(struct jobs *q, struct answer *a);
/* `a` has made a token. */
void jobs_note(struct jobs *q, const struct answer *a, llama_token t);
/* `a` has ended: its sequence goes to the next answer of its job, or is kept, or goes back. */
void jobs_answer_over(struct jobs *q, struct answer *a);
/* The whole job fails; it is dropped soon. */
void jobs_fail(struct jobs *q, struct job *job, err e);
/* The job that came last of those that run, or NULL. */
struct job *jobs_youngest(const struct jobs *q);

struct jobs_count {
    uint32_t running, waiting, cells_used;
};
struct jobs_count jobs_count(const struct jobs *q);
