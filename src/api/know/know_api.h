/* SPDX-License-Identifier: EUPL-1.2 */
/* know_api.h - collections of documents over HTTP.
 *
 *     GET    /v1/know                                 names
 *     POST   /v1/know                                 {"name"}: an empty one, by an operator
 *     GET    /v1/know/{name}                          how much of it the key may see
 *     DELETE /v1/know/{name}                          all of it, by an operator
 *     POST   /v1/know/{name}/documents                {"documents": [{"name", "text", "form",
 *                                                     "title", "edition", "valid_from",
 *                                                     "valid_to"}]}, of X-Hoheit-Label; or one
 *                                                     file as the body, with its Content-Type and
 *                                                     ?name=…&title=…: PDF, Word and OpenDocument
 *                                                     are read in a cell (gate/cells)
 *     DELETE /v1/know/{name}/documents/{...}          one, from every label the key may see
 *     POST   /v1/know/{name}/embed                    {"model"}: a model gives all passages the key
 *                                                     may see their vectors, for citizens
 *     POST   /v1/know/{name}/search                   in OpenAI's shape, with quote, section and
 *                                                     edition beside, page if there is one; "day"
 *                                                     (YYYY-MM-DD) asks what is valid then
 *
 * Documents of one call are added all or none, and replaced by their names.  Each call is decided
 * and recorded before anything is read or written; a change is recorded once more, with its digest,
 * before it is answered.  Searching takes the loop's thread for as long as it takes: milliseconds
 * for ten thousand sections. */
#pragma once
#include "api/api.h"

extern const struct route_table know_table;

void know_embed(struct api_call *c); /* embed.c */
