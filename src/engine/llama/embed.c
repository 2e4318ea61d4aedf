/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/embed.h"

#include <math.h>

#include "base/fault.h"
#include "base/vec.h"
#include "os/clock.h"

struct embed_job {
    struct serve_job *serve;
    struct embed_job *next;
    VEC(struct tokens) inputs;
    size_t taken; /* inputs that are done or in the step at hand */
    uint64_t tokens;
    struct fair_tenant *tenant;
    struct fair_claim claim;
    bool is_over;
};

/* What is in the batch under sequence i. */
struct entry {
    struct embed_job *job;
    uint32_t index;
};

struct plan {
    struct entry entries[LOAD_EMBED_SEQUENCES];
    uint32_t count;
};

fallible
embed_init(struct embed *ret, const struct loaded *m, uint32_t step_tokens_max)
{
    struct embed e = {.m = m, .step_tokens_max = step_tokens_max};
    ASSERT(m->dims > 0 && m->sequences_max <= LOAD_EMBED_SEQUENCES);
    ASSERT(step_tokens_max <= m->step_tokens_max && m->context_tokens <= m->step_tokens_max);
    e.vector = mem_get(m->dims * sizeof *e.vector);
    e.fair = mem_get(sizeof *e.fair);
    if (!e.vector || !e.fair) {
        mem_free(e.vector);
        mem_free(e.fair);
        FAIL(LIMIT, "no memory for a vector and the scheduler");
    }
    memset(e.fair, 0, sizeof *e.fair);
    e.batch = llama_batch_init((int32_t)m->step_tokens_max, 0, 1);
    *ret = e;
    return OK;
}

void
embed_done(struct embed *e)
{
    mem_free(e->vector);
    mem_free(e->fair);
    if (e->batch.token)
        llama_batch_free(e->batch);
    *e = (struct embed){0};
}

/* ---- coming and going */

static fallible
add_input(struct embed *e, struct serve_job *j, struct embed_job *job, str text,
          struct tokens *scratch)
{
    void *at;
    scratch->count = 0;
    TRY(tokens_add(scratch, &e->m->vocabulary, text, TOKENS_FRAME));
    if (scratch->count > e->m->context_tokens) {
        serve_set_numbers(e->serve, scratch->count, e->m->context_tokens);
        FAIL(CONTEXT_LENGTH, "input %zu has %zu tokens", job->inputs.count, scratch->count);
    }
    if (!scratch->count)
        REFUSE(ARGUMENT, "input", "Input %zu is empty.", job->inputs.count);
    TRY(try_arena_get(j->a, scratch->count, sizeof *scratch->at, &at));
    memcpy(at, scratch->at, scratch->count * sizeof *scratch->at);
    const struct tokens input = {.at = at, .count = scratch->count, .room = scratch->count};
    job->tokens += input.count;
    return VEC_ADD(j->a, &job->inputs, &input);
}

fallible
embed_add(struct embed *e, struct serve_job *j, struct tokens *scratch)
{
    void *at;
    str rest = j->prompt, text;
    if (j->ask.dimensions > e->m->dims)
        REFUSE(ARGUMENT, "dimensions", "This model's vectors have %u dimensions.", e->m->dims);
    TRY(try_arena_get(j->a, 1, sizeof(struct embed_job), &at));
    struct embed_job *job = at;
    *job = (struct embed_job){.serve = j};
    while (section_next(&rest, &text))
        TRY(add_input(e, j, job, text, scratch));
    job->tenant = fair_enter(e->fair, j->ask.tenant, j->ask.weight);
    job->claim = (struct fair_claim){.tenant = job->tenant,
                                     .class = (enum fair_class)j->ask.class,
                                     .came_us = clock_us(),
                                     .number = ++e->numbers};
    struct embed_job **last = &e->first;
    while (*last)
        last = &(*last)->next;
    *last = job;
    j->backend = job;
    return OK;
}

void
embed_drop(struct embed *e, struct serve_job *j)
{
    struct embed_job *job = j->backend;
    struct embed_job **at = &e->first;
    if (!job)
        return;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    fair_leave(job->tenant, clock_us());
    j->backend = NULL;
}

