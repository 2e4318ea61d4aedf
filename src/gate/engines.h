/* SPDX-License-Identifier: EUPL-1.2 */
/* engines.h - the gate's engines: one slot per model, asked for from hoheitd when first needed,
 * there again after a crash.
 *
 * Who waits is called once, in the order of asking, when the model's engine is ready or cannot be
 * had; with ENGINE_LOADING when that takes longer than engine.wait_ms_max.  An engine that cannot
 * take its model is tried again when it is asked for, at most once a second; who asks in between
 * gets the last reason.
 *
 * A slot's id says which model is in it (control.h), so that what hoheitd still says about the one
 * before is not taken for it. */
#pragma once
#include "engine/control.h"
#include "gate/gate.h"

typedef struct engines engines;
typedef struct engines_wait engines_wait;

struct engine_slot_state {
    str model;
    const char *state; /* "starting", "loading", "ready", "down" */
    double progress;
    uint32_t pid, restarts;
    size_t jobs;
    const struct engine_hello *caps; /* NULL until ready */
};

/* Takes parts->control over, also when it fails. */
fallible engines_new(const struct gate_parts *parts, engines **ret);
void engines_free(engines *e);
void engines_on_events(engines *e, struct gate_events ev);
fallible engines_send_ready(engines *e);
/* Also heard there: hoheit-egress was started, with a new channel, which `fn` takes over. */
void engines_on_egress(engines *e, void (*fn)(void *ctx, int channel), void *ctx);
void engines_on_reader(engines *e, void (*fn)(void *ctx, int channel), void *ctx);
/* OK and *ret set when it is ready now; else *ret is NULL, `fn` is called later with the engine or
 * an error, and *ret_wait can take the waiter back.  `fn` may forget others, ask again and submit.
 * LIMIT: too many models at once; and what the last start failed with. */
fallible engines_get(engines *e, const struct model *m, void (*fn)(void *ctx, engine *en, err why),
                     void *ctx, engine **ret, engines_wait **ret_wait);
/* NULL is fine. */
void engines_forget(engines_wait *w);
/* The model was removed: its engine is ended, with ENGINE_LOST for its jobs; who waits for it gets
 * MODEL_NOT_FOUND. */
void engines_drop(engines *e, str model);
bool engines_state_at(const engines *e, size_t i, struct engine_slot_state *ret);
