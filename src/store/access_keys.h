/* SPDX-License-Identifier: EUPL-1.2 */
/* access_keys.h - access key ids as records: which API key stands behind an id that signs requests
 * as AWS does, and the secret of an imported one, sealed.
 *
 * A key may have several; when it is revoked they are of no use, and stay. */
#pragma once
#include "store/db.h"

struct access_key_record {
    str access_id, key_id;
    str sealed; /* by the gate; empty: the secret is derived from the id */
    int64_t created_wall_ms;
};

/* CONFLICT: the id is taken. */
fallible access_keys_add(db *d, const struct access_key_record *r);
typedef err access_keys_fn(void *ctx, const struct access_key_record *r);
/* Each, in order of creation; strings live in `a`.  A failure of `fn` ends the walk and is passed
 * on.  `fn` does not call store/. */
fallible access_keys_each(db *d, arena *a, access_keys_fn *fn, void *ctx);
