/* SPDX-License-Identifier: EUPL-1.2 */
/* target.h - where a request goes, and what is sent there.
 *
 * The name asked for stands for one or more targets (model/registry.h): engines of this
 * installation and models of outside providers.  Policy says which of them may take what the
 * request holds (policy/routing.h); capability, health, load and cost come after.  An outside
 * target's sink is the greatest label that both the provider and the model's own entry allow.
 *
 * Where no target may take it as it is, and policy lets the pseudonymiser remove what is in the way
 * (policy_downgrade), the conversation is copied with tokens for identifiers (downgrade/), looked
 * at a second time, and the outside targets are asked again about what is left.  Any doubt: denied,
 * as before.  The asker's own conversation is never changed.
 *
 * Everything lives in the request's arena.  One thread. */
#pragma once
#include "downgrade/pseudonym.h"
#include "engine/remote/remote.h"
#include "gate/inside.h"
#include "policy/routing.h"

enum { TARGET_TOLD_MAX = 512 };

struct target {
    struct model model; /* a copy: the registry may lose it meanwhile */
    bool is_remote;
    struct remote_target remote;
    struct conv *conv;          /* what is sent: the asker's, or the copy */
    pseudonyms *pseudonyms;     /* NULL: nothing was replaced */
    const grant *grant;         /* for what is sent */
    const grant *own;           /* for what the asker said, and may hear */
    struct price price;         /* of an outside model */
    label model_label;          /* joined to the answer's */
    bool passes;                /* as it came (pass.h): */
    struct remote_said said;    /* then what is sent in place of `conv` */
    digest sent;                /* of the exact bytes, when remote */
    char told[TARGET_TOLD_MAX]; /* what became of the others, and why; "" when there was one only */
    str tried[REGISTRY_TARGETS_MAX]; /* those that failed before */
    size_t tried_count;
};

/* The first model of the name, which the request is booked under until a target is chosen.
 * MODEL_NOT_FOUND. */
fallible target_name(gate *g, const struct gate_ask *ask, struct model *ret);
/* Does the name stand for an outside model, too? */
bool target_may_leave(const gate *g, const struct gate_ask *ask);
/* `q` without model and target; its data is the label of ask->conv.  `d` is always filled.  DENIED
 * and UNAUTHENTICATED are to be recorded; other failures are not about policy. */
fallible target_choose(gate *g, const struct gate_ask *ask, const struct ask *q, struct target *ret,
                       struct decision *d);
/* `t` failed before anything of an answer came: the same anew, without it and those before it. When
 * it fails, as target_choose does, *t is as it was. */
fallible target_next(gate *g, const struct gate_ask *ask, const struct ask *q, struct target *t,
                     struct decision *d);
/* What would become of such a request as it is, without tokens: {"model":…,"label":…,"allowed":…,
 * "targets":[…]}.  Nothing is run and nothing recorded. */
fallible target_put(gate *g, const struct gate_ask *ask, const struct ask *q, buf *b);
/* Who shares what with whom in an engine: prompts that were read are for the same tenant, the same
 * label, the same model and the same images alone. */
fallible target_serve(const struct gate_ask *ask, const struct target *t, enum conv_class class);
