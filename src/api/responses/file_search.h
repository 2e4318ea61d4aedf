/* SPDX-License-Identifier: EUPL-1.2 */
/* file_search.h - the tool file_search: what an answer may look up before it is written.
 *
 * Here the model does not decide whether to search: with the tool in the request the last thing the
 * user said is looked up once, under the label of the request and of all it goes on with, and the
 * passages are put before the model as data.  Reading raises the mark: the answer has at least the
 * label of all that was searched, whether or not it was found, so a model that may not see that is
 * not asked.  The call is the first item of the answer; marks like "[1]" become annotations. */
#pragma once
#include "api/responses/citations.h"
#include "work/stores/stores.h"

struct file_search {
    str ids[STORES_ASK_MAX];
    size_t id_count; /* 0: the tool is not offered */
    size_t most;
    double least;
    struct filter *filter;
    bool shows_results; /* "include" */
};

/* A tool {"type":"file_search",…}; also as the response repeats it, into `echo`. */
fallible file_search_read(arena *a, const jval *v, struct file_search *ret, buf *echo);

/* What came of it. */
struct file_searched {
    str queries, results; /* JSON; results empty: not to be shown */
    str context;          /* for the model */
    struct citation_sources sources;
    label label;
};
fallible file_search_put(arena *a, const struct file_search *s, str query,
                         const struct stores_found *f, struct file_searched *ret);
/* The text of the last message of a user among items in their normal form; empty: there is none. */
fallible file_search_query(arena *a, const str *items, size_t count, str *ret);
