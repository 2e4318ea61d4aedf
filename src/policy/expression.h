/* SPDX-License-Identifier: EUPL-1.2 */
/* expression.h - access expressions as Apache Accumulo writes them: SOZIALDATEN&(BUND|BAYERN).
 *
 * Strict, after the published grammar: words of letters, digits and _ - . : / or of anything in
 * double quotes (\" and \\ within), & and | never mixed without brackets, no blanks, no empty word.
 * The empty expression is open to all.
 *
 * As a label it has a meaning where it is a conjunction of one level at most, compartments, and one
 * disjunction of parties at most; every other form says something a label cannot, and is refused.
 * The way back writes exactly that form.  Taint is not about who may read: a label that has some is
 * not exported.
 *
 * An expression lives in the arena it was read into, and points into its text. */
#pragma once
#include "policy/label.h"

enum { EXPRESSION_BYTES_MAX = 64 * 1024, EXPRESSION_DEPTH_MAX = 64 };

typedef struct expression expression;

/* PARSE with a public sentence that names the byte; LIMIT for the arena's sake. */
fallible expression_parse(arena *a, str text, const expression **ret);
/* May one with these authorisations read it? */
bool expression_allows(const expression *e, const str *authorisations, size_t count);
/* UNSUPPORTED when a label cannot say it, PARSE when a word is no name of the policy.  What names
 * no level gets `floor`'s. */
fallible
expression_label(const expression *e, const struct label_names *n, label floor, label *ret);
/* UNSUPPORTED for taint and for bits without a name. */
fallible expression_put(const struct label_names *n, label l, buf *b);
