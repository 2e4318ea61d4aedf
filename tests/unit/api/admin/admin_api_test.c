/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/admin/admin_api.h"

#include "unit/api/reply.h"

static void
open_site(void)
{
    site_open(&admin_table, 1, &admin_dialect);
}

static reply *
ask(const char *method, const char *path, const char *key, const char *body)
{
    return reply_to(key ? site.net : site.local,
                    (struct wish){method, path, key, NULL, str_of(body)});
}
/* The operator at the socket. */
#define LOCAL(method, path, body) ask(method, path, NULL, body)

/* ---- errors */
TEST(an_error_says_what_the_command_line_needs)
{
    const err e = {ERR_DENIED};
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(16 * 1024);
    NEED_OK(arena_open(1 << 20, &a));
    const struct api_error told = {e, STR("a sentence"), STR("field"), STR_NONE};
    admin_dialect.put_error(&b, &told);
    CHECK_STR(text_below(a, buf_str(&b), "error.code"), STR("DENIED"));
    CHECK_STR(text_below(a, buf_str(&b), "error.message"), STR("a sentence"));
    CHECK_STR(text_below(a, buf_str(&b), "error.param"), STR("field"));
    CHECK_STR(text_below(a, buf_str(&b), "error.hint"), str_of(err_info(e)->hint));
    CHECK(str_find(buf_str(&b), STR("\"exit\":77")) > 0);
}

/* ---- who may */
static const struct {
    const char *method, *path;
    int plain; /* what a plain key gets */
} routes[] = {{"GET", "/admin/v1/keys", 403},
              {"POST", "/admin/v1/keys", 403},
              {"DELETE", "/admin/v1/keys/amt", 403},
              {"POST", "/admin/v1/models", 403},
              {"DELETE", "/admin/v1/models/toy", 403},
              {"POST", "/admin/v1/models/toy/default", 403},
              {"PUT", "/admin/v1/aliases/a", 403},
              {"DELETE", "/admin/v1/aliases/a", 403},
              {"GET", "/admin/v1/status", 403},
              {"GET", "/admin/v1/route", 403},
              {"GET", "/metrics", 403},
              {"POST", "/admin/v1/keys/amt/rotate", 403},
              {"GET", "/admin/v1/limits", 403},
              {"GET", "/admin/v1/limits/key:amt", 403},
              {"PUT", "/admin/v1/limits/key:amt/streams", 403},
              {"DELETE", "/admin/v1/limits/key:amt/streams", 403},
              {"GET", "/admin/v1/tenants", 403},
              {"POST", "/admin/v1/tenants", 403},
              {"DELETE", "/admin/v1/tenants/haus", 403},
              {"GET", "/admin/v1/persons", 403},
              {"POST", "/admin/v1/persons", 403},
              {"DELETE", "/admin/v1/persons/frau", 403},
              {"POST", "/admin/v1/persons/frau/erase", 403},
              {"POST", "/admin/v1/cases/AZ-1/erase", 403},
              {"POST", "/admin/v1/persons/frau/clearance", 403},
              {"GET", "/admin/v1/clearances", 403},
              {"POST", "/admin/v1/clearances/1/approve", 403},
              {"GET", "/admin/v1/policy", 403},
              {"POST", "/admin/v1/policy", 403},
              {"POST", "/admin/v1/policy/rollback", 403},
              {"GET", "/admin/v1/policy/1", 403},
              {"POST", "/admin/v1/policy/1/approve", 403},
              {"POST", "/admin/v1/declassify", 400}, /* who may read a text may propose it */
              {"GET", "/admin/v1/declassify/dec_1", 403},
              {"POST", "/admin/v1/declassify/dec_1/approve", 403},
              {"POST", "/admin/v1/declassify/dec_1/release", 404},
              {"GET", "/admin/v1/models", 200}, /* models are for every key to see */
              {"GET", "/log/checkpoint", 403},
              {"POST", "/admin/v1/log/cosign", 403},
              {"GET", "/admin/v1/log/records", 403},
              {"GET", "/admin/v1/log/alarm", 403},
              {"POST", "/admin/v1/log/alarm", 403},
              {"POST", "/admin/v1/log/clear", 403},
              {"GET", "/admin/v1/content/req_1/salt", 403},
              {"GET", "/admin/v1/log/prune?before=2025-01-01", 403},
              {"POST", "/admin/v1/log/prune", 403},
              {"POST", "/admin/v1/log/prune/req_1/approve", 403},
              {"GET", "/admin/v1/content/req_x", 403},
              {"GET", "/admin/v1/explain/req_x", 404}}; /* and their own requests */

