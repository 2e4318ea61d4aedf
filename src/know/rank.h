/* SPDX-License-Identifier: EUPL-1.2 */
/* rank.h - the units that answer a question best, over the segments one is cleared for.
 *
 * Lexical score: BM25 (Robertson, Zaragoza 2009) over weighted fields, k1 1.2, b 0.75 on the text's
 * length; of a group of terms the best counts whole and the others half, so that a thing named in
 * many ways does not outvote the rest.  Units that good units point to get a share of their score,
 * divided by the root of how many they point to: statutes say elsewhere what a section means.
 *
 * With likenesses of vectors (vector.h) both legs are brought to [0, 1], the lexical by its best,
 * the other between its best and its 1000th, and added with a weight.
 *
 * N, frequencies and lengths are sums over the segments handed in; scores are single floats added
 * in the order of the question, so they do not depend on the segments' order.  Equal scores go by
 * document name and place.  Results, bit for bit, know nothing of other segments. */
#pragma once
#include "know/question.h"

struct ranked {
    uint32_t segment, unit;
    float score;
    float words; /* of it the lexical leg's */
    float near;  /* how far its likeness stands above the best thousand's mean, in deviations */
};

struct rank_ask {
    struct cleared c;
    const struct question *q;
    const float *likeness; /* one for each unit in the segments' order, or NULL; RANK_NONE: none */
    float weight;          /* of likeness against the lexical leg's 1 */
    /* Whether a document may answer; NULL: all may. */
    bool (*fits)(void *ctx, const struct segment *s, const struct seg_doc *d);
    void *ctx;
};

#define RANK_NONE (-2.0f)
enum { RANK_HITS_MAX = 1000 };

/* The best `most` (at most RANK_HITS_MAX) with a score above 0, into `ret`; how many. LIMIT. */
fallible
rank_units(arena *a, const struct rank_ask *in, size_t most, struct ranked *ret, size_t *ret_count);
/* Units in all. */
size_t rank_unit_count(struct cleared c);
