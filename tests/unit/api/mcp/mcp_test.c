/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/mcp/mcp.h"

#include "api/openai/openai.h"
#include "unit/api/reply.h"
#include "unit/gate/records.h"

static void
open_mcp(void)
{
    static struct route_table tables[2];
    tables[0] = openai_table;
    tables[1] = mcp_table;
    site_open(tables, 2, &openai_dialect);
}

struct said {
    const char *key, *session, *origin, *version, *label, *body;
};

static reply *
say(struct said s)
{
    struct http_field fields[6] = {{STR("content-type"), STR("application/json")}};
    reply *r = reply_new(site.net);
    size_t n = 1;
    if (s.key) {
        snprintf(r->bearer, sizeof r->bearer, "Bearer %s", s.key);
        fields[n++] = (struct http_field){STR("authorization"), str_of(r->bearer)};
    }
    if (s.session)
        fields[n++] = (struct http_field){STR("mcp-session-id"), str_of(s.session)};
    if (s.origin)
        fields[n++] = (struct http_field){STR("origin"), str_of(s.origin)};
    if (s.version)
        fields[n++] = (struct http_field){STR("mcp-protocol-version"), str_of(s.version)};
    if (s.label)
        fields[n++] = (struct http_field){STR("x-hoheit-label"), str_of(s.label)};
    reply_send(r, (struct wish){"POST", "/mcp", NULL, NULL, str_of(s.body)}, fields, n);
    return reply_wait(r);
}

#define HELLO(version)                                                                             \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"     \
    "\"" version "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}"
#define REQUEST(method, params)                                                                    \
    "{\"jsonrpc\":\"2.0\",\"id\":\"r\",\"method\":\"" method "\",\"params\":" params "}"
#define CALL(name, arguments)                                                                      \
    REQUEST("tools/call", "{\"name\":\"" name "\",\"arguments\":" arguments "}")

static const char *
greet(const char *key)
{
    AUTO(reply) *r = say((struct said){.key = key, .body = HELLO("2025-06-18")});
    CHECK_INT(r->status, ==, 200);
    return arena_str(site.rig.a, reply_field(r, "mcp-session-id")).at;
}

TEST(versions_are_agreed_upon)
{
    open_mcp();
    const char *k = site_key("amt", "VS-NfD");
    AUTO(reply) *now = say((struct said){.key = k, .body = HELLO("2025-06-18")});
    CHECK_STR(reply_text(now, "result.protocolVersion"), STR("2025-06-18"));
    CHECK_STR(reply_text(now, "result.serverInfo.name"), STR("hoheit"));
    CHECK(reply_at(now, "result.capabilities.tools").v != NULL);
    AUTO(reply) *before = say((struct said){.key = k, .body = HELLO("2025-03-26")});
    CHECK_STR(reply_text(before, "result.protocolVersion"), STR("2025-03-26"));
    AUTO(reply) *other = say((struct said){.key = k, .body = HELLO("1999-01-01")});
    CHECK_STR(reply_text(other, "result.protocolVersion"), STR("2025-11-25"));
    AUTO(reply) *latest = say((struct said){.key = k, .body = HELLO("2025-11-25")});
    CHECK_STR(reply_text(latest, "result.protocolVersion"), STR("2025-11-25"));
    AUTO(reply) *none = say((struct said){.key = k, .body = REQUEST("initialize", "{}")});
    CHECK_INT(reply_number(none, "error.code"), ==, -32602);
    site_close();
}