static const char *
body_for(size_t i)
{
    if (strstr(routes[i].path, "/rotate"))
        return "{}";
    if (strstr(routes[i].path, "/clearance"))
        return "{\"clearance\":\"offen\",\"valid_ms\":1}";
    if (strcmp(routes[i].path, "/admin/v1/policy") == 0)
        return "{\"text\":\"version: 1\"}";
    if (strstr(routes[i].path, "/dec_1/approve"))
        return "{\"sha256\":\"00\"}";
    if (strcmp(routes[i].path, "/admin/v1/declassify") == 0)
        return "{}";
    if (strstr(routes[i].path, "/cosign"))
        return "{\"note\":\"x\"}";
    if (strstr(routes[i].path, "/log/alarm") && strcmp(routes[i].method, "POST") == 0)
        return "{\"witness\":\"w\",\"why\":\"x\"}";
    if (strstr(routes[i].path, "/log/clear"))
        return "{\"reason\":\"x\"}";
    if (strcmp(routes[i].path, "/admin/v1/log/prune") == 0)
        return "{\"before\":\"2025-01-01\"}";
    if (strstr(routes[i].path, "/streams"))
        return "{\"value\":1}";
    if (strstr(routes[i].path, "tenants") || strstr(routes[i].path, "persons"))
        return "{\"name\":\"neu\"}";
    if (strcmp(routes[i].path, "/admin/v1/keys") == 0)
        return "{\"name\":\"neu\",\"clearance\":\"offen\"}";
    return strstr(routes[i].path, "aliases") ? "{\"model\":\"toy\"}" : "";
}

TEST(every_route_is_closed_to_the_network_without_a_key)
{
    open_site();
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        AUTO(reply) *r = reply_to(site.net, (struct wish){routes[i].method, routes[i].path, NULL,
                                                          NULL, str_of(body_for(i))});
        CHECK_INT(r->status, ==, 401);
        CHECK_STR(reply_field(r, "www-authenticate"), STR("Bearer"));
        CHECK_STR(reply_text(r, "error.code"), STR("UNAUTHENTICATED"));
    }
    site_close();
}

TEST(a_plain_key_is_denied_what_is_for_operators_with_the_rule)
{
    open_site();
    const char *key = site_key("amt", "VS-NfD");
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        AUTO(reply) *r = ask(routes[i].method, routes[i].path, key, body_for(i));
        if (r->status != routes[i].plain)
            test_fail(__FILE__, __LINE__, "%s %s: %d", routes[i].method, routes[i].path, r->status);
        if (r->status == 403)
            CHECK_STR(reply_text(r, "error.code"), STR("DENIED"));
    }
    CHECK(registry_get(site.rig.registry, STR("toy")) != NULL);
    AUTO(reply) *keys = LOCAL("GET", "/admin/v1/keys", "");
    CHECK(!reply_has(keys, "\"neu\"") && reply_has(keys, "\"valid\""));
    site_close();
}

TEST(the_table_has_no_route_this_test_does_not_know)
{
    /* /healthy and /ready are for everybody. */
    CHECK_INT(admin_table.count, ==, sizeof routes / sizeof *routes + 2);
    for (size_t i = 0; i < admin_table.count; i++)
        CHECK((admin_table.routes[i].auth == AUTH_NONE) ==
              (!strcmp(admin_table.routes[i].pattern, "/healthy") ||
               !strcmp(admin_table.routes[i].pattern, "/ready")));
}

