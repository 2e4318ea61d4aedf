/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/answer.h"

#include "api/openai/openai.h"
#include "base/num.h"
#include "base/utf8.h"
#include "unit/api/reply.h"

#define CHAT "/v1/chat/completions"
#define TEXT "/v1/completions"
#define SAID "\"messages\":[{\"role\":\"user\",\"content\":\"hallo\"}]"
/* All that a talker says as its first answer. */
#define TALK                                                                                       \
    "#0 1\xc3\xa4"                                                                                 \
    "2 3w 4\xc3\xa4"                                                                               \
    "5 6w 7\xc3\xa4"                                                                               \
    "8 9w 10\xc3\xa4"                                                                              \
    "11"

static void
open_site(void)
{
    site_open(&openai_table, 1, &openai_dialect);
}

/* ---- streams */
enum { ANSWERS = 8 };

struct joined {
    char text[ANSWERS][4096], finish[ANSWERS][16];
    unsigned roles, finished, usages;
    bool done;
};

static void
join_choice(arena *a, str event, bool is_chat, struct joined *j)
{
    int64_t index = -1;
    const jval at = json_below(a, event, "choices.0.index");
    CHECK_OK(json_i64(&at, 0, ANSWERS - 1, &index));
    NEED(index >= 0);
    if (is_chat && json_below(a, event, "choices.0.delta.role").v) {
        CHECK_STR(text_below(a, event, "choices.0.delta.role"), STR("assistant"));
        j->roles++;
    }
    const char *path = is_chat ? "choices.0.delta.content" : "choices.0.text";
    if (json_below(a, event, path).v) {
        const str piece = text_below(a, event, path);
        const size_t len = strlen(j->text[index]);
        CHECK(utf8_valid(piece));
        snprintf(j->text[index] + len, sizeof j->text[index] - len, "%.*s", STR_FMT(piece));
    }
    if (json_type(json_below(a, event, "choices.0.finish_reason")) == J_STRING) {
        const str finish = text_below(a, event, "choices.0.finish_reason");
        CHECK(!j->finish[index][0] && str_copy(finish, j->finish[index], sizeof j->finish[index]));
        j->finished++;
    }
}

/* Every event is whole JSON of this shape, but for the last, which is [DONE]. */
static void
join(reply *r, bool is_chat, struct joined *j)
{
    memset(j, 0, sizeof *j);
    reply_split(r);
    for (size_t i = 0; i < r->event_count; i++) {
        const str e = r->events[i];
        CHECK(!j->done);
        if (str_eq(e, STR("[DONE]"))) {
            j->done = true;
            continue;
        }
        CHECK_STR(text_below(r->a, e, "object"),
                  is_chat ? STR("chat.completion.chunk") : STR("text_completion"));
        CHECK_STR(text_below(r->a, e, "id"), text_below(r->a, r->events[0], "id"));
        CHECK_STR(text_below(r->a, e, "model"), text_below(r->a, r->events[0], "model"));
        CHECK(json_type(json_below(r->a, e, "created")) == J_NUMBER);
        const jval choices = json_below(r->a, e, "choices");
        if (json_count(&choices))
            join_choice(r->a, e, is_chat, j);
        if (json_below(r->a, e, "usage").v)
            j->usages++;
    }
}

