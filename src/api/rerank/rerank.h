/* SPDX-License-Identifier: EUPL-1.2 */
/* rerank.h - texts in the order of how well they fit a question: POST /v1/rerank and /v2/rerank, as
 * Cohere's and Jina's clients ask for it (API references, 2026).
 *
 * There is no model here that reads question and text together, so the order is that of the cosine
 * between the vectors of an embedding model, and the answer's model says so: "NAME (cosine of
 * embeddings)".  A score is that cosine, 0 where it is below: it orders the texts of one request
 * and is no probability; thresholds do not carry over from other models.  All texts are counted and
 * governed as one embedding request; nothing is cut: a text too long for the model is refused. */
#pragma once
#include "api/api.h"

extern const struct route_table rerank_table;
