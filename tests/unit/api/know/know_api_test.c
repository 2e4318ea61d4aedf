/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/know/know_api.h"

#include "api/openai/openai.h"
#include "unit/api/reply.h"
#include "unit/work/library/town.h"

#define MARKED(key, label, path, text)                                                             \
    reply_to(site.net, (struct wish){"POST", path, key, label, str_of(text)})
#define REMOVE(key, path) reply_to(site.net, (struct wish){"DELETE", path, key, NULL, STR_NONE})
#define DOCS "/v1/know/wissen/documents"
#define FIND "/v1/know/wissen/search"
#define ONE(name, text) "{\"documents\":[{\"name\":\"" name "\",\"text\":\"" text "\"}]}"

static struct town town;
static const char *operator_key, *low, *high;

static void
open_know(void)
{
    static struct route_table tables[2];
    tables[0] = openai_table;
    tables[1] = know_table;
    site_open(tables, 2, &openai_dialect);
    town_open(&town, &site.rig);
    api_set_library(site.api, town.library);
    operator_key = site_key("chef", NULL);
    low = site_key("unten", "offen");
    high = site_key("oben", "VS-NfD");
}

static void
close_know(void)
{
    http_server_free(TAKE(site.server));
    town_close(&town);
    site_close();
}

TEST(only_an_operator_makes_and_removes_collections)
{
    open_know();
    AUTO(reply) *no = POST(site.net, "/v1/know", high, "{\"name\":\"neu\"}");
    CHECK_INT(no->status, ==, 403);
    AUTO(reply) *none = POST(site.net, "/v1/know", NULL, "{\"name\":\"neu\"}");
    CHECK_INT(none->status, ==, 401);
    AUTO(reply) *yes = POST(site.net, "/v1/know", operator_key, "{\"name\":\"neu\"}");
    CHECK_INT(yes->status, ==, 200);
    CHECK_STR(reply_text(yes, "id"), STR("neu"));
    AUTO(reply) *twice = POST(site.net, "/v1/know", operator_key, "{\"name\":\"neu\"}");
    CHECK_INT(twice->status, ==, 409);
    AUTO(reply) *list = GET(site.net, "/v1/know", low);
    CHECK_STR(reply_text(list, "data.0.id"), STR("neu"));
    CHECK_STR(reply_text(list, "data.1.id"), STR("wissen"));
    AUTO(reply) *kept = REMOVE(high, "/v1/know/neu");
    CHECK_INT(kept->status, ==, 403);
    AUTO(reply) *gone = REMOVE(operator_key, "/v1/know/neu");
    CHECK_INT(gone->status, ==, 200);
    AUTO(reply) *again = REMOVE(operator_key, "/v1/know/neu");
    CHECK_INT(again->status, ==, 404);
    CHECK(rig_record(&site.rig, "know.manage", "", 1).len > 0);
    CHECK(!rig_record(&site.rig, "know.manage", "", 2).len);
    close_know();
}

TEST(a_collection_without_a_good_name_is_not_made)
{
    static const char *const bad[] = {"{\"name\":\"../x\"}",
                                      "{\"name\":\"\"}",
                                      "{\"name\":\"a b\"}",
                                      "{\"name\":1}",
                                      "{}",
                                      "{\"nahme\":\"x\"}",
                                      "[]"};
    open_know();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.net, "/v1/know", operator_key, bad[i]);
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *list = GET(site.net, "/v1/know", operator_key);
    CHECK(!reply_at(list, "data.1").v);
    close_know();
}