/* ---- plain */
TEST(a_plain_chat_answer_has_the_shape_clients_expect)
{
    open_site();
    AUTO(reply) *r = POST(site.net, CHAT, site_key("amt", "intern"), "{" SAID "}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK_STR(reply_text(r, "object"), STR("chat.completion"));
    CHECK_STR(reply_text(r, "model"), STR("toy"));
    CHECK(reply_number(r, "created") > 1500000000);
    CHECK_INT(reply_number(r, "choices.0.index"), ==, 0);
    CHECK_STR(reply_text(r, "choices.0.message.role"), STR("assistant"));
    CHECK_STR(reply_text(r, "choices.0.message.content"), STR(TALK));
    CHECK(json_type(reply_at(r, "choices.0.message.refusal")) == J_NULL);
    CHECK(json_type(reply_at(r, "choices.0.logprobs")) == J_NULL);
    CHECK_STR(reply_text(r, "choices.0.finish_reason"), STR("stop"));
    CHECK(!reply_at(r, "choices.1").v);
    CHECK_INT(reply_number(r, "usage.prompt_tokens"), ==, 5);
    CHECK_INT(reply_number(r, "usage.completion_tokens"), ==, TALKER_TOKENS);
    CHECK_INT(reply_number(r, "usage.total_tokens"), ==, 5 + TALKER_TOKENS);
    CHECK_INT(reply_number(r, "usage.prompt_tokens_details.cached_tokens"), ==, 1);
    site_close();
}

TEST(a_plain_completion_has_text_where_chat_has_a_message)
{
    open_site();
    AUTO(reply) *r = POST(site.net, TEXT, site_key("amt", "intern"), "{\"prompt\":\"hallo\"}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "object"), STR("text_completion"));
    CHECK_STR(reply_text(r, "choices.0.text"), STR(TALK));
    CHECK(!reply_at(r, "choices.0.message").v);
    CHECK(str_starts(reply_text(r, "id"), STR("cmpl-")));
    site_close();
}

TEST(the_answer_s_id_is_the_request_s)
{
    open_site();
    AUTO(reply) *r = POST(site.net, CHAT, site_key("amt", "intern"), "{" SAID "}");
    const str id = reply_field(r, "x-request-id"), own = reply_text(r, "id");
    CHECK(str_starts(id, STR("req_")) && str_starts(own, STR("chatcmpl-")));
    CHECK_STR(str_slice(own, 9, own.len), str_slice(id, 4, id.len));
    site_close();
}

TEST(the_model_is_called_as_the_client_called_it)
{
    open_site();
    CHECK_OK(registry_set_alias(site.rig.registry, STR("gpt-4o"), STR("toy")));
    AUTO(reply) *r =
        POST(site.net, CHAT, site_key("amt", "intern"), "{" SAID ",\"model\":\"gpt-4o\"}");
    CHECK_STR(reply_text(r, "model"), STR("gpt-4o"));
    site_close();
}

TEST(several_answers_come_in_order_and_are_counted_together)
{
    open_site();
    AUTO(reply) *r =
        POST(site.net, CHAT, site_key("amt", "intern"), "{" SAID ",\"n\":3,\"max_tokens\":1}");
    CHECK_INT(r->status, ==, 200);
    for (int i = 0; i < 3; i++) {
        char path[64], want[16];
        snprintf(path, sizeof path, "choices.%d.index", i);
        CHECK_INT(reply_number(r, path), ==, i);
        snprintf(path, sizeof path, "choices.%d.message.content", i);
        snprintf(want, sizeof want, "#%d", i);
        CHECK_STR(reply_text(r, path), str_of(want));
        snprintf(path, sizeof path, "choices.%d.finish_reason", i);
        CHECK_STR(reply_text(r, path), STR("length"));
    }
    CHECK(!reply_at(r, "choices.3").v);
    CHECK_INT(reply_number(r, "usage.completion_tokens"), ==, 3);
    CHECK_INT(reply_number(r, "usage.prompt_tokens"), ==, 5);
    site_close();
}

TEST(an_answer_cut_by_its_limit_says_length_and_one_cut_by_a_stop_says_stop)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *cut = POST(site.net, CHAT, key, "{" SAID ",\"max_tokens\":4}");
    CHECK_STR(reply_text(cut, "choices.0.message.content"), STR("#0 1\xc3\xa4"
                                                                "2 3w"));
    CHECK_STR(reply_text(cut, "choices.0.finish_reason"), STR("length"));
    AUTO(reply) *stop = POST(site.net, CHAT, key, "{" SAID ",\"stop\":\" 3w\"}");
    CHECK_STR(reply_text(stop, "choices.0.message.content"), STR("#0 1\xc3\xa4"
                                                                 "2"));
    CHECK_STR(reply_text(stop, "choices.0.finish_reason"), STR("stop"));
    site_close();
}

/* ---- streamed */
TEST(a_streamed_chat_answer_joins_to_the_plain_one)
{
    static struct joined j;
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = POST(site.net, CHAT, key, "{" SAID ",\"stream\":true}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("text/event-stream"));
    CHECK_STR(reply_field(r, "cache-control"), STR("no-cache"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK(str_starts(reply_field(r, "x-request-id"), STR("req_")));
    join(r, true, &j);
    CHECK_STR(str_of(j.text[0]), STR(TALK));
    CHECK_STR(str_of(j.finish[0]), STR("stop"));
    CHECK(j.done && j.roles == 1 && j.finished == 1 && j.usages == 0);
    CHECK_INT(r->event_count, >, 6);
    site_close();
}

TEST(a_streamed_completion_joins_to_the_plain_one)
{
    static struct joined j;
    open_site();
    AUTO(reply) *r =
        POST(site.net, TEXT, site_key("amt", "intern"), "{\"prompt\":\"hallo\",\"stream\":true}");
    join(r, false, &j);
    CHECK_STR(str_of(j.text[0]), STR(TALK));
    CHECK(j.done && j.roles == 0 && j.finished == 1);
    site_close();
}

TEST(several_streamed_answers_are_told_apart_by_their_index)
{
    static struct joined j;
    open_site();
    AUTO(reply) *r =
        POST(site.net, CHAT, site_key("amt", "intern"), "{" SAID ",\"stream\":true,\"n\":3}");
    join(r, true, &j);
    CHECK(j.done && j.roles == 3 && j.finished == 3);
    for (int i = 0; i < 3; i++) {
        char want[128];
        snprintf(want, sizeof want, "#%d%s", i, &TALK[2]);
        CHECK_STR(str_of(j.text[i]), str_of(want));
    }
    site_close();
}

TEST(usage_comes_in_a_chunk_of_its_own_when_it_was_asked_for)
{
    static struct joined j;
    open_site();
    AUTO(reply) *r = POST(site.net, CHAT, site_key("amt", "intern"),
                          "{" SAID ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    join(r, true, &j);
    NEED(j.done && j.usages == 1);
    const str last = r->events[r->event_count - 2];
    const jval choices = json_below(r->a, last, "choices"),
               tokens = json_below(r->a, last, "usage.completion_tokens");
    int64_t n = 0;
    CHECK(json_type(choices) == J_ARRAY && json_count(&choices) == 0);
    CHECK_OK(json_i64(&tokens, 0, 1000, &n));
    CHECK_INT(n, ==, TALKER_TOKENS);
    site_close();
}

/* ---- errors before the head */
static void
check_error(const reply *r, int status, const char *code, const char *param)
{
    CHECK_INT(r->status, ==, status);
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK_STR(reply_text(r, "error.code"), str_of(code));
    CHECK(reply_text(r, "error.message").len > 10);
    if (param)
        CHECK_STR(reply_text(r, "error.param"), str_of(param));
    else
        CHECK(json_type(reply_at(r, "error.param")) == J_NULL);
    CHECK_INT(reply_field(r, "x-hoheit-label").len, ==, 0);
}

TEST(what_fails_before_the_stream_is_an_error_of_http)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *none =
        POST(site.net, CHAT, key, "{" SAID ",\"stream\":true,\"model\":\"nirgends\"}");
    check_error(none, 404, "model_not_found", "model");
    AUTO(reply) *bad = POST(site.net, CHAT, key, "{" SAID ",\"stream\":true,\"temperature\":3}");
    check_error(bad, 400, "invalid_value", "temperature");
    AUTO(reply) *no_json = POST(site.net, CHAT, key, "{" SAID ",\"stream\":true");
    check_error(no_json, 400, "invalid_json", NULL);
    AUTO(reply) *unknown = POST(site.net, CHAT, key, "{" SAID ",\"foo\":1}");
    check_error(unknown, 400, "invalid_value", "foo");
    AUTO(reply) *nobody = POST(site.net, CHAT, NULL, "{" SAID ",\"stream\":true}");
    check_error(nobody, 401, "invalid_api_key", NULL);
    CHECK_INT(site.rig.starts, ==, 0);
    site_close();
}

TEST(a_label_above_the_key_is_denied_before_the_stream_and_by_its_rule)
{
    open_site();
    AUTO(reply) *r = reply_to(site.net, (struct wish){"POST", CHAT, site_key("amt", "offen"),
                                                      "intern", STR("{" SAID ",\"stream\":true}")});
    CHECK_INT(r->status, ==, 403);
    CHECK_STR(reply_text(r, "error.code"), STR("denied_by_policy"));
    CHECK_STR(reply_text(r, "error.message"),
              STR("label intern is above the clearance offen of key amt"));
    AUTO(reply) *bad = reply_to(site.net, (struct wish){"POST", CHAT, site_key("amt2", "offen"),
                                                        "nichts", STR("{" SAID "}")});
    CHECK_INT(bad->status, ==, 400);
    site_close();
}

TEST(the_label_that_was_declared_is_the_answer_s)
{
    open_site();
    AUTO(reply) *r = reply_to(site.net, (struct wish){"POST", CHAT, site_key("amt", "intern"),
                                                      "intern", STR("{" SAID "}")});
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    site_close();
}

TEST(who_finds_every_place_taken_is_told_when_to_come_back)
{
    memset(&site, 0, sizeof site);
    rig_open(&site.rig);
    site.rig.talkers = true;
    site.rig.params.gate_running_max = 1;
    site_serve(&openai_table, 1, &openai_dialect);
    const char *key = site_key("amt", "intern");
    const struct wish hang = {
        "POST", CHAT, key, NULL,
        STR("{\"messages\":[{\"role\":\"user\",\"content\":\"!hang\"}],\"stream\":true}")};
    reply *first = reply_start(site.net, hang);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 1);
    AUTO(reply) *r = POST(site.net, CHAT, key, "{" SAID "}");
    check_error(r, 503, "overloaded", NULL);
    CHECK_STR(reply_field(r, "retry-after"), STR("1"));
    reply_auto(&first);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0);
    AUTO(reply) *again = POST(site.net, CHAT, key, "{" SAID "}");
    CHECK_INT(again->status, ==, 200);
    site_close();
}

TEST(no_answer_begins_without_its_record)
{
    open_site();
    const char *key = site_key("amt", "intern");
    atomic_store(&disk.room, 0);
    AUTO(reply) *r = POST(site.net, CHAT, key, "{" SAID ",\"stream\":true}");
    atomic_store(&disk.room, -1);
    CHECK_INT(r->status, ==, 503);
    CHECK_STR(reply_text(r, "error.code"), STR("disk_full"));
    CHECK(!reply_has(r, "#0"));
    site_close();
}

/* ---- errors in the middle */
/* Begun with a played engine: the head is out and the first piece has come. */
static reply *
begin_played(const char *body, struct rig_engine **ret_engine, uint64_t *ret_id)
{
    open_site();
    site.rig.talkers = false;
    const struct wish w = {"POST", CHAT, site_key("amt", "intern"), NULL, str_of(body)};
    reply *r = reply_start(site.net, w);
    *ret_engine = rig_ready(&site.rig, 0);
    *ret_id = rig_submitted(&site.rig, *ret_engine);
    rig_says(*ret_engine, *ret_id, 0, "erst");
    return r;
}

static void
check_broken_stream(reply *r, const char *code)
{
    reply_split(r);
    NEED(r->event_count >= 2);
    const str last = r->events[r->event_count - 1];
    CHECK_STR(text_below(r->a, last, "error.code"), str_of(code));
    CHECK(str_find(buf_str(&r->body), STR("[DONE]")) < 0);
    CHECK(str_find(buf_str(&r->body), STR("\"finish_reason\":\"")) < 0);
}

TEST(an_engine_that_dies_in_the_middle_ends_the_stream_with_an_error_event)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID ",\"stream\":true}", &e, &id);
    (void)SITE_UNTIL(reply_has(r, "erst"));
    fd_auto(&e->far);
    e->far = -1;
    reply_wait(r);
    CHECK_INT(r->status, ==, 200);
    CHECK_INT(r->end.code, ==, 0);
    check_broken_stream(r, "engine_lost");
    site_close();
}

