/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/eyes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"

/* mtmd loses what it has taken when a projector does not fit; the engine ends then. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() (void)0
#define __lsan_enable() (void)0
#endif

/* ---- the file, lent */
static _Thread_local int lent_fd = -1;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);

static FILE *
lend(void)
{
    const int own = dup(lent_fd);
    if (own < 0 || lseek(own, 0, SEEK_SET) != 0)
        return NULL;
    return fdopen(own, "rb");
}

static bool
is_lent(const char *path)
{
    return lent_fd >= 0 && strcmp(path, EYES_FILE) == 0;
}

FILE *
__wrap_fopen(const char *path, const char *mode)
{
    return is_lent(path) ? lend() : __real_fopen(path, mode);
}

FILE *
__wrap_fopen64(const char *path, const char *mode)
{
    return is_lent(path) ? lend() : __real_fopen64(path, mode);
}

/* ---- opening */
struct eyes {
    mtmd_context *ctx;
    int32_t dims; /* of a vector */
    uint32_t step_max;
    struct llama_batch batch; /* its vectors are mtmd's */
};

static fallible
open_context(struct eyes *e, int projector_fd, const struct llama_model *m, uint32_t threads)
{
    struct mtmd_context_params p = mtmd_context_params_default();
    p.use_gpu = false;
    p.print_timings = false;
    p.warmup = false;
    p.n_threads = (int)threads;
    p.image_max_tokens = CONV_IMAGE_TOKENS_MAX;
    lent_fd = projector_fd;
    __lsan_disable();
    e->ctx = mtmd_init_from_file(EYES_FILE, m, p);
    __lsan_enable();
    lent_fd = -1;
    if (!e->ctx)
        FAIL(UNSUPPORTED, "mtmd does not take this projector for this model");
    if (!mtmd_support_vision(e->ctx))
        FAIL(UNSUPPORTED, "this projector is not for images");
    if (mtmd_decode_use_mrope(e->ctx))
        FAIL(UNSUPPORTED,
             "models with positions of several dimensions (M-RoPE) are not shown images");
    return OK;
}

/* As llama_batch_init, without room for vectors. */
static fallible
make_batch(struct eyes *e)
{
    e->batch = llama_batch_init((int32_t)e->step_max, 0, 1);
    if (!e->batch.token || !e->batch.pos || !e->batch.logits)
        FAIL(LIMIT, "no memory for a batch");
    return OK;
}

fallible
eyes_open(int projector_fd, const struct llama_model *m, uint32_t threads, uint32_t step_tokens_max,
          struct eyes **ret)
{
    struct eyes *e = mem_get(sizeof *e);
    if (!e)
        FAIL(LIMIT, "no memory for what sees");
    *e = (struct eyes){.dims = llama_model_n_embd_inp(m), .step_max = step_tokens_max};
    err bad = open_context(e, projector_fd, m, threads);
    if (!bad.code)
        bad = make_batch(e);
    if (bad.code)
        eyes_free(e);
    else
        *ret = e;
    return bad;
}

void
eyes_free(struct eyes *e)
{
    if (!e)
        return;
    if (e->batch.token)
        llama_batch_free(e->batch);
    if (e->ctx)
        mtmd_free(e->ctx);
    mem_free(e);
}

/* ---- views */
static void
drop_views(void *p)
{
    struct views *v = p;
    for (size_t i = 0; i < v->count; i++)
        mtmd_input_chunk_free(v->at[i].chunk);
    v->count = 0;
}

static fallible
new_views(arena *a, struct views **ret)
{
    void *room, *at;
    TRY(try_arena_get(a, 1, sizeof **ret, &room));
    TRY(try_arena_get(a, EYES_VIEWS_MAX, sizeof(struct view), &at));
    *ret = room;
    **ret = (struct views){.at = at};
    arena_on_end(a, drop_views, room);
    return OK;
}

