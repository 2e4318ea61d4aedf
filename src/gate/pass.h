/* SPDX-License-Identifier: EUPL-1.2 */
/* pass.h - a request that goes through as it came: to a provider which speaks the asker's dialect,
 * when nothing in it had to be replaced.
 *
 * The bytes to be sent are made once, before the decision is on record, so that the record has
 * their digest.  What comes back is hashed as it comes and handed on frame by frame; what closes
 * the answer is kept in `tail` until the completion record is durable.
 *
 * A struct pass is zero before pass_start.  One thread. */
#pragma once
#include "crypt/hash.h"
#include "gate/target.h"

struct pass_hooks {
    void (*on_head)(void *ctx, bool is_stream);
    void (*on_frames)(void *ctx, str raw, uint32_t count);
    /* Once, last; `u` NULL: it failed. */
    void (*on_end)(void *ctx, err e, const struct engine_usage *u);
    void *ctx;
};

struct pass {
    sha256 *hash; /* of the answer; the caller's */
    struct pass_hooks hooks;
    const grant *own; /* the asker's: the answer may hold what the target may not take in */
    remote_job **job;
    bool is_free; /* it failed, and cannot have cost anything (remote.h) */
    buf tail;
};

/* May it go there as it came? */
bool pass_fits(const struct gate_ask *ask, const struct target *t);
/* Sets t->said and t->sent. */
fallible pass_say(const struct gate_ask *ask, struct target *t);
/* p->hash and p->hooks are set.  *ret is NULL again when on_end is called. */
fallible pass_start(struct pass *p, egress *e, const struct gate_ask *ask, const struct target *t,
                    remote_job **ret);
void pass_done(struct pass *p);
