/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"

#define TALK                                                                                       \
    "#0 1\xc3\xa4"                                                                                 \
    "2 3w 4\xc3\xa4"                                                                               \
    "5 6w 7\xc3\xa4"                                                                               \
    "8 9w 10\xc3\xa4"                                                                              \
    "11"

TEST(a_whole_answer_comes_back)
{
    open_signed();
    AUTO(reply) *r = signed_ask((struct sign_wish){.body = NULL});
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK_STR(reply_field(r, "x-amzn-requestid"), reply_field(r, "x-request-id"));
    CHECK_STR(reply_text(r, "output.message.role"), STR("assistant"));
    CHECK_STR(reply_text(r, "output.message.content.0.text"), STR(TALK));
    CHECK_STR(reply_text(r, "stopReason"), STR("end_turn"));
    CHECK_INT(reply_number(r, "usage.inputTokens"), ==, 5);
    CHECK_INT(reply_number(r, "usage.outputTokens"), ==, TALKER_TOKENS);
    CHECK_INT(reply_number(r, "usage.totalTokens"), ==, 5 + TALKER_TOKENS);
    CHECK_INT(reply_number(r, "usage.cacheReadInputTokens"), ==, 1);
    CHECK(reply_number(r, "metrics.latencyMs") >= 0);
    site_close();
}

TEST(a_streamed_answer_joins_to_the_whole_one)
{
    open_signed();
    AUTO(reply) *r = signed_ask((struct sign_wish){.path = "/model/toy/converse-stream"});
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "cache-control"), STR("no-cache"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    AUTO(buf) text = BUF(4096);
    str rest = heard_of(r), line;
    unsigned n = 0;
    while (str_next(&rest, '\n', &line)) {
        str payload = line, name;
        if (!str_next(&payload, ' ', &name) || !name.len)
            continue;
        n++;
        if (str_eq(name, STR("contentBlockDelta")))
            buf_add(&text, text_below(r->a, payload, "delta.text"));
        if (n == 1)
            CHECK_STR(line, STR("messageStart {\"role\":\"assistant\"}"));
    }
    CHECK_STR(buf_str(&text), STR(TALK));
    CHECK(str_find(heard_of(r), STR("contentBlockStop {\"contentBlockIndex\":0}\nmessageStop "
                                    "{\"stopReason\":\"end_turn\"}\nmetadata {\"usage\":{")) > 0);
    CHECK(n > 8);
    site_close();
}

TEST(an_alias_and_an_arn_lead_to_the_model)
{
    open_signed();
    CHECK_OK(registry_set_alias(site.rig.registry, STR("anthropic.claude-v1:0"), STR("toy")));
    AUTO(reply) *alias =
        signed_ask((struct sign_wish){.path = "/model/anthropic.claude-v1%3A0/converse"});
    AUTO(reply) *arn = signed_ask((struct sign_wish){
        .path = "/model/arn%3Aaws%3Abedrock%3Aeu%3A1%3Ainference-profile%2Ftoy/converse"});
    CHECK_INT(alias->status, ==, 200);
    CHECK_INT(arn->status, ==, 200);
    site_close();
}

TEST(what_the_answer_may_cost_is_bounded)
{
    open_signed();
    AUTO(reply) *r = signed_ask(
        (struct sign_wish){.body = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}"
                                   "]}],\"inferenceConfig\":{\"maxTokens\":3}}"});
    CHECK_STR(reply_text(r, "stopReason"), STR("max_tokens"));
    CHECK_INT(reply_number(r, "usage.outputTokens"), ==, 3);
    site_close();
}
