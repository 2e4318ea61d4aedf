/* SPDX-License-Identifier: EUPL-1.2 */
/* answer.h - what a witness says to add-checkpoint (C2SP tlog-witness), as a status and a body.
 *
 *     200  its signature line                  409  the size it saw last, as text/x.tlog.size
 *     400  not a question, or an old size      422  not grown from what was seen: the proof, or a
 *          above the checkpoint's                   second tree of one size
 *     403  not signed by the log's key, or     503  the witness is being used by another process,
 *          an alarm stands                          its clock ran back, or its disk is full
 *     404  a log that is not known
 *
 * Each question opens the witness anew and locks it for as long as it takes, so that several
 * processes may serve one directory, and `hoheit witness show|trust|clear` work beside them.  The
 * check, the new state and its sync lie under one lock, before the answer: what is killed anywhere
 * in between has either said nothing or can say no other tree of that size.
 *
 * Anybody may ask, so a question can raise an alarm only where it proves that the log signed two
 * histories (witness.h).  One thread for a directory at a time costs nobody more than waiting. */
#pragma once
#include "witness/witness.h"

enum { WITNESS_QUESTION_MAX = NOTE_BYTES_MAX + 4096, WITNESS_ANSWER_MAX = 1024 };

struct witness_answer {
    int status;
    str type; /* of the body */
    /* For the one who runs the witness; valid until the next failure. */
    err why;
    enum witness_alarm raised; /* by this question */
    struct tree_head head;     /* with 200: that was signed */
};

/* `dir` is the witness'; the body goes to `b`, which has room for WITNESS_ANSWER_MAX. */
void
witness_answer(const char *dir, str question, uint64_t now_s, buf *b, struct witness_answer *ret);
