/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/ollama.h"

#include "base/utf8.h"
#include "unit/api/reply.h"

#define CHAT "/api/chat"
#define TEXT "/api/generate"
#define SAID "\"messages\":[{\"role\":\"user\",\"content\":\"hallo\"}]"
#define WHOLE ",\"stream\":false"
#define TOOL ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"uhr\"}}]"
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
    site_open(&ollama_table, 1, &ollama_dialect);
}

/* ---- lines */
struct lines {
    char text[4096], thinking[1024], calls[4096];
    unsigned count, done, errors;
};

static void
join_text(arena *a, str line, const char *path, char *room, size_t room_len)
{
    if (!json_below(a, line, path).v)
        return;
    const str piece = text_below(a, line, path);
    const size_t len = strlen(room);
    CHECK(utf8_valid(piece));
    snprintf(room + len, room_len - len, "%.*s", STR_FMT(piece));
}

static void
join_calls(arena *a, str line, struct lines *l)
{
    const jval list = json_below(a, line, "message.tool_calls");
    AUTO(buf) b = BUF(4096);
    if (!list.v)
        return;
    json_put_value(&b, &list);
    const size_t len = strlen(l->calls);
    snprintf(l->calls + len, sizeof l->calls - len, "%.*s", STR_FMT(buf_str(&b)));
}

/* Every line is whole JSON, and nothing comes behind the one that is done or an error. */
static void
join(const reply *r, bool is_chat, struct lines *l)
{
    str rest = buf_str(&r->body), line;
    memset(l, 0, sizeof *l);
    CHECK(str_ends(rest, STR("\n")));
    while (str_next(&rest, '\n', &line)) {
        bool done = false;
        if (!line.len)
            continue;
        CHECK(!l->done && !l->errors);
        l->count++;
        if (json_below(r->a, line, "error").v) {
            l->errors++;
            continue;
        }
        const jval flag = json_below(r->a, line, "done");
        CHECK_OK(json_bool(&flag, &done));
        l->done += done;
        join_text(r->a, line, is_chat ? "message.content" : "response", l->text, sizeof l->text);
        join_text(r->a, line, is_chat ? "message.thinking" : "thinking", l->thinking,
                  sizeof l->thinking);
        join_calls(r->a, line, l);
        if (is_chat)
            CHECK_STR(text_below(r->a, line, "message.role"), STR("assistant"));
        CHECK(str_ends(text_below(r->a, line, "created_at"), STR("Z")));
    }
}

