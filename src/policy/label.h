/* SPDX-License-Identifier: EUPL-1.2 */
/* label.h - the classification lattice: 256 bits, one operator, one check.
 *
 *   bits   0..7    level, as a thermometer (offen 0x00 … streng geheim 0x1f): subset means ≤
 *   bits   8..127  compartments: all of them are needed
 *   bits 128..223  releasability, stored complemented: a set bit EXCLUDES that party
 *   bits 224..255  taint: where bytes that may not be trusted came from
 *
 * join is OR, dominates is "no bit of o outside s".  Mixing two sources has exactly one answer,
 * the least label that covers both (Denning 1976).  Pure values: no memory, no clock, any thread.
 *
 * Names belong to the policy file (label_names).  Text form:
 *     VS-NfD//SOZIALDATEN,STEUERGEHEIMNIS//REL BUND,BAYERN//TAINT web
 * Parts after the level are optional and come in this order; an unknown name is an error, never
 * an empty label.  REL sets the exclusion bit of every other party, also of those the policy file
 * does not name yet: a party added later is shut out of what was marked before.  No REL part
 * excludes nobody; REL NONE, which a join of two RELs can give, excludes everybody.
 * Not here: who may see what (policy.h). */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

typedef struct {
    uint64_t w[4];
} label;

enum {
    LABEL_LEVEL_FIRST = 0,
    LABEL_LEVEL_COUNT = 8,
    LABEL_COMPARTMENT_FIRST = 8,
    LABEL_COMPARTMENT_COUNT = 120,
    LABEL_REL_FIRST = 128,
    LABEL_REL_COUNT = 96,
    LABEL_TAINT_FIRST = 224,
    LABEL_TAINT_COUNT = 32,
    LABEL_TEXT_MAX = 2048
};

#define LABEL_BOTTOM ((label){{0, 0, 0, 0}})

static inline label
label_join(label a, label b)
{
    return (label){{a.w[0] | b.w[0], a.w[1] | b.w[1], a.w[2] | b.w[2], a.w[3] | b.w[3]}};
}

/* The greatest label both cover. */
static inline label
label_meet(label a, label b)
{
    return (label){{a.w[0] & b.w[0], a.w[1] & b.w[1], a.w[2] & b.w[2], a.w[3] & b.w[3]}};
}

/* May what is marked `o` be shown to one cleared for `s`? */
static inline bool
label_dominates(label s, label o)
{
    return ((o.w[0] & ~s.w[0]) | (o.w[1] & ~s.w[1]) | (o.w[2] & ~s.w[2]) | (o.w[3] & ~s.w[3])) == 0;
}

static inline bool
label_eq(label a, label b)
{
    return ((a.w[0] ^ b.w[0]) | (a.w[1] ^ b.w[1]) | (a.w[2] ^ b.w[2]) | (a.w[3] ^ b.w[3])) == 0;
}

bool label_has(label l, int bit);
label label_with(label l, int bit);
/* The bits of `l` in [first, first + count). */
label label_part(label l, int first, int count);
/* The height of the highest level bit; 0 for the bottom level. */
int label_level(label l);
/* Thermometer of that height, nothing else. */
label label_of_level(int level);

/* Bits and their names, from the policy file; each list in the order of its bits. */
struct label_name {
    str id;    /* as written: "SOZIALDATEN" */
    str title; /* for people: "Sozialdatenschutz (§ 35 SGB I)" */
    int bit;   /* a level's height for levels */
};
struct label_names {
    const struct label_name *levels, *compartments, *parties, *taints;
    size_t level_count, compartment_count, party_count, taint_count;
};

/* PARSE with a public sentence that says which name is unknown or out of place (by its place: the
 * text came from outside and is not repeated); *ret untouched.  Level names compare without case;
 * blanks and tabs around names are dropped. */
fallible label_parse(const struct label_names *n, str text, label *ret);
/* The text form, canonical: names in the order of their bits.  An unnamed bit prints as "?BIT";
 * levels that are no thermometer print bit by bit.  What does not fit LABEL_TEXT_MAX, which
 * policy_load rules out for named bits, prints as "?" and 64 hexadecimal digits. */
void label_put(const struct label_names *n, label l, buf *b);
/* The same, NUL-ended in `room`. */
str label_text(const struct label_names *n, label l, char room[LABEL_TEXT_MAX]);