TEST(an_operator_s_key_may_over_the_network_what_the_socket_may)
{
    open_site();
    const char *key = site_key("betrieb", NULL);
    AUTO(reply) *keys = ask("GET", "/admin/v1/keys", key, "");
    CHECK_INT(keys->status, ==, 200);
    AUTO(reply) *add =
        ask("POST", "/admin/v1/keys", key, "{\"name\":\"x\",\"clearance\":\"offen\"}");
    CHECK_INT(add->status, ==, 200);
    site_close();
}

/* ---- keys */
TEST(a_key_is_made_shown_once_listed_and_revoked)
{
    open_site();
    AUTO(reply) *add = LOCAL("POST", "/admin/v1/keys",
                             "{\"name\":\"amt\",\"clearance\":\"intern\",\"tenant\":\"haus\"}");
    CHECK_INT(add->status, ==, 200);
    CHECK_STR(reply_text(add, "name"), STR("amt"));
    const str key = reply_text(add, "key");
    NEED(key.len > 20);
    AUTO(reply) *list = LOCAL("GET", "/admin/v1/keys", "");
    CHECK_STR(reply_text(list, "0.name"), STR("amt"));
    CHECK_STR(reply_text(list, "0.tenant"), STR("haus"));
    CHECK_STR(reply_text(list, "0.clearance"), STR("intern"));
    CHECK_STR(reply_text(list, "0.state"), STR("valid"));
    CHECK(!reply_has(list, arena_fmt(add->a, "%.*s", STR_FMT(key)).at));
    AUTO(reply) *used = ask("GET", "/admin/v1/models", arena_str(add->a, key).at, "");
    CHECK_INT(used->status, ==, 200);
    AUTO(reply) *revoke = LOCAL("DELETE", "/admin/v1/keys/amt", "");
    CHECK_INT(revoke->status, ==, 200);
    CHECK_STR(buf_str(&revoke->body), STR("{\"ok\":true}"));
    AUTO(reply) *after = ask("GET", "/admin/v1/models", arena_str(add->a, key).at, "");
    CHECK_INT(after->status, ==, 401);
    AUTO(reply) *again = LOCAL("DELETE", "/admin/v1/keys/amt", "");
    CHECK_INT(again->status, ==, 404);
    AUTO(reply) *end = LOCAL("GET", "/admin/v1/keys", "");
    CHECK_STR(reply_text(end, "0.state"), STR("revoked"));
    site_close();
}

TEST(a_key_may_be_brought_along)
{
    open_site();
    AUTO(reply) *add =
        LOCAL("POST", "/admin/v1/keys",
              "{\"name\":\"alt\",\"clearance\":\"offen\",\"import\":\"sk-mitgebracht\"}");
    CHECK_INT(add->status, ==, 200);
    AUTO(reply) *used = ask("GET", "/admin/v1/models", "sk-mitgebracht", "");
    CHECK_INT(used->status, ==, 200);
    AUTO(reply) *twice =
        LOCAL("POST", "/admin/v1/keys",
              "{\"name\":\"neu\",\"clearance\":\"offen\",\"import\":\"sk-mitgebracht\"}");
    CHECK_INT(twice->status, ==, 409);
    CHECK(!reply_has(twice, "sk-mitgebracht"));
    site_close();
}

TEST(a_key_that_cannot_be_is_refused_and_the_field_named)
{
    static const struct {
        const char *body, *param;
    } bad[] = {
        {"{\"clearance\":\"offen\"}", "name"},
        {"{\"name\":\"\",\"clearance\":\"offen\"}", "name"},
        {"{\"name\":\"a b\",\"clearance\":\"offen\"}", "name"},
        {"{\"name\":5,\"clearance\":\"offen\"}", "name"},
        {"{\"name\":\"a\",\"clearance\":\"offen\",\"tenant\":\"/\"}", "tenant"},
        {"{\"name\":\"a\",\"clearance\":\"offen\",\"operator\":1}", "operator"},
        {"{\"name\":\"a\",\"clearance\":\"offen\",\"valid_ms\":-1}", "valid_ms"},
        {"{\"name\":\"a\",\"clearance\":\"offen\",\"valid_ms\":1.5}", "valid_ms"},
        {"{\"name\":\"a\",\"clearance\":\"offen\",\"roles\":[]}", "roles"},
        {"{\"name\":\"a\",\"clearance\":\"offen\",\"default_label\":\"intern\"}", "default_label"}};
    open_site();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = LOCAL("POST", "/admin/v1/keys", bad[i].body);
        CHECK_INT(r->status, ==, 400);
        CHECK_STR(reply_text(r, "error.param"), str_of(bad[i].param));
    }
    AUTO(reply) *none =
        LOCAL("POST", "/admin/v1/keys", "{\"name\":\"a\",\"clearance\":\"nichts\"}");
    CHECK_INT(none->status, ==, 400);
    AUTO(reply) *text = LOCAL("POST", "/admin/v1/keys", "name=a");
    CHECK_INT(text->status, ==, 400);
    AUTO(reply) *list = LOCAL("GET", "/admin/v1/keys", "");
    CHECK_STR(buf_str(&list->body), STR("[]"));
    site_close();
}