TEST(documents_are_added_replaced_and_left_as_they_are)
{
    open_know();
    AUTO(reply) *added = MARKED(low, NULL, DOCS, ONE("see", "Baden im Weiher ist erlaubt."));
    CHECK_INT(added->status, ==, 200);
    CHECK_STR(buf_str(&added->body), STR("{\"added\":1,\"replaced\":0,\"same\":0}"));
    AUTO(reply) *same = MARKED(low, NULL, DOCS, ONE("see", "Baden im Weiher ist erlaubt."));
    CHECK_STR(buf_str(&same->body), STR("{\"added\":0,\"replaced\":0,\"same\":1}"));
    AUTO(reply) *new = MARKED(low, NULL, DOCS, ONE("see", "Baden im Weiher ist verboten."));
    CHECK_STR(buf_str(&new->body), STR("{\"added\":0,\"replaced\":1,\"same\":0}"));
    AUTO(reply) *r = POST(site.net, FIND, low, "{\"query\":\"Baden im Weiher\"}");
    CHECK(reply_has(r, "verboten") && !reply_has(r, "erlaubt"));
    AUTO(reply) *gone = REMOVE(low, DOCS "/see");
    CHECK_INT(gone->status, ==, 200);
    AUTO(reply) *twice = REMOVE(low, DOCS "/see");
    CHECK_INT(twice->status, ==, 404);
    AUTO(reply) *nothing = POST(site.net, FIND, low, "{\"query\":\"Baden im Weiher\"}");
    CHECK(!reply_has(nothing, "verboten"));
    close_know();
}

TEST(each_change_is_on_record_once_with_its_digest_and_without_its_words)
{
    open_know();
    const char *const body = ONE("see", "Baden im Weiher.");
    AUTO(reply) *r = MARKED(low, NULL, DOCS, body);
    CHECK_INT(r->status, ==, 200);
    const str change = rig_record(&site.rig, "know.add", "", 0);
    CHECK(change.len > 0);
    CHECK(rig_has(change, "\"object\":\"wissen\""));
    CHECK(rig_has(change, asker_digest("input", str_of(body))));
    CHECK(!rig_record(&site.rig, "know.add", "", 1).len);
    CHECK(str_find(rig_log(&site.rig), STR("Weiher")) < 0);
    close_know();
}

/* The promise over HTTP: what is above the key changes no byte of any answer but the request's id.
 */
TEST(what_is_above_the_clearance_is_as_if_it_were_not_there)
{
    static const char *const questions[] = {"{\"query\":\"Hundesteuer\"}",
                                            "{\"query\":\"Planung Zukunft 200 Euro\"}",
                                            "{\"query\":\"Zukumft\",\"max_num_results\":50}"};
    str before[3] = {{0}};
    open_know();
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < 3; i++) {
        AUTO(reply) *r = POST(site.net, FIND, low, questions[i]);
        CHECK_INT(r->status, ==, 200);
        before[i] = arena_str(a, buf_str(&r->body));
    }
    AUTO(reply) *stat = GET(site.net, "/v1/know/wissen", low);
    AUTO(reply) *hidden = REMOVE(low, DOCS "/plan");
    AUTO(reply) *missing = REMOVE(low, DOCS "/gibt-es-nicht");
    CHECK_INT(hidden->status, ==, 404);
    CHECK_STR(buf_str(&hidden->body), buf_str(&missing->body));
    AUTO(reply) *gone = REMOVE(high, DOCS "/plan");
    CHECK_INT(gone->status, ==, 200);
    for (size_t i = 0; i < 3; i++) {
        AUTO(reply) *r = POST(site.net, FIND, low, questions[i]);
        CHECK_STR(buf_str(&r->body), before[i]);
    }
    AUTO(reply) *stat_after = GET(site.net, "/v1/know/wissen", low);
    CHECK_STR(buf_str(&stat->body), buf_str(&stat_after->body));
    CHECK_INT(reply_number(stat, "documents"), ==, 2);
    close_know();
}

