/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/anthropic/talkto.h"

static const char *key;

static void
open_models(void)
{
    open_site();
    key = site_key("amt", "intern");
    CHECK_OK(registry_set_alias(site.rig.registry, STR("claude-x"), STR("toy")));
}

static reply *
get(const char *path)
{
    return ask_with("GET", path, (struct head){.key = key, .version = VERSION}, "");
}

/* The ids of a page, with commas. */
static str
ids_of(const reply *r)
{
    AUTO(buf) b = BUF(4096);
    const jval list = reply_at(r, "data");
    for (size_t i = 0; i < json_count(&list); i++) {
        char path[32];
        snprintf(path, sizeof path, "data.%zu.id", i);
        buf_add_fmt(&b, "%s%.*s", i ? "," : "", STR_FMT(reply_text(r, path)));
    }
    return arena_str(r->a, buf_str(&b));
}

static bool
has_more(const reply *r)
{
    const jval v = reply_at(r, "has_more");
    bool more = false;
    CHECK_OK(json_bool(&v, &more));
    return more;
}

TEST(models_are_listed_with_their_aliases)
{
    open_models();
    AUTO(reply) *r = get("/v1/models");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(ids_of(r), STR("toy,toy-embed,claude-x"));
    CHECK(!has_more(r));
    CHECK_STR(reply_text(r, "first_id"), STR("toy"));
    CHECK_STR(reply_text(r, "last_id"), STR("claude-x"));
    CHECK_STR(reply_text(r, "data.2.type"), STR("model"));
    CHECK_STR(reply_text(r, "data.2.display_name"), STR("toy"));
    CHECK_STR(reply_text(r, "data.2.lifecycle"), STR("active"));
    CHECK(str_ends(reply_text(r, "data.2.created_at"), STR("Z")));
    CHECK_STR(reply_field(r, "request-id"), reply_field(r, "x-request-id"));
    site_close();
}

TEST(pages_follow_one_another_in_both_directions)
{
    static const struct {
        const char *query, *ids;
        bool more;
    } cases[] = {{"?limit=2", "toy,toy-embed", true},
                 {"?limit=2&after_id=toy-embed", "claude-x", false},
                 {"?limit=1&after_id=toy", "toy-embed", true},
                 {"?after_id=claude-x", "", false},
                 {"?limit=1&before_id=claude-x", "toy-embed", true},
                 {"?limit=1&before_id=toy-embed", "toy", false},
                 {"?before_id=claude-x", "toy,toy-embed", false},
                 {"?before_id=toy", "", false},
                 {"?beta=true&limit=1000", "toy,toy-embed,claude-x", false}};
    open_models();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[128];
        snprintf(path, sizeof path, "/v1/models%s", cases[i].query);
        AUTO(reply) *r = get(path);
        CHECK_INT(r->status, ==, 200);
        CHECK_STR(ids_of(r), str_of(cases[i].ids));
        CHECK_INT(has_more(r), ==, cases[i].more);
        if (!cases[i].ids[0])
            CHECK(json_type(reply_at(r, "first_id")) == J_NULL &&
                  json_type(reply_at(r, "last_id")) == J_NULL);
    }
    site_close();
}

TEST(a_page_that_is_none_is_refused)
{
    static const char *const bad[][2] = {{"?limit=0", "limit"},
                                         {"?limit=1001", "limit"},
                                         {"?limit=x", "limit"},
                                         {"?after_id=nirgends", "after_id"},
                                         {"?before_id=nirgends", "before_id"},
                                         {"?after_id=toy&before_id=toy", "before_id"},
                                         {"?page=2", "parameter"}};
    open_models();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[128];
        snprintf(path, sizeof path, "/v1/models%s", bad[i][0]);
        AUTO(reply) *r = get(path);
        check_error(r, 400, "invalid_request_error", bad[i][1]);
    }
    site_close();
}

TEST(a_model_is_shown_under_the_name_it_was_asked_by)
{
    static const char *const names[] = {"toy", "toy-embed", "claude-x"};
    open_models();
    for (size_t i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/models/%s", names[i]);
        AUTO(reply) *r = get(path);
        CHECK_INT(r->status, ==, 200);
        CHECK_STR(reply_text(r, "id"), str_of(names[i]));
        CHECK_STR(reply_text(r, "type"), STR("model"));
    }
    AUTO(reply) *none = get("/v1/models/nirgends");
    check_error(none, 404, "not_found_error", "nirgends");
    site_close();
}

TEST(models_are_for_those_with_a_key)
{
    open_models();
    AUTO(reply) *r = ask_with("GET", "/v1/models", (struct head){.version = VERSION}, "");
    check_error(r, 401, "authentication_error", "");
    AUTO(reply) *old = ask_with("GET", "/v1/models", (struct head){.key = key, .version = "x"}, "");
    check_error(old, 400, "invalid_request_error", "anthropic-version");
    site_close();
}
