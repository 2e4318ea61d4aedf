/* SPDX-License-Identifier: EUPL-1.2 */
/* restore.h - tokens of pseudonym.h become what they stand for, in an answer that comes in pieces.
 *
 * A token may be cut by the pieces anywhere, have an ending ("PERSON_QX1s"), stand in other case or
 * escaped as Markdown does it, or within a JSON string, where what it stands for is escaped.  Held
 * back is at most the word at the end, at most RESTORE_HELD_MAX bytes.  What was not given out in
 * this conversation is left as it is.  What comes out, joined, does not depend on the pieces.  One
 * thread. */
#pragma once
#include "downgrade/pseudonym.h"

#include "base/buf.h"

enum { RESTORE_HELD_MAX = 256 };

struct restore {
    const pseudonyms *m;
    bool is_json; /* the text is JSON: pieces of a call's arguments */
    buf held;
};

void restore_init(struct restore *r, const pseudonyms *m, bool is_json);
void restore_done(struct restore *r);
/* Appends to `out` what is certain now.  LIMIT when memory is out. */
fallible restore_add(struct restore *r, str piece, buf *out);
/* Nothing follows. */
fallible restore_end(struct restore *r, buf *out);