/* ---- a step */

static struct embed_job *
first_hungry(const struct embed *e)
{
    const uint64_t now_us = clock_us();
    struct embed_job *first = NULL;
    for (struct embed_job *job = e->first; job; job = job->next)
        if (!job->is_over && job->taken < job->inputs.count &&
            (!first || fair_compare(&job->claim, &first->claim, now_us) < 0))
            first = job;
    return first;
}

/* The next input of `job`, if it still fits. */
static bool
take_input(struct embed *e, struct plan *p, struct embed_job *job)
{
    if (p->count == e->m->sequences_max)
        return false;
    const struct tokens *input = &job->inputs.at[job->taken];
    struct llama_batch *b = &e->batch;
    if (p->count && (uint32_t)b->n_tokens + input->count > e->step_tokens_max)
        return false;
    for (size_t i = 0; i < input->count; i++) {
        const int32_t at = b->n_tokens++;
        b->token[at] = input->at[i];
        b->pos[at] = (llama_pos)i;
        b->n_seq_id[at] = 1;
        b->seq_id[at][0] = (llama_seq_id)p->count;
        b->logits[at] = true;
    }
    fair_charge(job->tenant, (uint32_t)input->count, 0);
    job->claim.number = ++e->numbers; /* behind the other jobs of its tenant */
    if (!job->taken)
        serve_prompt_tokens(job->serve, (uint32_t)job->tokens, 0);
    p->entries[p->count++] = (struct entry){.job = job, .index = (uint32_t)job->taken++};
    return true;
}

static void
fill(struct embed *e, struct plan *p)
{
    struct embed_job *job = first_hungry(e);
    e->batch.n_tokens = 0;
    while (job && take_input(e, p, job))
        job = first_hungry(e);
}

static fallible
normalise(const float *from, uint32_t dims, float *ret)
{
    double squares = 0;
    for (uint32_t i = 0; i < dims; i++)
        squares += (double)from[i] * (double)from[i];
    if (!isfinite(squares) || squares <= 0)
        FAIL(CORRUPT, "the model's vector has no direction");
    for (uint32_t i = 0; i < dims; i++)
        ret[i] = (float)((double)from[i] / sqrt(squares));
    return OK;
}

static void
fail(struct embed *e, struct embed_job *job, err why)
{
    serve_fail(e->serve, job->serve, why, 0, 0);
    job->is_over = true;
}

static void
send_vector(struct embed *e, uint32_t sequence, const struct entry *entry)
{
    struct embed_job *job = entry->job;
    const uint32_t dims = job->serve->ask.dimensions ? job->serve->ask.dimensions : e->m->dims;
    const float *vector = llama_get_embeddings_seq(e->m->ctx, (llama_seq_id)sequence);
    ASSERT(vector);
    if (job->is_over)
        return;
    const err why = normalise(vector, dims, e->vector);
    if (why.code) {
        fail(e, job, why);
        return;
    }
    serve_vector(e->serve, job->serve, entry->index, e->vector, dims);
    if (entry->index + 1 == job->inputs.count) {
        serve_answer_end(e->serve, job->serve, 0, FINISH_STOP);
        job->is_over = true;
    }
}

bool
embed_run(struct embed *e)
{
    struct plan plan = {.count = 0};
    fill(e, &plan);
    if (!plan.count)
        return false;
    if (e->m->memory)
        llama_memory_clear(e->m->memory, false);
    if (llama_decode(e->m->ctx, e->batch) != 0)
        UNREACHABLE("llama_decode failed on a batch that was checked");
    e->steps++;
    e->tokens_in += (uint64_t)e->batch.n_tokens;
    for (uint32_t i = 0; i < plan.count; i++)
        send_vector(e, i, &plan.entries[i]);
    return true;
}

struct embed_count
embed_count(const struct embed *e)
{
    struct embed_count c = {0};
    for (const struct embed_job *job = e->first; job; job = job->next) {
        c.running += job->taken > 0;
        c.waiting += job->taken == 0;
    }
    return c;
}