TEST(nothing_is_added_above_the_clearance_and_nothing_looked_up_for_who_shows_no_key)
{
    open_know();
    AUTO(reply) *above = MARKED(low, "VS-NfD", DOCS, ONE("x", "Streng."));
    CHECK_INT(above->status, ==, 403);
    AUTO(reply) *odd = MARKED(high, "lustig", DOCS, ONE("x", "Streng."));
    CHECK_INT(odd->status, ==, 400);
    AUTO(reply) *none = MARKED(NULL, NULL, DOCS, ONE("x", "Streng."));
    CHECK_INT(none->status, ==, 401);
    AUTO(reply) *find = POST(site.net, FIND, NULL, "{\"query\":\"Hund\"}");
    CHECK_INT(find->status, ==, 401);
    AUTO(reply) *all = POST(site.net, FIND, high, "{\"query\":\"Streng\"}");
    CHECK(!reply_has(all, "Streng."));
    close_know();
}

TEST(of_documents_one_of_which_is_bad_none_is_added)
{
    static const struct {
        const char *body, *param;
    } bad[] = {
        {"{\"documents\":[{\"name\":\"gut\",\"text\":\"Weiher\"},{\"name\":\"x\"}]}",
         "documents[1].text"},
        {"{\"documents\":[{\"name\":\"gut\",\"text\":\"Weiher\"},{\"text\":\"x\"}]}",
         "documents[1].name"},
        {"{\"documents\":[{\"name\":\"gut\",\"text\":\"Weiher\"},{\"name\":\"\",\"text\":\"x\"}]}",
         ""},
        {"{\"documents\":[{\"name\":\"gut\",\"text\":\"Weiher\",\"form\":\"doc\"}]}",
         "documents[0].form"},
        {"{\"documents\":[{\"name\":\"gut\",\"text\":\"Weiher\",\"mark\":1}]}",
         "documents[0].mark"},
        {"{\"documents\":[]}", "documents"},
        {"{\"documents\":{}}", "documents"},
        {"{}", "documents"}};
    open_know();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = MARKED(low, NULL, DOCS, bad[i].body);
        CHECK_INT(r->status, ==, 400);
        if (*bad[i].param)
            CHECK_STR(reply_text(r, "error.param"), str_of(bad[i].param));
        AUTO(reply) *next = MARKED(low, NULL, DOCS, ONE("danach", "Etwas anderes."));
        CHECK_INT(next->status, ==, 200);
        AUTO(reply) *find = POST(site.net, FIND, low, "{\"query\":\"Weiher\"}");
        CHECK(!reply_at(find, "data.0").v);
    }
    CHECK(!rig_has(rig_log(&site.rig), "gut"));
    close_know();
}

TEST(a_search_refuses_what_it_does_not_know)
{
    static const char *const bad[] = {"{}",
                                      "{\"query\":\"\"}",
                                      "{\"query\":1}",
                                      "{\"query\":\"x\",\"max_num_results\":0}",
                                      "{\"query\":\"x\",\"max_num_results\":51}",
                                      "{\"query\":\"x\",\"filters\":{}}",
                                      "{\"query\":\"x\",\"rewrite_query\":1}"};
    open_know();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *no = POST(site.net, FIND, low, bad[i]);
        CHECK_INT(no->status, ==, 400);
    }
    close_know();
}

TEST(what_is_not_there_is_not_found_by_any_route)
{
    open_know();
    AUTO(reply) *find = POST(site.net, "/v1/know/nichts/search", low, "{\"query\":\"x\"}");
    AUTO(reply) *stat = GET(site.net, "/v1/know/nichts", low);
    AUTO(reply) *add = POST(site.net, "/v1/know/nichts/documents", low, ONE("a", "b"));
    AUTO(reply) *drop = REMOVE(low, "/v1/know/nichts/documents/a");
    AUTO(reply) *remove = REMOVE(operator_key, "/v1/know/nichts");
    const reply *const all[] = {find, stat, add, drop, remove};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        CHECK_INT(all[i]->status, ==, 404);
    CHECK(!rig_record(&site.rig, "know.add", "", 0).len);
    CHECK(!rig_record(&site.rig, "know.rm", "", 0).len);
    close_know();
}
