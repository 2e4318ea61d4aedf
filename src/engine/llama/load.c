/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/load.h"

#include <stdio.h>
#include <unistd.h>

#include "os/file.h"
#include "os/log.h"

enum { TOKEN_TEXT_MAX = 256, MESSAGE_MAX = 200 };

/* ---- what llama.cpp says: errors only; it prints numbers of tensors and tokens, never text */

static void
on_message(enum ggml_log_level level, const char *text, void *ctx)
{
    (void)ctx;
    if (level != GGML_LOG_LEVEL_ERROR)
        return;
    const str line = str_trim(str_slice(str_of(text), 0, MESSAGE_MAX));
    LOG(ERROR, "engine.library",
        LOG_S("text", str_slice(line, 0, line.len - (str_ends(line, STR("\n")) ? 1 : 0))));
}

/* ---- weights */

struct progress {
    void (*fn)(void *ctx, float part);
    void *ctx;
    float said;
};

static bool
on_progress(float part, void *ctx)
{
    struct progress *p = ctx;
    if (part - p->said >= 0.01f || part >= 1) {
        p->said = part;
        p->fn(p->ctx, part);
    }
    return true;
}

static fallible
open_stream(int model_fd, FILE **ret)
{
    AUTO(fd) own = dup(model_fd);
    if (own < 0 || lseek(own, 0, SEEK_SET) != 0)
        FAIL(IO, "the model's file cannot be read from its start");
    FILE *stream = fdopen(own, "rb");
    if (!stream)
        FAIL(LIMIT, "no memory for a stream");
    fd_take(&own);
    *ret = stream;
    return OK;
}

/* It belongs to the model and goes with it. */
static fallible
load_adapter(const struct llama_options *o, const struct loaded *l)
{
    FILE *stream;
    float scale = 1;
    if (!o->adapter_fd)
        return OK;
    TRY(open_stream(o->adapter_fd, &stream));
    struct llama_adapter_lora *adapter = llama_adapter_lora_init_from_file_ptr(l->model, stream);
    fclose(stream);
    if (!adapter || llama_set_adapters_lora(l->ctx, &adapter, 1, &scale) != 0)
        FAIL(UNSUPPORTED, "llama.cpp does not take this adapter for this model");
    return OK;
}

static fallible
load_weights(const struct llama_options *o, struct progress *p, struct loaded *l)
{
    FILE *stream;
    TRY(open_stream(o->model_fd, &stream));
    struct llama_model_params params = llama_model_default_params();
    params.load_mode = LLAMA_LOAD_MODE_MMAP;
    params.progress_callback = on_progress;
    params.progress_callback_user_data = p;
    l->model = llama_model_load_from_file_ptr(stream, params);
    fclose(stream);
    if (!l->model)
        FAIL(CORRUPT, "llama.cpp does not take this file");
    return OK;
}

static fallible
check_kind(const struct llama_model *m)
{
    if (llama_model_has_encoder(m))
        FAIL(UNSUPPORTED, "models with an encoder and a decoder are not served");
    if (llama_model_is_diffusion(m))
        FAIL(UNSUPPORTED, "diffusion models are not served");
    return OK;
}

/* ---- context */

static uint32_t
least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/* Of one sequence: never beyond what the model was trained for. */
static uint32_t
context_of(const struct llama_options *o, const struct llama_model *m)
{
    const int32_t trained = llama_model_n_ctx_train(m);
    return trained > 0 ? least(o->context_tokens, (uint64_t)trained) : o->context_tokens;
}

/* Keys and values in f16; an estimate, since some architectures keep less. */
static uint64_t
bytes_per_cell(const struct llama_model *m)
{
    const int32_t heads = llama_model_n_head(m), heads_kv = llama_model_n_head_kv(m);
    const int64_t width = heads > 0 ? llama_model_n_embd(m) / heads * (int64_t)heads_kv : 0;
    return width > 0 ? (uint64_t)width * (uint64_t)llama_model_n_layer(m) * 4 : 4096;
}

static uint32_t
contexts_of(const struct llama_options *o, const struct llama_model *m, uint32_t context)
{
    uint64_t n = least(o->sequences_max, LOAD_CONTEXTS_MAX);
    const uint64_t bytes = bytes_per_cell(m) * context;
    while (n > 1 && o->cells_bytes_max && n * bytes > o->cells_bytes_max)
        n--;
    return (uint32_t)n;
}

static struct llama_context_params
params_of(const struct llama_options *o, uint32_t context)
{
    struct llama_context_params p = llama_context_default_params();
    p.n_threads = p.n_threads_batch = (int32_t)o->threads;
    p.kv_unified = true;
    p.n_ctx = context;
    return p;
}

static fallible
make_context(struct loaded *l, struct llama_context_params p)
{
    l->ctx = llama_init_from_model(l->model, p);
    if (!l->ctx)
        FAIL(LIMIT, "no context of %u tokens in %u cells", l->context_tokens, p.n_ctx);
    return OK;
}