/* ---- plain */
TEST(a_whole_chat_answer_has_the_shape_clients_expect)
{
    open_site();
    AUTO(reply) *r = POST(site.net, CHAT, site_key("amt", "intern"), "{" SAID WHOLE "}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK_STR(reply_text(r, "model"), STR("toy"));
    CHECK_STR(reply_text(r, "message.role"), STR("assistant"));
    CHECK_STR(reply_text(r, "message.content"), STR(TALK));
    CHECK(!reply_at(r, "message.tool_calls").v && !reply_at(r, "message.thinking").v);
    CHECK_STR(reply_text(r, "done_reason"), STR("stop"));
    CHECK_INT(reply_number(r, "prompt_eval_count"), ==, 5);
    CHECK_INT(reply_number(r, "eval_count"), ==, TALKER_TOKENS);
    CHECK_INT(reply_number(r, "total_duration"), >, 0);
    site_close();
}

TEST(a_generated_text_has_response_where_chat_has_a_message)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = POST(site.net, TEXT, key, "{\"prompt\":\"hallo\",\"stream\":false}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "response"), STR(TALK));
    CHECK(!reply_at(r, "message").v);
    AUTO(reply) *raw =
        POST(site.net, TEXT, key, "{\"prompt\":\"hallo\",\"raw\":true,\"stream\":false}");
    CHECK_INT(raw->status, ==, 200);
    CHECK_STR(reply_text(raw, "response"), STR(TALK));
    site_close();
}

TEST(an_answer_cut_by_its_limit_says_length)
{
    open_site();
    AUTO(reply) *r = POST(site.net, CHAT, site_key("amt", "intern"),
                          "{" SAID WHOLE ",\"options\":{\"num_predict\":1}}");
    CHECK_STR(reply_text(r, "message.content"), STR("#0"));
    CHECK_STR(reply_text(r, "done_reason"), STR("length"));
    site_close();
}

TEST(a_request_for_nothing_is_answered_without_an_engine)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = POST(site.net, CHAT, key, "{\"model\":\"toy\"}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "done_reason"), STR("load"));
    AUTO(reply) *none = POST(site.net, TEXT, key, "{\"model\":\"nix\"}");
    CHECK_INT(none->status, ==, 404);
    CHECK_INT(site.rig.starts, ==, 0);
    site_close();
}

/* ---- streamed */
TEST(a_stream_is_the_default_and_joins_to_the_whole_answer)
{
    static struct lines l;
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = POST(site.net, CHAT, key, "{" SAID "}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("application/x-ndjson"));
    join(r, true, &l);
    CHECK_STR(str_of(l.text), STR(TALK));
    CHECK(l.done == 1 && l.count > 6 && !l.errors);
    AUTO(reply) *text = POST(site.net, TEXT, key, "{\"prompt\":\"hallo\"}");
    join(text, false, &l);
    CHECK_STR(str_of(l.text), STR(TALK));
    CHECK(l.done == 1);
    site_close();
}

/* ---- played engines */
static reply *
begin_played(const char *body, struct rig_engine **ret_engine, uint64_t *ret_id)
{
    open_site();
    site.rig.talkers = false;
    const struct wish w = {"POST", CHAT, site_key("amt", "intern"), NULL, str_of(body)};
    reply *r = reply_start(site.net, w);
    *ret_engine = rig_ready(&site.rig, 0);
    *ret_id = rig_submitted(&site.rig, *ret_engine);
    return r;
}

/* Says these in turn, then it is done. */
static reply *
play(const char *body, const char *const *said)
{
    struct rig_engine *e;
    uint64_t id;
    reply *r = begin_played(body, &e, &id);
    for (; *said; said++)
        rig_says(e, id, 0, *said);
    rig_done(e, id, 0, true);
    return reply_wait(r);
}

static const char *const calling[] = {
    "Gut.<tool_call>{\"name\": \"uhr\", \"argu", "ments\": {\"ort\": \"K\xc3\xb6ln\"",
    "}}</tool_call><tool_call>{\"name\": \"uhr\", ", "\"arguments\": {}}</tool_call>", NULL};

TEST(a_call_comes_whole_in_one_line_with_its_arguments_as_an_object)
{
    static struct lines l;
    AUTO(reply) *r = play("{" SAID TOOL "}", calling);
    join(r, true, &l);
    CHECK_STR(str_of(l.text), STR("Gut."));
    CHECK(strstr(l.calls, "\"index\":0,\"name\":\"uhr\",\"arguments\":{\"ort\":\"K\xc3\xb6ln\"}}"));
    CHECK(strstr(l.calls, "\"index\":1,\"name\":\"uhr\",\"arguments\":{}}"));
    CHECK(strstr(l.calls, "\"id\":\"call_"));
    CHECK(l.done == 1);
    site_close();
}

TEST(the_same_calls_are_in_the_whole_answer)
{
    AUTO(reply) *r = play("{" SAID WHOLE TOOL "}", calling);
    CHECK_STR(reply_text(r, "message.content"), STR("Gut."));
    CHECK_STR(reply_text(r, "message.tool_calls.0.function.arguments.ort"), STR("K\xc3\xb6ln"));
    CHECK_STR(reply_text(r, "message.tool_calls.1.function.name"), STR("uhr"));
    CHECK(!reply_at(r, "message.tool_calls.2").v);
    site_close();
}

static const char *const thinking[] = {"<think>\nHm, ", "er fragt.\n</think>\n\n21", NULL};

TEST(thoughts_stand_beside_the_answer_unless_they_are_not_wanted)
{
    static struct lines l;
    AUTO(reply) *shown = play("{" SAID "}", thinking);
    join(shown, true, &l);
    CHECK_STR(str_of(l.text), STR("21"));
    CHECK(strstr(l.thinking, "er fragt."));
    site_close();
    AUTO(reply) *hidden = play("{" SAID WHOLE ",\"think\":false}", thinking);
    CHECK_STR(reply_text(hidden, "message.content"), STR("21"));
    CHECK(!reply_has(hidden, "fragt"));
    site_close();
}

TEST(text_of_any_kind_survives_its_line)
{
    static const char hard[] = "\"\\\n\r\n\n{}\t\x01\x7f</x>\xe2\x80\xa8\xf0\x9f\x8c\xb3";
    static struct lines l;
    AUTO(reply) *r = play("{" SAID "}", (const char *const[]){"a", hard, NULL});
    join(r, true, &l);
    CHECK_STR(str_of(l.text), str_of(arena_fmt(r->a, "a%s", hard).at));
    site_close();
}

/* ---- errors */
static void
check_error(const reply *r, int status)
{
    CHECK_INT(r->status, ==, status);
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    const jval all = reply_at(r, "");
    CHECK_INT(json_count(&all), ==, 1);
    CHECK(reply_text(r, "error").len > 10);
}

TEST(what_fails_before_the_stream_is_an_error_of_http)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *none = POST(site.net, CHAT, key, "{" SAID ",\"model\":\"nirgends\"}");
    check_error(none, 404);
    AUTO(reply) *bad = POST(site.net, CHAT, key, "{" SAID ",\"foo\":1}");
    check_error(bad, 400);
    AUTO(reply) *no_json = POST(site.net, TEXT, key, "{\"prompt\":");
    check_error(no_json, 400);
    AUTO(reply) *nobody = POST(site.net, CHAT, NULL, "{" SAID "}");
    check_error(nobody, 401);
    AUTO(reply) *denied = reply_to(
        site.net, (struct wish){"POST", CHAT, site_key("b", "offen"), "intern", STR("{" SAID "}")});
    check_error(denied, 403);
    CHECK_INT(site.rig.starts, ==, 0);
    site_close();
}

TEST(an_engine_that_dies_in_the_middle_ends_the_stream_with_an_error_and_never_as_done)
{
    static struct lines l;
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID "}", &e, &id);
    rig_says(e, id, 0, "erst");
    (void)SITE_UNTIL(reply_has(r, "erst"));
    fd_auto(&e->far);
    e->far = -1;
    reply_wait(r);
    join(r, true, &l);
    CHECK(l.errors == 1 && l.done == 0);
    site_close();
}

