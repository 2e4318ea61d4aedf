/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/jobs.h"

/* ---- coming and going */

static fallible
check_length(const struct jobs *q, const struct serve_job *j, const struct tokens *prompt)
{
    const uint64_t answer = j->ask.tokens_max ? j->ask.tokens_max : 1;
    const uint64_t have = prompt->count + answer, limit = q->m->context_tokens;
    if (have <= limit)
        return OK;
    serve_set_numbers(q->serve, have, limit);
    FAIL(CONTEXT_LENGTH, "%ju tokens in a context of %ju", (uintmax_t)have, (uintmax_t)limit);
}

static fallible
job_new(const struct jobs *q, struct serve_job *j, const struct tokens *prompt, struct job **ret)
{
    void *at, *answers;
    TRY(try_arena_get(j->a, 1, sizeof(struct job), &at));
    struct job *job = at;
    TRY(try_arena_get(j->a, j->ask.n, sizeof(struct answer), &answers));
    TRY(try_arena_get(j->a, prompt->count, sizeof *prompt->at, &at));
    memcpy(at, prompt->at, prompt->count * sizeof *prompt->at);
    *job = (struct job){
        .serve = j,
        .prompt = {.at = at, .count = prompt->count, .room = prompt->count},
        .tokens_max =
            j->ask.tokens_max ? j->ask.tokens_max : q->m->context_tokens - (uint32_t)prompt->count,
        .waiting = j->ask.n,
        .answers = answers,
    };
    for (uint32_t i = 0; i < j->ask.n; i++)
        job->answers[i] = (struct answer){.job = job, .index = i, .seq = -1};
    *ret = job;
    return OK;
}

fallible
jobs_add(struct jobs *q, struct serve_job *j, const struct tokens *prompt, uint64_t seed)
{
    struct job *job;
    if (!prompt->count)
        REFUSE(ARGUMENT, "prompt", "The prompt is empty, and this model needs a first token.");
    TRY(check_length(q, j, prompt));
    TRY(sampler_check(j, &q->m->vocabulary));
    TRY(job_new(q, j, prompt, &job));
    job->seed = seed;
    struct job **last = &q->first;
    while (*last)
        last = &(*last)->next;
    *last = job;
    j->backend = job;
    return OK;
}

static void
release(struct jobs *q, struct answer *a)
{
    if (a->seq >= 0) {
        ASSERT(q->running[a->seq] == a && q->reserved >= a->reserved);
        llama_memory_seq_rm(q->m->memory, a->seq, -1, -1);
        q->running[a->seq] = NULL;
        q->reserved -= a->reserved;
    }
    sampler_free(a->sampler);
    a->sampler = NULL;
    a->seq = -1;
    a->reserved = 0;
    a->state = ANSWER_OVER;
}

void
jobs_drop(struct jobs *q, struct serve_job *j)
{
    struct job *job = j->backend;
    struct job **at = &q->first;
    if (!job)
        return;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    for (uint32_t i = 0; i < j->ask.n; i++)
        release(q, &job->answers[i]);
    ASSERT(q->reserved >= job->reserved);
    q->reserved -= job->reserved;
    j->backend = NULL;
}

/* ---- starting */

static llama_seq_id
free_sequence(const struct jobs *q)
{
    for (uint32_t i = 0; i < q->m->sequences_max; i++)
        if (!q->running[i])
            return (llama_seq_id)i;
    return -1;
}

/* Gives `a` a sequence and its cells; false when there is no room. */
static bool
seat(struct jobs *q, struct answer *a)
{
    struct job *job = a->job;
    const uint32_t prompt = (uint32_t)job->prompt.count;
    const uint32_t common = q->m->can_share && !job->reserved ? prompt : 0;
    const uint32_t own = job->tokens_max + (q->m->can_share ? 0 : prompt);
    const llama_seq_id seq = free_sequence(q);
    ASSERT(a->state == ANSWER_WAITS && q->reserved <= q->m->cells);
    if (seq < 0 || common + own > q->m->cells - q->reserved)
        return false;
    q->reserved += common + own;
    job->reserved += common;
    job->waiting--;
    a->reserved = own;
    a->seq = seq;
    q->running[seq] = a;
    return true;
}

static struct answer *
find(const struct job *job, enum answer_state state)
{
    for (uint32_t i = 0; i < job->serve->ask.n; i++)
        if (job->answers[i].state == state)
            return &job->answers[i];
    return NULL;
}