TEST(a_name_is_given_once)
{
    static const char body[] = "{\"name\":\"amt\",\"clearance\":\"offen\"}";
    open_site();
    AUTO(reply) *first = LOCAL("POST", "/admin/v1/keys", body);
    CHECK_INT(first->status, ==, 200);
    AUTO(reply) *second = LOCAL("POST", "/admin/v1/keys", body);
    CHECK_INT(second->status, ==, 409);
    site_close();
}

TEST(a_key_whose_record_fails_is_not_shown_and_does_not_work)
{
    open_site();
    atomic_store(&disk.room, 0);
    AUTO(reply) *r =
        LOCAL("POST", "/admin/v1/keys",
              "{\"name\":\"alt\",\"clearance\":\"offen\",\"import\":\"sk-mitgebracht\"}");
    atomic_store(&disk.room, -1);
    CHECK_INT(r->status, ==, 503);
    CHECK(!reply_has(r, "sk-mitgebracht"));
    AUTO(reply) *used = ask("GET", "/admin/v1/models", "sk-mitgebracht", "");
    CHECK_INT(used->status, ==, 401);
    site_close();
}

TEST(an_answer_waits_for_its_record)
{
    open_site();
    disk_hold();
    AUTO(reply) *r =
        reply_start(site.local, (struct wish){"POST", "/admin/v1/keys", NULL, NULL,
                                              STR("{\"name\":\"amt\",\"clearance\":\"offen\"}")});
    (void)SITE_UNTIL(atomic_load(&disk.stuck));
    rig_settle(&site.rig);
    CHECK_INT(r->heads, ==, 0);
    disk_release();
    reply_wait(r);
    CHECK_INT(r->status, ==, 200);
    site_close();
}

TEST(who_goes_away_before_the_record_is_durable_does_no_harm)
{
    open_site();
    disk_hold();
    reply *r =
        reply_start(site.local, (struct wish){"POST", "/admin/v1/keys", NULL, NULL,
                                              STR("{\"name\":\"amt\",\"clearance\":\"offen\"}")});
    (void)SITE_UNTIL(atomic_load(&disk.stuck));
    reply_auto(&r);
    (void)SITE_UNTIL(http_server_connections(site.server) == 0);
    disk_release();
    AUTO(reply) *list = LOCAL("GET", "/admin/v1/keys", "");
    CHECK_INT(list->status, ==, 200);
    AUTO(reply) *next = LOCAL("POST", "/admin/v1/keys", "{\"name\":\"b\",\"clearance\":\"offen\"}");
    CHECK_INT(next->status, ==, 200);
    site_close();
}

/* ---- models and aliases */
TEST(aliases_are_set_shown_and_removed)
{
    open_site();
    AUTO(reply) *set = LOCAL("PUT", "/admin/v1/aliases/gpt-4o", "{\"model\":\"toy\"}");
    CHECK_INT(set->status, ==, 200);
    AUTO(reply) *list = LOCAL("GET", "/admin/v1/models", "");
    CHECK_STR(reply_text(list, "aliases.0.alias"), STR("gpt-4o"));
    CHECK_STR(reply_text(list, "aliases.0.model"), STR("toy"));
    CHECK_STR(reply_text(list, "models.0.name"), STR("toy"));
    AUTO(reply) *gone = LOCAL("DELETE", "/admin/v1/aliases/gpt-4o", "");
    CHECK_INT(gone->status, ==, 200);
    AUTO(reply) *after = LOCAL("GET", "/admin/v1/models", "");
    CHECK(reply_has(after, "\"aliases\":[]"));
    site_close();
}

