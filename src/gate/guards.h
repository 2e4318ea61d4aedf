/* SPDX-License-Identifier: EUPL-1.2 */
/* guards.h - the guardrails of the policy in the life of a request (run.c): what is asked is looked
 * at before the decision, so that it raises the label and is denied like anything else; answers on
 * their way out (hide/screen.h). */
#pragma once
#include "gate/hide/screen.h"
#include "gate/inside.h"

/* Masks in place, and takes `ask->raw` away where any rule is: bytes that pass as they came were
 * not looked at.  Who may not ask at all is not looked at either: the decision says so. */
fallible guards_ask(gate *g, struct gate_ask *ask, struct guard_verdict *v);
/* Fills the decision; DENIED with its sentence. */
fallible guards_deny(const struct guardrail *r, struct decision *d);
/* For the answers to `ask`; *ret NULL where no rule looks at them. */
fallible guards_answers(gate *g, const struct gate_ask *ask, struct screen_out out, screened **ret);
/* Those of another policy, made before it is in force. */
fallible guards_prepare(gate *g, const policy *next);
void guards_use(gate *g);