/* Everything of the prompt but its last token, which `to` decodes itself. */
static void
copy_prompt(struct jobs *q, const struct answer *from, struct answer *to)
{
    const uint32_t len = (uint32_t)from->job->prompt.count - 1;
    ASSERT(q->m->can_share && from->read > len);
    if (len)
        llama_memory_seq_cp(q->m->memory, from->seq, to->seq, 0, (llama_pos)len);
    to->read = len;
    to->state = ANSWER_READS;
}

/* Who reads: the first answer, or each where sequences cannot be shared. */
static void
begin(struct jobs *q, struct answer *a)
{
    const struct answer *writer = q->m->can_share ? find(a->job, ANSWER_WRITES) : NULL;
    if (writer)
        copy_prompt(q, writer, a);
    else if (q->m->can_share && find(a->job, ANSWER_READS))
        a->state = ANSWER_LURKS;
    else
        a->state = ANSWER_READS;
}

static fallible
give_sampler(const struct jobs *q, struct answer *a)
{
    const struct job *job = a->job;
    const uint32_t seed = sampler_seed(job->seed, a->index);
    return sampler_new(job->serve, &q->m->vocabulary, &job->prompt, seed, &a->sampler);
}

static bool
start(struct jobs *q, struct answer *a)
{
    struct job *job = a->job;
    if (!seat(q, a))
        return false;
    const err e = give_sampler(q, a);
    if (e.code)
        jobs_fail(q, job, e);
    else
        begin(q, a);
    return true;
}

void
jobs_start(struct jobs *q)
{
    for (struct job *job = q->first; job; job = job->next)
        while (job->waiting && !job->is_over) {
            struct answer *next = find(job, ANSWER_WAITS);
            ASSERT(next);
            if (!start(q, next))
                return;
        }
}

void
jobs_share(struct jobs *q, struct answer *a)
{
    struct answer *other;
    while ((other = find(a->job, ANSWER_LURKS)))
        copy_prompt(q, a, other);
}

/* ---- ending */

/* The next answer of the job goes on in `a`'s sequence, with the reading done. */
static bool
hand_over(struct jobs *q, struct answer *a, struct answer *next)
{
    const uint32_t keep = q->m->can_share ? (uint32_t)a->job->prompt.count - 1 : 0;
    if (!llama_memory_seq_rm(q->m->memory, a->seq, (llama_pos)keep, -1))
        return false;
    next->seq = a->seq;
    next->reserved = a->reserved;
    next->read = keep;
    next->state = ANSWER_READS;
    q->running[a->seq] = next;
    a->job->waiting--;
    a->seq = -1;
    a->reserved = 0;
    return true;
}

void
jobs_answer_over(struct jobs *q, struct answer *a)
{
    struct job *job = a->job;
    struct answer *next = job->is_over ? NULL : find(job, ANSWER_WAITS);
    if (next && !hand_over(q, a, next))
        jobs_fail(q, job,
                  err_start(ERR_UNSUPPORTED, __FILE__, __LINE__, __func__,
                            "a sequence of this model cannot be cut"));
    else if (next) {
        const err e = give_sampler(q, next);
        if (e.code)
            jobs_fail(q, job, e);
    }
    release(q, a);
}

void
jobs_fail(struct jobs *q, struct job *job, err e)
{
    if (!job->is_over)
        serve_fail(q->serve, job->serve, e, 0, 0);
    job->is_over = true;
}

struct job *
jobs_youngest(const struct jobs *q)
{
    struct job *youngest = NULL;
    for (struct job *job = q->first; job; job = job->next)
        if (job->waiting < job->serve->ask.n && !job->is_over)
            youngest = job;
    return youngest;
}

/* ---- counting */

/* Of the common prompt the longest copy counts; what follows is each answer's own. */
static uint32_t
cells_of(const struct jobs *q, const struct job *job)
{
    uint32_t common = 0, own = 0;
    for (uint32_t i = 0; i < job->serve->ask.n; i++) {
        const struct answer *a = &job->answers[i];
        if (a->seq < 0)
            continue;
        own += a->written ? a->written - 1 : 0;
        own += q->m->can_share ? 0 : a->read;
        common = q->m->can_share && a->read > common ? a->read : common;
    }
    return common + own;
}

struct jobs_count
jobs_count(const struct jobs *q)
{
    struct jobs_count c = {0};
    for (const struct job *job = q->first; job; job = job->next) {
        const bool runs = job->waiting < job->serve->ask.n;
        c.running += runs;
        c.waiting += !runs;
        c.cells_used += cells_of(q, job);
    }
    return c;
}
