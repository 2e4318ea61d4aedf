/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/ollama.h"

#include "unit/api/reply.h"

TEST(an_error_is_one_sentence_under_one_name)
{
    for (int i = 1; i < ERR_COUNT; i++) {
        AUTO(arena) *a = NULL;
        AUTO(buf) b = BUF(16 * 1024);
        NEED_OK(arena_open(1 << 20, &a));
        const struct api_error told = {{(uint16_t)i}, STR("a \"sentence\"\n"), STR("n"), STR_NONE};
        ollama_dialect.put_error(&b, &told);
        CHECK_STR(buf_str(&b), STR("{\"error\":\"a \\\"sentence\\\"\\n\"}"));
    }
}

TEST(the_version_is_three_numbers_for_who_has_a_key)
{
    site_open(&ollama_table, 1, &ollama_dialect);
    AUTO(reply) *r = GET(site.net, "/api/version", site_key("amt", "intern"));
    CHECK_INT(r->status, ==, 200);
    unsigned a = 0, b = 0, c = 0;
    CHECK_INT(sscanf(arena_fmt(r->a, "%.*s", STR_FMT(reply_text(r, "version"))).at, "%u.%u.%u", &a,
                     &b, &c),
              ==, 3);
    AUTO(reply) *nobody = GET(site.net, "/api/version", NULL);
    CHECK_INT(nobody->status, ==, 401);
    site_close();
}

TEST(what_would_change_the_models_is_not_there)
{
    static const char *const paths[] = {"/api/pull", "/api/create", "/api/delete", "/api/copy",
                                        "/api/push"};
    site_open(&ollama_table, 1, &ollama_dialect);
    const char *key = site_key("amt", "intern");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        AUTO(reply) *r = POST(site.net, paths[i], key, "{\"model\":\"toy\"}");
        CHECK_INT(r->status, ==, 404);
    }
    AUTO(reply) *get = GET(site.net, "/api/chat", key);
    CHECK_INT(get->status, ==, 405);
    site_close();
}
