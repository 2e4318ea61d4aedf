/* SPDX-License-Identifier: EUPL-1.2 */
/* The officials' side of what was handed over, in api/citizen/desk.c. */
#include "unit/api/citizen/town_site.h"

#define CASES "/v1/citizen/cases"
#define HUND "{\"question\":\"Wie hoch ist die Hundesteuer?\"}"
#define SKY "{\"question\":\"Welche Farbe hat der Himmel über Neptun?\"}"

/* The path of a case that `key` just handed over. */
static const char *
handed(const char *key, const char *body)
{
    static char rooms[4][100];
    static unsigned next;
    char *const room = rooms[next++ % 4];
    AUTO(reply) *r = POST(site.net, "/v1/citizen/handover", key, body);
    CHECK_INT(r->status, ==, 200);
    snprintf(room, 100, CASES "/%.*s", STR_FMT(reply_text(r, "id")));
    return room;
}

/* Whose work the questions are: keys of the role business. */
static const char *
official(const char *name, const char *clearance)
{
    return site_key_as(name, clearance, "business");
}

static size_t
count_data(const reply *r)
{
    size_t n = 0;
    char path[32];
    for (; n < 50; n++) {
        snprintf(path, sizeof path, "data.%zu", n);
        if (!reply_at(r, path).v)
            break;
    }
    return n;
}

TEST(a_case_is_seen_with_its_draft_and_released_as_it_is)
{
    open_town("wissen");
    const char *k = official("amt", "offen");
    const char *const path = handed(k, HUND);
    AUTO(reply) *seen = GET(site.net, path, k);
    CHECK_INT(seen->status, ==, 200);
    CHECK_STR(reply_text(seen, "state"), STR("open"));
    CHECK_STR(reply_text(seen, "asked.question"), STR("Wie hoch ist die Hundesteuer?"));
    CHECK(str_find(reply_text(seen, "asked.draft.cards.0.quote"), STR("96 Euro")) >= 0);
    AUTO(reply) *done = POST(site.net, path, k, "{\"decision\":\"release\"}");
    CHECK_INT(done->status, ==, 200);
    CHECK_STR(reply_text(done, "state"), STR("released"));
    CHECK_STR(reply_text(done, "decision.by"), STR("amt"));
    CHECK(rig_record(&site.rig, "citizen.decide", "", 0).len > 0);
    AUTO(reply) *twice = POST(site.net, path, k, "{\"decision\":\"reject\"}");
    CHECK_INT(twice->status, ==, 409);
    CHECK(!rig_record(&site.rig, "citizen.decide", "", 1).len);
    close_town();
}

TEST(who_has_not_the_role_sees_no_case_and_decides_none)
{
    open_town("wissen");
    const char *const keys[] = {site_key("amt", "VS-NfD"), site_key("chef", NULL),
                                site_key_as("revision", "VS-NfD", "auditor")};
    const char *const path = handed(keys[0], HUND);
    for (size_t i = 0; i < 3; i++) {
        AUTO(reply) *list = GET(site.net, CASES, keys[i]);
        CHECK_INT(list->status, ==, 403);
        AUTO(reply) *seen = GET(site.net, path, keys[i]);
        CHECK_INT(seen->status, ==, 403);
        AUTO(reply) *done = POST(site.net, path, keys[i], "{\"decision\":\"release\"}");
        CHECK_INT(done->status, ==, 403);
        CHECK(reply_has(done, "business (Fach)"));
    }
    CHECK(rig_has(rig_record(&site.rig, "decision", "", 0), "citizen"));
    AUTO(reply) *good =
        POST(site.net, path, official("fach", "VS-NfD"), "{\"decision\":\"reject\"}");
    CHECK_INT(good->status, ==, 200);
    close_town();
}

