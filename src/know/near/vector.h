/* SPDX-License-Identifier: EUPL-1.2 */
/* vector.h - vectors of one segment: found by one bit a dimension, ranked by eight.
 *
 * A row is kept as signed bytes with a factor (its largest number is 127), and as a code: the signs
 * of the vector less the segment's mean, turned by a fixed random rotation (sign flips, Hadamard
 * transforms, permutations; three rounds, one seed for all segments, nothing trained across
 * labels).  A search scans the codes by Hamming distance, takes the nearest few hundred and ranks
 * them by the dot product of the bytes with the question; up to VECTOR_EXACT rows it ranks all.
 *
 * Charikar 2002 is why signs of random projections keep angles; Gao, Long 2024 (RaBitQ) why
 * centring and a rotation make them good.  The kernel (kernel.h) is chosen for the machine; all
 * give the same distances.
 *
 * A view does not own its bytes.  Any thread may read. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "know/near/kernel.h"

enum { VECTOR_EXACT = 10000, VECTOR_DIMS_MAX = 4096, VECTOR_RESCORE = 400 };

struct vectors {
    size_t count, dims, code_len; /* code_len: bytes, a multiple of 8 */
    const float *mean;            /* dims; turned as the codes are */
    const float *factors;         /* count: row times factor is the vector */
    const uint32_t *owners;       /* count: which unit a row speaks for */
    const uint8_t *codes;         /* count × code_len */
    const int8_t *rows;           /* count × dims */
    const struct kernel *kernel;
    size_t len; /* bytes they take; others may follow */
};

/* Bytes of `count` vectors, normalised to length 1 by the caller, into an empty `out`. */
fallible
vectors_make(const float *rows, const uint32_t *owners, size_t count, size_t dims, buf *out);
/* CORRUPT unless whole; `bytes` aligned to 8. */
fallible vectors_view(str bytes, struct vectors *ret);

struct vector_hit {
    uint32_t row;
    float likeness;
};
/* A question, turned once for all segments. */
struct vector_query {
    size_t dims;
    const float *at; /* dims */
    float turned[VECTOR_DIMS_MAX];
};
/* Keeps `q`.  LIMIT. */
fallible vectors_ask(arena *a, const float *q, size_t dims, const struct vector_query **ret);

struct vector_bounds {
    size_t most, rescore;
    bool by_codes; /* also where rows are few: one of many segments */
};
struct vector_hits {
    struct vector_hit *at; /* room for `most` */
    size_t count;
};
/* The `most` rows most like `q` (of v's dimensions), best first.  Exact up to VECTOR_EXACT rows;
 * else among the `rescore` nearest codes (at least `most`).  LIMIT. */
fallible vectors_search(arena *a, const struct vectors *v, const struct vector_query *q,
                        const struct vector_bounds *b, struct vector_hits *ret);
/* Row and question. */
float vectors_likeness(const struct vectors *v, size_t row, const float *q);
