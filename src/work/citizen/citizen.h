/* SPDX-License-Identifier: EUPL-1.2 */
/* citizen.h - a citizen asks, an authority's own documents answer: verbatim first, then, if a model
 * is there, in plain words held against the quotes.
 *
 *   decision recorded → scope (work/answer/scope.h) → search → cards: on_cards, without any model
 *   → the model writes → each sentence is held against what it cites (support.h) → on_end.
 *
 * Asked in another language, the model translates the first quotes instead, marked as a machine's
 * (work/answer/translation.h); they stand beside it in German.
 *
 * What was looked up is data: it goes to the model as quotes, under the join of the labels of all
 * that was searched, and the model has no tools.  A model that is missing, refused or lost takes
 * nothing away: the cards stand.  Nothing of a question is kept here; personal data in it is
 * pointed out by place and type, so that it can be taken out before anybody keeps it.
 *
 * One thread.  Everything lives in the arena of the call; when that ends first nothing is called
 * any more. */
#pragma once
#include "detect/detect.h"
#include "gate/keep.h"
#include "work/answer/foreign.h"
#include "work/answer/reply.h"
#include "work/answer/support.h"
#include "work/answer/translation.h"
#include "work/library/library.h"
#include "work/triage/triage.h"

typedef struct citizen citizen;

/* The public's session is cleared for the lowest level and nothing else; `collection` (may be
 * empty) is what it asks.  All outlive it; strings are copied. */
struct citizen_parts {
    gate *gate;
    library *library;
    str collection, contact;
};
fallible citizen_new(const struct citizen_parts *p, citizen **ret);
void citizen_free(citizen *z);
const struct citizen_parts *citizen_parts_of(const citizen *z);
const struct session *citizen_public(const citizen *z);
/* The public's collection; empty: the public is not served. */
str citizen_collection(const citizen *z);

enum { CITIZEN_QUESTION_MAX = 4096 };

/* How a model is to write: plain words, or easy language (Leichte Sprache) for who reads with
 * effort.
 */
enum citizen_style { STYLE_PLAIN, STYLE_EASY };
/* "plain" or "easy"; ARGUMENT. */
fallible citizen_style_read(str name, enum citizen_style *ret);

enum citizen_words { WORDS_NONE, WORDS_WRITTEN, WORDS_UNAVAILABLE };

struct citizen_answer {
    struct reply reply;
    str contact;
    detect_spans personal; /* bytes of the question */
    bool had_orders;
    str understood; /* what was looked up: the next question's `before` */
    enum citizen_words words;
    support_list sentences;         /* of a model, those that were removed too */
    struct translation translation; /* of the first quotes, when it was asked in another language */
    str label_text;
    label label;
    const grant *grant; /* leave to keep it */
    str plain;          /* the question without what points to a person */
};

struct citizen_ask {
    const struct keep_call *call; /* its done and ctx are not used */
    str collection, question, label_text, model;
    str before; /* the question it follows, as it was understood; may be empty */
    bool wants_words;
    enum citizen_style style;
    uint64_t received_us;
};

struct citizen_hooks {
    void (*on_cards)(void *ctx, const struct citizen_answer *a);
    /* Last call; `a` NULL when it failed. */
    void (*on_end)(void *ctx, const struct citizen_answer *a, err e);
    void *ctx;
};

/* ARGUMENT, NOT_FOUND and denials come back here or, after the record, through on_end.  *job is set
 * while a model writes: whoever goes away cancels it. */
fallible
citizen_run(citizen *z, const struct citizen_ask *ask, struct citizen_hooks hooks, gate_job **job);

/* ---- letters (sorting.c) */
struct citizen_sort {
    const struct keep_call *call; /* its done and ctx are not used */
    str collection, letter, label_text;
    day received;
    uint64_t received_us;
    /* Once; `t` NULL when it failed. */
    void (*done)(void *ctx, const struct triage *t, str label_text, err e);
    void *ctx;
};
/* Recorded first, then sorted (work/triage): by words, and by likeness where there are vectors and
 * an embedder.  ARGUMENT, NOT_FOUND and denials come back here or, after the record, through
 * `done`. */
fallible citizen_sort(citizen *z, const struct citizen_sort *ask, gate_job **job);
