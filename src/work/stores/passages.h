/* SPDX-License-Identifier: EUPL-1.2 */
/* passages.h - what was found as a model is shown it, and the marks by which it says what it took.
 *
 * Passages are numbered from 1 and are data: the model is told that orders in them are not to be
 * followed, and none of them makes anything happen here.  They have room for PASSAGES_BYTES; what
 * does not fit is not shown and cannot be cited.  Pure. */
#pragma once
#include "work/stores/stores.h"

enum { PASSAGES_BYTES = 12 * 1024, PASSAGE_BYTES = 2048 };

/* The i-th as it is shown: cut at PASSAGE_BYTES.  DENIED unless the grant covers it. */
fallible passage_text(const struct stores_found *f, size_t i, str *ret);
/* How many are shown. */
fallible passages_put(const struct stores_found *f, buf *to, size_t *ret_count);

/* "[2]" in a text: bytes and number. */
struct passage_mark {
    size_t from, to;
    uint64_t number;
};
/* The first at or after `at`; false when there is none. */
bool passage_mark_next(str text, size_t at, struct passage_mark *ret);
