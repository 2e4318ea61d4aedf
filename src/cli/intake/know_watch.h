/* SPDX-License-Identifier: EUPL-1.2 */
/* know_watch.h - a collection that follows folders: what is new or changed is taken in, what went
 * away is dropped.
 *
 * A change in a folder only says that it is time to look: the folders are listed and compared with
 * the listing before, so nothing is missed and everything that happened at once is one commit.
 * Looking waits until it is quiet for a moment.  Ends with the process. */
#pragma once
#include "cli/intake/know_files.h"

struct know_taker {
    err (*take)(void *ctx, const struct know_files *folder, const struct know_file *f);
    err (*drop)(void *ctx, str name);
    err (*commit)(void *ctx, size_t taken, size_t dropped);
    void *ctx;
};

/* What changed from `before` to `now`, without a commit; how much. */
fallible know_changes(const know_files *before, const know_files *now, const struct know_taker *t,
                      size_t *ret_taken, size_t *ret_dropped);

enum { KNOW_ROOTS_MAX = 64 };
struct know_watching {
    know_files at[KNOW_ROOTS_MAX]; /* as they were taken in; replaced by what they become */
    size_t count;
    size_t rounds_max;           /* for tests: changes to wait for; 0: for ever */
    void (*on_ready)(void *ctx); /* all folders are watched; may be NULL */
    void *ctx;
};
fallible know_watch(struct know_watching *w, const struct know_taker *t);