TEST(lists_are_by_state_and_hold_what_the_key_may_see)
{
    open_town("wissen");
    const char *low = official("unten", "offen"), *high = official("oben", "VS-NfD");
    const char *const first = handed(low, HUND);
    (void)handed(low, SKY);
    (void)handed(high, HUND);
    AUTO(reply) *rejected = POST(site.net, first, low, "{\"decision\":\"reject\"}");
    CHECK_INT(rejected->status, ==, 200);
    AUTO(reply) *all = GET(site.net, CASES, high);
    CHECK_INT(count_data(all), ==, 3);
    CHECK_STR(reply_field(all, "x-hoheit-label"), STR("VS-NfD"));
    AUTO(reply) *mine = GET(site.net, CASES, low);
    CHECK_INT(count_data(mine), ==, 2);
    CHECK_STR(reply_field(mine, "x-hoheit-label"), STR("offen"));
    AUTO(reply) *open = GET(site.net, CASES "?state=open", low);
    CHECK_INT(count_data(open), ==, 1);
    CHECK(!reply_has(all, "Hundesteuer")); /* heads only */
    AUTO(reply) *bad = GET(site.net, CASES "?state=zu", low);
    CHECK_INT(bad->status, ==, 400);
    AUTO(reply) *odd = GET(site.net, CASES "?was=zu", low);
    CHECK_INT(odd->status, ==, 400);
    AUTO(reply) *none = GET(site.net, CASES, NULL);
    CHECK_INT(none->status, ==, 401);
    close_town();
}

TEST(what_is_above_the_clearance_cannot_be_seen_or_decided)
{
    open_town("wissen");
    const char *low = official("unten", "offen"), *high = official("oben", "VS-NfD");
    const char *const path = handed(high, HUND);
    AUTO(reply) *seen = GET(site.net, path, low);
    AUTO(reply) *missing = GET(site.net, CASES "/case_NICHTS", low);
    CHECK_INT(seen->status, ==, 404);
    CHECK_STR(reply_text(seen, "error.message"), reply_text(missing, "error.message"));
    AUTO(reply) *decided = POST(site.net, path, low, "{\"decision\":\"release\"}");
    CHECK_INT(decided->status, ==, 404);
    AUTO(reply) *still = GET(site.net, path, high);
    CHECK_STR(reply_text(still, "state"), STR("open"));
    AUTO(reply) *tests = GET(site.net, "/v1/citizen/tests", low);
    CHECK_INT(tests->body.len, ==, 0);
    close_town();
}

TEST(a_decision_out_of_shape_is_refused_and_decides_nothing)
{
    static const struct {
        const char *body, *param;
    } bad[] = {{"{}", "decision"},
               {"{\"decision\":\"perhaps\"}", "decision"},
               {"{\"decision\":1}", "decision"},
               {"{\"decision\":\"release\",\"answer\":1}", "answer"},
               {"{\"decision\":\"reject\",\"answer\":\"x\"}", "answer"},
               {"{\"decision\":\"release\",\"by\":\"x\"}", "by"}};
    open_town("wissen");
    const char *k = official("amt", "offen");
    const char *const path = handed(k, HUND);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.net, path, k, bad[i].body);
        CHECK_INT(r->status, ==, 400);
        CHECK_STR(reply_text(r, "error.param"), str_of(bad[i].param));
    }
    AUTO(reply) *still = GET(site.net, path, k);
    CHECK_STR(reply_text(still, "state"), STR("open"));
    close_town();
}

TEST(what_was_decided_becomes_tests)
{
    open_town("wissen");
    const char *k = official("amt", "offen");
    const char *const good = handed(k, HUND), *const bad = handed(k, SKY);
    (void)handed(k, HUND); /* stays open */
    AUTO(reply) *a =
        POST(site.net, good, k, "{\"decision\":\"release\",\"answer\":\"96 Euro im Jahr.\"}");
    AUTO(reply) *b = POST(site.net, bad, k, "{\"decision\":\"reject\"}");
    CHECK_INT(a->status + b->status, ==, 400);
    AUTO(reply) *r = GET(site.net, "/v1/citizen/tests", k);
    CHECK_INT(r->status, ==, 200);
    str rest = buf_str(&r->body), one = STR_NONE, two = STR_NONE, none;
    NEED(str_next(&rest, '\n', &one) && str_next(&rest, '\n', &two));
    CHECK(!str_next(&rest, '\n', &none) || !none.len);
    CHECK_STR(text_below(r->a, one, "kind"), STR("answerable"));
    CHECK_STR(text_below(r->a, one, "gold.0.law"), STR("hund"));
    CHECK_STR(text_below(r->a, one, "answer"), STR("96 Euro im Jahr."));
    CHECK_STR(text_below(r->a, two, "expect"), STR("handover"));
    CHECK(!json_below(r->a, two, "gold.0").v);
    close_town();
}
