/* SPDX-License-Identifier: EUPL-1.2 */
/* question.h - what somebody asks, as groups of terms: a group is one thing meant, its terms the
 * ways it may be written.
 *
 * Terms of a group, by weight: the word itself 1, parts of a compound 0.7, what authorities say for
 * it 0.7 (everyday.def; parts 0.35), and for a word that nobody wrote the nearest that somebody did
 * (0.8 one slip, 0.5 two).  Stop words count only inside a saying.
 *
 * Everything that depends on documents (vocabulary, compounds, near words) is read from the
 * segments handed in and no others: what a question becomes cannot tell of the rest. */
#pragma once
#include "know/segment.h"
#include "know/text/words.h"

enum { QUESTION_GROUPS_MAX = 64, QUESTION_TERMS_MAX = 32, QUESTION_BYTES_MAX = 8192 };

struct question_term {
    str text;
    float weight;
};

struct question_group {
    struct question_term at[QUESTION_TERMS_MAX];
    size_t count;
};

struct question {
    struct question_group at[QUESTION_GROUPS_MAX];
    size_t count;
    size_t words,
        known; /* that are no stop words; of these, written somewhere or part of a saying */
};

/* What may be looked at: segments of one clearance. */
struct cleared {
    const struct segment *const *at;
    size_t count;
};

/* Text beyond QUESTION_BYTES_MAX and groups beyond the maximum are left out.  Lives in `a`. */
fallible
question_read(arena *a, const everyday *e, struct cleared c, str text, const struct question **ret);
