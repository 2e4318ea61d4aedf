/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/kept.h"

#include "unit/api/responses/send.h"

#define MULTIPART "multipart/form-data; boundary=XX"
#define FIELD(name, text)                                                                          \
    "--XX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" text "\r\n"
#define PART(name, text)                                                                           \
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" name                      \
    "\"\r\nContent-Type: text/plain\r\n\r\n" text "\r\n"
#define END "--XX--\r\n"
#define UPLOAD(k, ...) SEND(.method = "POST", .path = "/v1/files", .key = k, __VA_ARGS__)
#define FORM(text) .type = MULTIPART, .body = STR(text)

TEST(a_file_comes_back_as_it_was_left)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    AUTO(reply) *r = UPLOAD(
        k, FORM(FIELD("purpose", "user_data") PART("C:\\ordner\\a\xc3\xa4.txt", "0123456789") END));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "object"), STR("file"));
    CHECK_STR(reply_text(r, "filename"), STR("a\xc3\xa4.txt"));
    CHECK_STR(reply_text(r, "purpose"), STR("user_data"));
    CHECK_STR(reply_text(r, "status"), STR("processed"));
    CHECK_INT(reply_number(r, "bytes"), ==, 10);
    CHECK(json_type(reply_at(r, "expires_at")) == J_NULL);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    const str id = reply_text(r, "id");
    CHECK(str_starts(id, STR("file-")));
    AUTO(reply) *again = SEND(.path = path_of("/v1/files/{id}", id), .key = k);
    CHECK_STR(buf_str(&again->body), buf_str(&r->body));
    AUTO(reply) *c = SEND(.path = path_of("/v1/files/{id}/content", id), .key = k);
    CHECK_INT(c->status, ==, 200);
    CHECK_STR(buf_str(&c->body), STR("0123456789"));
    CHECK_STR(reply_field(c, "x-hoheit-label"), STR("offen"));
    AUTO(reply) *gone = SEND(.method = "DELETE", .path = path_of("/v1/files/{id}", id), .key = k);
    CHECK_INT(gone->status, ==, 200);
    CHECK(reply_has(gone, "\"deleted\":true"));
    AUTO(reply) *missing = SEND(.path = path_of("/v1/files/{id}", id), .key = k);
    CHECK_INT(missing->status, ==, 404);
    close_site();
}

