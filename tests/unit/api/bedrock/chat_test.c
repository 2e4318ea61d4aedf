/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"

#define INVOKE "/model/toy/invoke"
#define CHAT(more) "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":3" more "}"

TEST(a_chat_completion_comes_back)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, INVOKE, NULL, CHAT(""));
    CHECK_STR(reply_text(r, "object"), STR("chat.completion"));
    CHECK_STR(reply_text(r, "model"), STR("toy"));
    CHECK_STR(reply_text(r, "choices.0.message.content"), STR("#0 1\xc3\xa4"
                                                              "2"));
    CHECK_STR(reply_text(r, "choices.0.finish_reason"), STR("length"));
    CHECK_INT(reply_number(r, "usage.total_tokens"), ==, 8);
    CHECK(str_starts(reply_text(r, "id"), STR("chatcmpl-")));
    site_close();
}

TEST(streamed_it_comes_in_chunks)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, INVOKE "-with-response-stream", NULL, CHAT(""));
    const str heard = heard_of(r);
    CHECK(str_find(heard, STR("\"object\":\"chat.completion.chunk\"")) > 0);
    CHECK(str_find(heard, STR("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"#0\"},"
                              "\"finish_reason\":null}]}\n")) > 0);
    CHECK(str_find(heard, STR("\"delta\":{},\"finish_reason\":\"length\"}],\"amazon-bedrock-"
                              "invocationMetrics\":{")) > 0);
    site_close();
}

TEST(what_this_operation_cannot_give_is_refused)
{
    static const struct {
        const char *body, *word;
    } bad[] = {{CHAT(",\"n\":2"), "n: one answer"},
               {CHAT(",\"logprobs\":true"), "logprobs"},
               {CHAT(",\"nonsense\":1"), "nonsense"},
               {CHAT(",\"top_p\":7"), "top_p"}};
    open_signed();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.local, INVOKE, NULL, bad[i].body);
        check_refused(r, 400, "ValidationException", bad[i].word);
    }
    site_close();
}
