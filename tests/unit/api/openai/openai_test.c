/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/openai.h"

#include "unit/api/reply.h"

static void
open_site(void)
{
    site_open(&openai_table, 1, &openai_dialect);
}

/* ---- errors */
TEST(an_error_is_an_object_that_clients_of_the_dialect_read)
{
    for (int i = 1; i < ERR_COUNT; i++) {
        const err e = {(uint16_t)i};
        AUTO(arena) *a = NULL;
        AUTO(buf) b = BUF(16 * 1024);
        NEED_OK(arena_open(1 << 20, &a));
        const struct api_error told = {e, STR("a \"sentence\"\n"), i % 2 ? STR("n") : STR_NONE,
                                       STR_NONE};
        openai_dialect.put_error(&b, &told);
        const str j = buf_str(&b);
        CHECK_STR(text_below(a, j, "error.message"), STR("a \"sentence\"\n"));
        CHECK_STR(text_below(a, j, "error.type"), str_of(err_info(e)->type));
        CHECK_STR(text_below(a, j, "error.code"), str_of(err_info(e)->name));
        if (i % 2)
            CHECK_STR(text_below(a, j, "error.param"), STR("n"));
        else
            CHECK(json_type(json_below(a, j, "error.param")) == J_NULL);
        const jval members = json_below(a, j, "error");
        CHECK_INT(json_count(&members), ==, 4);
    }
}

/* ---- models */
TEST(models_are_listed_with_their_aliases)
{
    open_site();
    CHECK_OK(registry_set_alias(site.rig.registry, STR("gpt-4o"), STR("toy")));
    AUTO(reply) *r = GET(site.net, "/v1/models", site_key("amt", "intern"));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "object"), STR("list"));
    const jval data = reply_at(r, "data");
    CHECK_INT(json_count(&data), ==, 3);
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"toy", "toy-embed", "gpt-4o"};
        char path[64];
        snprintf(path, sizeof path, "data.%d.id", i);
        CHECK_STR(reply_text(r, path), str_of(names[i]));
        snprintf(path, sizeof path, "data.%d.object", i);
        CHECK_STR(reply_text(r, path), STR("model"));
        snprintf(path, sizeof path, "data.%d.owned_by", i);
        CHECK_STR(reply_text(r, path), STR("hoheit"));
        snprintf(path, sizeof path, "data.%d.created", i);
        CHECK(reply_number(r, path) >= 0);
    }
    site_close();
}

TEST(a_model_is_shown_under_the_name_it_was_asked_by)
{
    static const char *const names[] = {"toy", "toy-embed", "gpt-4o", "ein%3Aname"};
    open_site();
    const char *key = site_key("amt", "intern");
    CHECK_OK(registry_set_alias(site.rig.registry, STR("gpt-4o"), STR("toy")));
    CHECK_OK(registry_set_alias(site.rig.registry, STR("ein:name"), STR("toy-embed")));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/models/%s", names[i]);
        AUTO(reply) *r = GET(site.net, path, key);
        CHECK_INT(r->status, ==, 200);
        CHECK_STR(reply_text(r, "id"), i == 3 ? STR("ein:name") : str_of(names[i]));
        CHECK_STR(reply_text(r, "object"), STR("model"));
    }
    site_close();
}

TEST(a_model_that_is_not_there_is_404_and_so_is_none)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = GET(site.net, "/v1/models/nirgends", key);
    CHECK_INT(r->status, ==, 404);
    CHECK_STR(reply_text(r, "error.code"), STR("model_not_found"));
    AUTO(reply) *none = GET(site.net, "/v1/models/", key);
    CHECK_INT(none->status, ==, 404);
    CHECK_STR(reply_text(none, "error.code"), STR("not_found"));
    site_close();
}

/* ---- who asks */
static void
check_all_routes(const char *url, const char *key, int want)
{
    static const struct {
        const char *method, *path;
    } all[] = {{"POST", "/v1/chat/completions"},
               {"POST", "/v1/completions"},
               {"POST", "/v1/embeddings"},
               {"GET", "/v1/models"},
               {"GET", "/v1/models/toy"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        AUTO(reply) *r =
            reply_to(url, (struct wish){all[i].method, all[i].path, key, NULL,
                                        all[i].method[0] == 'P' ? STR("{\"foo\":1}") : STR_NONE});
        CHECK_INT(r->status, ==, all[i].method[0] == 'G' && want == 400 ? 200 : want);
        CHECK(want != 401 || str_eq(reply_text(r, "error.code"), STR("invalid_api_key")));
    }
}

TEST(every_route_wants_a_key_over_the_network_and_none_at_the_socket)
{
    open_site();
    check_all_routes(site.net, NULL, 401);
    check_all_routes(site.net, "hoh_wrong", 401);
    check_all_routes(site.net, site_key("amt", "intern"), 400);
    check_all_routes(site.local, NULL, 400);
    site_close();
}

TEST(a_revoked_key_is_out_at_once)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *before = GET(site.net, "/v1/models", key);
    CHECK_INT(before->status, ==, 200);
    OPERATOR(c, &site.rig);
    CHECK_OK(caller_wait(&c, admin_key_revoke(&c.call, STR("amt"))));
    AUTO(reply) *after = GET(site.net, "/v1/models", key);
    CHECK_INT(after->status, ==, 401);
    site_close();
}

TEST(there_is_nothing_else_and_it_is_said_in_the_dialect)
{
    static const char *const paths[] = {
        "/", "/v1", "/v1/", "/v1/responses", "/v2/models", "/v1/models/toy/x"};
    open_site();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        AUTO(reply) *r = GET(site.net, paths[i], NULL);
        CHECK_INT(r->status, ==, 404);
        CHECK_STR(reply_text(r, "error.code"), STR("not_found"));
        CHECK_STR(reply_text(r, "error.type"), STR("invalid_request_error"));
    }
    AUTO(reply) *method = GET(site.net, "/v1/chat/completions", NULL);
    CHECK_INT(method->status, ==, 405);
    CHECK_STR(reply_field(method, "allow"), STR("POST"));
    CHECK_STR(reply_text(method, "error.code"), STR("method_not_allowed"));
    site_close();
}
