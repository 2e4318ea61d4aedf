/* SPDX-License-Identifier: EUPL-1.2 */
/* routing.h - which of a model's targets may take a request, and in which order; pure.
 *
 * A name an application asks for stands for one or more targets: local engines, outside providers.
 * Lawful first: each target is a sink with a label, and policy_decide says whether what is asked
 * may flow into it; no detector, price or health can make a target lawful.  Of the lawful ones
 * those remain that can do what is asked and are up.  Then the order: one that has room before one
 * that is full, the operator's rank, cost, energy, place in the list.
 *
 * Each target that falls out says why, so `hoheit route` and `hoheit explain` can tell all of it.
 */
#pragma once
#include "policy/policy.h"

enum { ROUTING_TARGETS_MAX = 16 };

struct routing_target {
    str name; /* of the model's record */
    label sink;
    uint32_t rank; /* the operator's order; equal ranks are equals */
    bool is_able;  /* can do what is asked */
    bool is_up;
    bool is_full;       /* would have to wait */
    uint64_t cost_ue;   /* micro-euro for a million tokens, in and out */
    uint64_t energy_mj; /* for a thousand tokens */
};

enum routing_verdict { ROUTING_TAKEN, ROUTING_NEXT, ROUTING_DENIED, ROUTING_UNABLE, ROUTING_DOWN };
const char *routing_verdict_name(enum routing_verdict v); /* "taken", "next", "denied", … */

struct routing_step { /* what became of one target */
    size_t target;    /* index in the list */
    enum routing_verdict verdict;
    struct decision decision; /* of policy for this target */
    const grant *grant;       /* NULL unless allowed */
};

struct routing {
    size_t count;
    struct routing_step steps[ROUTING_TARGETS_MAX]; /* lawful ones first, in order of preference */
};

struct routing_targets {
    struct routing_target at[ROUTING_TARGETS_MAX];
    size_t count; /* 1 at least */
};

/* `q` without model and target.  *ret is always filled.  OK: steps[0] is to be taken, the NEXT ones
 * after it if it fails before it answered.  DENIED: no target is lawful, with the sentence of the
 * first; UNSUPPORTED: none of the lawful can; PROVIDER_LOST: none of those is up. */
fallible routing_find(const policy *p, const struct ask *q, const struct routing_targets *targets,
                      arena *a, struct routing *ret);