TEST(the_same_without_a_stream_is_an_error_of_http_and_no_half_of_the_text)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID "}", &e, &id);
    rig_settle(&site.rig);
    fd_auto(&e->far);
    e->far = -1;
    reply_wait(r);
    check_error(r, 503, "engine_lost", NULL);
    CHECK(!reply_has(r, "erst"));
    site_close();
}

TEST(a_talker_that_crashes_takes_down_only_its_own_answer)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r =
        POST(site.net, CHAT, key,
             "{\"messages\":[{\"role\":\"user\",\"content\":\"!crash\"}],\"stream\":true}");
    CHECK_INT(r->status, ==, 200);
    check_broken_stream(r, "engine_lost");
    site_close();
}

TEST(the_last_frame_waits_for_the_record_and_is_an_error_when_there_is_none)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID ",\"stream\":true}", &e, &id);
    (void)SITE_UNTIL(reply_has(r, "erst"));
    atomic_store(&disk.room, 0);
    rig_done(e, id, 0, true);
    reply_wait(r);
    atomic_store(&disk.room, -1);
    check_broken_stream(r, "disk_full");
    site_close();
}

TEST(what_a_plain_answer_says_is_held_back_until_its_record_is_durable)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID "}", &e, &id);
    rig_settle(&site.rig);
    disk_hold();
    rig_done(e, id, 0, true);
    (void)SITE_UNTIL(atomic_load(&disk.stuck));
    rig_settle(&site.rig);
    CHECK_INT(r->heads, ==, 0);
    disk_release();
    reply_wait(r);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "choices.0.message.content"), STR("erst"));
    site_close();
}

