/* SPDX-License-Identifier: EUPL-1.2 */
/* shelf.h - a served gate with vector stores and what they need, and files to put in. */
#pragma once
#include "api/stores/stores_api.h"
#include "unit/api/responses/send.h"
#include "work/stores/stores.h"

static struct stores shelf;

static inline void
open_shelf(void)
{
    static struct route_table tables[3];
    tables[0] = openai_table;
    tables[1] = responses_table;
    tables[2] = stores_table;
    site_open(tables, 3, &openai_dialect);
    CHECK_OK(works_new(site.rig.gate, site.api, &works));
    memset(&shelf, 0, sizeof shelf);
    shelf.gate = site.rig.gate;
    CHECK_OK(
        library_new(file_join(site.rig.a, site.rig.dir, "know"), &site.rig.seal_key, &shelf.house));
    CHECK_OK(
        library_new(file_join(site.rig.a, site.rig.dir, "stores"), &site.rig.seal_key, &shelf.own));
    api_set_stores(site.api, &shelf);
}

static inline void
close_shelf(void)
{
    library_free(TAKE(shelf.house));
    library_free(TAKE(shelf.own));
    close_site();
}

/* A Markdown file of this label; its id. */
static inline const char *
shelf_file(const char *key, const char *marked, const char *text)
{
    char body[4096];
    snprintf(body, sizeof body,
             "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n"
             "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.md\"\r\n\r\n"
             "%s\r\n--XX--\r\n",
             text);
    AUTO(reply) *r = SEND(.method = "POST", .path = "/v1/files", .key = key, .label = marked,
                          .type = "multipart/form-data; boundary=XX", .body = str_of(body));
    CHECK_INT(r->status, ==, 200);
    return arena_str(site.rig.a, reply_text(r, "id")).at;
}

static inline reply *
shelf_send(const char *method, const char *key, const char *path, const char *body)
{
    return SEND(.method = method, .path = path, .key = key, .label = "offen", .body = str_of(body));
}

/* "/v1/vector_stores/{id}…" */
static inline const char *
shelf_path(const char *store, const char *rest)
{
    return arena_fmt(site.rig.a, "/v1/vector_stores/%s%s", store, rest).at;
}

static inline const char *
shelf_store(const char *key, const char *body)
{
    AUTO(reply) *r = shelf_send("POST", key, "/v1/vector_stores", body);
    CHECK_INT(r->status, ==, 200);
    return arena_str(site.rig.a, reply_text(r, "id")).at;
}

static inline void
shelf_add(const char *key, const char *store, const char *file)
{
    AUTO(reply) *r = shelf_send("POST", key, shelf_path(store, "/files"),
                                arena_fmt(site.rig.a, "{\"file_id\":\"%s\"}", file).at);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "status"), STR("completed"));
}

/* Each is answered with the status. */
static inline void
shelf_refused(const char *key, const char *method, const char *path, const char *const *bodies,
              int status)
{
    for (; *bodies; bodies++) {
        AUTO(reply) *r = shelf_send(method, key, path, *bodies);
        if (r->status != status)
            test_fail(__FILE__, __LINE__, "%s: %d", *bodies, r->status);
    }
}
