/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/anthropic/talkto.h"

/* All that a talker says. */
#define TALK                                                                                       \
    "#0 1\xc3\xa4"                                                                                 \
    "2 3w 4\xc3\xa4"                                                                               \
    "5 6w 7\xc3\xa4"                                                                               \
    "8 9w 10\xc3\xa4"                                                                              \
    "11"
#define STREAM ",\"stream\":true"

static struct heard heard;

static void
hear(reply *r, bool is_stream)
{
    heard_reset(&heard, r->a);
    if (is_stream)
        heard_stream(&heard, buf_str(&r->body), 0);
    else
        heard_whole(&heard, buf_str(&r->body));
    if (heard.wrong)
        test_fail(__FILE__, __LINE__, "%s: %.*s", heard.wrong, STR_FMT(buf_str(&r->body)));
}

/* ---- plain and streamed */
TEST(a_plain_answer_has_the_shape_clients_expect)
{
    open_site();
    AUTO(reply) *r = ask(MESSAGES, site_key("amt", "intern"), "{" SAID "}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK_STR(reply_field(r, "request-id"), reply_field(r, "x-request-id"));
    hear(r, false);
    CHECK_STR(heard_shown(&heard), STR("text:" TALK));
    CHECK_STR(str_of(heard.reason), STR("end_turn"));
    CHECK_INT(heard.input_tokens, ==, 5);
    CHECK_INT(heard.output_tokens, ==, TALKER_TOKENS);
    CHECK_STR(reply_text(r, "model"), STR("toy"));
    site_close();
}

TEST(a_streamed_answer_joins_to_the_plain_one)
{
    open_site();
    AUTO(reply) *r = ask(MESSAGES, site_key("amt", "intern"), "{" SAID STREAM "}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("text/event-stream"));
    CHECK_STR(reply_field(r, "cache-control"), STR("no-cache"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK(str_starts(reply_field(r, "request-id"), STR("req_")));
    hear(r, true);
    CHECK_STR(heard_shown(&heard), STR("text:" TALK));
    CHECK_STR(str_of(heard.reason), STR("end_turn"));
    CHECK(heard.starts == 1 && heard.stops == 1 && heard.pings == 1 && heard.events > 8);
    CHECK_INT(heard.input_tokens, ==, 5);
    CHECK_INT(heard.output_tokens, ==, TALKER_TOKENS);
    site_close();
}

TEST(the_answer_s_id_is_the_request_s)
{
    open_site();
    AUTO(reply) *r = ask(MESSAGES, site_key("amt", "intern"), "{" SAID "}");
    const str id = reply_field(r, "request-id"), own = reply_text(r, "id");
    CHECK(str_starts(own, STR("msg_")) && own.len > 10);
    CHECK_STR(str_slice(own, 4, own.len), str_slice(id, 4, id.len));
    site_close();
}

TEST(the_model_is_called_as_the_client_called_it)
{
    open_site();
    CHECK_OK(registry_set_alias(site.rig.registry, STR("claude-x"), STR("toy")));
    AUTO(reply) *r = ask(MESSAGES, site_key("amt", "intern"),
                         "{\"model\":\"claude-x\",\"max_tokens\":3," WIRE_HI "}");
    CHECK_STR(reply_text(r, "model"), STR("claude-x"));
    site_close();
}

TEST(a_limit_and_a_stop_sequence_say_so)
{
    open_site();
    const char *key = site_key("amt", "intern");
    for (int s = 0; s < 2; s++) {
        AUTO(reply) *cut = ask(MESSAGES, key,
                               s ? "{\"model\":\"toy\",\"max_tokens\":4," WIRE_HI STREAM "}"
                                 : "{\"model\":\"toy\",\"max_tokens\":4," WIRE_HI "}");
        hear(cut, s);
        CHECK_STR(heard_shown(&heard), STR("text:#0 1\xc3\xa4"
                                           "2 3w"));
        CHECK_STR(str_of(heard.reason), STR("max_tokens"));
        AUTO(reply) *stop = ask(MESSAGES, key,
                                s ? "{" SAID ",\"stop_sequences\":[\"nie\",\" 3w\"]" STREAM "}"
                                  : "{" SAID ",\"stop_sequences\":[\"nie\",\" 3w\"]}");
        hear(stop, s);
        CHECK_STR(heard_shown(&heard), STR("text:#0 1\xc3\xa4"
                                           "2"));
        CHECK_STR(str_of(heard.reason), STR("stop_sequence"));
        CHECK_STR(str_of(heard.stop), STR(" 3w"));
    }
    site_close();
}

TEST(cached_tokens_are_told_to_those_who_mark_what_to_cache)
{
    open_site();
    AUTO(reply) *r = ask(MESSAGES, site_key("amt", "intern"),
                         "{" SAID ",\"cache_control\":{\"type\":\"ephemeral\"}}");
    hear(r, false);
    CHECK_INT(heard.input_tokens, ==, 4);
    CHECK_INT(heard.cached_tokens, ==, 1);
    site_close();
}

/* ---- errors before the head */
TEST(what_fails_before_the_stream_is_an_error_of_http)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *none =
        ask(MESSAGES, key, "{\"model\":\"nirgends\",\"max_tokens\":4," WIRE_HI STREAM "}");
    check_error(none, 404, "not_found_error", "nirgends");
    AUTO(reply) *bad = ask(MESSAGES, key, "{" SAID STREAM ",\"temperature\":2}");
    check_error(bad, 400, "invalid_request_error", "temperature");
    AUTO(reply) *no_json = ask(MESSAGES, key, "{" SAID);
    check_error(no_json, 400, "invalid_request_error", "line 1");
    AUTO(reply) *no_object = ask(MESSAGES, key, "[]");
    check_error(no_object, 400, "invalid_request_error", "object");
    AUTO(reply) *unknown = ask(MESSAGES, key, "{" SAID ",\"foo\":1}");
    check_error(unknown, 400, "invalid_request_error", "foo");
    CHECK_INT(site.rig.starts, ==, 0);
    site_close();
}

TEST(a_label_above_the_key_is_denied_by_its_rule)
{
    open_site();
    const struct head h = {.key = site_key("amt", "offen"), .version = VERSION, .label = "intern"};
    AUTO(reply) *r = ask_with("POST", MESSAGES, h, "{" SAID STREAM "}");
    check_error(r, 403, "permission_error", "label intern is above the clearance offen of key amt");
    const struct head bad = {.key = site_key("amt2", "offen"), .label = "nichts"};
    AUTO(reply) *b = ask_with("POST", MESSAGES, bad, "{" SAID "}");
    CHECK_INT(b->status, ==, 400);
    site_close();
}

TEST(the_label_that_was_declared_is_the_answer_s)
{
    open_site();
    const struct head h = {.key = site_key("amt", "intern"), .label = "intern"};
    AUTO(reply) *r = ask_with("POST", MESSAGES, h, "{" SAID "}");
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    site_close();
}

TEST(who_finds_every_place_taken_is_told_when_to_come_back)
{
    static struct route_table table[1];
    memset(&site, 0, sizeof site);
    rig_open(&site.rig);
    site.rig.talkers = true;
    site.rig.params.gate_running_max = 1;
    table[0] = anthropic_table;
    site_serve(table, 1, &other_dialect);
    const char *key = site_key("amt", "intern");
    reply *first = send_with(site.net, "POST", MESSAGES, (struct head){.key = key},
                             "{" WIRE_BASE_TOY STREAM
                             ",\"messages\":[{\"role\":\"user\",\"content\":\"!hang\"}]}");
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 1);
    AUTO(reply) *r = ask(MESSAGES, key, "{" SAID "}");
    check_error(r, 529, "overloaded_error", "running");
    CHECK_STR(reply_field(r, "retry-after"), STR("1"));
    reply_auto(&first);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0);
    site_close();
}

TEST(no_answer_begins_without_its_record)
{
    open_site();
    const char *key = site_key("amt", "intern");
    atomic_store(&disk.room, 0);
    AUTO(reply) *r = ask(MESSAGES, key, "{" SAID STREAM "}");
    atomic_store(&disk.room, -1);
    check_error(r, 500, "api_error", "");
    CHECK(!reply_has(r, "#0"));
    site_close();
}

/* ---- calls, from an engine that is played */
/* Begun with a played engine: it has the request. */
static reply *
begin_played(const char *body, struct rig_engine **ret_engine, uint64_t *ret_id)
{
    static char key[KEY_TEXT_MAX];
    open_site();
    site.rig.talkers = false;
    snprintf(key, sizeof key, "%s", site_key("amt", "intern"));
    reply *r = send_with(site.net, "POST", MESSAGES, (struct head){.key = key}, body);
    *ret_engine = rig_ready(&site.rig, 0);
    *ret_id = rig_submitted(&site.rig, *ret_engine);
    return r;
}

#define TOOLS                                                                                      \
    ",\"tools\":[{\"name\":\"wetter\",\"input_schema\":{\"type\":\"object\"}},{\"name\":\"uhr\","  \
    "\"input_schema\":{\"type\":\"object\"}}]"

TEST(calls_of_a_free_model_are_blocks_beside_its_text)
{
    for (int s = 0; s < 2; s++) {
        struct rig_engine *e;
        uint64_t id;
        AUTO(reply) *r = begin_played(s ? "{" SAID TOOLS STREAM "}" : "{" SAID TOOLS "}", &e, &id);
        rig_says(e, id, 0, "Ich sehe nach. <tool");
        rig_says(e, id, 0, "_call>{\"name\": \"wetter\", \"arguments\": {\"city\": \"K\xc3\xb6ln");
        rig_says(e, id, 0, "\"}}</tool_call><tool_call>{\"name\": \"uhr\", \"arguments\": {}}");
        rig_says(e, id, 0, "</tool_call>");
        rig_done(e, id, 0, true);
        reply_wait(r);
        CHECK_INT(r->status, ==, 200);
        hear(r, s);
        CHECK_INT(heard.count, ==, 3);
        CHECK(str_starts(buf_str(&heard.blocks[0].text), STR("Ich sehe nach.")));
        CHECK_STR(str_of(heard.blocks[1].name), STR("wetter"));
        CHECK_STR(text_below(r->a, buf_str(&heard.blocks[1].text), "city"), STR("K\xc3\xb6ln"));
        CHECK_STR(str_of(heard.blocks[2].name), STR("uhr"));
        CHECK_STR(buf_str(&heard.blocks[2].text), STR("{}"));
        CHECK(str_starts(str_of(heard.blocks[1].id), STR("toolu_")));
        CHECK(strcmp(heard.blocks[1].id, heard.blocks[2].id) != 0);
        CHECK_STR(str_of(heard.reason), STR("tool_use"));
        site_close();
    }
}

/* ---- thoughts */
TEST(what_a_model_thinks_is_a_block_for_those_who_asked)
{
#define THINK(more) ",\"thinking\":{\"type\":\"adaptive\"" more "}"
    static const char *const wants[] = {"", THINK(""), THINK(",\"display\":\"omitted\"")};
#undef THINK
    static const char *const shown[] = {"text:21 Grad", "thinking:Der Nutzer fragt.\ntext:21 Grad",
                                        "thinking:\ntext:21 Grad"};
    for (int i = 0; i < 6; i++) {
        struct rig_engine *e;
        uint64_t id;
        char body[512];
        snprintf(body, sizeof body, "{" SAID "%s%s}", wants[i / 2], i % 2 ? STREAM : "");
        AUTO(reply) *r = begin_played(body, &e, &id);
        rig_says(e, id, 0, "<thi");
        rig_says(e, id, 0, "nk>\nDer Nutzer");
        rig_says(e, id, 0, " fragt.\n</think>\n\n21");
        rig_says(e, id, 0, " Grad");
        rig_done(e, id, 0, true);
        reply_wait(r);
        hear(r, i % 2);
        CHECK_STR(heard_shown(&heard), str_of(shown[i / 2]));
        CHECK_STR(str_of(heard.reason), STR("end_turn"));
        CHECK(i < 2 || heard.blocks[0].has_signature);
        site_close();
    }
}

/* ---- errors in the middle */
TEST(an_engine_that_dies_in_the_middle_ends_the_stream_with_an_error_event)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID STREAM "}", &e, &id);
    rig_says(e, id, 0, "erst");
    (void)SITE_UNTIL(reply_has(r, "erst"));
    fd_auto(&e->far);
    e->far = -1;
    reply_wait(r);
    CHECK_INT(r->status, ==, 200);
    hear(r, true);
    CHECK_INT(heard.errors, ==, 1);
    CHECK_STR(str_of(heard.error), STR("api_error"));
    CHECK(!heard.stops && !heard.deltas);
    CHECK(reply_has(r, "\"request_id\":\"req_"));
    site_close();
}

