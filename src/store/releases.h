/* SPDX-License-Identifier: EUPL-1.2 */
/* releases.h - texts that are to get a lower label (acts/declassify.h), one row each.
 *
 * The text and all that was said of it are sealed together with the row's id, label, state and end:
 * a row whose state, label or time was changed in the file does not open, so an approval cannot be
 * written into it by hand.  The key is that of its owner's data (subjects.h), so that it is
 * forgotten with them.  States only go up.  Nobody reads or writes without a grant that covers
 * the label the text has.  One thread. */
#pragma once
#include "base/secret.h"
#include "policy/content.h"
#include "store/db.h"

enum release_state { RELEASE_PROPOSED = 1, RELEASE_APPROVED = 2, RELEASE_USED = 3 };

struct release_row {
    str id;
    label label;
    enum release_state state;
    int64_t expires_wall_ms;
    str owner; /* the id of the key that proposed it; empty: from before that was kept */
};

enum { RELEASE_BYTES_MAX = 16 * 1024 * 1024, RELEASES_MAX = 10000 };

/* `key` seals.  Rows whose time is over go first; LIMIT when there are RELEASES_MAX others. */
fallible
releases_add(db *d, const secret *key, const grant *g, const struct release_row *r, str text);
/* The head alone; NOT_FOUND, also past its time. */
fallible releases_head(db *d, arena *a, str id, int64_t now_wall_ms, struct release_row *ret);
/* DENIED; CORRUPT when it is not what was kept. */
fallible
releases_text(db *d, const secret *key, const grant *g, const struct release_row *r, buf *b);
/* From `r->state` to `next` with another text; CONFLICT when it has not that state any more. */
struct release_step {
    enum release_state next;
    str text;
};
fallible releases_step(db *d, const secret *key, const grant *g, const struct release_row *r,
                       const struct release_step *s);
/* Removes what ended before. */
fallible releases_sweep(db *d, int64_t now_wall_ms);
/* Removes what an owner proposed; how many that were. */
fallible releases_erase(db *d, str owner, uint64_t *ret_count);
