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

struct reply {
    enum behaviour behaviour;
    struct cards cards; /* none unless it answers */
    str said;           /* instead of an answer; empty when it answers */
};

/* In every answer. */
str reply_notice(void);
/* `hits`: of scope->question; NULL when nothing was looked up, as for all but SCOPE_ANSWER.
 * DENIED unless `g` covers them. */
fallible reply_make(const grant *g, const struct scoped *scope, const struct know_hits *hits,
                    struct reply *ret);
