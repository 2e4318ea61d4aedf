/* SPDX-License-Identifier: EUPL-1.2 */
/* rig_model.h - for the tests of engine/llama/: tiny models with random weights, made on the
 * spot. */
#pragma once
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/llama/load.h"
#include "os/file.h"
#include "test.h"

/* The writer of tiny models is a program; here it is a function. */
#define main tiny_gguf_main
int tiny_gguf_main(int argc, char **argv);
#include "tiny_gguf.c"
#undef main

/* ---- models */

struct rig_model {
    bool embeds;
    const char *seed, *layers, *embd, *ctx;
};

/* Its path, valid until the next call. */
static inline const char *
rig_model_file(const struct rig_model *m)
{
    static char path[4200];
    snprintf(path, sizeof path, "%s/%s-%s-%s-%s-%s.gguf", test_dir(), m->embeds ? "e" : "c",
             m->seed, m->layers, m->embd, m->ctx);
    const char *argv[] = {"tiny_gguf", "--seed", m->seed, "--layers", m->layers, "--embd",
                          m->embd,     "--ctx",  m->ctx,  path,       "--embed"};
    if (access(path, R_OK) != 0 &&
        tiny_gguf_main(m->embeds ? 11 : 10, (char **)(uintptr_t)argv) != 0)
        test_fail(__FILE__, __LINE__, "no tiny model");
    return path;
}

static inline int
rig_open(const struct rig_model *m)
{
    return open(rig_model_file(m), O_RDONLY | O_CLOEXEC);
}

/* An adapter for a chat model of 2 layers. */
static inline int
rig_open_adapter(const char *embd)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/l-%s.gguf", test_dir(), embd);
    const char *argv[] = {"tiny_gguf", "--lora", "--seed", "3", "--embd", embd, path};
    if (access(path, R_OK) != 0 && tiny_gguf_main(7, (char **)(uintptr_t)argv) != 0)
        test_fail(__FILE__, __LINE__, "no tiny adapter");
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* A projector for one of `embd`. */
static inline int
rig_open_projector(const char *embd)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/p-%s.gguf", test_dir(), embd);
    const char *argv[] = {"tiny_gguf", "--projector", "--seed", "3", "--embd", embd, path};
    if (access(path, R_OK) != 0 && tiny_gguf_main(7, (char **)(uintptr_t)argv) != 0)
        test_fail(__FILE__, __LINE__, "no tiny projector");
    return open(path, O_RDONLY | O_CLOEXEC);
}

static const struct rig_model rig_chat_model = {
    .seed = "7", .layers = "2", .embd = "64", .ctx = "4096"};
static const struct rig_model rig_embed_model = {
    .embeds = true, .seed = "7", .layers = "2", .embd = "64", .ctx = "256"};

static inline struct llama_options
rig_options(int model_fd, bool embeds)
{
    return (struct llama_options){
        .model_fd = model_fd,
        .context_tokens = 512,
        .sequences_max = 4,
        .threads = 1,
        .step_tokens_max = 64,
        .is_embedder = embeds,
    };
}

static inline void
rig_no_progress(void *ctx, float part)
{
    (void)ctx, (void)part;
}

static inline fallible
rig_load(const struct rig_model *m, struct llama_options o, struct loaded *ret)
{
    AUTO(fd) f = rig_open(m);
    o.model_fd = f;
    return load_model(&o, rig_no_progress, NULL, ret);
}

static inline struct engine_submit
rig_ask(enum engine_kind kind, uint32_t n, uint32_t tokens_max)
{
    return (struct engine_submit){.kind = kind,
                                  .n = n,
                                  .tokens_max = tokens_max,
                                  .top_p = 1,
                                  .repeat = 1,
                                  .has_seed = true,
                                  .seed = 1};
}
