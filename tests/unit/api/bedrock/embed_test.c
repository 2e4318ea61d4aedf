/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"

#define INVOKE "/model/toy-embed/invoke"

TEST(a_text_becomes_a_vector)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, INVOKE, NULL, "{\"inputText\":\"abc\",\"normalize\":false}");
    CHECK_INT(r->status, ==, 200);
    CHECK(str_starts(buf_str(&r->body), STR("{\"embedding\":[3.0,97.0,0.0,0.0],"
                                            "\"inputTextTokenCount\":")));
    site_close();
}

TEST(its_length_is_one_unless_said_otherwise)
{
    open_signed();
    AUTO(reply) *r = POST(site.local, INVOKE, NULL,
                          "{\"inputText\":\"\\u0004bc\",\"dimensions\":2,\"embeddingTypes\":["
                          "\"float\"]}");
    CHECK(str_starts(buf_str(&r->body),
                     STR("{\"embedding\":[0.6,0.8],\"embeddingsByType\":{\"float\":[0.6,0.8]},")));
    site_close();
}

TEST(what_cannot_be_a_vector_is_refused)
{
    static const struct {
        const char *path, *body, *word;
        int status;
    } bad[] = {
        {INVOKE, "{\"inputText\":\"\"}", "empty", 400},
        {INVOKE, "{\"inputText\":5}", "inputText", 400},
        {INVOKE, "{\"inputText\":\"a\",\"dimensions\":0}", "dimensions", 400},
        {INVOKE, "{\"inputText\":\"a\",\"embeddingTypes\":[\"binary\"]}", "float", 400},
        {INVOKE, "{\"inputText\":\"a\",\"textGenerationConfig\":{}}", "textGenerationConfig", 400},
        {INVOKE "-with-response-stream", "{\"inputText\":\"a\"}", "streamed", 400},
        {"/model/toy/invoke", "{\"inputText\":\"a\"}", "toy", 404},
    };
    open_signed();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.local, bad[i].path, NULL, bad[i].body);
        check_refused(r, bad[i].status,
                      bad[i].status == 404 ? "ResourceNotFoundException" : "ValidationException",
                      bad[i].word);
    }
    site_close();
}
