/* SPDX-License-Identifier: EUPL-1.2 */
/* floor.h - below which entry a log was pruned, and what was held back of that part.
 *
 * C2SP tlog-tiles calls it the minimum index: bundles that lie below it may be gone, the tree and
 * all that was signed of it stay as they are.  We keep every tile of hashes, so that every root
 * ever signed and every proof ever given can still be checked; what is gone are the entries.
 *
 * The file `pruned` in the log's directory says so in four lines:
 *
 *     hoheit pruned v1
 *     512          the first entry that is there, a multiple of 256
 *     1033         the entry that records the decision ("event":"log.prune","object":"512")
 *     214310       where entry 512 begins in audit.jsonl
 *
 * Whoever checks the log does not believe it without that entry.  The file `held` has the lines of
 * entries below that whose time was not over (retain.h), in their order; each is still provable.
 * One thread. */
#pragma once
#include "os/file.h"

struct floor {
    uint64_t index, decision, offset; /* all 0: nothing was pruned */
};

/* {0} when there is no such file; CORRUPT when it is not of this form. */
fallible floor_read(const char *log_dir, struct floor *ret);
/* Durable. */
fallible floor_write(const char *log_dir, const struct floor *f);

enum { HELD_LINE_MAX = 65535 };

/* Reading what was held, from the first line on. */
typedef struct held {
    fd f; /* -1: there is no such file */
    buf window;
    uint64_t at;   /* in the file, of the window */
    size_t used;   /* of the window */
    uint64_t next; /* the least index the next line may have */
} held;
#define HELD ((struct held){.f = -1, .window = BUF(2 * HELD_LINE_MAX)})
fallible held_open(const char *log_dir, struct held *ret);
void held_done(struct held *h);
static inline void
held_auto(struct held *h)
{
    held_done(h);
}
/* The next line, valid until the next call, and which entry it is: one less than its number.  False
 * in *ret_is_there at the end.  CORRUPT: no record, or not in order. */
fallible held_next(struct held *h, bool *ret_is_there, str *ret_line, uint64_t *ret_index);
