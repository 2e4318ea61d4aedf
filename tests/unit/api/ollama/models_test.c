/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/ollama.h"

#include "unit/api/reply.h"

TEST(models_are_listed_with_their_aliases_and_details)
{
    site_open(&ollama_table, 1, &ollama_dialect);
    CHECK_OK(registry_set_alias(site.rig.registry, STR("llama3"), STR("toy")));
    AUTO(reply) *r = GET(site.net, "/api/tags", site_key("amt", "intern"));
    CHECK_INT(r->status, ==, 200);
    const jval list = reply_at(r, "models");
    CHECK_INT(json_count(&list), ==, 3);
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"toy", "toy-embed", "llama3"};
        char path[64];
        snprintf(path, sizeof path, "models.%d.name", i);
        CHECK_STR(reply_text(r, path), str_of(names[i]));
        snprintf(path, sizeof path, "models.%d.model", i);
        CHECK_STR(reply_text(r, path), str_of(names[i]));
        snprintf(path, sizeof path, "models.%d.modified_at", i);
        CHECK(str_ends(reply_text(r, path), STR("Z")));
        snprintf(path, sizeof path, "models.%d.details.families", i);
        CHECK(json_type(reply_at(r, path)) == J_ARRAY);
    }
    site_close();
}

static void
add_real(void)
{
    struct model m = {.name = STR("gross"),
                      .file = STR("x.gguf"),
                      .sha256 = STR("00"),
                      .licence = STR("EUPL"),
                      .architecture = STR("qwen3")};
    model_toy(STR("gross"), MODEL_CHAT, &m);
    m.architecture = STR("qwen3");
    m.licence = STR("EUPL");
    m.parameters = UINT64_C(7620000000);
    m.context_tokens = 4096;
    CHECK_OK(registry_add(site.rig.registry, &m));
}

TEST(one_model_is_shown_with_what_it_is_and_can)
{
    site_open(&ollama_table, 1, &ollama_dialect);
    add_real();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = POST(site.net, "/api/show", key, "{\"model\":\"gross:latest\"}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "license"), STR("EUPL"));
    CHECK_STR(reply_text(r, "details.family"), STR("qwen3"));
    CHECK_STR(reply_text(r, "details.parameter_size"), STR("7.6B"));
    CHECK(reply_has(r, "\"qwen3.context_length\":4096"));
    CHECK(reply_has(r, "\"general.parameter_count\":7620000000"));
    CHECK_STR(reply_text(r, "capabilities.0"), STR("completion"));
    AUTO(reply) *e = POST(site.net, "/api/show", key, "{\"name\":\"toy-embed\"}");
    CHECK_STR(reply_text(e, "capabilities.0"), STR("embedding"));
    CHECK(!reply_at(e, "capabilities.1").v);
    site_close();
}

TEST(a_model_that_is_none_is_not_shown_and_nobody_s_is_neither)
{
    site_open(&ollama_table, 1, &ollama_dialect);
    const char *key = site_key("amt", "intern");
    AUTO(reply) *none = POST(site.net, "/api/show", key, "{\"model\":\"nix\"}");
    CHECK_INT(none->status, ==, 404);
    AUTO(reply) *empty = POST(site.net, "/api/show", key, "{\"model\":\"\",\"name\":\"\"}");
    CHECK_INT(empty->status, ==, 400);
    AUTO(reply) *unknown = POST(site.net, "/api/show", key, "{\"model\":\"toy\",\"system\":1}");
    CHECK_INT(unknown->status, ==, 400);
    AUTO(reply) *nobody = POST(site.net, "/api/show", NULL, "{\"model\":\"toy\"}");
    CHECK_INT(nobody->status, ==, 401);
    AUTO(reply) *list = GET(site.net, "/api/tags", NULL);
    CHECK_INT(list->status, ==, 401);
    site_close();
}

TEST(the_tag_latest_stands_for_none_unless_a_model_is_called_so)
{
    static const struct model *m;
    site_open(&ollama_table, 1, &ollama_dialect);
    const char *key = site_key("amt", "intern");
    CHECK_OK(registry_set_alias(site.rig.registry, STR("a:latest"), STR("toy")));
    AUTO(reply) *own = POST(site.net, "/api/generate", key, "{\"model\":\"a:latest\"}");
    CHECK_INT(own->status, ==, 200);
    AUTO(reply) *bare = POST(site.net, "/api/generate", key, "{\"model\":\"toy:latest\"}");
    CHECK_INT(bare->status, ==, 200);
    AUTO(reply) *other = POST(site.net, "/api/generate", key, "{\"model\":\"toy:7b\"}");
    CHECK_INT(other->status, ==, 404);
    CHECK(registry_find(site.rig.registry, STR("toy:latest"), MODEL_CHAT, &m).code);
    site_close();
}
