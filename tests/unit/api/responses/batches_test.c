/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/kept.h"

#include "unit/api/responses/batch_rig.h"

TEST(a_batch_needs_an_input_an_endpoint_and_a_window)
{
    open_site();
    const char *k = site_key("amt", "intern"), *other = site_key("du", "intern");
    const str good = put_file(k, NULL, "batch", STR("{}"));
    const str wrong = put_file(k, NULL, "user_data", STR("{}"));
    const str theirs = put_file(other, NULL, "batch", STR("{}"));
    const struct {
        const char *endpoint, *window, *param;
        str file;
    } cases[] = {{"/v1/chat/completions", "24h", "input_file_id", STR("file-nix")},
                 {"/v1/chat/completions", "24h", "input_file_id", wrong},
                 {"/v1/chat/completions", "24h", "input_file_id", theirs},
                 {"/v1/files", "24h", "endpoint", good},
                 {"/v1/chat/completions", "1h", "completion_window", good}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[300];
        snprintf(body, sizeof body,
                 "{\"input_file_id\":\"%.*s\",\"endpoint\":\"%s\",\"completion_window\":\"%s\"}",
                 STR_FMT(cases[i].file), cases[i].endpoint, cases[i].window);
        AUTO(reply) *r = SEND(.method = "POST", .path = B, .key = k, .body = str_of(body));
        CHECK_INT(r->status, ==, 400);
        CHECK_STR(reply_text(r, "error.param"), str_of(cases[i].param));
    }
    static const char *const bad[] = {"{}", "[]", "{\"input_file_id\":7}", "{\"x\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = SEND(.method = "POST", .path = B, .key = k, .body = str_of(bad[i]));
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *list = SEND(.path = B, .key = k);
    CHECK(!reply_at(list, "data.0").v);
    close_site();
}

TEST(a_batch_has_the_label_of_its_input_and_never_less)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    const str file = put_file(k, "VS-NfD", "batch", STR("{}"));
    AUTO(reply) *r = begin_batch(k, NULL, file);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("VS-NfD"));
    AUTO(reply) *below = begin_batch(k, "offen", file);
    CHECK_STR(reply_field(below, "x-hoheit-label"), STR("VS-NfD"));
    const str open_file = put_file(k, "offen", "batch", STR("{}"));
    AUTO(reply) *above = begin_batch(k, "intern", open_file);
    CHECK_STR(reply_field(above, "x-hoheit-label"), STR("intern"));
    close_site();
}

TEST(batches_are_listed_newest_first_with_their_counts)
{
    open_site();
    const char *k = site_key("amt", "intern");
    const str first = batch_of(k, NULL, 1, "x"), second = batch_of(k, NULL, 2, "x");
    (void)SITE_UNTIL(!works->batcher->jobs);
    AUTO(reply) *r = SEND(.path = B, .key = k);
    CHECK_STR(reply_text(r, "data.0.id"), second);
    CHECK_STR(reply_text(r, "data.1.id"), first);
    CHECK_INT(reply_number(r, "data.0.request_counts.completed"), ==, 2);
    AUTO(reply) *page = SEND(.path = B "?limit=1", .key = k);
    CHECK(reply_has(page, "\"has_more\":true"));
    AUTO(reply) *bad = SEND(.path = B "?limit=101", .key = k);
    CHECK_INT(bad->status, ==, 400);
    close_site();
}

TEST(what_is_over_cannot_be_stopped)
{
    open_site();
    const char *k = site_key("amt", "intern"), *other = site_key("du", "intern");
    const str id = batch_of(k, NULL, 1, "x");
    (void)SITE_UNTIL(!works->batcher->jobs);
    AUTO(reply) *late = SEND(.method = "POST", .path = path_of(B "/{id}/cancel", id), .key = k);
    CHECK_INT(late->status, ==, 409);
    AUTO(reply) *theirs =
        SEND(.method = "POST", .path = path_of(B "/{id}/cancel", id), .key = other);
    CHECK_INT(theirs->status, ==, 404);
    AUTO(reply) *nothing = SEND(.method = "POST", .path = B "/batch_nix/cancel", .key = k);
    CHECK_INT(nothing->status, ==, 404);
    close_site();
}