static void
add_places(struct tokens *t, llama_token value, size_t count)
{
    for (size_t i = 0; i < count; i++, t->count++)
        if (t->count < t->room)
            t->at[t->count] = value;
}

static fallible
add_view(const struct eyes *e, const mtmd_input_chunk *c, struct tokens *t, struct views *v)
{
    const size_t count = mtmd_input_chunk_get_n_tokens(c);
    if (v->count == EYES_VIEWS_MAX)
        REFUSE(ARGUMENT, "messages", "The images have more than %d parts.", EYES_VIEWS_MAX);
    if (!count || count > CONV_IMAGE_TOKENS_MAX ||
        (count > e->step_max && mtmd_decode_use_non_causal(e->ctx, c)))
        REFUSE(ARGUMENT, "messages",
               "One of the images takes %zu tokens, more than the engine can read at once.", count);
    mtmd_input_chunk *own = mtmd_input_chunk_copy(c);
    if (!own)
        FAIL(LIMIT, "no memory for an image");
    v->at[v->count] = (struct view){own, (uint32_t)t->count, (uint32_t)count};
    v->count++;
    add_places(t, -(llama_token)v->count, count);
    return OK;
}

static void
add_controls(const mtmd_input_chunk *c, struct tokens *t)
{
    size_t n = 0;
    const llama_token *at = mtmd_input_chunk_get_tokens_text(c, &n);
    for (size_t i = 0; i < n; i++)
        add_places(t, at[i], 1);
}

static fallible
add_chunks(const struct eyes *e, const mtmd_input_chunks *chunks, struct tokens *t, struct views *v)
{
    const size_t n = mtmd_input_chunks_size(chunks), start = t->count;
    for (size_t i = 0; i < n; i++) {
        const mtmd_input_chunk *c = mtmd_input_chunks_get(chunks, i);
        if (mtmd_input_chunk_get_type(c) == MTMD_INPUT_CHUNK_TYPE_TEXT)
            add_controls(c, t);
        else
            TRY(add_view(e, c, t, v));
    }
    if (t->count - start > CONV_IMAGE_TOKENS_MAX)
        REFUSE(ARGUMENT, "messages", "One of the images takes %zu tokens; the limit is %d.",
               t->count - start, CONV_IMAGE_TOKENS_MAX);
    return OK;
}

static fallible
add_image(const struct eyes *e, const struct submit_image *i, struct tokens *t, struct views *v)
{
    mtmd_input_chunks *chunks = NULL;
    const enum shim_status status =
        shim_image(e->ctx, (const uint8_t *)i->rgb.at, i->width, i->height, &chunks);
    if (status == SHIM_MEMORY)
        FAIL(LIMIT, "no memory for an image");
    if (status != SHIM_OK)
        REFUSE(ARGUMENT, "messages", "The model cannot take an image of %u x %u pixels.", i->width,
               i->height);
    const err bad = add_chunks(e, chunks, t, v);
    mtmd_input_chunks_free(chunks);
    return bad;
}

/* ---- prompts with marks */
struct walk {
    const struct shim_prompt *p;
    size_t at, part, part_at; /* the byte that is next; its part, and where that begins */
};

/* The stretch up to `to`, with its parts; in `room`, which has one for each part of the prompt. */
static struct shim_prompt
stretch(struct walk *w, size_t to, struct shim_part *room)
{
    struct shim_prompt s = {.text = w->p->text + w->at, .len = to - w->at, .parts = room};
    while (w->at < to) {
        const struct shim_part *p = &w->p->parts[w->part];
        const size_t part_end = w->part_at + p->len, end = part_end < to ? part_end : to;
        room[s.count++] = (struct shim_part){end - w->at, p->is_input};
        w->at = end;
        if (end == part_end) {
            w->part_at = part_end;
            w->part++;
        }
    }
    return s;
}

