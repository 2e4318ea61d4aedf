/* SPDX-License-Identifier: EUPL-1.2 */
/* citations.h - which files an answer cites: "[2]" in its text is the second passage the model was
 * shown.  Marks stay in the text; a number that was not shown is no citation.  Pure. */
#pragma once
#include "base/json.h"
#include "base/vec.h"

struct citation_source {
    str file, name;
};

struct citation_sources {
    const struct citation_source *at;
    size_t count;
};

enum { CITATIONS_MAX = 256 };
typedef VEC(str) citation_list; /* annotations, JSON */

/* One annotation for each mark, in their order; `index` is the mark's place in characters. */
fallible citations_find(arena *a, const struct citation_sources *s, str text, citation_list *ret);