TEST(text_of_any_kind_survives_its_frame)
{
    static const char hard[] = "\"\\\n\r\n\ndata: [DONE]\t\x01\x7f</x>\xe2\x80\xa8\xf0\x9f\x8c\xb3";
    static struct joined j;
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID ",\"stream\":true}", &e, &id);
    rig_says(e, id, 0, hard);
    rig_done(e, id, 0, true);
    reply_wait(r);
    join(r, true, &j);
    CHECK_STR(str_of(j.text[0]), str_of(arena_fmt(r->a, "erst%s", hard).at));
    CHECK(j.done);
    site_close();
}

/* ---- clients that go away */
TEST(a_client_that_goes_away_frees_its_place)
{
    open_site();
    const struct wish hang = {
        "POST", CHAT, site_key("amt", "intern"), NULL,
        STR("{\"messages\":[{\"role\":\"user\",\"content\":\"!hang\"}],\"stream\":true}")};
    reply *r = reply_start(site.net, hang);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 1);
    reply_auto(&r);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0);
    site_close();
}

/* ---- memory */
TEST(a_plain_answer_that_outgrows_its_memory_is_an_error_not_a_half)
{
    static char piece[30001];
    uint64_t id;
    memset(piece, 'x', sizeof piece - 1);
    memset(&site, 0, sizeof site);
    rig_open(&site.rig);
    site.rig.params.gate_request_memory_bytes_max = 1 << 20;
    site_serve(&openai_table, 1, &openai_dialect);
    const struct wish w = {"POST", CHAT, site_key("amt", "intern"), NULL, STR("{" SAID "}")};
    AUTO(reply) *r = reply_start(site.net, w);
    struct rig_engine *e = rig_ready(&site.rig, 0);
    id = rig_submitted(&site.rig, e);
    for (int i = 0; i < 40; i++) {
        rig_says(e, id, 0, piece);
        rig_settle(&site.rig);
    }
    rig_done(e, id, 0, true);
    reply_wait(r);
    check_error(r, 503, "overloaded", NULL);
    CHECK(!reply_has(r, "xxx"));
    site_close();
}

