/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/run_inside.h"

#include "unit/api/responses/send.h"

#define R "/v1/responses"
#define ASK(k, ...) SEND(.method = "POST", .path = R, .key = k, __VA_ARGS__)

static reply *
go_on(const char *key, const char *marked, str id)
{
    char body[300];
    snprintf(body, sizeof body, "{\"input\":\"und?\",\"previous_response_id\":\"%.*s\"}",
             STR_FMT(id));
    return ASK(key, .label = marked, .body = str_of(body));
}

TEST(an_answer_that_goes_on_has_at_least_the_label_of_what_it_goes_on_with)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    AUTO(reply) *first = ASK(k, .label = "VS-NfD", .body = STR("{\"input\":\"x\"}"));
    CHECK_STR(reply_field(first, "x-hoheit-label"), STR("VS-NfD"));
    AUTO(reply) *second = go_on(k, "offen", reply_text(first, "id"));
    CHECK_INT(second->status, ==, 200);
    CHECK_STR(reply_field(second, "x-hoheit-label"), STR("VS-NfD"));
    CHECK_STR(reply_text(second, "previous_response_id"), reply_text(first, "id"));
    AUTO(reply) *third = go_on(k, NULL, reply_text(second, "id"));
    CHECK_STR(reply_field(third, "x-hoheit-label"), STR("VS-NfD"));
    close_site();
}

TEST(what_one_may_not_see_cannot_be_gone_on_with)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD"), *other = site_key("du", "VS-NfD");
    AUTO(reply) *first = ASK(k, .label = "VS-NfD", .body = STR("{\"input\":\"x\"}"));
    const str id = reply_text(first, "id");
    AUTO(reply) *stranger = go_on(other, NULL, id), *nothing = go_on(other, NULL, STR("resp_nix"));
    CHECK_INT(stranger->status, ==, 404);
    CHECK_STR(buf_str(&stranger->body), buf_str(&nothing->body));
    CHECK_STR(reply_text(stranger, "error.param"), STR("previous_response_id"));
    clear_for(k, "offen");
    AUTO(reply) *lowered = go_on(k, "offen", id);
    CHECK_INT(lowered->status, ==, 404);
    CHECK_STR(buf_str(&lowered->body), buf_str(&nothing->body));
    close_site();
}

TEST(calls_of_an_answer_wait_for_their_output)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":[{\"type\":\"function_call_output\","
                                        "\"call_id\":\"c\",\"output\":\"o\"}]}"));
    CHECK_INT(r->status, ==, 400);
    CHECK_STR(reply_text(r, "error.param"), STR("input"));
    close_site();
}
