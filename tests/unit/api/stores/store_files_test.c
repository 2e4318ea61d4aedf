/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/stores/shelf.h"

TEST(a_file_is_put_in_shown_changed_read_and_taken_out)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const file = shelf_file(k, "offen", "# Hund\n\nSteuer."), *const store =
                                                                              shelf_store(k, "{}");
    const char *const path = shelf_path(store, arena_fmt(site.rig.a, "/files/%s", file).at);
    shelf_add(k, store, file);
    AUTO(reply) *r = SEND(.path = path, .key = k);
    CHECK_STR(reply_text(r, "object"), STR("vector_store.file"));
    CHECK_STR(reply_text(r, "id"), str_of(file));
    CHECK_STR(reply_text(r, "vector_store_id"), str_of(store));
    CHECK(json_type(reply_at(r, "last_error")) == J_NULL);
    AUTO(reply) *changed = shelf_send("POST", k, path, "{\"attributes\":{\"jahr\":2026}}");
    CHECK_INT(reply_number(changed, "attributes.jahr"), ==, 2026);
    AUTO(reply) *text = SEND(.path = arena_fmt(site.rig.a, "%s/content", path).at, .key = k);
    CHECK_STR(reply_text(text, "data.0.text"), STR("# Hund\n\nSteuer."));
    AUTO(reply) *gone = SEND(.method = "DELETE", .path = path, .key = k);
    CHECK_STR(reply_text(gone, "object"), STR("vector_store.file.deleted"));
    AUTO(reply) *none = SEND(.path = path, .key = k);
    CHECK_INT(none->status, ==, 404);
    AUTO(reply) *twice = SEND(.method = "DELETE", .path = path, .key = k);
    CHECK_INT(twice->status, ==, 404);
    close_shelf();
}

TEST(a_file_lies_under_its_own_label_and_the_request_can_only_raise_it)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const store = shelf_store(k, "{}");
    static const struct {
        const char *file, *request, *want;
    } cases[] = {{"offen", NULL, "offen"},
                 {"intern", "offen", "intern"},
                 {"offen", "intern", "intern"},
                 {"VS-NfD", NULL, "VS-NfD"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const file = shelf_file(k, cases[i].file, "# A");
        AUTO(reply) *r = SEND(.method = "POST", .path = shelf_path(store, "/files"), .key = k,
                              .label = cases[i].request,
                              .body = arena_fmt(site.rig.a, "{\"file_id\":\"%s\"}", file));
        CHECK_INT(r->status, ==, 200);
        CHECK_STR(reply_field(r, "x-hoheit-label"), str_of(cases[i].want));
    }
    clear_for(k, "offen");
    AUTO(reply) *list = SEND(.path = shelf_path(store, "/files"), .key = k);
    CHECK(reply_at(list, "data.0").v && !reply_at(list, "data.1").v);
    close_shelf();
}

TEST(what_cannot_be_put_in_is_refused)
{
    static const char *const bad[] = {"{}", "{\"file_id\":7}", "{\"file_id\":\"file-nix\"}",
                                      "{\"file\":\"x\"}", NULL};
    static const char *const attributes[] = {"{\"attributes\":[]}", "{\"attributes\":{\"a\":[]}}",
                                             "{\"x\":1}", NULL};
    open_shelf();
    const char *k = site_key("amt", "VS-NfD"), *other = site_key("du", "VS-NfD");
    const char *const store = shelf_store(k, "{}"), *const file = shelf_file(k, "offen", "x"),
                      *const foreign = shelf_file(other, "offen", "x");
    shelf_refused(k, "POST", shelf_path(store, "/files"), bad, 400);
    const char *const theirs[] = {arena_fmt(site.rig.a, "{\"file_id\":\"%s\"}", foreign).at, NULL};
    shelf_refused(k, "POST", shelf_path(store, "/files"), theirs, 400);
    const char *const ours[] = {arena_fmt(site.rig.a, "{\"file_id\":\"%s\"}", file).at, NULL};
    shelf_refused(k, "POST", shelf_path("vs_nix", "/files"), ours, 404);
    shelf_refused(other, "POST", shelf_path(store, "/files"), theirs, 404);
    shelf_add(k, store, file);
    shelf_refused(k, "POST", shelf_path(store, arena_fmt(site.rig.a, "/files/%s", file).at),
                  attributes, 400);
    close_shelf();
}

TEST(a_file_that_is_in_it_can_be_put_in_again)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const file = shelf_file(k, "offen", "# Hund"), *const store = shelf_store(k, "{}");
    shelf_add(k, store, file);
    shelf_add(k, store, file);
    AUTO(reply) *r = SEND(.path = shelf_path(store, ""), .key = k);
    CHECK_INT(reply_number(r, "file_counts.total"), ==, 1);
    close_shelf();
}

