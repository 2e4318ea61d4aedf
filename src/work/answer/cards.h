/* SPDX-License-Identifier: EUPL-1.2 */
/* cards.h - the answer before any model: verbatim passages with their source, and how sure it is
 * that the right one is among them.
 *
 * A quote is a run of the document's text as it was added: the best line of a passage (a paragraph
 * or list item) with as many lines around it as there is room for, because a line alone often says
 * half; of a line that is too long the sentences that hold most of the question's words.
 *
 * The strength of an answer is the best passage's score over the logarithm of the collection's
 * size; its confidence is a logistic curve over that, fitted once (cards.c says on what).  Whether
 * it is enough is said by strength and, where there are vectors, by how near the question lies to
 * what these documents are about (know_hits.domain): a strong passage does not answer a question
 * from another field, and one in everyday words may be answered by a weaker one.  In a collection
 * of less than a thousand sections confidence is the share of the question's words that the best
 * passage holds.  A question in another language has no words of the documents: it is judged by the
 * likeness of the passage nearest to it, with less confidence.  Below a least value there is no
 * answer.  Pure. */
#pragma once
#include "know/know.h"

enum { CARDS_MAX = 5, CARD_QUOTE_MAX = 700 };

struct card {
    str doc, title, edition, section, heading, path;
    str quote;
    size_t source_from, source_to; /* of the section, in the document as it was added */
    uint32_t page, page_to;        /* where it begins and ends; 0: the document has no pages */
    double share;                  /* of the best one's score */
    label label;
};

struct cards {
    struct card at[CARDS_MAX];
    size_t count;
    double strength, near, confidence; /* confidence: 0 … 1 */
    double domain, nearest;            /* know_hits */
    bool is_enough;
    label read; /* join of all that was searched */
};

/* Strings live in the hits' arena.  DENIED unless `g` covers what was found. */
fallible cards_take(const grant *g, const struct know_hits *hits, str question, struct cards *ret);
