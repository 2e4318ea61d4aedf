/* SPDX-License-Identifier: EUPL-1.2 */
/* eval.h - questions with the passages that answer them, and how well a ranking finds these.
 *
 * A file is either lines of JSON ({"id", "lang", "question", "kind", "gold": [{"law", "section",
 * "group"}]}; only kind "answerable" counts) or a table with tabs whose head names qid, query, law,
 * section and, if what cites is to be left out, source_law and source_section.  A passage is
 * "law:section".  Sections with one group are interchangeable, different groups are all needed.
 *
 * nDCG@10 gains 1 for the first section of each group, discounted by log2 of 1 + rank, against all
 * groups on top; recall@k is the share of groups found; MRR@10 the inverse rank of the first.  The
 * intervals are percentiles of 1,000 samples drawn with replacement from a fixed seed. */
#pragma once
#include "base/vec.h"

enum { EVAL_DEPTH = 100 };

struct eval_gold {
    str id; /* "law:section" */
    int64_t group;
};

struct eval_item {
    str id, query, lang;
    str left_out; /* "law:section" that does not count; or empty */
    VEC(struct eval_gold) gold;
    size_t groups;
};

struct eval_set {
    VEC(struct eval_item) items;
};

/* PARSE or ARGUMENT with the line.  `query_column` of a table: "query" if empty. */
fallible eval_read(arena *a, str text, str query_column, struct eval_set *ret);

enum eval_measure { EVAL_NDCG10, EVAL_MRR10, EVAL_R1, EVAL_R5, EVAL_R10, EVAL_R100, EVAL_COUNT };
/* "nDCG@10" */
const char *eval_measure_name(enum eval_measure m);

struct eval_score {
    double at[EVAL_COUNT];
};
/* `ranking`: ids best first; one that comes twice counts once. */
struct eval_score eval_rank(const struct eval_item *i, const str *ranking, size_t count);

struct eval_interval {
    double mean, low, high; /* 95 % */
};
/* LIMIT. */
fallible eval_mean(arena *a, const struct eval_score *scores, size_t count, enum eval_measure m,
                   struct eval_interval *ret);
