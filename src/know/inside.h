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
    bool has_warned; /* of another embedder's vectors, since the list changed */
    struct loaded *parts;
    size_t part_count;
    const struct waiting *waiting; /* vectors on their way */
    size_t waiting_count;
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

/* ---- pieces.c: what is embedded.  `owner`: its unit, or a word's row. */
typedef err piece_fn(void *ctx, const struct know_piece *p, uint32_t owner);
fallible pieces_of_unit(const struct loaded *l, uint32_t unit, piece_fn *fn, void *ctx);
/* How many pieces it has. */
size_t pieces_count(const struct segment *s, uint32_t unit);
fallible pieces_each(const struct loaded *l, piece_fn *fn, void *ctx);
fallible pieces_each_word(const struct loaded *l, piece_fn *fn, void *ctx);
