/* SPDX-License-Identifier: EUPL-1.2 */
/* route.h - which of a model's targets may take a request, and in which order; pure.
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

enum { ROUTE_TARGETS_MAX = 16 };

struct route_target {
    str name; /* of the model's record */
    label sink;
    uint32_t rank; /* the operator's order; equal ranks are equals */
    bool is_able;  /* can do what is asked */
    bool is_up;
    bool is_full;       /* would have to wait */
    uint64_t cost_ue;   /* micro-euro for a million tokens, in and out */
    uint64_t energy_mj; /* for a thousand tokens */
};

enum route_verdict { ROUTE_TAKEN, ROUTE_NEXT, ROUTE_DENIED, ROUTE_UNABLE, ROUTE_DOWN };
const char *route_verdict_name(enum route_verdict v); /* "taken", "next", "denied", … */

struct route_step { /* what became of one target */
    size_t target;  /* index in the list */
    enum route_verdict verdict;
    struct decision decision; /* of policy for this target */
    const grant *grant;       /* NULL unless allowed */
};

struct route {
    size_t count;
    struct route_step steps[ROUTE_TARGETS_MAX]; /* lawful ones first, in order of preference */
};

/* `q` without model and target.  *ret is always filled.  OK: steps[0] is to be taken, the NEXT ones
 * after it if it fails before it answered.  DENIED: no target is lawful, with the sentence of the
 * first; UNSUPPORTED: none of the lawful can; PROVIDER_LOST: none of those is up. */
fallible route_find(const policy *p, const struct ask *q, const struct route_target *targets,
                    size_t count, arena *a, struct route *ret);
