/* SPDX-License-Identifier: EUPL-1.2 */
/* past.h - every checkpoint that was signed, one note after the other, in the file `checkpoints`.
 *
 * tlog-tiles keeps the newest only.  Who can show all of them as steps of one tree leaves no room
 * for a second history that was shown to somebody else.  Sizes rise.  A note that was half written
 * when the machine stopped is cut off when the log is opened again.
 *
 * One thread. */
#pragma once
#include "audit/note.h"
#include "os/file.h"

/* Adds a note; `dir` is the log's. */
fallible past_add(const char *dir, str note);
/* Cuts a torn end off and sees to it that `newest`, the note in `checkpoint`, is the last one. */
fallible past_mend(const char *dir, str newest);

/* What was signed last, from the end of the file; *ret_is_there: false when there is none.  PARSE
 * or CORRUPT for a note that `k` did not sign. */
fallible
past_newest(const char *dir, const struct note_key *k, struct tree_head *ret, bool *ret_is_there);

/* Reading, from the first on. */
struct past {
    fd f; /* -1: there is no such file */
    buf window;
    uint64_t window_at;
    uint64_t at;           /* where the note of `head` begins */
    struct tree_head head; /* of the last one read */
    uint64_t count;
};
/* A log without the file has no past. */
fallible past_open(const char *dir, struct past *ret);
void past_done(struct past *p);
/* False in *ret_is_there at the end.  PARSE or CORRUPT, and p->at says where, for a note that `k`
 * did not sign or that is not larger than the one before. */
fallible past_next(struct past *p, const struct note_key *k, bool *ret_is_there);
