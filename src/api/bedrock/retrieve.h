/* SPDX-License-Identifier: EUPL-1.2 */
/* retrieve.h - Retrieve, and what RetrieveAndGenerate shares with it: the search's configuration,
 * filters in AWS's spelling, references.
 *
 * A knowledge base is a vector store of the key (its id) or a collection of the installation (its
 * name); see work/stores/stores.h for what a search tells and under which label. */
#pragma once
#include "api/bedrock/bedrock.h"
#include "work/stores/stores.h"

struct retrieve_ask {
    str id, query;
    size_t most;
    struct filter *filter; /* NULL: none */
};

enum { RETRIEVE_MOST = 5, RETRIEVE_QUERY_MAX = 16384, RETRIEVE_NAME_MAX = 2048 };

/* retrievalConfiguration; absent: the defaults. */
fallible retrieve_read_config(arena *a, const jval *v, struct retrieve_ask *ret);
/* {"equals":{"key","value"}}, {"andAll":[…]} … */
fallible retrieve_read_filter(arena *a, const jval *v, struct filter **ret);
/* Searches, for a call whose keep is `call`. */
fallible retrieve_search(struct api_call *c, const struct keep_call *call,
                         const struct retrieve_ask *ask, stores_found_fn *fn, void *ctx);
/* {"content":{…},"location":{…},"metadata":{…}}, with "score" when `scored`. */
fallible retrieve_put(buf *b, const struct stores_found *f, size_t i, bool scored);
