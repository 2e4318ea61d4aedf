/* SPDX-License-Identifier: EUPL-1.2 */
/* stores_api.h - OpenAI's vector stores over HTTP (work/stores/stores.h).
 *
 *     POST GET         /v1/vector_stores                       make one; those of the key
 *     GET POST DELETE  /v1/vector_stores/{id}                  see, change, remove it
 *     POST             /v1/vector_stores/{id}/search           also a collection's name
 *     POST GET         /v1/vector_stores/{id}/files            of /v1/files; those in it
 *     GET POST DELETE  /v1/vector_stores/{id}/files/{file}     see, change its attributes, remove
 *     GET              /v1/vector_stores/{id}/files/{file}/content
 *     POST             /v1/vector_stores/{id}/file_batches     several at once
 *     GET              /v1/vector_stores/{id}/file_batches/{batch}, …/files; POST …/cancel
 *
 * A file lies in a store under its own label, joined with that of the request if it has one.  It is
 * put in before the answer leaves, so nothing is ever "in_progress". */
#pragma once
#include "api/api.h"

extern const struct route_table stores_table;
