/* SPDX-License-Identifier: EUPL-1.2 */
/* engine_bench.c - what a streamed token costs on both sides of the channel, without a model: CPU
 * time of an engine process with the toy backend and of the client, over all tokens of eight
 * answers written at once, each token in a message of its own. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "engine/toy/toy.h"
#include "policy/policy.h"

enum { PARALLEL = 8, ROUNDS = 10, GOAL_US = 25 };

static const char policy_yaml[] = "version: 1\n"
                                  "levels: [{ height: 0, id: offen, title: Offen }]\n"
                                  "compartments: [{ bit: 8, id: A, title: A }]\n"
                                  "parties: [{ bit: 128, id: BUND, title: Bund }]\n"
                                  "taints: [{ bit: 224, id: web, title: Web }]\n";

struct bench {
    loop *l;
    engine *e;
    const grant *g;
    unsigned open, rounds;
    uint64_t tokens, pieces, bytes;
};

static double
cpu_us(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return 1e6 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void
on_text(void *ctx, const struct engine_piece *p)
{
    struct bench *b = ctx;
    b->pieces++;
    b->bytes += content_len(p->text);
}

static void submit(struct bench *b);

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct bench *b = ctx;
    b->tokens += u->output_tokens;
    if (--b->open > 0)
        return;
    if (b->rounds++ < ROUNDS)
        submit(b);
    else
        loop_stop(b->l);
}

static void
on_failed(void *ctx, err e)
{
    struct bench *b = ctx;
    printf("# failed: %s\n", err_info(e)->id);
    loop_stop(b->l);
}

static void
submit(struct bench *b)
{
    static struct conv c;
    struct conv_message m = {.role = CONV_USER,
                             .text = content_of(STR("!long 8000"), LABEL_BOTTOM)};
    const struct engine_hooks hooks = {on_text, NULL, on_done, on_failed, b};
    engine_job *j;
    conv_params_default(&c.params);
    c.messages.at = &m;
    c.messages.count = 1;
    for (b->open = 0; b->open < PARALLEL; b->open++)
        if (engine_submit(b->e, b->g, ENGINE_CHAT, &c, LABEL_BOTTOM, hooks, &j).code)
            printf("# not taken: %s\n", err_trail());
}

static void
on_ready(void *ctx, engine *e)
{
    struct bench *b = ctx;
    b->e = e;
    submit(b);
}

static err
serve(int channel)
{
    struct toy *t;
    TRY(toy_new(false, PARALLEL, 0, &t));
    const struct serve_backend b = toy_backend(t);
    return serve_run(channel, &b, 64);
}

static err
run(struct bench *b)
{
    struct decision d;
    struct session who = {.key_id = STR("k"), .key_name = STR("k"), .tenant = STR("t")};
    struct ask q = {.session = &who, .op = OP_CHAT, .model = STR("m"), .now_wall_ms = 1};
    arena *a;
    policy *p;
    int pair[2];
    TRY(arena_open(65536, &a));
    TRY(policy_load(str_of(policy_yaml), &p));
    TRY(policy_decide(p, &q, a, &d, &b->g));
    TRY(ipc_pair(pair));
    const pid_t child = fork();
    if (child == 0) {
        close(pair[0]);
        _exit(err_info(serve(pair[1]))->exit_status);
    }
    close(pair[1]);
    TRY(loop_new(&b->l));
    TRY(engine_new(b->l, pair[0], (struct engine_events){.on_ready = on_ready, .ctx = b}, &b->e));
    loop_run(b->l);
    engine_free(b->e);
    loop_free(b->l);
    waitpid(child, NULL, 0);
    policy_free(p);
    arena_free(a);
    return OK;
}

int
main(void)
{
    struct bench b = {0};
    if (run(&b).code || !b.tokens) {
        printf("# %s\n", err_trail());
        return 1;
    }
    const double tokens = (double)b.tokens;
    const double near = cpu_us(RUSAGE_SELF) / tokens, far = cpu_us(RUSAGE_CHILDREN) / tokens;
    printf("# %.0f tokens, %.0f messages, %.1f bytes each; gate %.2f us, engine %.2f us\n", tokens,
           (double)b.pieces, (double)b.bytes / (double)b.pieces, near, far);
    printf("bench engine.toy.token.cpu %.2f us goal <= %d %s\n", near + far, GOAL_US,
           near + far <= GOAL_US ? "ok" : "short");
    return 0;
}
