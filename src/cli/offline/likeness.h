/* SPDX-License-Identifier: EUPL-1.2 */
/* likeness.h - the vectors of questions in a file, for those who measure: by the question's id, and
 * for one in another language by "ID#word" and "phrase:en:0" too (work/answer/foreign.h). */
#pragma once
#include "cli/offline/offline.h"
#include "work/answer/foreign.h"

struct offline_question {
    str id, text;
};
/* Fills vector, dims and bridge of `ask`; words alone when the file has no vector of that id. */
fallible offline_likeness(const offline_vectors *v, const struct offline_question *q, arena *a,
                          struct know_ask *ask);
/* What such a file is to hold of it: lines of {"id", "text"}, with "query: " before each. */
fallible offline_likeness_texts(const struct offline_question *q, buf *b);
/* The same of the sentences of all languages. */
void offline_likeness_phrases(buf *b);
