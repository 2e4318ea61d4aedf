/* SPDX-License-Identifier: EUPL-1.2 */
/* anthropic.h - the Anthropic dialect: messages, their batches, token counts, models.
 *
 * A request with an anthropic-version header speaks it; /v1/messages needs none.  Batches of
 * messages run as those of api/responses/batcher.h do. */
#pragma once
#include "api/api.h"
#include "api/ratelimit.h"

extern const struct route_table anthropic_table;
extern const struct dialect anthropic_dialect;

/* The type of an error in this dialect, by status. */
const char *anthropic_error_type(int status);
/* anthropic-version and anthropic-beta are well-formed, if they are there.  Betas switch nothing
 * on: what only they know is an unknown field. */
fallible anthropic_check_head(const struct api_call *c);
/* What the gate says about an answer before its first piece. */
struct anthropic_start {
    str label_text; /* empty: it holds nothing of anybody */
    struct gate_limits limits;
};
/* Copied into the call's arena. */
struct anthropic_start anthropic_start_of(const struct api_call *c, const struct gate_start *s);
/* The head of every answer: type, request id, label, limits; returns how many, and leaves room for
 * one more. */
enum { ANTHROPIC_FIELDS = 4 + RATELIMIT_FIELDS };
size_t anthropic_fields(const struct api_call *c, str type, const struct anthropic_start *s,
                        struct http_field fields[ANTHROPIC_FIELDS]);

/* Handlers, one file each. */
void anthropic_messages(struct api_call *c);     /* answer.c */
void anthropic_count_tokens(struct api_call *c); /* count.c */
void anthropic_list_models(struct api_call *c);  /* models.c */
void anthropic_show_model(struct api_call *c);
void anthropic_batches_create(struct api_call *c); /* batches.c */
void anthropic_batches_list(struct api_call *c);
void anthropic_batches_show(struct api_call *c);
void anthropic_batches_remove(struct api_call *c);
void anthropic_batches_cancel(struct api_call *c);
void anthropic_batches_results(struct api_call *c);
