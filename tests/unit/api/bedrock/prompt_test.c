/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"

#define INVOKE "/model/toy/invoke"

TEST(a_text_is_gone_on_with)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, INVOKE, NULL, "{\"prompt\":\"x\",\"max_tokens\":3}");
    CHECK_STR(buf_str(&r->body), STR("{\"outputs\":[{\"text\":\"#0 1\xc3\xa4"
                                     "2\",\"stop_reason\":\"length\"}]}"));
    AUTO(reply) *all = POST(site.local, INVOKE, NULL,
                            "{\"prompt\":\"x\",\"temperature\":0.5,\"top_p\":1,\"top_k\":3,"
                            "\"stop\":[\"zzz\"],\"seed\":1}");
    CHECK_STR(reply_text(all, "outputs.0.stop_reason"), STR("stop"));
    site_close();
}

TEST(streamed_each_piece_is_a_chunk)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, INVOKE "-with-response-stream", NULL,
                          "{\"prompt\":\"x\",\"max_tokens\":1}");
    const str heard = heard_of(r);
    CHECK(str_starts(heard, STR("chunk {\"outputs\":[{\"text\":\"#0\",\"stop_reason\":null}]}\n"
                                "chunk {\"outputs\":[{\"text\":\"\",\"stop_reason\":\"length\"}],"
                                "\"amazon-bedrock-invocationMetrics\":{")));
    site_close();
}

TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *body, *word;
    } bad[] = {{"{\"prompt\":7}", "prompt"},
               {"{\"prompt\":\"x\",\"max_tokens\":0}", "max_tokens"},
               {"{\"prompt\":\"x\",\"stop\":\"y\"}", "stop"},
               {"{\"prompt\":\"x\",\"maxTokens\":1}", "maxTokens"},
               {"{\"prompt\":\"x\",\"top_k\":-1}", "top_k"}};
    open_signed();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.local, INVOKE, NULL, bad[i].body);
        check_refused(r, 400, "ValidationException", bad[i].word);
    }
    site_close();
}
