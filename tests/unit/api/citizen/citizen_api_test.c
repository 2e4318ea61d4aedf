/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/citizen/citizen_api.h"

#include "unit/api/citizen/town_site.h"

#define ASK(key, body) POST(site.net, "/v1/citizen/ask", key, body)
#define STEUER "{\"question\":\"Wie hoch ist die Hundesteuer?\""

TEST(a_question_gets_quotes_with_their_source_and_label)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = ASK(k, STEUER ",\"rewrite\":false}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "object"), STR("citizen.answer"));
    CHECK_STR(reply_text(r, "behaviour"), STR("answer"));
    CHECK_STR(reply_text(r, "cards.0.quote"),
              STR("Die Hundesteuer beträgt 96 Euro für den ersten Hund."));
    CHECK_STR(reply_text(r, "cards.0.document"), STR("hund"));
    CHECK_STR(reply_text(r, "rewrite"), STR("none"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    close_town();
}

TEST(what_a_model_says_comes_with_the_quotes_and_what_cites_nothing_is_removed)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = ASK(k, STEUER "}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "rewrite"), STR("written"));
    CHECK(!reply_at(r, "sentences.0").v);
    CHECK(reply_at(r, "removed.0").v);
    CHECK(!reply_at(r, "removed.0.text").v);
    AUTO(reply) *none = ASK(k, STEUER ",\"model\":\"gibt-es-nicht\"}");
    CHECK_INT(none->status, ==, 200);
    CHECK_STR(reply_text(none, "rewrite"), STR("unavailable"));
    CHECK(reply_has(none, "96 Euro"));
    close_town();
}

static str events[REPLY_EVENTS];
static size_t event_count;

static void
on_event(void *ctx, str event, str data)
{
    (void)data;
    if (event_count < REPLY_EVENTS)
        events[event_count++] = arena_str((arena *)ctx, event);
}

TEST(as_a_stream_the_cards_come_before_the_answer)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = ASK(k, STEUER ",\"stream\":true}");
    sse_reader s = SSE_READER(REPLY_BYTES_MAX);
    event_count = 0;
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("text/event-stream"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK_OK(sse_read(&s, buf_str(&r->body), on_event, r->a));
    sse_reader_done(&s);
    NEED(event_count == 3);
    CHECK_STR(events[0], STR("cards"));
    CHECK_STR(events[1], STR("answer"));
    CHECK_STR(events[2], STR("done"));
    close_town();
}

TEST(the_answer_is_marked_with_all_that_was_looked_through)
{
    open_town("wissen");
    const char *low = site_key("unten", "intern"), *high = site_key("oben", "VS-NfD");
    AUTO(reply) *a = ASK(low, STEUER ",\"rewrite\":false}");
    AUTO(reply) *b = ASK(high, STEUER ",\"rewrite\":false}");
    CHECK_STR(reply_field(a, "x-hoheit-label"), STR("offen"));
    CHECK_STR(reply_field(b, "x-hoheit-label"), STR("VS-NfD"));
    CHECK(!reply_has(a, "200 Euro"));
    CHECK(reply_has(b, "200 Euro"));
    close_town();
}

TEST(who_shows_no_key_or_too_high_a_label_is_answered_nothing)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *none = ASK(NULL, STEUER "}");
    CHECK_INT(none->status, ==, 401);
    AUTO(reply) *high =
        reply_to(site.net, (struct wish){"POST", "/v1/citizen/ask", k, "VS-NfD", STR(STEUER "}")});
    CHECK_INT(high->status, ==, 403);
    CHECK(!reply_has(high, "Hund"));
    AUTO(reply) *odd =
        reply_to(site.net, (struct wish){"POST", "/v1/citizen/ask", k, "lustig", STR(STEUER "}")});
    CHECK_INT(odd->status, ==, 400);
    CHECK(SITE_UNTIL(rig_has(rig_log(&site.rig), "\"decision\":\"denied\"")));
    close_town();
}

TEST(a_body_out_of_shape_is_refused_with_the_name_of_the_member)
{
    static const struct {
        const char *body, *param;
        int status;
    } bad[] = {{"{}", "question", 400},
               {"{\"question\":\"\"}", "question", 400},
               {"{\"question\":7}", "question", 400},
               {"{\"question\":null}", "question", 400},
               {STEUER ",\"before\":[]}", "before", 400},
               {STEUER ",\"know\":1}", "know", 400},
               {STEUER ",\"know\":\"../x\"}", "name", 400},
               {STEUER ",\"know\":\"nichts\"}", "name", 404},
               {STEUER ",\"model\":[]}", "model", 400},
               {STEUER ",\"rewrite\":\"ja\"}", "rewrite", 400},
               {STEUER ",\"stream\":1}", "stream", 400},
               {STEUER ",\"streem\":true}", "streem", 400},
               {"[]", "", 400},
               {"{\"question\"", "", 400}};
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = ASK(k, bad[i].body);
        CHECK_INT(r->status, ==, bad[i].status);
        if (*bad[i].param)
            CHECK_STR(reply_text(r, "error.param"), str_of(bad[i].param));
    }
    close_town();
}

