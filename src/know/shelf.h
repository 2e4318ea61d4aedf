/* SPDX-License-Identifier: EUPL-1.2 */
/* shelf.h - the files of a collection: sealed segments and the sealed list of them.
 *
 *     DIR/manifest      which segments there are, of which label
 *     DIR/seg_…         one segment (segment.h), never changed
 *     DIR/vec_…         its vectors (vector.h), if it has any
 *     DIR/emb_…         vectors on the way there (embedding.h)
 *
 * The list is written beside and renamed, so a collection is the old one or the new one, whole;
 * files that no list names are left over from a crash and removed by shelf_sweep.  Each file is
 * sealed (crypt/seal.h) about its own name under a key derived from the collection's key and, for
 * segments and vectors, from their label: who does not hold the key of a label reads none of it,
 * and no file can stand in for another.
 *
 * One writer; it holds a lock on the directory.  One thread. */
#pragma once
#include "base/secret.h"
#include "base/vec.h"
#include "policy/label.h"

enum { SHELF_NAME_MAX = 40, SHELF_PARTS_MAX = 100000, SHELF_EMBEDDER_MAX = 96 };
#define SHELF_PART_BYTES_MAX ((size_t)4 << 30)

struct part {
    char name[SHELF_NAME_MAX];         /* "seg_…" */
    char vectors[SHELF_NAME_MAX];      /* "vec_…" or empty */
    char embedder[SHELF_EMBEDDER_MAX]; /* whose vectors they are; empty: nobody said */
    label label;
    uint64_t documents, units;
};

struct waiting {
    char name[SHELF_NAME_MAX]; /* "emb_…" */
    char embedder[SHELF_EMBEDDER_MAX];
    label label;
    uint64_t count; /* rows */
};

struct manifest {
    uint64_t generation; /* grows with each list */
    VEC(struct part) parts;
    VEC(struct waiting) waiting;
};

typedef struct shelf shelf;

/* Makes the directory with an empty list; CONFLICT if there is one.  `key` has 32 bytes. */
fallible shelf_create(const char *dir, const secret *key);
/* NOT_FOUND, CORRUPT (also under a wrong key).  The key is copied. */
fallible shelf_open(const char *dir, const secret *key, shelf **ret);
void shelf_close(shelf *s);
/* BUSY if another process writes. */
fallible shelf_lock(shelf *s);

/* The list as it stands; into `a`. */
fallible shelf_list(shelf *s, arena *a, struct manifest *ret);
/* Replaces the list: what was listed before and is not now may then be removed. */
fallible shelf_replace(shelf *s, const struct manifest *m);
/* Removes the files that `m` does not name. */
fallible shelf_sweep(shelf *s, const struct manifest *m);

/* Writes bytes under a new name with `prefix` ("seg_"). */
fallible shelf_put(shelf *s, const char *prefix, label l, str bytes, char ret_name[SHELF_NAME_MAX]);
/* Opens and unseals; the bytes are aligned to 16.  CORRUPT if it is not what was put. */
fallible shelf_get(shelf *s, const char *name, label l, buf *ret);

static inline void
shelf_auto(shelf **s)
{
    shelf_close(*s);
}