/* ---- limits */
static void
bound(const char *subject, const char *limit, uint64_t value)
{
    OPERATOR(c, &site.rig);
    CHECK_OK(caller_wait(&c, admin_limit_set(&c.call, str_of(subject), str_of(limit), value)));
}

TEST(an_answer_says_what_is_left_of_the_limits)
{
    open_site();
    const char *key = site_key("amt", "VS-NfD");
    AUTO(reply) *none = POST(site.net, CHAT, key, "{" SAID "}");
    CHECK_STR(reply_field(none, "x-ratelimit-limit-requests"), STR(""));
    bound("key:amt", "requests/minute", 10);
    bound("key:amt", "tokens/minute", 5000);
    AUTO(reply) *plain = POST(site.net, CHAT, key, "{\"max_tokens\":90," SAID "}");
    CHECK_INT(plain->status, ==, 200);
    CHECK_STR(reply_field(plain, "x-ratelimit-limit-requests"), STR("10"));
    CHECK_STR(reply_field(plain, "x-ratelimit-remaining-requests"), STR("9"));
    CHECK(str_ends(reply_field(plain, "x-ratelimit-reset-requests"), STR("s")));
    CHECK_STR(reply_field(plain, "x-ratelimit-limit-tokens"), STR("5000"));
    CHECK_STR(reply_field(plain, "x-ratelimit-remaining-tokens"), STR("4900"));
    AUTO(reply) *stream = POST(site.net, CHAT, key, "{\"stream\":true," SAID "}");
    CHECK_INT(stream->status, ==, 200);
    CHECK_STR(reply_field(stream, "x-ratelimit-remaining-requests"), STR("8"));
    site_close();
}

