/* SPDX-License-Identifier: EUPL-1.2 */
/* blobs.h - the bytes of files, each in a file of its own, sealed.
 *
 * A blob is written once, piece by piece, into a hidden file that takes the blob's name when it is
 * whole and durable; what a crash leaves of it is swept away at the next start.  It lies on disk as
 * pieces of BLOB_PIECE bytes, each sealed on its own (crypt/seal.h) under its owner's key
 * (subjects.h) together with the blob's name, label, its own number and whether it is the last: so
 * any range can be read without the rest, and a file that was cut, mixed with another, or given
 * another label does not open.
 *
 * Nobody reads or writes without a grant that covers the blob's label.  One thread. */
#pragma once
#include "crypt/hash.h"
#include "policy/content.h"
#include "store/db.h"
#include "store/subjects.h"

enum { BLOB_PIECE = 64 * 1024 };

typedef struct blobs blobs;
typedef struct blob_writer blob_writer;

struct blob { /* which, whose, of what label, how long: from its row */
    str id, owner;
    label label;
    uint64_t size_bytes;
    str matter; /* that it was left for (subjects.h); empty: none */
};

/* `dir` is made if it is not there.  `keys` outlives the store. */
fallible blobs_open(const char *dir, subjects *keys, blobs **ret);
void blobs_free(blobs *b);

/* `id` has letters, digits, '-' and '_' only.  DENIED when `g` does not cover the label.  The size
 * is not looked at. */
fallible blob_begin(blobs *b, const grant *g, const struct blob *which, blob_writer **ret);
/* LIMIT above `size_max` bytes in all, which blob_limit says; without it none. */
void blob_limit(blob_writer *w, uint64_t size_max);
fallible blob_add(blob_writer *w, str bytes);
/* Durable, under its name; `w` is gone, also on failure, and then nothing stays. */
fallible blob_end(blob_writer *w, digest *ret, uint64_t *ret_size);
/* NULL is fine. */
void blob_drop(blob_writer *w);

struct blob_range {
    uint64_t from, len; /* cut to the blob's end */
};

/* Adds the bytes of the range to `to`.  CORRUPT when it is not what was written, or is gone. */
fallible blob_read(const blobs *b, const grant *g, const struct blob *which,
                   struct blob_range range, buf *to);
/* Fine if it is not there. */
fallible blob_remove(blobs *b, str id);
