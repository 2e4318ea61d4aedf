/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/rerank/rerank.h"

#include "unit/api/reply.h"

/* A talker's vector is the text's length and its first letter, so directions are known. */

static void
open_site(void)
{
    site_open(&rerank_table, 1, rerank_table.routes[0].dialect);
}

static double
real_at(const reply *r, const char *path)
{
    const jval v = reply_at(r, path);
    double d = -4711;
    if (json_type(v) == J_NUMBER)
        CHECK_OK(json_f64(&v, -1e9, 1e9, &d));
    return d;
}

TEST(texts_come_back_in_the_order_of_their_cosine_with_the_question)
{
    static const char *const paths[] = {"/v1/rerank", "/v2/rerank"};
    open_site();
    const char *key = site_key("amt", "intern");
    for (int i = 0; i < 2; i++) {
        AUTO(reply) *r = POST(site.net, paths[i], key,
                              "{\"query\":\"aaaaaaaaaa\",\"documents\":["
                              "\"a\",{\"text\":\"aaaaaaaaaa\"},\"aaaaa\"]}");
        CHECK_INT(r->status, ==, 200);
        CHECK_STR(reply_text(r, "model"), STR("toy-embed (cosine of embeddings)"));
        CHECK(str_starts(reply_text(r, "id"), STR("req_")));
        CHECK_INT(reply_number(r, "results.0.index"), ==, 1);
        CHECK_INT(reply_number(r, "results.1.index"), ==, 2);
        CHECK_INT(reply_number(r, "results.2.index"), ==, 0);
        CHECK(real_at(r, "results.0.relevance_score") > 0.999999);
        CHECK(real_at(r, "results.1.relevance_score") < 1);
        CHECK(real_at(r, "results.1.relevance_score") > real_at(r, "results.2.relevance_score"));
        CHECK(!reply_at(r, "results.0.document").v);
        CHECK_INT(reply_number(r, "usage.total_tokens"), ==,
                  reply_number(r, "meta.tokens.input_tokens"));
        CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    }
    site_close();
}

TEST(only_so_many_as_asked_for_and_with_their_texts)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = POST(site.net, "/v1/rerank", key,
                          "{\"model\":\"toy-embed\",\"query\":\"bbbb\",\"top_n\":1,"
                          "\"return_documents\":true,\"documents\":[\"b\",\"bbbb\"]}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "results.0.document.text"), STR("bbbb"));
    CHECK(!reply_at(r, "results.1").v);
    AUTO(reply) *all = POST(site.net, "/v1/rerank", key,
                            "{\"query\":\"b\",\"top_n\":900,\"documents\":[\"b\",\"b\"]}");
    CHECK_INT(all->status, ==, 200);
    CHECK_INT(reply_number(all, "results.0.index"), ==, 0); /* alike: as they came */
    CHECK(reply_at(all, "results.1").v && !reply_at(all, "results.2").v);
    site_close();
}

TEST(what_is_missing_wrong_or_would_be_cut_is_refused_by_name)
{
    static const struct {
        const char *body, *name;
    } bad[] = {
        {"{\"documents\":[\"a\"]}", "query"},
        {"{\"query\":\"\",\"documents\":[\"a\"]}", "query"},
        {"{\"query\":1,\"documents\":[\"a\"]}", "query"},
        {"{\"query\":\"a\"}", "documents"},
        {"{\"query\":\"a\",\"documents\":[]}", "documents"},
        {"{\"query\":\"a\",\"documents\":\"b\"}", "documents"},
        {"{\"query\":\"a\",\"documents\":[\"b\",\"\"]}", "documents[1]"},
        {"{\"query\":\"a\",\"documents\":[{\"title\":\"b\"}]}", "documents[0]"},
        {"{\"query\":\"a\",\"documents\":[{}]}", "documents[0].text"},
        {"{\"query\":\"a\",\"documents\":[\"b\"],\"top_n\":0}", "top_n"},
        {"{\"query\":\"a\",\"documents\":[\"b\"],\"return_documents\":3}", "return_documents"},
        {"{\"query\":\"a\",\"documents\":[\"b\"],\"max_tokens_per_doc\":9}", "max_tokens_per_doc"},
        {"{\"query\":\"a\",\"documents\":[\"b\"],\"nonsense\":9}", "nonsense"},
    };
    open_site();
    const char *key = site_key("amt", "intern");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.net, "/v2/rerank", key, bad[i].body);
        CHECK_INT(r->status, ==, 400);
        CHECK(str_find(reply_text(r, "message"), str_of(bad[i].name)) >= 0);
        CHECK_STR(reply_text(r, "detail"), reply_text(r, "message"));
    }
    site_close();
}

TEST(a_model_that_is_unknown_or_a_label_above_the_key_is_refused)
{
    open_site();
    AUTO(reply) *none = POST(site.net, "/v1/rerank", site_key("amt", "intern"),
                             "{\"model\":\"gibtsnicht\",\"query\":\"a\",\"documents\":[\"b\"]}");
    CHECK_INT(none->status, ==, 404);
    AUTO(reply) *nobody =
        POST(site.net, "/v1/rerank", NULL, "{\"query\":\"a\",\"documents\":[\"b\"]}");
    CHECK_INT(nobody->status, ==, 401);
    site_close();
}
