/* SPDX-License-Identifier: EUPL-1.2 */
/* Passages get their vectors from a model, in api/know/embed.c. */
#include "api/know/know_api.h"

#define TALKER_DIMS 8
#include "api/openai/openai.h"
#include "unit/api/reply.h"
#include "unit/work/library/town.h"

#define EMBED "/v1/know/wissen/embed"

static struct town town;
static const char *low, *high;

static void
open_know(void)
{
    static struct route_table tables[2];
    tables[0] = openai_table;
    tables[1] = know_table;
    site_open(tables, 2, &openai_dialect);
    town_open(&town, &site.rig);
    api_set_library(site.api, town.library);
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

static int64_t
vectors_of(const char *key)
{
    AUTO(reply) *r = GET(site.net, "/v1/know/wissen", key);
    return reply_number(r, "vectors");
}

TEST(all_passages_that_the_key_may_see_get_a_vector_and_no_others)
{
    open_know();
    AUTO(reply) *r = POST(site.net, EMBED, low, "{}");
    CHECK_INT(r->status, ==, 200);
    CHECK_INT(reply_number(r, "dimensions"), ==, 8);
    const int64_t below = reply_number(r, "vectors");
    CHECK_INT(below, ==, 3);
    CHECK_INT(vectors_of(high), ==, below);
    CHECK(rig_record(&site.rig, "know.embed", "", 0).len > 0);
    AUTO(reply) *all = POST(site.net, EMBED, high, "{\"model\":\"toy-embed\"}");
    CHECK_INT(reply_number(all, "vectors"), ==, below + 1);
    CHECK_INT(vectors_of(high), ==, below + 1);
    CHECK_INT(vectors_of(low), ==, below);
    close_know();
}

TEST(each_batch_is_decided_under_the_label_of_its_passages)
{
    open_know();
    AUTO(reply) *r = POST(site.net, EMBED, high, "{}");
    CHECK_INT(r->status, ==, 200);
    bool saw_low = false, saw_high = false;
    str rest = rig_log(&site.rig), line;
    while (str_next(&rest, '\n', &line))
        if (rig_has(line, "\"event\":\"decision\"") && rig_has(line, "\"op\":\"embed\"")) {
            saw_low |= rig_has(line, "\"label\":\"offen\"");
            saw_high |= rig_has(line, "\"label\":\"VS-NfD\"");
        }
    CHECK(saw_low && saw_high);
    CHECK(str_find(rig_log(&site.rig), STR("Hundesteuer")) < 0);
    close_know();
}

TEST(many_passages_are_embedded_in_batches)
{
    AUTO(buf) b = BUF(1 << 16);
    open_know();
    for (int i = 0; i < 70; i++)
        buf_add_fmt(&b, "# Absatz %d\n\nText Nummer %d.\n\n", i, i);
    buf_add_char(&b, 0);
    town_add(&town, "lang", "offen", b.at);
    AUTO(reply) *r = POST(site.net, EMBED, low, "{}");
    CHECK_INT(reply_number(r, "vectors"), ==, 73);
    close_know();
}

TEST(a_document_changed_meanwhile_keeps_its_words_alone)
{
    open_know();
    reply *r = reply_start(site.net, (struct wish){"POST", EMBED, low, NULL, STR("{}")});
    CHECK(SITE_UNTIL(site.rig.starts == 1));
    town_add(&town, "bad", "offen",
             "# Badeordnung\n\n## § 1 Eintritt\n\nDer Eintritt kostet jetzt 5 Euro.\n");
    (void)reply_wait(r);
    CHECK_INT(r->status, ==, 200);
    CHECK_INT(reply_number(r, "vectors"), ==, 2);
    reply_auto(&r);
    close_know();
}

TEST(what_has_its_vector_is_not_read_again)
{
    open_know();
    AUTO(reply) *r = POST(site.net, EMBED, low, "{}");
    CHECK_INT(reply_number(r, "embedded"), >=, 3);
    CHECK_STR(reply_text(r, "embedder"), STR("toy-embed"));
    AUTO(reply) *again = POST(site.net, EMBED, low, "{}");
    CHECK_INT(reply_number(again, "embedded"), ==, 0);
    CHECK_INT(reply_number(again, "vectors"), ==, 3);
    town_add(&town, "neu", "offen", "# Neu\n\nEin Text.\n");
    AUTO(reply) *more = POST(site.net, EMBED, low, "{}");
    CHECK_INT(reply_number(more, "embedded"), ==, 1);
    CHECK_INT(reply_number(more, "vectors"), ==, 4);
    AUTO(reply) *stat = GET(site.net, "/v1/know/wissen", low);
    CHECK_STR(reply_text(stat, "embedder"), STR("toy-embed"));
    CHECK_INT(reply_number(stat, "dimensions"), ==, 8);
    close_know();
}

TEST(many_passages_can_be_embedded_in_several_calls_and_take_effect_at_the_end)
{
    open_know();
    for (int64_t left = 4; left >= 0; left--) {
        CHECK_INT(vectors_of(low), ==, 0);
        AUTO(reply) *r = POST(site.net, EMBED, low, "{\"most\":1}");
        CHECK_INT(r->status, ==, 200);
        CHECK_INT(reply_number(r, "embedded"), ==, 1);
        CHECK_INT(reply_number(r, "missing"), ==, left);
    }
    CHECK_INT(vectors_of(low), ==, 3);
    AUTO(reply) *none = POST(site.net, EMBED, low, "{\"most\":0}");
    CHECK_INT(none->status, ==, 400);
    close_know();
}

TEST(who_hangs_up_changes_nothing)
{
    open_know();
    reply *r = reply_start(site.net, (struct wish){"POST", EMBED, low, NULL, STR("{}")});
    CHECK(SITE_UNTIL(site.rig.starts == 1));
    reply_auto(&r);
    CHECK(SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0));
    CHECK_INT(vectors_of(low), ==, 0);
    CHECK(!rig_record(&site.rig, "know.embed", "", 0).len);
    close_know();
}

TEST(what_cannot_be_embedded_is_refused)
{
    static const struct {
        const char *path, *body;
        int status;
    } bad[] = {{"/v1/know/nichts/embed", "{}", 404},
               {EMBED, "[]", 400},
               {EMBED, "{\"model\":1}", 400},
               {EMBED, "{\"modell\":\"x\"}", 400},
               {EMBED, "{\"model\":\"gibt-es-nicht\"}", 404},
               {EMBED, "{\"model\":\"toy\"}", 404}};
    open_know();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.net, bad[i].path, low, bad[i].body);
        CHECK_INT(r->status, ==, bad[i].status);
    }
    AUTO(reply) *none = POST(site.net, EMBED, NULL, "{}");
    CHECK_INT(none->status, ==, 401);
    CHECK_INT(vectors_of(low), ==, 0);
    close_know();
}
