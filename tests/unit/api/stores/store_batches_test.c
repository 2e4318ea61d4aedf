/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/stores/shelf.h"

TEST(a_batch_puts_its_files_in_and_is_there_later)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const a = shelf_file(k, "offen", "# A"), *const b = shelf_file(k, "intern", "\xff"),
                      *const store = shelf_store(k, "{}");
    AUTO(reply) *r = shelf_send(
        "POST", k, shelf_path(store, "/file_batches"),
        arena_fmt(site.rig.a, "{\"file_ids\":[\"%s\",\"%s\"],\"attributes\":{\"x\":1}}", a, b).at);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "object"), STR("vector_store.files_batch"));
    CHECK_INT(reply_number(r, "file_counts.completed"), ==, 1);
    CHECK_INT(reply_number(r, "file_counts.failed"), ==, 1);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    const char *const path = shelf_path(
        store, arena_fmt(site.rig.a, "/file_batches/%.*s", STR_FMT(reply_text(r, "id"))).at);
    AUTO(reply) *again = SEND(.path = path, .key = k);
    CHECK_STR(buf_str(&again->body), buf_str(&r->body));
    AUTO(reply) *late =
        SEND(.method = "POST", .path = arena_fmt(site.rig.a, "%s/cancel", path).at, .key = k);
    CHECK_STR(reply_text(late, "status"), STR("completed"));
    shelf_add(k, store, shelf_file(k, "offen", "# C"));
    AUTO(reply) *list =
        SEND(.path = arena_fmt(site.rig.a, "%s/files?order=asc", path).at, .key = k);
    CHECK_STR(reply_text(list, "data.0.id"), str_of(a));
    CHECK_INT(reply_number(list, "data.0.attributes.x"), ==, 1);
    CHECK_STR(reply_text(list, "data.1.id"), str_of(b));
    CHECK(!reply_at(list, "data.2").v);
    clear_for(k, "offen"); /* it tells of a file above */
    AUTO(reply) *hidden = SEND(.path = path, .key = k);
    CHECK_INT(hidden->status, ==, 404);
    close_shelf();
}

TEST(files_may_have_attributes_of_their_own)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const a = shelf_file(k, "offen", "# A"), *const store = shelf_store(k, "{}");
    AUTO(reply) *r = shelf_send(
        "POST", k, shelf_path(store, "/file_batches"),
        arena_fmt(site.rig.a,
                  "{\"files\":[{\"file_id\":\"%s\",\"attributes\":{\"x\":2},\"chunking_strategy\":{"
                  "\"type\":\"auto\"}}]}",
                  a)
            .at);
    CHECK_INT(r->status, ==, 200);
    AUTO(reply) *file =
        SEND(.path = shelf_path(store, arena_fmt(site.rig.a, "/files/%s", a).at), .key = k);
    CHECK_INT(reply_number(file, "attributes.x"), ==, 2);
    close_shelf();
}

TEST(a_batch_that_is_none_adds_nothing)
{
    static const char *const bad[] = {"{}",
                                      "{\"file_ids\":[]}",
                                      "{\"file_ids\":[\"a\"],\"files\":[]}",
                                      "{\"files\":[{}]}",
                                      "{\"files\":[{\"file_id\":\"a\",\"x\":1}]}",
                                      "{\"files\":[7]}",
                                      NULL};
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const a = shelf_file(k, "offen", "# A"), *const store = shelf_store(k, "{}");
    shelf_refused(k, "POST", shelf_path(store, "/file_batches"), bad, 400);
    const char *const half[] = {arena_fmt(site.rig.a, "{\"file_ids\":[\"%s\",\"file-nix\"]}", a).at,
                                NULL};
    shelf_refused(k, "POST", shelf_path(store, "/file_batches"), half, 400);
    AUTO(reply) *r = SEND(.path = shelf_path(store, ""), .key = k);
    CHECK_INT(reply_number(r, "file_counts.total"), ==, 0);
    AUTO(reply) *none = SEND(.path = shelf_path(store, "/file_batches/vsfb_nix"), .key = k);
    CHECK_INT(none->status, ==, 404);
    close_shelf();
}