/* Past `to`, whatever is there. */
static void
skip(struct walk *w, size_t to, struct shim_part *room)
{
    (void)stretch(w, to, room);
}

static fallible
add_stretches(struct eyes *e, const struct look *l, struct walk *w, struct tokens *t,
              struct views *v)
{
    const str mark = STR(CONV_IMAGE_MARK), text = {w->p->text, w->p->len};
    void *room;
    TRY(try_arena_get(l->a, w->p->count + 1, sizeof(struct shim_part), &room));
    for (size_t i = 0;; i++) {
        const ptrdiff_t found = str_find(str_slice(text, w->at, text.len), mark);
        const size_t to = found < 0 ? text.len : w->at + (size_t)found;
        const struct shim_prompt s = stretch(w, to, room);
        TRY(i ? tokens_add_rest(t, l->v, &s, l->scratch)
              : tokens_add_prompt(t, l->v, &s, l->scratch));
        if ((found < 0) != (i == l->image_count))
            REFUSE(ARGUMENT, "messages",
                   "The model's chat template does not show the images as they were given.");
        if (found < 0)
            return OK;
        skip(w, to + mark.len, room);
        TRY(add_image(e, &l->images[i], t, v));
    }
}

fallible
eyes_add_prompt(struct eyes *e, const struct look *l, const struct shim_prompt *p, struct tokens *t,
                struct views **ret)
{
    struct walk w = {.p = p};
    struct views *v;
    TRY(new_views(l->a, &v));
    TRY(add_stretches(e, l, &w, t, v));
    if (t->count && t->count <= t->room && t->at[t->count - 1] < 0)
        REFUSE(ARGUMENT, "messages", "The model's chat template ends with an image.");
    *ret = v;
    return OK;
}

const struct view *
views_find(const struct views *v, uint32_t place)
{
    for (size_t i = 0; v && i < v->count; i++)
        if (v->at[i].first == place)
            return &v->at[i];
    return NULL;
}

uint32_t
views_text(const struct views *v, uint32_t place, uint32_t end)
{
    for (size_t i = 0; v && i < v->count; i++)
        if (v->at[i].first >= place && v->at[i].first < end)
            end = v->at[i].first;
    return end - place;
}

/* ---- decoding */
static void
fill_batch(struct llama_batch *b, uint32_t first, uint32_t count, llama_seq_id seq)
{
    b->n_tokens = (int32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        b->pos[i] = (llama_pos)(first + i);
        b->n_seq_id[i] = 1;
        b->seq_id[i][0] = seq;
        b->logits[i] = 0;
    }
}

static int32_t
decode_all(struct eyes *e, struct llama_context *ctx, const struct view *v, llama_seq_id seq)
{
    float *vectors = mtmd_get_output_embd(e->ctx);
    int32_t rc = 0;
    for (uint32_t at = 0; at < v->count && rc == 0; at += e->step_max) {
        const uint32_t left = v->count - at, n = left < e->step_max ? left : e->step_max;
        fill_batch(&e->batch, v->first + at, n, seq);
        struct llama_batch b = e->batch;
        b.token = NULL;
        b.embd = vectors + (size_t)at * (size_t)e->dims;
        rc = llama_decode(ctx, b);
    }
    return rc;
}

int32_t
eyes_decode(struct eyes *e, struct llama_context *ctx, const struct view *v, llama_seq_id seq)
{
    const bool sees_all = mtmd_decode_use_non_causal(e->ctx, v->chunk);
    if (mtmd_encode_chunk(e->ctx, v->chunk) != 0)
        return -1;
    if (sees_all)
        llama_set_causal_attn(ctx, false);
    const int32_t rc = decode_all(e, ctx, v, seq);
    if (sees_all)
        llama_set_causal_attn(ctx, true);
    if (rc != 0)
        (void)llama_memory_seq_rm(llama_get_memory(ctx), seq, (llama_pos)v->first, -1);
    return rc;
}
