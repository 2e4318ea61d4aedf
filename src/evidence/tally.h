/* SPDX-License-Identifier: EUPL-1.2 */
/* tally.h - what the entries of a bundle add up to: counts by name, and lists of what an auditor
 * asks for first.  A pure function of the entries that show, so that whoever has them gets the same
 * summary and the same report, to the byte.
 *
 * Names come from outside: of each kind at most TALLY_LINES_MAX are told apart, the others count as
 * "(other)".  Of a list the first TALLY_LIST_MAX are kept; its total counts all.  One thread. */
#pragma once
#include "base/map.h"
#include "base/vec.h"
#include "evidence/row.h"

enum { TALLY_LINES_MAX = 500, TALLY_LIST_MAX = 500, TALLY_TIME_MAX = 40 };

enum tally_by {
    BY_EVENT,
    BY_RULE,
    BY_MODEL,
    BY_LABEL,
    BY_TENANT,
    BY_PERSON,
    BY_PURPOSE,
    BY_CASE,
    BY_PROVIDER,
    BY_OUTCOME,
    BY_COUNT
};

struct tally_line {
    str name;
    uint64_t entries, allowed, denied, ended, tokens_in, tokens_out;
    uint64_t priced, cost_micro_euro; /* entries that say what they cost; their sum */
    uint64_t measured, energy_mj;     /* entries whose energy was measured; their sum */
    str sha256, licence, added;       /* of models: as entries tell it */
};

enum tally_list { LIST_EGRESS, LIST_DENIAL, LIST_LIMIT, LIST_ERASURE, LIST_READ, LIST_COUNT };

typedef struct tally {
    arena *a;
    struct tally_table {
        map names; /* to the place in `lines`, plus one */
        VEC(struct tally_line) lines;
    } by[BY_COUNT];
    struct {
        VEC(struct row) rows;
        uint64_t total;
    } list[LIST_COUNT];
    uint64_t entries, allowed, denied;
    char first[TALLY_TIME_MAX], last[TALLY_TIME_MAX]; /* times, as the entries have them */
} tally;

/* Kept in `a`. */
void tally_init(struct tally *t, arena *a);
void tally_done(struct tally *t);
/* LIMIT. */
fallible tally_add(struct tally *t, const struct row *r);
/* Puts the lines into the order of their names; to be called before they are read. */
void tally_sort(struct tally *t);
/* The whole as JSON. */
void tally_put(buf *b, const struct tally *t);

static inline void
tally_auto(struct tally *t)
{
    tally_done(t);
}
