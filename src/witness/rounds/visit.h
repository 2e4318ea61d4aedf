/* SPDX-License-Identifier: EUPL-1.2 */
/* visit.h - what one witness is asked, step by step, and what its answers mean.  Decides; whoever
 * asks and sends is rounds.c.
 *
 *     BEGIN ── what is kept of it was read? ── no ──> KEPT ──┐
 *       └─────────────────────────────────────────> QUESTION <┘
 *     QUESTION ──> POST ── 200 and its line ──> TAKE ──> END
 *                   ├── 409, a size ──> HEAD ── more than there is ──> ALARM
 *                   │                     └── else from there: QUESTION, VISIT_TRIES_MAX times
 *                   ├── 409, the very size and tree it was asked about: another tree ──> ALARM
 *                   ├── 422: not grown from what it saw ──> ALARM
 *                   └── anything else, or nothing ──> END, failed
 *
 * What a witness says is believed as far as its signature goes.  That it refuses may be a lie, and
 * then costs an alarm that somebody looks at; so a witness is somebody whose key and whose
 * certificate the operator chose.
 *
 * After a failure it is left alone for 0, 1, 3 and then always 7 rounds.  One thread. */
#pragma once
#include "audit/cosign.h"
#include "egress/provider_list.h"

enum { VISIT_TRIES_MAX = 3, VISIT_WHY_MAX = 200, VISIT_ANSWER_MAX = 4096 };

enum visit_step {
    VISIT_END = 0,
    VISIT_KEPT,     /* read what the log keeps of it: visit_kept */
    VISIT_QUESTION, /* read add-checkpoint/`old`: visit_question */
    VISIT_POST,     /* send `question`: visit_answered */
    VISIT_HEAD,     /* read the checkpoint: visit_head */
    VISIT_TAKE,     /* have the log take `note` in: visit_taken */
    VISIT_ALARM     /* put `why` on record, unless an alarm stands: visit_alarmed */
};

struct visit {
    struct note_key key;
    char name[PROVIDER_NAME_MAX];
    bool is_known;                  /* what the log keeps of it was read */
    uint64_t signed_size, signed_s; /* newest cosignature: entries, second; 0: none */
    uint32_t failures;              /* in a row */
    uint64_t failed_total;
    uint32_t pause;          /* rounds it is still left alone */
    char why[VISIT_WHY_MAX]; /* of the last failure or alarm; empty: it was fine */
    /* of the visit that runs */
    uint64_t old, seen;
    struct tree_head asked;
    uint32_t tries;
    buf question, note;
};

/* CONFIG unless the key is one of a witness. */
fallible visit_init(struct visit *v, const struct provider_public *p);
void visit_done(struct visit *v);

/* Is it its turn, when a round asks for `size` entries to be signed?  Counts the pauses. */
bool visit_is_due(struct visit *v, uint64_t size);
bool visit_is_behind(const struct visit *v, uint64_t size);

/* Each says what comes next. */
enum visit_step visit_begin(struct visit *v);
enum visit_step visit_kept(struct visit *v, err e, str note);
enum visit_step visit_question(struct visit *v, err e, str question);
enum visit_step visit_answered(struct visit *v, err e, int status, str body);
enum visit_step visit_head(struct visit *v, err e, str checkpoint);
enum visit_step visit_taken(struct visit *v, err e);
enum visit_step visit_alarmed(struct visit *v, err e);
/* What was to be done could not be begun. */
enum visit_step visit_failed(struct visit *v, const char *what, err e);
