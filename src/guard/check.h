/* SPDX-License-Identifier: EUPL-1.2 */
/* check.h - whole texts against the guardrails: plain, or JSON whose strings, names and numbers are
 * texts each. */
#pragma once
#include "guard/guard.h"

struct guard_verdict {
    const struct guardrail *blocked; /* by which; NULL: by none */
    label taint;                     /* what it says of the source */
    bool is_masked;                  /* something was */
};

/* Appends the text as it may go on to `out`, and joins the verdict to *v; blocked by the first. */
fallible
guard_text(const struct guard_look *how, str text, arena *a, buf *out, struct guard_verdict *v);
/* JSON stays JSON.  What is none is a text: one in which something is to be masked is blocked. */
fallible
guard_json(const struct guard_look *how, str json, arena *a, buf *out, struct guard_verdict *v);