TEST(the_same_without_a_stream_is_an_error_of_http_and_no_half_of_the_text)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID "}", &e, &id);
    rig_says(e, id, 0, "erst");
    rig_settle(&site.rig);
    fd_auto(&e->far);
    e->far = -1;
    reply_wait(r);
    check_error(r, 500, "api_error", "");
    CHECK(!reply_has(r, "erst"));
    site_close();
}

TEST(the_last_events_wait_for_the_record_and_are_an_error_when_there_is_none)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID STREAM "}", &e, &id);
    rig_says(e, id, 0, "erst");
    (void)SITE_UNTIL(reply_has(r, "erst"));
    atomic_store(&disk.room, 0);
    rig_done(e, id, 0, true);
    reply_wait(r);
    atomic_store(&disk.room, -1);
    hear(r, true);
    CHECK_INT(heard.errors, ==, 1);
    CHECK(!heard.stops && !heard.deltas);
    site_close();
}

TEST(what_a_plain_answer_says_is_held_back_until_its_record_is_durable)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID "}", &e, &id);
    rig_says(e, id, 0, "erst");
    rig_settle(&site.rig);
    disk_hold();
    rig_done(e, id, 0, true);
    (void)SITE_UNTIL(atomic_load(&disk.stuck));
    rig_settle(&site.rig);
    CHECK_INT(r->heads, ==, 0);
    disk_release();
    reply_wait(r);
    hear(r, false);
    CHECK_STR(heard_shown(&heard), STR("text:erst"));
    site_close();
}

