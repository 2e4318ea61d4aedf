/* SPDX-License-Identifier: EUPL-1.2 */
/* expectation.h - an operator's own table of what policy should decide, and whether it does.
 *
 * Each row says who (a clearance, the party they act for, the purposes they may name), what (a
 * label), for which purpose, when, whereto (the label of a sink; left out: an engine of this
 * installation) and what is to come of it: "allowed", or "denied" and the rule.  The file is
 * explained in etc/policy-test.yaml. */
#pragma once
#include "policy/policy.h"

enum { EXPECTATIONS_MAX = 10000 };

struct expected {
    str about; /* the row's own word for itself: its `name`, else "row N" */
    bool holds;
    str want, got; /* "allowed", "denied by clearance.level" */
    str why;       /* of the decision, or what is wrong with the row */
};
typedef void expected_fn(void *ctx, const struct expected *e);

/* Sets the ceiling of `p` to the table's, if it names one.  CONFIG when the table cannot be read; a
 * row that cannot (unknown name) does not hold.  Strings live during the call. */
fallible expectations_run(policy *p, str yaml, expected_fn *fn, void *ctx);