TEST(an_alias_names_a_model_that_is_there)
{
    static const char *const bad[] = {
        "{}", "{\"model\":\"\"}",           "{\"model\":null}", "{\"model\":5}", "[]",
        "",   "{\"model\":\"toy\",\"x\":1}"};
    open_site();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = LOCAL("PUT", "/admin/v1/aliases/a", bad[i]);
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *none = LOCAL("PUT", "/admin/v1/aliases/a", "{\"model\":\"nirgends\"}");
    CHECK_INT(none->status, ==, 404);
    AUTO(reply) *gone = LOCAL("DELETE", "/admin/v1/aliases/nirgends", "");
    CHECK_INT(gone->status, ==, 404);
    CHECK(!registry_alias_at(site.rig.registry, 0, &(str){NULL, 0}, &(str){NULL, 0}));
    site_close();
}

TEST(a_default_is_set_and_a_model_removed)
{
    open_site();
    rig_add_model(&site.rig, "zweit", MODEL_CHAT, "");
    AUTO(reply) *set = LOCAL("POST", "/admin/v1/models/zweit/default", "");
    CHECK_INT(set->status, ==, 200);
    CHECK(registry_is_default(site.rig.registry, registry_get(site.rig.registry, STR("zweit"))));
    AUTO(reply) *none = LOCAL("POST", "/admin/v1/models/nirgends/default", "");
    CHECK_INT(none->status, ==, 404);
    AUTO(reply) *gone = LOCAL("DELETE", "/admin/v1/models/toy", "");
    CHECK_INT(gone->status, ==, 200);
    AUTO(reply) *again = LOCAL("DELETE", "/admin/v1/models/toy", "");
    CHECK_INT(again->status, ==, 404);
    site_close();
}

/* ---- explain */
static const char *
explain_path(const reply *of)
{
    return arena_fmt(of->a, "/admin/v1/explain/%.*s", STR_FMT(reply_field(of, "x-request-id"))).at;
}

TEST(who_asked_may_see_the_record_and_the_operator_too_but_nobody_else)
{
    open_site();
    const char *key = site_key("amt", "offen"), *foreign = site_key("fremd", "VS-NfD");
    AUTO(reply) *denied = ask("GET", "/admin/v1/keys", key, "");
    CHECK_INT(denied->status, ==, 403);
    const char *path = explain_path(denied);
    site_key("danach", "offen"); /* its record is durable, and so is the denial's before it */
    AUTO(reply) *own = ask("GET", path, key, "");
    CHECK_INT(own->status, ==, 200);
    CHECK_STR(reply_text(own, "request"), reply_field(denied, "x-request-id"));
    CHECK(reply_text(own, "records.0.event").len > 0 && reply_has(own, "op.role"));
    AUTO(reply) *op = LOCAL("GET", path, "");
    CHECK_INT(op->status, ==, 200);
    CHECK(reply_has(op, "op.role"));
    AUTO(reply) *other = ask("GET", path, foreign, "");
    AUTO(reply) *unknown =
        ask("GET", "/admin/v1/explain/req_01ARZ3NDEKTSV4RRFFQ69G5FAV", foreign, "");
    CHECK_INT(other->status, ==, 404);
    CHECK_INT(unknown->status, ==, 404);
    CHECK_STR(buf_str(&other->body), buf_str(&unknown->body));
    AUTO(reply) *nothing = LOCAL("GET", "/admin/v1/explain/req_01ARZ3NDEKTSV4RRFFQ69G5FAV", "");
    CHECK_INT(nothing->status, ==, 404);
    site_close();
}