TEST(a_follow_up_gives_back_what_was_understood_and_a_choice_can_be_taken)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *next = ASK(k, "{\"question\":\"Und bei mir?\",\"rewrite\":false,"
                               "\"before\":\"Wie hoch ist die Hundesteuer?\"}");
    CHECK_STR(reply_text(next, "behaviour"), STR("answer"));
    CHECK_STR(reply_text(next, "understood_as"), STR("Wie hoch ist die Hundesteuer? Und bei mir?"));
    AUTO(reply) *vague = ASK(k, "{\"question\":\"Kosten?\"}");
    CHECK_STR(reply_text(vague, "behaviour"), STR("clarify"));
    char body[500];
    const str before = reply_text(vague, "choices.0.before");
    CHECK(before.len > 0);
    snprintf(body, sizeof body, "{\"question\":\"Kosten?\",\"before\":\"%.*s\",\"rewrite\":false}",
             STR_FMT(before));
    AUTO(reply) *chosen = ASK(k, body);
    CHECK_STR(reply_text(chosen, "behaviour"), STR("answer"));
    close_town();
}

/* The promise for citizens: what lies above changes no byte. */
TEST(what_is_above_the_clearance_changes_no_byte_of_an_answer)
{
    static const char *const asked[] = {
        STEUER ",\"rewrite\":false}", "{\"question\":\"Planung Zukunft?\"}",
        "{\"question\":\"Kosten?\"}", "{\"question\":\"Wird die Hundesteur erhöht?\"}"};
    AUTO(arena) *a = NULL;
    str before[4] = {{0}};
    NEED_OK(arena_open(1 << 20, &a));
    open_town("wissen");
    const char *k = site_key("amt", "intern");
    for (int state = 0; state < 3; state++) {
        if (state == 1)
            town_add(&town, "kosten", "VS-NfD", "# Kosten\n\n## Gebühr\n\nErhöht: 300 Euro.\n");
        if (state == 2)
            town_add(&town, "plan", "VS-NfD", "# Anderes\n\n## Neu\n\nZukunft der Planung.\n");
        for (size_t i = 0; i < 4; i++) {
            AUTO(reply) *r = ASK(k, asked[i]);
            CHECK_INT(r->status, ==, 200);
            if (state)
                CHECK_STR(buf_str(&r->body), before[i]);
            else
                before[i] = arena_str(a, buf_str(&r->body));
        }
    }
    close_town();
}

TEST(without_a_public_collection_one_has_to_be_named)
{
    open_town("");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = ASK(k, STEUER "}");
    CHECK_INT(r->status, ==, 400);
    AUTO(reply) *named = ASK(k, STEUER ",\"know\":\"wissen\",\"rewrite\":false}");
    CHECK_INT(named->status, ==, 200);
    AUTO(reply) *page = GET(site.net, "/citizen", NULL);
    CHECK_INT(page->status, ==, 404);
    close_town();
}

TEST(who_hangs_up_while_a_model_writes_leaves_nothing_running)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    reply *r = reply_start(
        site.net, (struct wish){"POST", "/v1/citizen/ask", k, NULL,
                                STR("{\"question\":\"Wie hoch ist die Hundesteuer? !hang\","
                                    "\"stream\":true}")});
    CHECK(SITE_UNTIL(str_find(buf_str(&r->body), STR("event: cards")) >= 0));
    CHECK(str_find(buf_str(&r->body), STR("event: answer")) < 0);
    reply_auto(&r);
    CHECK(SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0));
    close_town();
}

TEST(easy_language_can_be_asked_for_and_other_styles_are_refused)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *easy = ASK(k, STEUER ",\"style\":\"easy\"}");
    CHECK_INT(easy->status, ==, 200);
    CHECK_STR(reply_text(easy, "rewrite"), STR("written"));
    AUTO(reply) *odd = ASK(k, STEUER ",\"style\":\"leicht\"}");
    CHECK_INT(odd->status, ==, 400);
    close_town();
}