TEST(text_of_any_kind_survives_its_frame)
{
    static const char hard[] =
        "\"\\\n\r\n\nevent: message_stop\ndata: {}\n\n\t\x01\x7f</x>\xe2\x80\xa8\xf0\x9f\x8c\xb3";
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID STREAM "}", &e, &id);
    rig_says(e, id, 0, hard);
    rig_done(e, id, 0, true);
    reply_wait(r);
    hear(r, true);
    CHECK_STR(buf_str(&heard.blocks[0].text), str_of(hard));
    CHECK_INT(heard.stops, ==, 1);
    site_close();
}

TEST(a_client_that_goes_away_frees_its_place)
{
    struct rig_engine *e;
    uint64_t id;
    reply *r = begin_played("{" SAID STREAM "}", &e, &id);
    rig_says(e, id, 0, "erst");
    (void)SITE_UNTIL(reply_has(r, "erst"));
    reply_auto(&r);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0);
    site_close();
}

TEST(a_plain_answer_that_outgrows_its_memory_is_an_error_not_a_half)
{
    static char piece[30001];
    static struct route_table table[1];
    static char key[KEY_TEXT_MAX];
    memset(piece, 'x', sizeof piece - 1);
    memset(&site, 0, sizeof site);
    rig_open(&site.rig);
    site.rig.params.gate_request_memory_bytes_max = 1 << 20;
    table[0] = anthropic_table;
    site_serve(table, 1, &other_dialect);
    snprintf(key, sizeof key, "%s", site_key("amt", "intern"));
    AUTO(reply) *r = send_with(site.net, "POST", MESSAGES, (struct head){.key = key}, "{" SAID "}");
    struct rig_engine *e = rig_ready(&site.rig, 0);
    const uint64_t id = rig_submitted(&site.rig, e);
    for (int i = 0; i < 40; i++) {
        rig_says(e, id, 0, piece);
        rig_settle(&site.rig);
    }
    rig_done(e, id, 0, true);
    reply_wait(r);
    check_error(r, 529, "overloaded_error", "");
    CHECK(!reply_has(r, "xxx"));
    site_close();
}
