/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/invoke.h"

#include "unit/api/bedrock/signed.h"

#define INVOKE "/model/toy/invoke"

TEST(a_body_of_no_known_shape_is_refused)
{
    static const char *const bad[] = {"{}", "{\"x\":1}", "{\"text\":\"a\"}",
                                      "{\"anthropic_version\":null}"};
    open_signed();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.local, INVOKE, NULL, bad[i]);
        check_refused(r, 400, "ValidationException", "which say what shape it has");
    }
    AUTO(reply) *list = POST(site.local, INVOKE, NULL, "[]");
    check_refused(list, 400, "ValidationException", "JSON object");
    site_close();
}

TEST(what_the_address_says_the_body_does_not)
{
    open_signed();
    AUTO(reply) *model = POST(site.local, INVOKE, NULL,
                              "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"model\":"
                              "\"other\"}");
    AUTO(reply) *stream = POST(site.local, INVOKE, NULL,
                               "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":5,"
                               "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":"
                               "true}");
    check_refused(model, 400, "ValidationException", "model is said by the address");
    check_refused(stream, 400, "ValidationException", "stream is said by the address");
    site_close();
}

TEST(numbers_of_tokens_stand_in_the_head)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, INVOKE, NULL, "{\"prompt\":\"x\",\"max_tokens\":3}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "x-amzn-bedrock-input-token-count"), STR("5"));
    CHECK_STR(reply_field(r, "x-amzn-bedrock-output-token-count"), STR("3"));
    CHECK(reply_field(r, "x-amzn-bedrock-invocation-latency").len > 0);
    AUTO(reply) *s = POST(site.local, INVOKE "-with-response-stream", NULL,
                          "{\"prompt\":\"x\",\"max_tokens\":3}");
    CHECK_STR(reply_field(s, "x-amzn-bedrock-content-type"), STR("application/json"));
    CHECK(str_find(heard_of(s), STR("\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":5,"
                                    "\"outputTokenCount\":3,\"invocationLatency\":")) > 0);
    site_close();
}