TEST(a_session_comes_with_all_that_follows_and_is_its_keys_own)
{
    open_mcp();
    const char *k = site_key("amt", "VS-NfD"), *other = site_key("du", "VS-NfD");
    const char *const mine = greet(k), *const theirs = greet(other);
    static const char ping[] = REQUEST("ping", "{}");
    static const struct {
        bool theirs, is_mine;
        const char *session;
        int status;
    } cases[] = {{false, true, NULL, 200},
                 {true, false, NULL, 404},
                 {false, false, "", 400},
                 {false, false, "mcp_x.abc", 404},
                 {false, false, "nichts", 404}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const id = cases[i].is_mine  ? mine
                               : cases[i].theirs ? theirs
                                                 : cases[i].session;
        AUTO(reply) *r = say((struct said){.key = k, .session = *id ? id : NULL, .body = ping});
        CHECK_INT(r->status, ==, cases[i].status);
    }
    AUTO(reply) *old =
        say((struct said){.key = k, .session = mine, .version = "2024-11-05", .body = ping});
    CHECK_INT(old->status, ==, 400);
    AUTO(reply) *fits =
        say((struct said){.key = k, .session = mine, .version = "2025-06-18", .body = ping});
    CHECK_STR(buf_str(&fits->body), STR("{\"jsonrpc\":\"2.0\",\"id\":\"r\",\"result\":{}}"));
    AUTO(reply) *nobody = say((struct said){.body = HELLO("2025-06-18")});
    CHECK_INT(nobody->status, ==, 401);
    site_close();
}

TEST(pages_of_other_origins_are_refused)
{
    static const struct {
        const char *origin;
        int status;
    } cases[] = {{"http://localhost:3000", 200},
                 {"http://127.0.0.1", 200},
                 {"http://[::1]:80", 200},
                 {"https://amt.example", 200},
                 {"https://evil.example", 403},
                 {"http://localhost.evil.example", 403},
                 {"http://127.0.0.1.evil.example", 403},
                 {"https://amt.example.evil", 403},
                 {"null", 403},
                 {"localhost", 403}};
    open_mcp();
    const char *k = site_key("amt", "VS-NfD");
    snprintf(site.rig.params.mcp_origins, sizeof site.rig.params.mcp_origins, "%s",
             "https://x.example, https://amt.example");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r =
            say((struct said){.key = k, .origin = cases[i].origin, .body = HELLO("2025-06-18")});
        if (r->status != cases[i].status)
            test_fail(__FILE__, __LINE__, "%s: %d", cases[i].origin, r->status);
    }
    site_close();
}

TEST(what_is_no_message_or_no_method_is_told_as_the_protocol_says)
{
    static const struct {
        const char *body;
        int status, code;
    } cases[] = {
        {"{", 400, -32700},
        {"[" REQUEST("ping", "{}") "]", 400, -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", 400, -32600},
        {REQUEST("resources/list", "{}"), 200, -32601},
        {REQUEST("tools/list", "{\"cursor\":\"x\"}"), 200, -32602},
        {REQUEST("tools/call", "{}"), 200, -32602},
        {CALL("rm", "{}"), 200, -32602},
        {CALL("ask", "{\"message\":7}"), 200, -32602},
        {CALL("ask", "{\"message\":\"x\",\"tools\":[]}"), 200, -32602},
    };
    open_mcp();
    const char *k = site_key("amt", "VS-NfD");
    const char *const s = greet(k);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = say((struct said){.key = k, .session = s, .body = cases[i].body});
        if (r->status != cases[i].status || reply_number(r, "error.code") != cases[i].code)
            test_fail(__FILE__, __LINE__, "%s: %d %.*s", cases[i].body, r->status,
                      STR_FMT(buf_str(&r->body)));
    }
    site_close();
}