TEST(lists_go_by_state_and_page)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const a = shelf_file(k, "offen", "# A"), *const b = shelf_file(k, "offen", "# B"),
                      *const bad = shelf_file(k, "offen", "\xff\xfe"),
                      *const store = shelf_store(k, "{}");
    shelf_add(k, store, a);
    shelf_add(k, store, b);
    AUTO(reply) *failed = shelf_send("POST", k, shelf_path(store, "/files"),
                                     arena_fmt(site.rig.a, "{\"file_id\":\"%s\"}", bad).at);
    CHECK_STR(reply_text(failed, "status"), STR("failed"));
    CHECK_STR(reply_text(failed, "last_error.code"), STR("unsupported_file"));
    AUTO(reply) *one = SEND(.path = shelf_path(store, "/files?order=asc&limit=1"), .key = k);
    CHECK_STR(reply_text(one, "data.0.id"), str_of(a));
    CHECK(reply_has(one, "\"has_more\":true"));
    AUTO(reply) *next =
        SEND(.path = shelf_path(store, arena_fmt(site.rig.a, "/files?order=asc&after=%s", a).at),
             .key = k);
    CHECK_STR(reply_text(next, "data.0.id"), str_of(b));
    CHECK_STR(reply_text(next, "last_id"), str_of(bad));
    AUTO(reply) *state = SEND(.path = shelf_path(store, "/files?filter=failed"), .key = k);
    CHECK_STR(reply_text(state, "data.0.id"), str_of(bad));
    CHECK(!reply_at(state, "data.1").v);
    AUTO(reply) *nobody = SEND(.path = shelf_path(store, "/files?filter=lost"), .key = k);
    CHECK_INT(nobody->status, ==, 400);
    AUTO(reply) *after = SEND(.path = shelf_path(store, "/files?after=file-nix"), .key = k);
    CHECK_INT(after->status, ==, 400);
    close_shelf();
}

/* ---- of forms that are read in a cell */
static const char *
word_file(const char *key)
{
    AUTO(reply) *r =
        SEND(.method = "POST", .path = "/v1/files", .key = key, .label = "offen",
             .type = "multipart/form-data; boundary=XX",
             .body = STR("--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
                         "assistants\r\n--XX\r\nContent-Disposition: form-data; name=\"file\"; "
                         "filename=\"a.docx\"\r\n\r\nPK\r\n--XX--\r\n"));
    CHECK_INT(r->status, ==, 200);
    return arena_str(site.rig.a, reply_text(r, "id")).at;
}

TEST(a_word_file_is_answered_when_it_was_read)
{
    open_shelf();
    site.rig.readers.says = "# Hund\n\nSteuer.";
    const char *k = site_key("amt", "VS-NfD");
    const char *const file = word_file(k), *const store = shelf_store(k, "{}");
    shelf_add(k, store, file);
    AUTO(reply) *text =
        SEND(.path = shelf_path(store, arena_fmt(site.rig.a, "/files/%s/content", file).at),
             .key = k);
    CHECK_STR(reply_text(text, "data.0.text"), STR("# Hund\n\nSteuer."));
    AUTO(reply) *found =
        shelf_send("POST", k, shelf_path(store, "/search"), "{\"query\":\"Hund\"}");
    CHECK_STR(reply_text(found, "data.0.section"), STR("Hund"));
    close_shelf();
}

TEST(in_a_batch_one_that_cannot_be_read_keeps_nobody_up)
{
    open_shelf();
    site.rig.readers.says = "! is damaged";
    const char *k = site_key("amt", "VS-NfD");
    const char *const bad = word_file(k), *const worse = word_file(k),
                      *const good = shelf_file(k, "offen", "# Hund"),
                      *const store = shelf_store(k, "{}");
    AUTO(reply) *r = shelf_send(
        "POST", k, shelf_path(store, "/file_batches"),
        arena_fmt(site.rig.a, "{\"file_ids\":[\"%s\",\"%s\",\"%s\"]}", bad, good, worse).at);
    CHECK_INT(reply_number(r, "file_counts.failed"), ==, 2);
    CHECK_INT(reply_number(r, "file_counts.completed"), ==, 1);
    const char *const path = arena_fmt(site.rig.a, "/files/%s", bad).at;
    AUTO(reply) *one = SEND(.path = shelf_path(store, path), .key = k);
    CHECK_STR(reply_text(one, "last_error.message"), STR("the file is damaged"));
    AUTO(reply) *text =
        SEND(.path = shelf_path(store, arena_fmt(site.rig.a, "%s/content", path).at), .key = k);
    CHECK_INT(text->status, ==, 400);
    CHECK(reply_has(text, "the file is damaged"));
    close_shelf();
}