/* ---- state */
TEST(status_and_metrics_tell_the_state)
{
    open_site();
    AUTO(reply) *s = LOCAL("GET", "/admin/v1/status", "");
    CHECK_INT(s->status, ==, 200);
    CHECK_INT(reply_number(s, "gate_pid"), ==, getpid());
    CHECK_INT(reply_number(s, "requests_running"), ==, 0);
    CHECK_STR(reply_text(s, "level_max"), STR("VS-NfD"));
    CHECK_STR(reply_text(s, "address"), STR("127.0.0.1:7080"));
    CHECK_STR(reply_text(s, "commit"), STR("abc"));
    CHECK_INT(reply_number(s, "uptime_s"), ==, 7);
    AUTO(reply) *m = LOCAL("GET", "/metrics", "");
    CHECK_INT(m->status, ==, 200);
    CHECK(str_starts(reply_field(m, "content-type"), STR("text/plain; version=0.0.4")));
    CHECK(reply_has(m, "# TYPE ") && reply_has(m, "\nhoheit_"));
    site_close();
}

TEST(healthy_and_ready_are_for_everybody)
{
    open_site();
    AUTO(reply) *h = GET(site.net, "/healthy", NULL);
    CHECK_INT(h->status, ==, 200);
    CHECK_STR(buf_str(&h->body), STR("{\"status\":\"ok\"}"));
    AUTO(reply) *r = GET(site.net, "/ready", NULL);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "status"), STR("ready"));
    site_close();
}

TEST(ready_is_said_when_every_engine_that_was_asked_for_is)
{
    open_site();
    site.rig.talkers = false;
    CHECK_OK(gate_ready(site.rig.gate));
    (void)SITE_UNTIL(site.rig.starts >= 2);
    AUTO(reply) *loading = GET(site.net, "/ready", NULL);
    CHECK_INT(loading->status, ==, 503);
    CHECK_STR(reply_text(loading, "status"), STR("loading"));
    rig_ready(&site.rig, 0);
    rig_ready(&site.rig, 1);
    (void)SITE_UNTIL(gate_engines_ready(site.rig.gate));
    AUTO(reply) *ready = GET(site.net, "/ready", NULL);
    CHECK_INT(ready->status, ==, 200);
    site_close();
}

TEST(a_key_may_have_a_pair_and_what_is_imported_is_not_shown)
{
    open_site();
    AUTO(reply) *made = POST(site.local, "/admin/v1/keys", NULL,
                             "{\"name\":\"a\",\"clearance\":\"offen\",\"aws\":true}");
    CHECK(str_starts(reply_text(made, "access_key_id"), STR("HOHA")));
    CHECK_INT(reply_text(made, "secret_access_key").len, ==, 40);
    AUTO(reply) *given =
        POST(site.local, "/admin/v1/keys", NULL,
             "{\"name\":\"b\",\"clearance\":\"offen\",\"import_aws\":{\"access_key_"
             "id\":\"AKIDHOHEITTEST\",\"secret_access_key\":\"hoheit-secret\"}}");
    CHECK_INT(given->status, ==, 200);
    CHECK(!reply_has(given, "hoheit-secret") && !reply_has(given, "AKID"));
    AUTO(reply) *none = POST(site.local, "/admin/v1/keys", NULL,
                             "{\"name\":\"c\",\"clearance\":\"offen\",\"aws\":false}");
    CHECK_INT(none->status, ==, 200);
    CHECK(!reply_has(none, "access_key_id"));
    site_close();
}

TEST(a_pair_that_cannot_be_is_refused_and_named)
{
    static const char *const bad[] = {
        "true",
        "{}",
        "{\"access_key_id\":\"AKIDHOHEITTEST\"}",
        "{\"access_key_id\":\"\",\"secret_access_key\":\"hoheit-secret\"}",
        "{\"access_key_id\":\"AKIDHOHEITTEST\",\"secret_access_key\":\"x\"}",
        "{\"access_key_id\":\"AKIDHOHEITTEST\",\"secret_access_key\":\"hoheit-secret\",\"x\":1}"};
    open_site();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char body[400];
        snprintf(body, sizeof body, "{\"name\":\"a\",\"clearance\":\"offen\",\"import_aws\":%s}",
                 bad[i]);
        AUTO(reply) *r = POST(site.local, "/admin/v1/keys", NULL, body);
        CHECK_INT(r->status, ==, 400);
        CHECK(str_starts(reply_text(r, "error.param"), STR("import_aws")));
    }
    site_close();
}