/* Fewer cells where the memory for many is not given. */
static fallible
make_chat_context(const struct llama_options *o, struct loaded *l)
{
    struct llama_context_params p = params_of(o, l->context_tokens);
    p.n_batch = p.n_ubatch =
        o->step_tokens_max > o->sequences_max ? o->step_tokens_max : o->sequences_max;
    p.n_seq_max = o->sequences_max;
    p.n_outputs_max = l->rows_max = least(o->sequences_max + LOAD_GUESS_ROWS, p.n_batch);
    for (uint32_t n = contexts_of(o, l->model, l->context_tokens); n > 0; n--) {
        p.n_ctx = n * l->context_tokens;
        const err e = make_context(l, p);
        if (!e.code || n == 1)
            return e;
    }
    UNREACHABLE("there is at least one context");
}

static fallible
make_embed_context(const struct llama_options *o, struct loaded *l)
{
    struct llama_context_params p = params_of(o, l->context_tokens);
    if (p.n_ctx < o->step_tokens_max)
        p.n_ctx = o->step_tokens_max;
    p.n_batch = p.n_ubatch = p.n_ctx;
    p.n_seq_max = LOAD_EMBED_SEQUENCES;
    p.embeddings = true;
    TRY(make_context(l, p));
    if (llama_pooling_type(l->ctx) != LLAMA_POOLING_TYPE_NONE)
        return OK;
    p.pooling_type =
        llama_get_causal_attn(l->ctx) ? LLAMA_POOLING_TYPE_LAST : LLAMA_POOLING_TYPE_MEAN;
    llama_free(l->ctx);
    return make_context(l, p);
}

static fallible
check_context(const struct llama_options *o, const struct loaded *l)
{
    if (o->is_embedder && llama_pooling_type(l->ctx) == LLAMA_POOLING_TYPE_RANK)
        FAIL(UNSUPPORTED, "models that rank texts are not served");
    if (!o->is_embedder && !l->memory)
        FAIL(UNSUPPORTED, "this model can only embed");
    return OK;
}

static fallible
load_context(const struct llama_options *o, struct loaded *l)
{
    l->context_tokens = context_of(o, l->model);
    TRY(o->is_embedder ? make_embed_context(o, l) : make_chat_context(o, l));
    l->memory = llama_get_memory(l->ctx);
    TRY(check_context(o, l));
    l->cells = llama_n_ctx(l->ctx);
    l->step_tokens_max = llama_n_batch(l->ctx);
    l->sequences_max = llama_n_seq_max(l->ctx);
    l->dims = (uint32_t)llama_model_n_embd_out(l->model);
    l->can_share = !llama_model_is_recurrent(l->model) && !llama_model_is_hybrid(l->model);
    return OK;
}

/* ---- chat template */

static const char *
token_text(const struct vocabulary *v, llama_token t, char room[TOKEN_TEXT_MAX])
{
    const int32_t n =
        t == LLAMA_TOKEN_NULL ? 0 : shim_piece(v->from, t, room, TOKEN_TEXT_MAX - 1, true);
    room[n > 0 ? n : 0] = 0;
    return room;
}

/* A model without a usable template can still complete: what is wrong goes to the log. */
static void
load_template(const struct llama_options *o, struct loaded *l)
{
    char bos[TOKEN_TEXT_MAX], eos[TOKEN_TEXT_MAX];
    const struct vocabulary *v = &l->vocabulary;
    const str own = str_of(llama_model_chat_template(l->model, NULL));
    const str source = o->template_override.len ? o->template_override : own;
    const uint32_t ms_max = o->template_ms_max ? o->template_ms_max : TEMPLATE_MS_MAX;
    if (o->is_embedder || !source.len)
        return;
    const err e = template_new(source, token_text(v, llama_vocab_bos(v->from), bos),
                               token_text(v, llama_vocab_eos(v->from), eos), ms_max, &l->template);
    if (e.code)
        log_failure(LOG_WARNING, "engine.no_chat", e);
}

/* ---- the whole */

static fallible
load(const struct llama_options *o, struct progress *p, struct loaded *l)
{
    TRY(load_weights(o, p, l));
    TRY(check_kind(l->model));
    TRY(load_context(o, l));
    TRY(load_adapter(o, l));
    TRY(vocabulary_init(&l->vocabulary, llama_model_get_vocab(l->model)));
    load_template(o, l);
    if (!o->projector_fd)
        return OK;
    return eyes_open(o->projector_fd, l->model, o->threads, l->step_tokens_max, &l->eyes);
}

fallible
load_model(const struct llama_options *o, void (*progress)(void *ctx, float part), void *ctx,
           struct loaded *ret)
{
    struct progress p = {.fn = progress, .ctx = ctx};
    struct loaded l = {0};
    ASSERT(o->context_tokens > 0 && o->threads > 0 && o->sequences_max > 0);
    ASSERT(o->sequences_max <= ENGINE_SEQUENCES_MAX && o->step_tokens_max > 0);
    llama_log_set(on_message, NULL);
    mtmd_log_set(on_message, NULL);
    llama_backend_init();
    const err e = load(o, &p, &l);
    if (e.code)
        load_done(&l);
    else
        *ret = l;
    return e;
}

void
load_done(struct loaded *l)
{
    template_free(l->template);
    eyes_free(l->eyes);
    vocabulary_done(&l->vocabulary);
    if (l->ctx)
        llama_free(l->ctx);
    if (l->model)
        llama_model_free(l->model);
    *l = (struct loaded){0};
}
