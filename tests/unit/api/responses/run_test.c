/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/run.h"

#include "unit/api/responses/send.h"

#define R "/v1/responses"
#define ASK(k, ...) SEND(.method = "POST", .path = R, .key = k, __VA_ARGS__)
#define SAY(text) .body = STR("{\"input\":\"" text "\"}")

TEST(a_plain_answer_has_the_shape_clients_expect)
{
    open_site();
    AUTO(reply) *r = ASK(site_key("amt", "intern"), SAY("hallo"));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK_STR(reply_text(r, "object"), STR("response"));
    CHECK_STR(reply_text(r, "status"), STR("completed"));
    CHECK_STR(reply_text(r, "model"), STR("toy"));
    CHECK_STR(reply_text(r, "output.0.type"), STR("message"));
    CHECK_STR(reply_text(r, "output.0.content.0.type"), STR("output_text"));
    CHECK(str_starts(reply_text(r, "output.0.content.0.text"), STR("#0 1")));
    CHECK_INT(reply_number(r, "usage.input_tokens"), ==, 5);
    CHECK_INT(reply_number(r, "usage.input_tokens_details.cached_tokens"), ==, 1);
    CHECK_INT(reply_number(r, "usage.total_tokens"), ==, 5 + TALKER_TOKENS);
    close_site();
}

/* The types of the events, one a line; each must carry its number. */
static str
types_of(reply *r)
{
    static char room[4096];
    str rest = buf_str(&r->body), line;
    size_t len = 0, number = 0;
    room[0] = 0;
    while (str_next(&rest, '\n', &line)) {
        char want[40];
        if (str_starts(line, STR("event: response.")) && len < sizeof room - 100)
            len += (size_t)snprintf(room + len, sizeof room - len, "%.*s ",
                                    STR_FMT(str_slice(line, 16, line.len)));
        snprintf(want, sizeof want, "\"sequence_number\":%zu,", number);
        if (str_starts(line, STR("data: {")) && str_find(line, str_of(want)) > 0)
            number++;
        else if (str_starts(line, STR("data: {")))
            test_fail(__FILE__, __LINE__, "no %s in %.*s", want, STR_FMT(line));
    }
    return (str){room, len};
}

TEST(a_streamed_answer_has_all_events_in_order)
{
    open_site();
    AUTO(reply) *r = ASK(site_key("amt", "intern"),
                         .body = STR("{\"input\":\"hallo\",\"stream\":true,\"store\":false}"));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("text/event-stream"));
    const str types = types_of(r);
    CHECK(str_starts(types, STR("created in_progress output_item.added content_part.added "
                                "output_text.delta output_text.delta ")));
    CHECK(str_ends(types, STR("output_text.delta output_text.done content_part.done "
                              "output_item.done completed ")));
    CHECK(str_ends(buf_str(&r->body), STR("}\n\ndata: [DONE]\n\n")));
    close_site();
}

TEST(what_is_not_to_be_kept_is_not)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"x\",\"store\":false}"));
    AUTO(reply) *gone = SEND(.path = path_of(R "/{id}", reply_text(r, "id")), .key = k);
    CHECK_INT(gone->status, ==, 404);
    CHECK(!rig_record(&site.rig, "response.add", "", 0).len);
    close_site();
}

TEST(an_answer_is_kept_on_record_before_it_leaves)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, SAY("x"));
    const str record = rig_record(&site.rig, "response.add", "", 0);
    CHECK(str_find(record, reply_text(r, "id")) > 0);
    AUTO(reply) *s = ASK(k, .body = STR("{\"input\":\"x\",\"stream\":true}"));
    CHECK(rig_record(&site.rig, "response.add", "", 1).len > 0);
    CHECK(str_ends(types_of(s), STR("completed ")));
    close_site();
}

TEST(a_request_that_cannot_be_run_is_an_error_of_the_dialect)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = {{"{\"input\":", 400},
                 {"[]", 400},
                 {"{}", 400},
                 {"{\"input\":[]}", 400},
                 {"{\"input\":\"x\",\"model\":\"nix\"}", 404},
                 {"{\"input\":\"x\",\"stream\":true,\"model\":\"nix\"}", 404},
                 {"{\"input\":\"x\",\"previous_response_id\":\"resp_nix\"}", 404},
                 {"{\"input\":\"x\",\"conversation\":\"conv_nix\",\"stream\":true}", 404}};
    open_site();
    const char *k = site_key("amt", "intern");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = ASK(k, .body = str_of(cases[i].body));
        CHECK_INT(r->status, ==, cases[i].status);
        CHECK(reply_text(r, "error.message").len > 10);
    }
    AUTO(reply) *above = ASK(k, .label = "VS-NfD", SAY("x"));
    CHECK_INT(above->status, ==, 403);
    AUTO(reply) *stream =
        ASK(k, .label = "VS-NfD", .body = STR("{\"input\":\"x\",\"stream\":true}"));
    CHECK_INT(stream->status, ==, 403);
    close_site();
}

TEST(an_engine_that_dies_in_the_middle_ends_the_stream_with_a_failure)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .body = STR("{\"input\":\"!crash\",\"stream\":true}"));
    CHECK_INT(r->status, ==, 200);
    CHECK(str_ends(types_of(r), STR("output_item.done failed ")));
    CHECK(reply_has(r, "\"code\":\"server_error\""));
    close_site();
}

TEST(a_client_that_goes_away_stops_its_answer)
{
    open_site();
    const char *k = site_key("amt", "intern");
    const struct sent w = {.method = "POST",
                           .path = R,
                           .key = k,
                           .body = STR("{\"input\":\"!hang\",\"stream\":true}")};
    reply *r = send_start(&w);
    (void)SITE_UNTIL(works->runs);
    http_client_free(TAKE(r->client));
    reply_auto(&r);
    (void)SITE_UNTIL(!works->runs);
    close_site();
}

TEST(nothing_is_compacted)
{
    open_site();
    AUTO(reply) *r = SEND(.method = "POST", .path = R "/compact", .key = site_key("amt", "intern"),
                          .body = STR("{\"model\":\"toy\",\"input\":\"x\"}"));
    CHECK_INT(r->status, ==, 404);
    close_site();
}

TEST(counting_answers_nothing_and_keeps_nothing)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *bad = SEND(.method = "POST", .path = R "/input_tokens", .key = k,
                            .body = STR("{\"input\":\"x\",\"stream\":true}"));
    CHECK_INT(bad->status, ==, 400);
    close_site();
}
