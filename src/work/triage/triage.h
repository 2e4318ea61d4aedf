/* SPDX-License-Identifier: EUPL-1.2 */
/* triage.h - where a mail or ticket belongs: service, office, urgency, language, and the days it
 * speaks of, each with how sure it is and why.
 *
 * No model is asked: what is said can be said again tomorrow, and the reasons are the ones it was
 * decided by.  Where the service is not sure enough, or somebody may be in danger, the letter is a
 * person's: `is_for_person` with the sentence that says why.  It only sorts: nothing is answered,
 * refused or deleted by it, and a person sees every letter in the end.
 *
 * What points to a person in the letter is not looked up.  One thread; results live in the arena.
 */
#pragma once
#include "base/buf.h"
#include "detect/detect.h"
#include "know/text/language.h"
#include "work/triage/deadline.h"
#include "work/triage/mail.h"
#include "work/triage/service.h"

/* Below that a person says which service it is; words alone are trusted less. */
#define TRIAGE_LEAST 0.6
#define TRIAGE_LEAST_BY_WORDS 0.7

struct triage_ask {
    content letter;
    day received;        /* its day, unless it has one of its own */
    const float *vector; /* of its words, of length 1; NULL: words alone */
    size_t dims;
    str embedder;         /* who made it; empty: nobody says */
    const lexicon *names; /* what points to persons; NULL: nothing is left out */
};

struct triage {
    bool is_for_person;
    str said; /* why; empty when it is not */
    struct services services;
    enum urgency urgency;
    double urgency_score;
    str urgency_why;
    struct language language;
    double language_score;
    struct deadlines deadlines;
    detect_spans personal; /* bytes of the letter */
    label label;           /* join of the letter's and all that was searched */
};

/* TOO_LARGE, PARSE (mail.h); DENIED unless `g` covers the letter. */
fallible
triage_run(know *k, const grant *g, const struct triage_ask *ask, arena *a, struct triage *ret);
/* What of a letter may be looked up: its own words, without what points to a person and
 * without time limits. */
fallible triage_plain(const lexicon *names, str bytes, day received, arena *a, str *ret);
/* As members of an object that is open. */
void triage_put_json(buf *b, const struct triage *t);
