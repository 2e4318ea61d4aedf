/* SPDX-License-Identifier: EUPL-1.2 */
/* llama_backend.h - the backend over llama.cpp: loads a model from an inherited descriptor and
 * steps several sequences together.
 *
 * This directory is the only code that links libllama; the only C++ is shim.cpp, a thin edge over
 * llama.cpp's common library (chat templates), which no exception leaves. */
#pragma once
#include "engine/serve.h"

struct llama_backend;

struct llama_options {
    int model_fd;            /* the GGUF file; validated before */
    int adapter_fd;          /* a LoRA adapter's, validated before; 0: none */
    int projector_fd;        /* of mtmd, validated before; 0: none */
    uint32_t context_tokens; /* of one sequence */
    uint32_t sequences_max, threads, step_tokens_max;
    uint32_t gap_ms_max; /* between two tokens of an answer, for the prompts of others; 0: any */
    uint32_t guess_tokens_max; /* of an answer in one step; 0: none are guessed */
    uint64_t cells_bytes_max;  /* what keys and values beyond one context may take; 0: any */
    bool is_embedder;
    str template_override;    /* Jinja; empty: the model's own */
    uint32_t template_ms_max; /* 0: TEMPLATE_MS_MAX */
};

fallible llama_backend_new(const struct llama_options *o, struct llama_backend **ret);
/* llama.h has taken the name llama_backend_free.  NULL is fine. */
void llama_backend_delete(struct llama_backend *b);
struct serve_backend llama_backend_vtable(struct llama_backend *b);
