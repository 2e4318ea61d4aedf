/* SPDX-License-Identifier: EUPL-1.2 */
/* talker.h - a little engine for the rig of gate/, in a process of its own: the test program
 * itself, run under another name before its main, so that it inherits nothing.
 *
 * Each answer is " w0 ä1 w2 …" up to max_tokens or TALKER_TOKENS, the index of the answer in
 * front; a prompt that holds !crash kills the process after three tokens, one with !hang never
 * gets any.  Vectors are {length, first byte, 0, …},
 * of TALKER_DIMS dimensions unless a test wants others. */
#pragma once
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/serve.h"

enum { TALKER_TOKENS = 12, TALKER_JOBS = 64 };
#ifndef TALKER_DIMS
#define TALKER_DIMS 4
#endif

struct talker_job {
    struct serve_job *j; /* NULL: free */
    uint32_t made[ENGINE_ANSWERS_MAX];
    bool is_over[ENGINE_ANSWERS_MAX];
    bool begun, crashes, hangs;
};

static struct talker {
    struct serve *s;
    bool embeds;
    struct talker_job jobs[TALKER_JOBS];
} talker;

static inline err
talker_open(void *self, struct serve *s, struct engine_hello *ret)
{
    (void)self;
    talker.s = s;
    *ret = (struct engine_hello){.context_tokens = 4096,
                                 .sequences_max = 8,
                                 .embedding_dims = talker.embeds ? TALKER_DIMS : 0,
                                 .vocabulary = 256,
                                 .can_chat = !talker.embeds,
                                 .can_embed = talker.embeds};
    return OK;
}

static inline err
talker_submit(void *self, struct serve_job *j)
{
    (void)self;
    for (size_t i = 0; i < TALKER_JOBS; i++) {
        if (talker.jobs[i].j)
            continue;
        talker.jobs[i] = (struct talker_job){.j = j,
                                             .crashes = str_find(j->prompt, STR("!crash")) >= 0,
                                             .hangs = str_find(j->prompt, STR("!hang")) >= 0};
        j->backend = &talker.jobs[i];
        return OK;
    }
    FAIL(BUSY, "too many jobs");
}

static inline void
talker_drop(void *self, struct serve_job *j)
{
    struct talker_job *t = j->backend;
    (void)self;
    t->j = NULL;
}

static inline void
talker_embed(struct talker_job *t)
{
    str rest = t->j->prompt, text;
    for (uint32_t i = 0; section_next(&rest, &text); i++) {
        const float v[TALKER_DIMS] = {(float)text.len,
                                      text.len ? (float)(unsigned char)text.at[0] : 0};
        serve_vector(talker.s, t->j, i, v,
                     t->j->ask.dimensions ? t->j->ask.dimensions : TALKER_DIMS);
    }
    serve_answer_end(talker.s, t->j, 0, FINISH_STOP);
    t->is_over[0] = true;
}

/* One token; half of an umlaut is one too. */
static inline void
talker_say(struct talker_job *t, uint32_t index)
{
    const uint32_t n = t->made[index]++;
    char text[32];
    if (t->crashes && n == 3)
        raise(SIGKILL);
    if (n == TALKER_TOKENS) {
        serve_answer_end(talker.s, t->j, index, FINISH_STOP);
        t->is_over[index] = true;
        return;
    }
    snprintf(text, sizeof text, n % 3 == 1 ? " %u\xc3" : n % 3 == 2 ? "\xa4%u" : " %uw", n);
    if (n == 0)
        snprintf(text, sizeof text, "#%u", index);
    const struct serve_logprob lp = {str_of(text), -0.25f};
    const struct serve_logprob tops[2] = {lp, {STR("\xff,\"]}"), -2.5f}};
    const size_t count = t->j->ask.top_logprobs < 2 ? t->j->ask.top_logprobs : 2;
    t->is_over[index] =
        !serve_token(talker.s, t->j, index, lp.text, t->j->ask.logprobs ? &lp : NULL, tops, count);
}

static inline bool
talker_work(struct talker_job *t)
{
    bool more = false;
    if (!t->begun)
        serve_prompt_tokens(t->j, 5, 1);
    t->begun = true;
    for (uint32_t i = 0; i < t->j->ask.n; i++) {
        if (t->is_over[i] || t->hangs)
            continue;
        if (t->j->ask.kind == ENGINE_EMBED)
            talker_embed(t);
        else
            talker_say(t, i);
        more = more || !t->is_over[i];
    }
    return more;
}

static inline bool
talker_step(void *self)
{
    bool more = false;
    (void)self;
    for (size_t i = 0; i < TALKER_JOBS; i++)
        if (talker.jobs[i].j)
            more = talker_work(&talker.jobs[i]) || more;
    return more;
}

static inline void
talker_stats(void *self, struct engine_stats *ret)
{
    (void)self;
    *ret = (struct engine_stats){.running = 0};
}

__attribute__((constructor)) static void
be_a_talker(int argc, char **argv)
{
    static const struct serve_backend b = {.name = "talker",
                                           .open = talker_open,
                                           .submit = talker_submit,
                                           .drop = talker_drop,
                                           .step = talker_step,
                                           .stats = talker_stats};
    if (argc != 2 || strcmp(argv[0], "rig-talker") != 0)
        return;
    talker.embeds = strcmp(argv[1], "embed") == 0;
    const err e = serve_run(3, &b, 1024);
    _exit(e.code ? 1 : 0);
}
