/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/stores/stores_api.h"

#include "unit/api/stores/shelf.h"

TEST(a_store_is_made_shown_changed_listed_and_removed)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    AUTO(reply) *r = shelf_send("POST", k, "/v1/vector_stores",
                                "{\"name\":\"A\",\"description\":\"wozu\",\"metadata\":{\"a\":"
                                "\"b\"},\"expires_after\":{\"anchor\":\"last_active_at\","
                                "\"days\":3}}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "object"), STR("vector_store"));
    CHECK_STR(reply_text(r, "name"), STR("A"));
    CHECK_STR(reply_text(r, "metadata.a"), STR("b"));
    CHECK_INT(reply_number(r, "expires_after.days"), ==, 3);
    CHECK_INT(reply_number(r, "file_counts.total"), ==, 0);
    CHECK(reply_number(r, "expires_at") > reply_number(r, "created_at"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    const char *const path = shelf_path(arena_str(site.rig.a, reply_text(r, "id")).at, "");
    AUTO(reply) *changed = shelf_send("POST", k, path, "{\"name\":\"B\",\"expires_after\":null}");
    CHECK_STR(reply_text(changed, "name"), STR("B"));
    CHECK_STR(reply_text(changed, "metadata.a"), STR("b"));
    CHECK(json_type(reply_at(changed, "expires_at")) == J_NULL);
    AUTO(reply) *shown = SEND(.path = path, .key = k);
    CHECK_STR(reply_text(shown, "name"), STR("B"));
    AUTO(reply) *list = SEND(.path = "/v1/vector_stores?limit=1", .key = k);
    CHECK_STR(reply_text(list, "data.0.name"), STR("B"));
    AUTO(reply) *gone = SEND(.method = "DELETE", .path = path, .key = k);
    CHECK_STR(reply_text(gone, "object"), STR("vector_store.deleted"));
    AUTO(reply) *none = SEND(.path = path, .key = k);
    CHECK_INT(none->status, ==, 404);
    close_shelf();
}

TEST(what_is_out_of_place_is_refused)
{
    static const char *const bad[] = {"[]",
                                      "{\"name\":7}",
                                      "{\"nmae\":\"x\"}",
                                      "{\"metadata\":{\"a\":1}}",
                                      "{\"file_ids\":\"file-1\"}",
                                      "{\"file_ids\":[7]}",
                                      "{\"expires_after\":{\"anchor\":\"created_at\",\"days\":1}}",
                                      "{\"expires_after\":{\"anchor\":\"last_active_at\"}}",
                                      "{\"expires_after\":{\"anchor\":\"last_active_at\",\"days\":"
                                      "0}}",
                                      "{\"file_ids\":[\"file-nix\"]}",
                                      NULL};
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    shelf_refused(k, "POST", "/v1/vector_stores", bad, 400);
    static const char *const change[] = {"{\"file_ids\":[]}", "{\"name\":[]}", NULL};
    const char *const store = shelf_store(k, "{}");
    shelf_refused(k, "POST", shelf_path(store, ""), change + 1, 400);
    AUTO(reply) *page = SEND(.path = "/v1/vector_stores?limit=0", .key = k);
    CHECK_INT(page->status, ==, 400);
    AUTO(reply) *nobody = SEND(.path = "/v1/vector_stores");
    CHECK_INT(nobody->status, ==, 401);
    close_shelf();
}

TEST(a_store_of_another_key_or_above_the_clearance_is_as_if_it_were_not_there)
{
    static const char *const paths[] = {"", "/files", "/files/file-1"};
    open_shelf();
    const char *mine = site_key("ich", "VS-NfD"), *other = site_key("du", "VS-NfD");
    AUTO(reply) *r = SEND(.method = "POST", .path = "/v1/vector_stores", .key = mine,
                          .label = "VS-NfD", .body = STR("{\"name\":\"geheim\"}"));
    const char *const store = arena_str(site.rig.a, reply_text(r, "id")).at;
    for (size_t i = 0; i < 6; i++) {
        if (i == 3)
            clear_for(mine, "offen");
        const char *const k = i < 3 ? other : mine;
        AUTO(reply) *hidden = SEND(.path = shelf_path(store, paths[i % 3]), .key = k);
        AUTO(reply) *missing = SEND(.path = shelf_path("vs_nix", paths[i % 3]), .key = k);
        CHECK_INT(hidden->status, ==, 404);
        CHECK_STR(buf_str(&hidden->body), buf_str(&missing->body));
    }
    AUTO(reply) *list = SEND(.path = "/v1/vector_stores", .key = mine);
    CHECK(!reply_at(list, "data.0").v);
    close_shelf();
}

TEST(a_store_above_the_clearance_is_not_made)
{
    open_shelf();
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = SEND(.method = "POST", .path = "/v1/vector_stores", .key = k,
                          .label = "VS-NfD", .body = STR("{}"));
    CHECK_INT(r->status, ==, 403);
    close_shelf();
}

TEST(files_can_come_with_the_store)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const file = shelf_file(k, "offen", "# Hund");
    AUTO(reply) *r =
        shelf_send("POST", k, "/v1/vector_stores",
                   arena_fmt(site.rig.a, "{\"file_ids\":[\"%s\",\"%s\"]}", file, file).at);
    CHECK_INT(r->status, ==, 200);
    CHECK_INT(reply_number(r, "file_counts.completed"), ==, 1);
    close_shelf();
}
