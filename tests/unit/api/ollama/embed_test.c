/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/ollama.h"

#include "unit/api/reply.h"

static double
real_at(const reply *r, const char *path)
{
    const jval v = reply_at(r, path);
    double d = -4711;
    if (json_type(v) == J_NUMBER)
        CHECK_OK(json_f64(&v, -1e9, 1e9, &d));
    return d;
}

TEST(texts_have_their_vectors_in_their_order)
{
    site_open(&ollama_table, 1, &ollama_dialect);
    AUTO(reply) *r = POST(site.net, "/api/embed", site_key("amt", "intern"),
                          "{\"model\":\"toy-embed:latest\",\"input\":[\"a\",\"bb\",\"ccc\"]}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "model"), STR("toy-embed:latest"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "embeddings.%d.0", i);
        CHECK(real_at(r, path) == i + 1);
    }
    CHECK(!reply_at(r, "embeddings.3").v);
    CHECK(reply_number(r, "prompt_eval_count") >= 0 && reply_number(r, "total_duration") > 0);
    site_close();
}

TEST(one_text_in_the_older_way_has_one_vector_and_nothing_else)
{
    site_open(&ollama_table, 1, &ollama_dialect);
    AUTO(reply) *r = POST(site.net, "/api/embeddings", site_key("amt", "intern"),
                          "{\"prompt\":\"hallo\",\"keep_alive\":-1}");
    CHECK_INT(r->status, ==, 200);
    const jval all = reply_at(r, ""), v = reply_at(r, "embedding");
    CHECK_INT(json_count(&all), ==, 1);
    CHECK_INT(json_count(&v), ==, TALKER_DIMS);
    CHECK(real_at(r, "embedding.1") == 'h');
    site_close();
}

TEST(what_cannot_be_turned_into_a_vector_is_an_error_in_its_words)
{
    site_open(&ollama_table, 1, &ollama_dialect);
    const char *key = site_key("amt", "intern");
    AUTO(reply) *none = POST(site.net, "/api/embed", key, "{\"input\":[]}");
    CHECK_INT(none->status, ==, 400);
    CHECK(str_find(reply_text(none, "error"), STR("input")) >= 0);
    AUTO(reply) *empty = POST(site.net, "/api/embeddings", key, "{\"prompt\":\"\"}");
    CHECK_INT(empty->status, ==, 400);
    AUTO(reply) *chat = POST(site.net, "/api/embed", key, "{\"model\":\"toy\",\"input\":\"a\"}");
    CHECK_INT(chat->status, ==, 404);
    AUTO(reply) *nobody = POST(site.net, "/api/embed", NULL, "{\"input\":\"a\"}");
    CHECK_INT(nobody->status, ==, 401);
    CHECK(reply_text(nobody, "error").len > 10);
    CHECK_INT(site.rig.starts, ==, 0);
    site_close();
}

TEST(no_vector_leaves_without_its_record)
{
    site_open(&ollama_table, 1, &ollama_dialect);
    const char *key = site_key("amt", "intern");
    atomic_store(&disk.room, 0);
    AUTO(reply) *r = POST(site.net, "/api/embed", key, "{\"input\":\"a\"}");
    atomic_store(&disk.room, -1);
    CHECK_INT(r->status, ==, 503);
    CHECK(!reply_at(r, "embeddings").v);
    site_close();
}
