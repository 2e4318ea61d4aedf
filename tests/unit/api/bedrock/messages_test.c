/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"

#define INVOKE "/model/toy/invoke"
#define BODY(more)                                                                                 \
    "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":64,\"messages\":[{\"role\":"     \
    "\"user\",\"content\":\"hallo\"}]" more "}"

TEST(a_message_comes_back_whole)
{
    open_signed();
    AUTO(reply) *r = signed_ask(
        (struct sign_wish){.path = INVOKE, .body = BODY(",\"anthropic_beta\":[\"x-2025\"]")});
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "type"), STR("message"));
    CHECK_STR(reply_text(r, "model"), STR("toy"));
    CHECK_STR(reply_text(r, "stop_reason"), STR("end_turn"));
    CHECK(reply_text(r, "content.0.text").len > 20);
    CHECK_INT(reply_number(r, "usage.output_tokens"), ==, TALKER_TOKENS);
    CHECK(!reply_has(r, "amazon-bedrock"));
    site_close();
}

TEST(streamed_each_event_is_a_chunk_and_the_last_tells_what_it_cost)
{
    open_signed();
    AUTO(reply) *r =
        signed_ask((struct sign_wish){.path = INVOKE "-with-response-stream", .body = BODY("")});
    const str heard = heard_of(r);
    CHECK(str_starts(heard, STR("chunk {\"type\":\"message_start\"")));
    CHECK(str_find(heard, STR("chunk {\"type\":\"content_block_delta\"")) > 0);
    CHECK(str_find(heard, STR("ping")) < 0);
    CHECK(str_find(heard, STR("\nchunk {\"type\":\"message_stop\",\"amazon-bedrock-"
                              "invocationMetrics\":{\"inputTokenCount\":5,")) > 0);
    CHECK(str_ends(heard, STR("}}\n")));
    site_close();
}

TEST(what_is_wrong_with_the_body_is_named)
{
    static const struct {
        const char *body, *word;
    } bad[] = {
        {"{\"anthropic_version\":\"2023-06-01\",\"max_tokens\":1,\"messages\":[]}",
         "anthropic_version must be"},
        {"{\"anthropic_version\":7}", "anthropic_version"},
        {BODY(",\"anthropic_beta\":\"x\""), "anthropic_beta"},
        {BODY(",\"nonsense\":1"), "nonsense"},
        {BODY(",\"temperature\":9"), "temperature"},
        {"{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":5}", "messages"},
    };
    open_signed();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.local, INVOKE, NULL, bad[i].body);
        check_refused(r, 400, "ValidationException", bad[i].word);
    }
    site_close();
}
