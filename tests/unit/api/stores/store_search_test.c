/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/stores/shelf.h"

static str
found(const char *key, const char *store, const char *body)
{
    AUTO(reply) *r = shelf_send("POST", key, shelf_path(store, "/search"), body);
    return arena_fmt(site.rig.a, "%d %.*s %.*s", r->status,
                     STR_FMT(reply_field(r, "x-hoheit-label")), STR_FMT(buf_str(&r->body)));
}

#define HAS(text, part) (str_find(text, STR(part)) >= 0)

TEST(a_search_has_the_shape_clients_expect)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const store = shelf_store(k, "{}");
    shelf_add(k, store, shelf_file(k, "offen", "# Hund\n\nDie Hundesteuer beträgt 96 Euro."));
    AUTO(reply) *r = shelf_send("POST", k, shelf_path(store, "/search"),
                                "{\"query\":[\"Hundesteuer\",\"Euro\"],\"max_num_results\":5,"
                                "\"rewrite_query\":true,\"ranking_options\":{\"ranker\":\"auto\","
                                "\"score_threshold\":0}}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "object"), STR("vector_store.search_results.page"));
    CHECK_STR(reply_text(r, "search_query.1"), STR("Euro"));
    CHECK_STR(reply_text(r, "data.0.filename"), STR("a.md"));
    CHECK_STR(reply_text(r, "data.0.content.0.type"), STR("text"));
    CHECK(HAS(reply_text(r, "data.0.content.0.text"), "96 Euro"));
    close_shelf();
}

TEST(what_is_above_changes_not_one_byte)
{
    open_shelf();
    const char *k = site_key("amt", "VS-NfD");
    const char *const store = shelf_store(k, "{}"),
                      *const q = "{\"query\":\"Hundesteuer Erhöhung\",\"filters\":{\"type\":\"ne\","
                                 "\"key\":\"a\",\"value\":1}}";
    shelf_add(k, store, shelf_file(k, "offen", "# Hund\n\nDie Hundesteuer beträgt 96 Euro."));
    clear_for(k, "offen");
    const str before = found(k, store, q);
    clear_for(k, "VS-NfD");
    shelf_add(k, store, shelf_file(k, "intern", "# Plan\n\nErhöhung der Hundesteuer auf 200."));
    CHECK(HAS(found(k, store, q), "200 intern") && HAS(found(k, store, q), "auf 200"));
    clear_for(k, "offen");
    CHECK_STR(found(k, store, q), before);
    CHECK(HAS(before, "200 offen") && HAS(before, "96 Euro"));
    close_shelf();
}

TEST(what_is_no_search_is_refused)
{
    static const char *const bad[] = {
        "{}",
        "{\"query\":7}",
        "{\"query\":[]}",
        "{\"query\":\"\"}",
        "{\"query\":\"x\",\"max_num_results\":0}",
        "{\"query\":\"x\",\"max_num_results\":51}",
        "{\"query\":\"x\",\"filters\":{}}",
        "{\"query\":\"x\",\"ranking_options\":{\"score_threshold\":2}}",
        "{\"query\":\"x\",\"ranking_options\":{\"model\":\"y\"}}",
        "{\"query\":\"x\",\"rewrite_query\":\"ja\"}",
        "{\"query\":\"x\",\"top_k\":3}",
        NULL};
    static const char *const good[] = {"{\"query\":\"x\"}", NULL};
    open_shelf();
    const char *k = site_key("amt", "VS-NfD"), *other = site_key("du", "VS-NfD");
    const char *const store = shelf_store(k, "{}");
    shelf_refused(k, "POST", shelf_path(store, "/search"), bad, 400);
    shelf_refused(k, "POST", shelf_path(store, "/search"), good, 200);
    shelf_refused(k, "POST", shelf_path("vs_nix", "/search"), good, 404);
    shelf_refused(k, "POST", shelf_path("nichts", "/search"), good, 404);
    shelf_refused(other, "POST", shelf_path(store, "/search"), good, 404);
    close_shelf();
}
