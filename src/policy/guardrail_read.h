/* SPDX-License-Identifier: EUPL-1.2 */
/* guardrail_read.h - section guardrails of the policy file, for policy.c alone. */
#pragma once
#include <cyaml/cyaml.h>

#include "policy/guardrail.h"

struct guardrail_entry { /* as libcyaml gives it */
    char *id, *title, *message, *kind, *where, *then, *taint, *types, *least;
    char **words;
    uint32_t words_count;
};
extern const cyaml_schema_value_t guardrail_schema;

/* Copies what is right into `a`; CONFIG with a sentence that names the rule. */
fallible guardrail_read(arena *a, const struct label_names *n, const struct guardrail_entry *list,
                        size_t count, const struct guardrail **ret);
