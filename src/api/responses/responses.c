/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/responses.h"

#include "api/responses/kept.h"

#define ROUTE(method, pattern, handle)                                                             \
    {                                                                                              \
        HTTP_##method, "/v1/" pattern, handle, AUTH_LOCAL, &openai_dialect, NULL, NULL             \
    }

static const struct route routes[] = {
    {HTTP_POST, "/v1/files", files_add, AUTH_LOCAL, &openai_dialect, files_data, files_begin},
    ROUTE(GET, "files", files_list),
    ROUTE(GET, "files/{id}", files_show),
    ROUTE(DELETE, "files/{id}", files_remove),
    ROUTE(GET, "files/{id}/content", files_content),
    ROUTE(POST, "responses", responses_create),
    ROUTE(POST, "responses/input_tokens", responses_count),
    ROUTE(POST, "responses/compact", responses_compact),
    ROUTE(GET, "responses/{id}", responses_show),
    ROUTE(DELETE, "responses/{id}", responses_remove),
    ROUTE(POST, "responses/{id}/cancel", responses_cancel),
    ROUTE(GET, "responses/{id}/input_items", responses_input),
    ROUTE(POST, "conversations", conversations_create),
    ROUTE(GET, "conversations/{id}", conversations_show),
    ROUTE(POST, "conversations/{id}", conversations_change),
    ROUTE(DELETE, "conversations/{id}", conversations_remove),
    ROUTE(POST, "conversations/{id}/items", conversations_add_items),
    ROUTE(GET, "conversations/{id}/items", conversations_list_items),
    ROUTE(GET, "conversations/{id}/items/{item}", conversations_show_item),
    ROUTE(DELETE, "conversations/{id}/items/{item}", conversations_remove_item),
    ROUTE(POST, "batches", batches_create),
    ROUTE(GET, "batches", batches_list),
    ROUTE(GET, "batches/{id}", batches_show),
    ROUTE(POST, "batches/{id}/cancel", batches_cancel),
    ROUTE(POST, "moderations", moderations_create),
};

const struct route_table responses_table = {routes, sizeof routes / sizeof *routes};
