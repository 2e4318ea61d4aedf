/* SPDX-License-Identifier: EUPL-1.2 */
/* guard.h - holds a text against the guardrails of the policy (policy/guardrail.h).
 *
 * Made once for each policy: words folded and sorted, so that a text costs one look-up a word
 * however long the lists are.  A phrase counts when its words follow one another and it is not
 * drawn out (guard_reach), so what a stream has to hold back is bounded.
 *
 * Read-only once made; reads the policy's memory, which must live as long.  No clock, no files.
 * Memory of a look is the caller's arena's: hits, and what detect/ needs. */
#pragma once
#include "base/vec.h"
#include "policy/policy.h"

typedef struct guard guard;

fallible guard_new(const policy *p, guard **ret);
void guard_free(guard *g); /* NULL is fine */
/* `before` lives as long as `g` from now on, for those who still read from it. */
void guard_follow(guard *g, guard *before);
/* Does any rule look there (GUARDRAIL_INPUT, GUARDRAIL_OUTPUT)? */
bool guard_looks(const guard *g, unsigned where);
size_t guard_count(const guard *g);
const struct guardrail *guard_rule(const guard *g, size_t i);
/* Bytes that the longest thing found there may have; how much before it says what it is. */
size_t guard_reach(const guard *g, unsigned where);
size_t guard_context(const guard *g, unsigned where);

struct guard_hit {
    uint32_t start, end; /* bytes, end exclusive */
    uint16_t rule;
    uint8_t type; /* IDENTIFIERS: enum detect_type */
};
typedef VEC(struct guard_hit) guard_hits;

/* Which words of which topics were there: for one text, however it is cut. */
struct guard_seen {
    uint8_t *patterns;
    uint16_t counts[GUARDRAILS_MAX];
};
fallible guard_seen_new(const guard *g, arena *a, struct guard_seen *ret);

struct guard_look {
    const guard *g;
    unsigned where;
    bool is_instruction;     /* of the application: no attack */
    bool goes_on;            /* the text does: what stands at its end is not whole */
    size_t from;             /* what ends before that is known already */
    struct guard_seen *seen; /* NULL: of this text alone */
};
/* In the order of their beginnings, longer ones first; they may overlap. */
fallible guard_find(const struct guard_look *how, str text, arena *a, guard_hits *ret);
/* "IBAN"; NULL when it is no identifier. */
const char *guard_type(const struct guard_hit *h);
/* The first of them that blocks, or NULL; joins what they say of the source to *taint. */
const struct guardrail *guard_judge(const guard *g, const guard_hits *h, label *taint);
/* The text from `from` on, with a word in brackets for each that is to be masked. */
void guard_mask(const guard *g, const guard_hits *h, str text, size_t from, buf *out);
