/* SPDX-License-Identifier: EUPL-1.2 */
/* inside.h - what the files of know/ share about an open collection. */
#pragma once
#include "know/build.h"
#include "know/know.h"
#include "know/near/vector.h"
#include "know/segment.h"
#include "know/shelf.h"
#include "know/text/words.h"

#define KNOW_WORK_BYTES ((size_t)8 << 30)

/* A part as listed, with its bytes once somebody cleared asked for them. */
struct loaded {
    struct part part;
    bool is_open;
    buf bytes, vector_bytes;
    struct segment view;
    struct vectors vectors; /* count 0: none */
    struct vectors words;   /* of the vocabulary; owners are rows of view.words */
};

struct staged_doc {
    struct doc d;
    label label;
};

struct staged_removal {
    str name;
    label label;
};

struct know {
    shelf *files;
    arena *life; /* the everyday words */
    const everyday *e;
    arena *list; /* what `parts` lies in; replaced with the list */
    uint64_t generation;
    struct loaded *parts;
    size_t part_count;
    arena *stage;
    VEC(struct staged_doc) docs;
    VEC(struct staged_removal) removals;
    size_t staged_bytes;
};

/* The parts that `g` covers, opened; pointers into k->parts, in `a`. */
fallible know_cleared(know *k, const grant *g, arena *a, struct loaded ***ret, size_t *ret_count);
/* Opens one; whoever calls has decided that it may be read. */
fallible know_load(know *k, struct loaded *l);
/* Makes `m` the list and takes it up. */
fallible know_replace_list(know *k, struct manifest *m);
