/* SPDX-License-Identifier: EUPL-1.2 */
/* scope.h - what a question asks of the service before anything is looked up (scope.def).
 *
 * By words alone, so that the same question always meets the same door; nobody is judged by it:
 * what is kept out gets a sentence that says why and a person to turn to.  Pure. */
#pragma once
#include "base/arena.h"

enum scope {
    SCOPE_ANSWER,
    SCOPE_CLARIFY,  /* too little is said */
    SCOPE_OFFICIAL, /* only a person can say it */
    SCOPE_REFUSE
};

struct scoped {
    enum scope scope;
    str question; /* what is left to be looked up; sentences that give orders are left out */
    bool had_orders;
    bool points_back; /* to something that was said before, and it says too little itself */
    bool is_local;    /* it is about how things are in this very place: hours, ways, rooms */
    str place;        /* it is asked about (place.h); empty: none */
    str subject;      /* a matter with rules of its own (subject.h); empty: none */
};

enum { SCOPE_BYTES_MAX = 8192 };

/* Does the folded word need another one to be a question ("formular")? */
bool scope_is_vague(str word);

/* Beyond SCOPE_BYTES_MAX nothing is read.  LIMIT. */
fallible scope_read(arena *a, str question, struct scoped *ret);
/* The same after an earlier question (may be empty): one that points back and says too little
 * itself is looked up together with it, if that one could be. */
fallible scope_read_after(arena *a, str before, str question, struct scoped *ret);
