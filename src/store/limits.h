/* SPDX-License-Identifier: EUPL-1.2 */
/* limits.h - the rows behind what may be spent (sched/limit.h has the meaning): the limits, and
 * how much of a day or month was granted to whom. */
#pragma once
#include "store/db.h"

struct limit_row {
    str subject, name;
    uint64_t value;
};

struct spent_row {
    str subject, name;
    int64_t window;
    uint64_t granted;
};

/* Anew or changed.  ARGUMENT: a number above 2^63 - 1. */
fallible limits_put(db *d, const struct limit_row *r);
/* With what was spent.  NOT_FOUND. */
fallible limits_remove(db *d, str subject, str name);
typedef err limits_fn(void *ctx, const struct limit_row *r);
/* By subject and name; strings live in `a`.  A failure of `fn` ends the walk and is passed on;
 * `fn` does not call store/. */
fallible limits_each(db *d, arena *a, limits_fn *fn, void *ctx);

/* All of them, or none.  They outlive this program, however it ends; a power cut may take the last
 * ones, so that this costs no flush of the disk (the audit log has what was really used). */
fallible spent_put(db *d, const struct spent_row *rows, size_t count);
typedef err spent_fn(void *ctx, const struct spent_row *r);
fallible spent_each(db *d, arena *a, spent_fn *fn, void *ctx);
/* Forgets what earlier windows of that limit spent. */
fallible spent_purge(db *d, str name, int64_t window);
