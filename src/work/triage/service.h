/* SPDX-License-Identifier: EUPL-1.2 */
/* service.h - which of an authority's services a letter is about, and which office has it, by the
 * passages of its documents that the letter's words find.
 *
 * A service is what a passage belongs to: the description it is a module of (XZuFi), else its
 * document.  It gathers the scores of its best passages, the first whole, the next a half, and so
 * on.  How likely it is the right one is a logistic curve over two things (service.c says what it
 * was fitted on): how far the next service is behind, and how many of the letter's words that few
 * services share stand in its name and headings.  With the letter's vector likeness counts too.
 *
 * The office is what the service's own documents call so: a module "Zuständige Stelle" or
 * "Ansprechpunkt", else an office that its best passages name ("beim Steueramt").  Pure but for the
 * search itself, which keeps the promise of know.h. */
#pragma once
#include "know/know.h"

enum { SERVICES_MAX = 3 };

struct service {
    str name, document, section, heading; /* of its best passage */
    double score;                         /* 0 … 1 */
    str why;                              /* in German; in the arena */
};

struct office {
    str name; /* empty: none is named */
    str document, section;
    double score;
    str why;
};

struct services {
    struct service at[SERVICES_MAX]; /* best first */
    size_t count;
    struct office office; /* of the first */
    label read;           /* join of all that was searched */
};

struct service_ask {
    content letter;
    const float *vector; /* the letter's, of length 1; NULL: words alone */
    size_t dims;
    str embedder; /* who made it; empty: nobody says */
};
/* Everything lives in `a`. */
fallible service_find(know *k, const grant *g, const struct service_ask *ask, arena *a,
                      struct services *ret);