TEST(notifications_are_taken_without_an_answer)
{
    open_mcp();
    const char *k = site_key("amt", "VS-NfD");
    const char *const s = greet(k);
    AUTO(reply) *r = say(
        (struct said){.key = k,
                      .session = s,
                      .body = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"});
    CHECK_INT(r->status, ==, 202);
    CHECK_INT(r->body.len, ==, 0);
    AUTO(reply) *back = say((struct said){
        .key = k, .session = s, .body = "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}"});
    CHECK_INT(back->status, ==, 202);
    AUTO(reply) *get = GET(site.net, "/mcp", k);
    CHECK_INT(get->status, ==, 405);
    site_close();
}

TEST(a_tool_goes_the_way_of_its_route_and_says_its_label)
{
    open_mcp();
    const char *k = site_key("amt", "VS-NfD");
    const char *const s = greet(k);
    AUTO(reply) *list =
        say((struct said){.key = k, .session = s, .body = REQUEST("tools/list", "{}")});
    CHECK_STR(reply_text(list, "result.tools.0.name"), STR("ask"));
    AUTO(reply) *r =
        say((struct said){.key = k,
                          .session = s,
                          .body = CALL("ask", "{\"message\":\"hallo\",\"label\":\"intern\"}")});
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "result.content.0.type"), STR("text"));
    CHECK(reply_text(r, "result.content.0.text").len > 5);
    CHECK_STR(reply_text(r, "result.structuredContent.object"), STR("chat.completion"));
    CHECK(reply_has(r, "\"isError\":false"));
    CHECK_STR(reply_text(r, "result._meta.hoheit/label"), STR("intern"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    const str id = reply_text(r, "result._meta.hoheit/request");
    CHECK(str_starts(id, STR("req_")));
    CHECK(rig_record(&site.rig, "decision", arena_str(site.rig.a, id).at, 0).len > 0);
    site_close();
}

TEST(what_policy_denies_or_a_route_lacks_is_an_error_of_the_tool)
{
    open_mcp();
    const char *k = site_key("amt", "offen");
    const char *const s = greet(k);
    AUTO(reply) *denied = say((struct said){
        .key = k, .session = s, .label = "VS-NfD", .body = CALL("ask", "{\"message\":\"x\"}")});
    CHECK_INT(denied->status, ==, 200);
    CHECK(reply_has(denied, "\"isError\":true"));
    CHECK(!reply_at(denied, "result.structuredContent").v);
    AUTO(reply) *model = say((struct said){
        .key = k, .session = s, .body = CALL("ask", "{\"message\":\"x\",\"model\":\"nix\"}")});
    CHECK(reply_has(model, "\"isError\":true"));
    AUTO(reply) *none = say((struct said){/* this site has no such route */
                                          .key = k,
                                          .session = s,
                                          .body = CALL("ask_citizen", "{\"question\":\"x\"}")});
    CHECK(reply_has(none, "\"isError\":true"));
    site_close();
}

TEST(a_client_that_goes_away_stops_what_it_asked_for)
{
    open_mcp();
    const char *k = site_key("amt", "VS-NfD");
    const char *const s = greet(k);
    struct http_field fields[] = {{STR("content-type"), STR("application/json")},
                                  {STR("mcp-session-id"), str_of(s)},
                                  {STR("authorization"), STR_NONE}};
    AUTO(reply) *r = reply_new(site.net);
    snprintf(r->bearer, sizeof r->bearer, "Bearer %s", k);
    fields[2].value = str_of(r->bearer);
    reply_send(
        r, (struct wish){"POST", "/mcp", NULL, NULL, STR(CALL("ask", "{\"message\":\"!hang\"}"))},
        fields, 3);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 1);
    http_client_free(TAKE(r->client));
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0);
    site_close();
}

TEST(since_2025_11_25_wrong_arguments_are_an_error_of_the_tool_that_its_model_reads)
{
    static const struct {
        const char *body;
        bool of_tool;
    } cases[] = {{CALL("ask", "{\"message\":7}"), true},
                 {CALL("ask", "{\"message\":\"x\",\"tools\":[]}"), true},
                 {CALL("rm", "{}"), false},
                 {REQUEST("tools/call", "{}"), false}};
    open_mcp();
    const char *k = site_key("amt", "VS-NfD"), *mine = greet(k);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = say((struct said){
            .key = k, .session = mine, .version = "2025-11-25", .body = cases[i].body});
        CHECK_INT(r->status, ==, 200);
        CHECK(cases[i].of_tool == reply_has(r, "\"isError\":true"));
        CHECK(cases[i].of_tool ==
              (reply_text(r, "result.content.0.text").len > 10 && !reply_at(r, "error").v));
    }
    site_close();
}
