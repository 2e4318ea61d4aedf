/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/llama_backend.h"

#include <stdio.h>

#include "base/fault.h"
#include "engine/llama/embed.h"
#include "engine/llama/step.h"
#include "os/entropy.h"

struct llama_backend {
    struct llama_options o;
    struct serve *serve;
    struct loaded m;
    struct tokens tokens, scratch; /* of the prompt at hand */
    struct views *views;           /* its images; NULL: none */
    struct jobs jobs;
    struct step step;
    struct embed embed;
};

fallible
llama_backend_new(const struct llama_options *o, struct llama_backend **ret)
{
    struct llama_backend *b = mem_get(sizeof *b);
    if (!b)
        FAIL(LIMIT, "no memory for an engine");
    *b = (struct llama_backend){.o = *o};
    *ret = b;
    return OK;
}

void
llama_backend_delete(struct llama_backend *b)
{
    if (!b)
        return;
    step_done(&b->step);
    jobs_done(&b->jobs);
    embed_done(&b->embed);
    tokens_done(&b->tokens);
    tokens_done(&b->scratch);
    load_done(&b->m);
    mem_free(b);
}

/* ---- opening */

static void
on_progress(void *ctx, float part)
{
    struct llama_backend *b = ctx;
    serve_loading(b->serve, part);
}

static void
describe(const struct llama_backend *b, struct engine_hello *ret)
{
    ret->context_tokens = b->m.context_tokens;
    ret->sequences_max = b->m.sequences_max;
    ret->embedding_dims = b->o.is_embedder ? b->m.dims : 0;
    ret->vocabulary = b->m.vocabulary.count;
    ret->can_chat = b->m.template != NULL;
    ret->can_embed = b->o.is_embedder;
    ret->can_see = b->m.template && b->m.eyes;
    snprintf(ret->engine, sizeof ret->engine, "llama.cpp %s", llama_version());
}

static fallible
backend_open(void *self, struct serve *s, struct engine_hello *ret)
{
    struct llama_backend *b = self;
    b->serve = s;
    TRY(load_model(&b->o, on_progress, b, &b->m));
    TRY(tokens_init(&b->tokens, b->m.context_tokens));
    TRY(tokens_init(&b->scratch, b->m.context_tokens));
    TRY(jobs_init(&b->jobs, &b->m, s));
    if (b->o.is_embedder)
        TRY(embed_init(&b->embed, &b->m, b->o.step_tokens_max));
    else
        TRY(step_init(&b->step, &b->jobs));
    b->jobs.guesses = b->o.guess_tokens_max > 0;
    b->step.guess_max = b->o.guess_tokens_max;
    b->step.gap_us_max = UINT64_C(1000) * b->o.gap_ms_max;
    b->embed.serve = s;
    describe(b, ret);
    return OK;
}

/* ---- requests */

static fallible
add_prompt(struct llama_backend *b, const struct serve_job *j, const struct shim_prompt *p)
{
    const struct look l = {.a = j->a,
                           .v = &b->m.vocabulary,
                           .images = j->images,
                           .image_count = j->image_count,
                           .scratch = &b->scratch};
    if (!j->image_count)
        return tokens_add_prompt(&b->tokens, &b->m.vocabulary, p, &b->scratch);
    if (!b->m.eyes)
        REFUSE(UNSUPPORTED, "messages", "The model cannot see (capability \"vision\").");
    return eyes_add_prompt(b->m.eyes, &l, p, &b->tokens, &b->views);
}

static fallible
read_chat(struct llama_backend *b, const struct serve_job *j)
{
    struct shim_prompt p = {0};
    if (!b->m.template)
        REFUSE(UNSUPPORTED, "model",
               "This model has no usable chat template: use completions, or a model that can "
               "chat.");
    TRY(template_render(b->m.template, j->prompt, &p));
    const err e = add_prompt(b, j, &p);
    shim_prompt_done(&p);
    return e;
}

static fallible
read_completion(struct llama_backend *b, const struct serve_job *j)
{
    tokens_add_first(&b->tokens, &b->m.vocabulary);
    return tokens_add(&b->tokens, &b->m.vocabulary, j->prompt, TOKENS_CONTROL);
}

static fallible
submit_writer(struct llama_backend *b, struct serve_job *j)
{
    uint64_t seed = j->ask.seed;
    if (b->o.is_embedder)
        REFUSE(UNSUPPORTED, "model", "This model makes embeddings and writes no answers.");
    TRY(j->ask.kind == ENGINE_CHAT ? read_chat(b, j) : read_completion(b, j));
    if (!j->ask.has_seed)
        TRY(entropy_get(&seed, sizeof seed));
    return jobs_add(&b->jobs, j, &b->tokens, b->views, seed);
}

static fallible
submit_embed(struct llama_backend *b, struct serve_job *j)
{
    if (!b->o.is_embedder)
        REFUSE(UNSUPPORTED, "model", "This model writes answers and makes no embeddings.");
    return embed_add(&b->embed, j, &b->scratch);
}

static fallible
count_tokens(struct llama_backend *b, struct serve_job *j)
{
    TRY(j->ask.is_chat ? read_chat(b, j)
                       : tokens_add(&b->tokens, &b->m.vocabulary, j->prompt, TOKENS_PLAIN));
    serve_prompt_tokens(j, (uint32_t)b->tokens.count, 0);
    serve_answer_end(b->serve, j, 0, FINISH_STOP);
    return OK;
}

static fallible
backend_submit(void *self, struct serve_job *j)
{
    struct llama_backend *b = self;
    b->tokens.count = 0;
    b->views = NULL;
    switch ((enum engine_kind)j->ask.kind) {
    case ENGINE_CHAT:
    case ENGINE_COMPLETE:
        return submit_writer(b, j);
    case ENGINE_EMBED:
        return submit_embed(b, j);
    case ENGINE_TOKENIZE:
        return count_tokens(b, j);
    }
    UNREACHABLE("serve checks the kind");
}

static void
backend_drop(void *self, struct serve_job *j)
{
    struct llama_backend *b = self;
    if (b->o.is_embedder)
        embed_drop(&b->embed, j);
    else
        jobs_drop(&b->jobs, j);
}

static bool
backend_step(void *self)
{
    struct llama_backend *b = self;
    return b->o.is_embedder ? embed_run(&b->embed) : step_run(&b->step);
}

static void
backend_stats(void *self, struct engine_stats *ret)
{
    const struct llama_backend *b = self;
    const struct jobs_count jobs = jobs_count(&b->jobs);
    const struct embed_count embeds = embed_count(&b->embed);
    ret->running = jobs.running + embeds.running;
    ret->waiting = jobs.waiting + embeds.waiting;
    ret->steps = b->step.steps + b->embed.steps;
    ret->tokens_in = b->step.tokens_in + b->embed.tokens_in;
    ret->tokens_out = b->step.tokens_out;
    ret->guessed = b->step.guessed;
    ret->guessed_right = b->step.guessed_right;
    ret->cells_used = jobs.cells_used;
    ret->cells = b->m.cells;
}

struct serve_backend
llama_backend_vtable(struct llama_backend *b)
{
    return (struct serve_backend){
        .name = "llama.cpp",
        .open = backend_open,
        .submit = backend_submit,
        .drop = backend_drop,
        .step = backend_step,
        .stats = backend_stats,
        .self = b,
    };
}
