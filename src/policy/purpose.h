/* SPDX-License-Identifier: EUPL-1.2 */
/* purpose.h - what data may be processed for, as the policy file says it (section purposes, and the
 * key `purposes` of levels, compartments and taints): purpose limitation, Art. 5(1)(b) GDPR.
 *
 * A purpose is a label: all it may process.  A bit of the lattice whose entry lists no purposes is
 * in every one of them; a bit that lists some is in these alone, and not in what may be processed
 * without a purpose.  So the whole matrix is asked by one dominance, and joining data never widens
 * what it may be used for.
 *
 * Read-only, in the policy's memory. */
#pragma once
#include <cyaml/cyaml.h>

#include "policy/label.h"

enum { PURPOSES_MAX = 64, PURPOSE_ID_BYTES_MAX = 32 };

struct purpose {
    str id;
    str title, english; /* for people */
    str law;            /* what allows it */
    label may;
};

struct purposes {
    struct purpose *at;
    size_t count;
    label without; /* what may be processed for none */
};

/* ---- as the file gives it */
struct purpose_entry {
    char *id, *title, *english, *law;
};
extern const cyaml_schema_value_t purpose_schema;

/* CONFIG with a public sentence; until purposes_limit each may process everything. */
fallible
purposes_read(arena *a, const struct purpose_entry *list, size_t count, struct purposes *ret);
/* `bit`, which is `what` and `id` for people, is for the purposes named (with commas) alone. */
struct purpose_limit {
    const char *what, *id, *names;
    int bit;
};
fallible purposes_limit(struct purposes *p, const struct purpose_limit *l);

/* NULL: there is no such purpose. */
const struct purpose *purpose_find(const struct purposes *p, str id);

/* What a person is cleared to act for, as text: "aid,audit"; empty: whatever their keys are for;
 * PURPOSES_NONE, which no id can be: nothing. */
#define PURPOSES_NONE "-"
enum { PURPOSES_TEXT_MAX = PURPOSES_MAX * (PURPOSE_ID_BYTES_MAX + 1) };
/* Such a text in its form: without blanks.  ARGUMENT with a public sentence when a name is none of
 * `p`, or there twice. */
fallible purposes_text(const struct purposes *p, str text, arena *a, str *ret);
bool purposes_have(str text, str id);
/* Does `text` let one act for all that `other` does? */
bool purposes_cover(str text, str other);
