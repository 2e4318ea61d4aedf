/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/kept.h"

#include "api/responses/run.h"

#include "unit/api/responses/send.h"

#define R "/v1/responses"
#define ASK(k, ...) SEND(.method = "POST", .path = R, .key = k, __VA_ARGS__)
#define SHOW(k, id) SEND(.path = path_of(R "/{id}", id), .key = k)

TEST(a_kept_answer_is_shown_as_it_was_given)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"x\",\"metadata\":{\"a\":\"b\"}}"));
    AUTO(reply) *again = SHOW(k, reply_text(r, "id"));
    CHECK_INT(again->status, ==, 200);
    CHECK_STR(buf_str(&again->body), buf_str(&r->body));
    CHECK_STR(reply_field(again, "x-hoheit-label"), STR("offen"));
    AUTO(reply) *gone =
        SEND(.method = "DELETE", .path = path_of(R "/{id}", reply_text(r, "id")), .key = k);
    CHECK_INT(gone->status, ==, 200);
    AUTO(reply) *missing = SHOW(k, reply_text(r, "id"));
    CHECK_INT(missing->status, ==, 404);
    close_site();
}

TEST(a_kept_stream_is_replayed_byte_for_byte_from_any_number)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"x\",\"stream\":true}"));
    const str sent = buf_str(&r->body);
    const ptrdiff_t at = str_find(sent, STR("\"id\":\"resp_"));
    NEED(at > 0);
    const str id = str_slice(sent, (size_t)at + 6, (size_t)at + 6 + 31);
    str rest = sent;
    for (int after = -1; rest.len > 20; after++) {
        char path[200];
        snprintf(path, sizeof path, R "/%.*s?stream=true", STR_FMT(id));
        if (after >= 0)
            snprintf(path, sizeof path, R "/%.*s?stream=true&starting_after=%d", STR_FMT(id),
                     after);
        AUTO(reply) *again = SEND(.path = path, .key = k);
        CHECK_INT(again->status, ==, 200);
        CHECK_STR(buf_str(&again->body), rest);
        const ptrdiff_t end = str_find(rest, STR("\n\n"));
        NEED(end > 0);
        rest = str_slice(rest, (size_t)end + 2, rest.len);
    }
    close_site();
}

TEST(what_is_asked_of_a_kept_answer_must_make_sense)
{
    static const char *const bad[] = {"?stream=maybe", "?starting_after=1",
                                      "?stream=true&starting_after=x", "?unknown=1"};
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"x\"}"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[200];
        snprintf(path, sizeof path, R "/%.*s%s", STR_FMT(reply_text(r, "id")), bad[i]);
        AUTO(reply) *no = SEND(.path = path, .key = k);
        CHECK_INT(no->status, ==, 400);
    }
    AUTO(reply) *cancel =
        SEND(.method = "POST", .path = path_of(R "/{id}/cancel", reply_text(r, "id")), .key = k);
    CHECK_INT(cancel->status, ==, 400);
    close_site();
}

TEST(one_made_in_the_background_is_fetched_later)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"x\",\"background\":true}"));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "status"), STR("queued"));
    (void)SITE_UNTIL(!works->runs);
    AUTO(reply) *done = SHOW(k, reply_text(r, "id"));
    CHECK_STR(reply_text(done, "status"), STR("completed"));
    CHECK(str_starts(reply_text(done, "output.0.content.0.text"), STR("#0 1")));
    CHECK_INT(works->background, ==, 0);
    close_site();
}

TEST(one_made_in_the_background_can_be_stopped_once)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"!hang\",\"background\":true}"));
    const str id = reply_text(r, "id");
    AUTO(reply) *still = SHOW(k, id);
    CHECK(str_eq(reply_text(still, "status"), STR("queued")) ||
          str_eq(reply_text(still, "status"), STR("in_progress")));
    AUTO(reply) *stop = SEND(.method = "POST", .path = path_of(R "/{id}/cancel", id), .key = k);
    CHECK_INT(stop->status, ==, 200);
    CHECK_STR(reply_text(stop, "status"), STR("cancelled"));
    CHECK(!works->runs);
    AUTO(reply) *after = SHOW(k, id);
    CHECK_STR(reply_text(after, "status"), STR("cancelled"));
    AUTO(reply) *again = SEND(.method = "POST", .path = path_of(R "/{id}/cancel", id), .key = k);
    CHECK_STR(reply_text(again, "status"), STR("cancelled"));
    CHECK(rig_record(&site.rig, "response.cancel", "", 0).len > 0);
    close_site();
}

TEST(removing_one_that_is_being_made_stops_it)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"!hang\",\"background\":true}"));
    AUTO(reply) *gone =
        SEND(.method = "DELETE", .path = path_of(R "/{id}", reply_text(r, "id")), .key = k);
    CHECK_INT(gone->status, ==, 200);
    CHECK(!works->runs);
    close_site();
}

TEST(one_that_a_restart_interrupted_says_so)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"!hang\",\"background\":true}"));
    (void)SITE_UNTIL(works->runs);
    run_drop(works->runs); /* as when the process ends */
    AUTO(reply) *after = SHOW(k, reply_text(r, "id"));
    CHECK_STR(reply_text(after, "status"), STR("failed"));
    CHECK_STR(reply_text(after, "error.code"), STR("server_error"));
    close_site();
}

TEST(no_more_are_made_in_the_background_than_may)
{
    open_site();
    site.rig.params.gate_background_max = 1;
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"!hang\",\"background\":true}"));
    CHECK_INT(r->status, ==, 200);
    AUTO(reply) *more = ASK(k, .body = STR("{\"input\":\"x\",\"background\":true}"));
    CHECK_INT(more->status, ==, 503);
    close_site();
}

TEST(the_input_of_an_answer_is_listed_in_pages)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":[{\"role\":\"user\",\"content\":\"a\"},{"
                                        "\"role\":\"user\",\"content\":\"b\"}]}"));
    AUTO(reply) *all = SEND(.path = path_of(R "/{id}/input_items", reply_text(r, "id")), .key = k);
    CHECK_INT(all->status, ==, 200);
    CHECK_STR(reply_text(all, "data.0.content.0.text"), STR("b"));
    CHECK_STR(reply_text(all, "data.1.content.0.text"), STR("a"));
    char path[300];
    snprintf(path, sizeof path, R "/%.*s/input_items?order=asc&limit=1&after=%.*s",
             STR_FMT(reply_text(r, "id")), STR_FMT(reply_text(all, "data.1.id")));
    AUTO(reply) *page = SEND(.path = path, .key = k);
    CHECK_STR(reply_text(page, "data.0.content.0.text"), STR("b"));
    CHECK(reply_has(page, "\"has_more\":false"));
    snprintf(path, sizeof path, R "/%.*s/input_items?after=msg_nix", STR_FMT(reply_text(r, "id")));
    AUTO(reply) *bad = SEND(.path = path, .key = k);
    CHECK_INT(bad->status, ==, 400);
    close_site();
}
