/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - for the tests of engine/llama/: a stand-in for serve.c that writes down what a backend
 * says, and an engine without a channel.
 *
 * The stand-in defines the functions of engine/serve.h, so the linker leaves the real ones out. */
#pragma once
#include "engine/llama/step.h"
#include "engine/serve.h"
#include "model/conv.h"
#include "rig_model.h"

enum { RIG_TEXT = 8192, RIG_TOPS = 20, RIG_VECTORS = 64, RIG_DIMS = 64 };

/* ---- what a backend says */

struct rig_answer {
    char text[RIG_TEXT];
    size_t len;
    uint32_t tokens, guessed, guessed_right;
    bool over;
    enum engine_finish finish;
    float logprob[RIG_TEXT], tops[RIG_TEXT][RIG_TOPS]; /* of each token */
    size_t top_count;
};

struct rig_job {
    struct serve_job pub; /* first: a serve_job is the job */
    struct rig_answer *answers;
    uint32_t open, prompt_tokens, cached_tokens, after_the_end;
    float vectors[RIG_VECTORS][RIG_DIMS];
    uint32_t vector_count;
    size_t dims;
    err failure;
};

struct serve {
    uint64_t have, limit;
};

static inline struct rig_job *
rig_of(struct serve_job *j)
{
    return (struct rig_job *)j;
}

static inline bool
rig_is_over(const struct rig_job *r)
{
    return r->open == 0;
}

static inline str
rig_text(const struct rig_job *r, uint32_t index)
{
    return (str){r->answers[index].text, r->answers[index].len};
}

void
serve_answer_end(struct serve *s, struct serve_job *j, uint32_t index, enum engine_finish finish)
{
    struct rig_answer *a = &rig_of(j)->answers[index];
    (void)s;
    if (a->over)
        return;
    a->over = true;
    a->finish = finish;
    rig_of(j)->open--;
}

bool
serve_token(struct serve *s, struct serve_job *j, uint32_t index, str bytes,
            const struct serve_logprob *lp, const struct serve_logprob *tops, size_t top_count)
{
    struct rig_answer *a = &rig_of(j)->answers[index];
    rig_of(j)->after_the_end += a->over;
    if (a->over || a->tokens == RIG_TEXT)
        return false;
    if (a->len + bytes.len <= RIG_TEXT) {
        memcpy(a->text + a->len, bytes.at, bytes.len);
        a->len += bytes.len;
    }
    a->logprob[a->tokens] = lp ? lp->logprob : 1;
    for (size_t i = 0; i < top_count; i++)
        a->tops[a->tokens][i] = tops[i].logprob;
    a->top_count = top_count;
    if (++a->tokens == j->ask.tokens_max)
        serve_answer_end(s, j, index, FINISH_LENGTH);
    return !a->over;
}

void
serve_vector(struct serve *s, struct serve_job *j, uint32_t index, const float *values, size_t dims)
{
    struct rig_job *r = rig_of(j);
    (void)s;
    if (index < RIG_VECTORS && dims <= RIG_DIMS)
        memcpy(r->vectors[index], values, dims * sizeof *values);
    r->vector_count++;
    r->dims = dims;
}

void
serve_prompt_tokens(struct serve_job *j, uint32_t prompt, uint32_t cached)
{
    rig_of(j)->cached_tokens = cached;
    rig_of(j)->prompt_tokens = prompt;
}

void
serve_guessed(struct serve_job *j, uint32_t index, uint32_t guessed, uint32_t right)
{
    struct rig_answer *a = &rig_of(j)->answers[index];
    a->guessed += guessed;
    a->guessed_right += right;
}

void
serve_fail(struct serve *s, struct serve_job *j, err e, uint64_t have, uint64_t limit)
{
    struct rig_job *r = rig_of(j);
    s->have = have;
    s->limit = limit;
    r->failure = e;
    for (uint32_t i = 0; i < j->ask.n; i++)
        r->answers[i].over = true;
    r->open = 0;
}

void
serve_set_numbers(struct serve *s, uint64_t have, uint64_t limit)
{
    s->have = have;
    s->limit = limit;
}

/* ---- jobs */

/* Lives in an arena of its own: rig_job_free. */
static inline struct rig_job *
rig_job(struct engine_submit ask, str prompt)
{
    static uint64_t last_id;
    arena *a;
    void *answers;
    if (arena_open((size_t)64 << 20, &a).code)
        UNREACHABLE("an arena for a test");
    struct rig_job *r = arena_new(a, struct rig_job);
    r->pub = (struct serve_job){.id = ++last_id, .a = a, .ask = ask};
    r->pub.prompt = arena_str(a, prompt);
    if (try_arena_get(a, ask.n, sizeof(struct rig_answer), &answers).code)
        UNREACHABLE("room for the answers of a test");
    r->answers = answers;
    r->open = ask.n;
    return r;
}

static inline void
rig_job_free(struct rig_job *r)
{
    if (r)
        arena_free(r->pub.a);
}

/* ---- an engine without a channel */

struct rig_engine {
    struct loaded m;
    struct serve serve;
    struct jobs jobs;
    struct step step;
    struct tokens tokens;
    struct rig_job *all[64]; /* that were submitted */
    size_t count;
};

static inline fallible
rig_engine_start(struct rig_engine *e, const struct rig_model *m, struct llama_options o)
{
    memset(e, 0, sizeof *e);
    TRY(rig_load(m, o, &e->m));
    CHECK_OK(jobs_init(&e->jobs, &e->m, &e->serve));
    TRY(tokens_init(&e->tokens, e->m.context_tokens));
    return step_init(&e->step, &e->jobs);
}

static inline fallible
rig_submit(struct rig_engine *e, struct rig_job *r)
{
    e->tokens.count = 0;
    tokens_add_first(&e->tokens, &e->m.vocabulary);
    TRY(tokens_add(&e->tokens, &e->m.vocabulary, r->pub.prompt, TOKENS_CONTROL));
    TRY(jobs_add(&e->jobs, &r->pub, &e->tokens, NULL, r->pub.ask.seed));
    if (e->count == sizeof e->all / sizeof *e->all)
        UNREACHABLE("too many jobs for the rig");
    e->all[e->count++] = r;
    return OK;
}

/* As serve does it between two steps. */
static inline void
rig_settle(struct rig_engine *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->count; i++)
        if (rig_is_over(e->all[i]))
            jobs_drop(&e->jobs, &e->all[i]->pub);
        else
            e->all[kept++] = e->all[i];
    e->count = kept;
}

static inline void
rig_cancel(struct rig_engine *e, struct rig_job *r)
{
    r->open = 0;
    rig_settle(e);
}

static inline void
rig_run(struct rig_engine *e)
{
    for (int i = 0; i < 100000 && step_run(&e->step); i++)
        rig_settle(e);
    CHECK_INT(e->count, ==, 0);
}

/* No job holds anything. */
static inline bool
rig_is_empty(struct rig_engine *e)
{
    for (uint32_t i = 0; i < e->m.sequences_max; i++)
        if (e->jobs.running[i] || llama_memory_seq_pos_max(e->m.memory, (llama_seq_id)i) != -1)
            return false;
    return !e->jobs.first && !e->jobs.reserved && !jobs_count(&e->jobs).cells_used;
}

static inline void
rig_engine_end(struct rig_engine *e)
{
    step_done(&e->step);
    jobs_done(&e->jobs);
    tokens_done(&e->tokens);
    load_done(&e->m);
}
