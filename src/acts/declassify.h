/* SPDX-License-Identifier: EUPL-1.2 */
/* declassify.h - a text gets a lower label: the one act that removes a bit, by two persons.
 *
 *   propose   somebody cleared for the text says under which label it may go out, why, on which
 *             legal basis and until when
 *   show      a security officer cleared for it reads the very bytes and what would be taken off;
 *             that is recorded before they leave
 *   approve   the officer, who is somebody else, names the SHA-256 of what they read; it has to be
 *             that of the bytes kept
 *   fetch     the proposer gets the text under the lower label, once; recorded before it leaves
 *
 * The approval covers digest, labels, reason, basis and end: all of it is sealed together
 * (store/releases.h).  What is over is not there, and another's is not there to fetch.  Reason and
 * basis may say something about the content: neither is logged, their digest is.  One thread, the
 * loop's. */
#pragma once
#include "gate/admin.h"
#include "store/releases.h"

enum {
    DECLASSIFY_CONTENT_MAX = 4 * 1024 * 1024,
    DECLASSIFY_WORDS_MAX = 4096,
    DECLASSIFY_VALID_DAYS_MAX = 30
};

struct declassify_wish {
    str content;
    str from; /* empty: the session's default */
    str to, reason, basis;
    uint64_t valid_ms; /* from now on */
};

/* Answers are complete when `done` comes (gate/admin.h), and may not leave before: {"id":…,
 * "sha256":…,"expires":…}.  PARSE: a label is none; ARGUMENT: nothing is taken off, or something
 * put on; a reason, a basis or an end is missing. */
fallible declassify_propose(const struct admin_call *c, const struct declassify_wish *w, buf *b);
/* With "content" and "takes_off". */
fallible declassify_show(const struct admin_call *c, str id, buf *b);
/* CONFLICT: `sha256` is not that of the bytes, or it was approved before. */
fallible declassify_approve(const struct admin_call *c, str id, str sha256_hex);
/* {"label":…,"sha256":…,"content":…}; CONFLICT: not approved, or used. */
fallible declassify_fetch(const struct admin_call *c, str id, buf *b);
