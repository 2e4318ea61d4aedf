/* SPDX-License-Identifier: EUPL-1.2 */
/* eyes.h - images before a model that sees: mtmd turns pixels into vectors, which the model reads
 * in place of tokens.
 *
 * In a prompt an image is a view: a run of places that hold one and the same number below zero, -1
 * for the first view of the prompt, -2 for the second … Two prompts may be equal in tokens and show
 * different images; so whoever keeps what was read goes by the scope besides, which the gate makes
 * of the images too (gate/target.c).  Control tokens around an image are mtmd's and stand as
 * themselves.
 *
 * mtmd opens its file by name, and an engine may open none: the descriptor it inherited is lent to
 * fopen under the name EYES_FILE, for the time of loading (the program is linked with
 * --wrap=fopen).  mtmd's own decoders of image files are not in the library.
 *
 * A view is decoded whole, in a step of its own (step.c): vectors and tokens do not go into one
 * batch, and some models let the parts of an image see each other.  Not served: projectors that
 * need positions of several dimensions (M-RoPE), and those without images.
 *
 * One thread. */
#pragma once
#include <mtmd.h>

#include "engine/llama/tokens.h"
#include "engine/submit.h"

#define EYES_FILE "hoheit:projector"

enum { EYES_VIEWS_MAX = 512 }; /* of one prompt: some models cut an image into many */

struct eyes;

/* A run of places in a prompt. */
struct view {
    mtmd_input_chunk *chunk;
    uint32_t first, count;
};

struct views {
    struct view *at;
    size_t count;
};

/* UNSUPPORTED when mtmd does not take the file for this model. */
fallible eyes_open(int projector_fd, const struct llama_model *m, uint32_t threads,
                   uint32_t step_tokens_max, struct eyes **ret);
/* NULL is fine. */
void eyes_free(struct eyes *e);
struct look {
    arena *a; /* views live in it */
    const struct vocabulary *v;
    const struct submit_image *images;
    size_t image_count;
    struct tokens *scratch; /* is overwritten */
};

/* tokens_add_prompt for a prompt in which each CONV_IMAGE_MARK is an image, in their order.
 * ARGUMENT when the template shows other images than were given, or one cannot be taken; LIMIT. */
fallible eyes_add_prompt(struct eyes *e, const struct look *l, const struct shim_prompt *p,
                         struct tokens *t, struct views **ret);
/* The view that begins at `place` of the prompt, or NULL. */
const struct view *views_find(const struct views *v, uint32_t place);
/* Places from `place` on up to the next view, `end` at most. */
uint32_t views_text(const struct views *v, uint32_t place, uint32_t end);
/* Decodes the view into `seq`.  As llama_decode: 0, or 1 when there were no cells, and the sequence
 * is as it was; else the image could not be encoded. */
int32_t
eyes_decode(struct eyes *e, struct llama_context *ctx, const struct view *v, llama_seq_id seq);