TEST(a_range_of_a_file_is_its_bytes)
{
    static const struct {
        const char *range, *want, *content_range;
        int status;
    } cases[] = {{"bytes=0-0", "0", "bytes 0-0/10", 206},
                 {"bytes=2-4", "234", "bytes 2-4/10", 206},
                 {"bytes=7-", "789", "bytes 7-9/10", 206},
                 {"bytes=7-99", "789", "bytes 7-9/10", 206},
                 {"bytes=-3", "789", "bytes 7-9/10", 206},
                 {"bytes=-99", "0123456789", "bytes 0-9/10", 206},
                 {"bytes=4-2", "0123456789", "", 200},
                 {"bytes=-", "0123456789", "", 200},
                 {"bytes=1-2,4-5", "0123456789", "", 200},
                 {"bytes=a-b", "0123456789", "", 200},
                 {"lines=1-2", "0123456789", "", 200},
                 {"bytes=10-", NULL, "", 416},
                 {"bytes=-0", NULL, "", 416}};
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    const str id = put_file(k, NULL, "batch", STR("0123456789"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r =
            SEND(.path = path_of("/v1/files/{id}/content", id), .key = k, .range = cases[i].range);
        CHECK_INT(r->status, ==, cases[i].status);
        if (cases[i].want)
            CHECK_STR(buf_str(&r->body), str_of(cases[i].want));
        CHECK_STR(str_trim(reply_field(r, "content-range")), str_of(cases[i].content_range));
    }
    close_site();
}

TEST(a_file_above_ones_clearance_is_as_if_it_were_not_there)
{
    open_site();
    const char *high = site_key("oben", "VS-NfD");
    const str id = put_file(high, "VS-NfD", "batch", STR("geheim"));
    clear_for(high, "offen");
    static const char *const what[] = {"/v1/files/{id}", "/v1/files/{id}/content"};
    for (size_t i = 0; i < 2; i++) {
        AUTO(reply) *hidden = SEND(.path = path_of(what[i], id), .key = high);
        AUTO(reply) *missing = SEND(.path = path_of(what[i], STR("file-nix")), .key = high);
        CHECK_INT(hidden->status, ==, 404);
        CHECK_STR(buf_str(&hidden->body), buf_str(&missing->body));
        CHECK_INT(hidden->fields.len, ==, missing->fields.len);
    }
    AUTO(reply) *gone =
        SEND(.method = "DELETE", .path = path_of("/v1/files/{id}", id), .key = high);
    CHECK_INT(gone->status, ==, 404);
    AUTO(reply) *list = SEND(.path = "/v1/files", .key = high);
    CHECK_INT(list->status, ==, 200);
    CHECK(!reply_at(list, "data.0").v);
    clear_for(high, "VS-NfD");
    AUTO(reply) *back = SEND(.path = path_of("/v1/files/{id}/content", id), .key = high);
    CHECK_STR(buf_str(&back->body), STR("geheim"));
    CHECK_STR(reply_field(back, "x-hoheit-label"), STR("VS-NfD"));
    close_site();
}

TEST(a_file_of_another_key_is_as_if_it_were_not_there)
{
    open_site();
    const char *mine = site_key("ich", "VS-NfD"), *other = site_key("du", "VS-NfD");
    const str id = put_file(mine, NULL, "batch", STR("x"));
    AUTO(reply) *r = SEND(.path = path_of("/v1/files/{id}", id), .key = other);
    AUTO(reply) *nothing = SEND(.path = "/v1/files/file-nix", .key = other);
    CHECK_INT(r->status, ==, 404);
    CHECK_STR(buf_str(&r->body), buf_str(&nothing->body));
    AUTO(reply) *list = SEND(.path = "/v1/files", .key = other);
    CHECK(!reply_at(list, "data.0").v);
    close_site();
}

TEST(a_label_above_ones_clearance_is_denied_before_anything_is_kept)
{
    open_site();
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r =
        UPLOAD(k, .label = "VS-NfD", FORM(FIELD("purpose", "batch") PART("a", "geheim") END));
    CHECK_INT(r->status, ==, 403);
    AUTO(reply) *bad = UPLOAD(k, .label = "Streng lustig",
                              FORM(FIELD("purpose", "batch") PART("a", "geheim") END));
    CHECK_INT(bad->status, ==, 400);
    AUTO(reply) *list = SEND(.path = "/v1/files", .key = k);
    CHECK(!reply_at(list, "data.0").v);
    CHECK(rig_has(rig_record(&site.rig, "decision", "", 0), "\"decision\":\"denied\""));
    close_site();
}

TEST(lists_are_cut_into_pages)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    str ids[5];
    for (int i = 0; i < 5; i++)
        ids[i] = put_file(k, NULL, i % 2 ? "batch" : "user_data", STR("x"));
    AUTO(reply) *all = SEND(.path = "/v1/files?limit=2", .key = k);
    CHECK_STR(reply_text(all, "data.0.id"), ids[4]);
    CHECK_STR(reply_text(all, "last_id"), ids[3]);
    CHECK(reply_has(all, "\"has_more\":true"));
    char path[200];
    snprintf(path, sizeof path, "/v1/files?limit=3&after=%.*s", STR_FMT(ids[3]));
    AUTO(reply) *rest = SEND(.path = path, .key = k);
    CHECK_STR(reply_text(rest, "first_id"), ids[2]);
    CHECK_STR(reply_text(rest, "last_id"), ids[0]);
    CHECK(reply_has(rest, "\"has_more\":false"));
    AUTO(reply) *up = SEND(.path = "/v1/files?order=asc&purpose=batch", .key = k);
    CHECK_STR(reply_text(up, "data.0.id"), ids[1]);
    CHECK_STR(reply_text(up, "data.1.id"), ids[3]);
    CHECK(!reply_at(up, "data.2").v);
    static const char *const bad[] = {"/v1/files?limit=0", "/v1/files?limit=x",
                                      "/v1/files?order=up", "/v1/files?after=file-nix",
                                      "/v1/files?unknown=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = SEND(.path = bad[i], .key = k);
        CHECK_INT(r->status, ==, 400);
    }
    close_site();
}

