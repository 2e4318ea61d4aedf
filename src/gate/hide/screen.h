/* SPDX-License-Identifier: EUPL-1.2 */
/* screen.h - the guardrails of the policy on one request: on every text of its conversation before
 * it is decided, and on the pieces of its answers (guard/).
 *
 * Instructions of the application - system messages, tools, schemas - are not looked at for
 * attacks, for everything else they are texts like any other. */
#pragma once
#include "engine/engine.h"
#include "guard/check.h"
#include "guard/flow.h"
#include "model/conv.h"

struct screen {
    const guard *g;
    const grant *own; /* covers the conversation */
    arena *a;
};

/* Replaces in place what is to be masked; *v says the rest. */
fallible screen_conv(const struct screen *how, struct conv *c, struct guard_verdict *v);

/* All of it is marked so. */
void screen_label(struct conv *c, label l);

/* ---- answers */
typedef struct screened screened;
struct screen_out {
    void (*fn)(void *ctx, const struct engine_piece *p, str text);
    void *ctx;
};

/* For `n` answers; lives in `a`, its buffers until the arena ends. */
fallible screened_new(arena *a, const guard *g, uint32_t n, struct screen_out out, screened **ret);
/* What is masked has no tokens shown of it: a piece loses its logprobs.  The arguments of a call
 * come as a whole, when they have ended. */
fallible screened_add(screened *s, const struct engine_piece *p, str text);
/* The answer has ended: what was held back comes out. */
fallible screened_end(screened *s, uint32_t index);
/* The rule that blocked one of them; then nothing more of that comes but its name. */
const struct guardrail *screened_blocked(const screened *s);
/* One after the other, those that had not ended. */
bool screened_next_open(screened *s, uint32_t *ret_index, bool *ret_is_last);