TEST(the_same_without_a_stream_is_an_error_of_http_and_no_half_of_the_text)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID WHOLE "}", &e, &id);
    rig_says(e, id, 0, "erst");
    rig_settle(&site.rig);
    fd_auto(&e->far);
    e->far = -1;
    reply_wait(r);
    check_error(r, 503);
    CHECK(!reply_has(r, "erst"));
    site_close();
}

TEST(the_last_line_waits_for_the_record_and_is_an_error_when_there_is_none)
{
    static struct lines l;
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{" SAID "}", &e, &id);
    rig_says(e, id, 0, "erst");
    (void)SITE_UNTIL(reply_has(r, "erst"));
    atomic_store(&disk.room, 0);
    rig_done(e, id, 0, true);
    reply_wait(r);
    atomic_store(&disk.room, -1);
    join(r, true, &l);
    CHECK(l.errors == 1 && l.done == 0);
    site_close();
}

TEST(a_call_that_was_cut_off_is_not_told)
{
    static const char *const cut[] = {"<tool_call>{\"name\": \"uhr\", \"arguments\": {\"ort\": \"K",
                                      NULL};
    AUTO(reply) *r = play("{" SAID WHOLE TOOL "}", cut);
    CHECK_INT(r->status, ==, 200);
    CHECK(!reply_at(r, "message.tool_calls").v);
    site_close();
}

TEST(a_client_that_goes_away_frees_its_place)
{
    open_site();
    const struct wish hang = {"POST", CHAT, site_key("amt", "intern"), NULL,
                              STR("{\"messages\":[{\"role\":\"user\",\"content\":\"!hang\"}]}")};
    reply *r = reply_start(site.net, hang);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 1);
    reply_auto(&r);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0);
    site_close();
}
