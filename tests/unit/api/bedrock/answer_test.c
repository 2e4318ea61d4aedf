/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/answer.h"

#include "unit/api/bedrock/signed.h"

#define SAY(text) "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"" text "\"}]}]}"
#define STREAM "/model/toy/converse-stream"

TEST(an_error_before_the_stream_is_an_answer)
{
    open_signed();
    AUTO(reply) *model = POST(site.local, "/model/none/converse-stream", NULL, HALLO);
    AUTO(reply) *body = POST(site.local, STREAM, NULL, "{}");
    AUTO(reply) *json = POST(site.local, STREAM, NULL, "{");
    AUTO(reply) *arn = POST(site.local, "/model/arn%3Ax%2F/converse", NULL, HALLO);
    check_refused(model, 404, "ResourceNotFoundException", "none");
    check_refused(body, 400, "ValidationException", "messages");
    check_refused(json, 400, "ValidationException", "line 1");
    check_refused(arn, 400, "ValidationException", "names no model");
    site_close();
}

TEST(an_engine_that_dies_in_the_stream_is_told_as_an_exception)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, STREAM, NULL, SAY("!crash"));
    CHECK_INT(r->status, ==, 200);
    const str heard = heard_of(r);
    CHECK(str_starts(heard, STR("messageStart ")));
    CHECK(str_find(heard, STR("\n!serviceUnavailableException {\"message\":\"")) > 0);
    CHECK(str_find(heard, STR("messageStop")) < 0);
    site_close();
}

TEST(an_engine_that_dies_is_told_with_its_status_when_nothing_was_sent)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, CONVERSE, NULL, SAY("!crash"));
    check_refused(r, 503, "ServiceUnavailableException", "");
    CHECK_STR(reply_field(r, "retry-after"), STR("1"));
    site_close();
}

TEST(who_goes_away_ends_the_work)
{
    open_signed();
    reply *r =
        reply_start(site.local, (struct wish){"POST", STREAM, NULL, NULL, STR(SAY("!hang"))});
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) > 0);
    http_client_free(TAKE(r->client));
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0);
    reply_auto(&r);
    AUTO(reply) *next = POST(site.local, CONVERSE, NULL, HALLO);
    CHECK_INT(next->status, ==, 200);
    site_close();
}
