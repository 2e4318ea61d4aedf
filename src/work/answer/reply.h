/* SPDX-License-Identifier: EUPL-1.2 */
/* reply.h - what becomes of a question before any model: its scope, its cards, and what is said.
 *
 * The sentences here are the house's own and say what no document says: that nothing was found,
 * that a person must be asked, that an AI system prepared the answer (Art. 50 of Regulation (EU)
 * 2024/1689).  Pure. */
#pragma once
#include "work/answer/cards.h"
#include "work/answer/scope.h"

enum behaviour { BEHAVIOUR_ANSWER, BEHAVIOUR_HANDOVER, BEHAVIOUR_CLARIFY, BEHAVIOUR_REFUSE };
/* "answer" */
const char *behaviour_name(enum behaviour b);

enum { CHOICES_MAX = 4 };
/* What a question that says too little may be about. */
struct choice {
    str title, heading; /* of a document that speaks of it */
};

struct reply {
    enum behaviour behaviour;
    struct cards cards;                 /* none unless it answers */
    str said;                           /* instead of an answer; empty when it answers */
    struct choice choices[CHOICES_MAX]; /* with BEHAVIOUR_CLARIFY */
    size_t choice_count;
};

/* In every answer. */
str reply_notice(void);
/* `hits`: of scope->question; NULL when nothing was looked up.  Answers come from them with
 * SCOPE_ANSWER alone, choices with SCOPE_CLARIFY.
 * DENIED unless `g` covers them. */
fallible reply_make(const grant *g, const struct scoped *scope, const struct know_hits *hits,
                    struct reply *ret);
