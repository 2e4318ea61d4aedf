/* SPDX-License-Identifier: EUPL-1.2 */
/* rules.h - what a policy says beyond names, in words: purposes and guardrails, for `policy show`
 * and `explain`.  Texts live in the command's arena. */
#pragma once
#include "cli/cli.h"
#include "policy/policy.h"

/* "words", "topic", "identifiers", "attack". */
const char *rules_kind(const struct guardrail *r);
/* "blocks", "masks" or "taints", and where. */
const char *rules_does(struct cli *c, const struct guardrail *r);
/* What it looks for, with commas; a topic with how many of them. */
fallible rules_looks_for(struct cli *c, const struct guardrail *r, str *ret);
/* The purposes a bit is for, with commas; empty: any, and none. */
fallible rules_purposes_of(struct cli *c, const struct purposes *p, int bit, str *ret);