TEST(a_form_out_of_shape_is_refused_and_keeps_nothing)
{
    static const struct {
        const char *type, *body, *param;
    } cases[] = {{"application/json", "{}", ""},
                 {"multipart/form-data", "x", ""},
                 {MULTIPART, "", ""},
                 {MULTIPART, END, "file"},
                 {MULTIPART, FIELD("purpose", "batch") END, "file"},
                 {MULTIPART, PART("a", "x") END, "purpose"},
                 {MULTIPART, FIELD("purpose", "fine-tune") PART("a", "x") END, "purpose"},
                 {MULTIPART, FIELD("purpose", "spass") PART("a", "x") END, "purpose"},
                 {MULTIPART, FIELD("purpose", "batch") FIELD("purpose", "batch") PART("a", "x") END,
                  "purpose"},
                 {MULTIPART, FIELD("other", "1") FIELD("purpose", "batch") PART("a", "x") END, ""},
                 {MULTIPART, FIELD("purpose", "batch") PART("a", "x") PART("b", "y") END, "file"},
                 {MULTIPART, FIELD("purpose", "batch") PART("a", "x"), ""},
                 {MULTIPART,
                  FIELD("purpose", "batch") FIELD("expires_after[seconds]", "3600") PART("a", "x")
                      END,
                  "expires_after"},
                 {MULTIPART,
                  FIELD("purpose", "batch") FIELD("expires_after[anchor]", "created_at")
                      FIELD("expires_after[seconds]", "1") PART("a", "x") END,
                  "expires_after"}};
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = UPLOAD(k, .type = cases[i].type, .body = str_of(cases[i].body));
        CHECK_INT(r->status, ==, 400);
        if (*cases[i].param)
            CHECK_STR(reply_text(r, "error.param"), str_of(cases[i].param));
    }
    AUTO(reply) *list = SEND(.path = "/v1/files", .key = k);
    CHECK(!reply_at(list, "data.0").v);
    close_site();
}

TEST(a_file_has_its_time_and_is_gone_after_it)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    AUTO(reply) *r =
        UPLOAD(k, FORM(FIELD("purpose", "batch") FIELD("expires_after[anchor]", "created_at")
                           FIELD("expires_after[seconds]", "3600") PART("a", "x") END));
    CHECK_INT(r->status, ==, 200);
    CHECK_INT(reply_number(r, "expires_at"), ==, reply_number(r, "created_at") + 3600);
    close_site();
}

TEST(a_file_above_the_limit_is_refused)
{
    open_site();
    site.rig.params.keep_file_bytes_max = 1024;
    const char *k = site_key("amt", "VS-NfD");
    AUTO(buf) big = BUF(4096);
    buf_add(&big, STR(FIELD("purpose", "batch")));
    buf_add_fmt(&big,
                "--XX\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n%01025d\r\n"
                "--XX--",
                0);
    AUTO(reply) *r = UPLOAD(k, .type = MULTIPART, .body = buf_str(&big));
    CHECK_INT(r->status, ==, 413);
    site.rig.params.keep_tenant_bytes_max = 100;
    AUTO(reply) *full = UPLOAD(k, FORM(FIELD("purpose", "batch") PART("a", "0123456789") END));
    CHECK_INT(full->status, ==, 200); /* the first has room … */
    AUTO(reply) *more = UPLOAD(k, FORM(FIELD("purpose", "batch") PART("a", "0123456789") END));
    CHECK_INT(more->status, ==, 413); /* … the second not */
    close_site();
}

TEST(nothing_is_answered_before_its_record_is_durable)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    const str id = put_file(k, NULL, "batch", STR("x"));
    CHECK(rig_has(rig_record(&site.rig, "file.add", "", 0), id.at));
    AUTO(reply) *r = SEND(.path = path_of("/v1/files/{id}", id), .key = k);
    const str request = str_trim(reply_field(r, "x-request-id"));
    char room[64];
    NEED(str_copy(request, room, sizeof room));
    CHECK(rig_has(rig_record(&site.rig, "file.read", room, 0), "\"label\":\"offen\""));
    close_site();
}