TEST(a_limit_that_is_used_up_is_429_with_its_name_and_when_to_come_again)
{
    open_site();
    const char *key = site_key("amt", "VS-NfD");
    bound("default:key", "requests/day", 0);
    AUTO(reply) *r = POST(site.net, CHAT, key, "{\"stream\":true," SAID "}");
    CHECK_INT(r->status, ==, 429);
    CHECK_STR(reply_text(r, "error.type"), STR("rate_limit_error"));
    CHECK(reply_has(r, "requests/day of key:amt"));
    uint64_t s = 0;
    CHECK_OK(num_u64(reply_field(r, "retry-after"), 1, 86400, &s));
    site_close();
}

TEST(a_stream_whose_key_is_revoked_ends_with_an_error_event)
{
    open_site();
    site.rig.talkers = false; /* played by hand, so that it does not end by itself */
    const char *key = site_key("amt", "VS-NfD");
    AUTO(reply) *r = reply_start(
        site.net, (struct wish){"POST", CHAT, key, NULL, STR("{\"stream\":true," SAID "}")});
    (void)SITE_UNTIL(site.rig.starts);
    const struct rig_engine *e = rig_ready(&site.rig, 0);
    rig_says(e, rig_submitted(&site.rig, e), 0, "y");
    (void)SITE_UNTIL(r->heads && r->body.len);
    OPERATOR(c, &site.rig);
    CHECK_OK(caller_wait(&c, admin_key_revoke(&c.call, STR("amt"))));
    (void)reply_wait(r);
    CHECK(reply_has(r, "invalid_api_key") && reply_has(r, "revoked") && !reply_has(r, "[DONE]"));
    AUTO(reply) *again = POST(site.net, CHAT, key, "{" SAID "}");
    CHECK_INT(again->status, ==, 401);
    site_close();
}
