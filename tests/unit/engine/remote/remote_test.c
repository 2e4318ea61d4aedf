/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/remote.h"

#include "unit/engine/remote/away.h"

#define SSE "text/event-stream; charset=utf-8"
#define DELTA(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define FINISH "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define DONE "data: [DONE]\n\n"

struct talk {
    struct rig_grant grant;
    struct rig_conv conv;
    struct remote_target target;
    struct script heard;
    remote_job *job;
};

static void
talk_init(struct talk *t)
{
    *t = (struct talk){
        .grant = rig_grant("VS-NfD"),
        .target = {.provider = STR("there"), .model = STR("big"), .sink = label_of_level(1)}};
    rig_chat(&t->conv, "Hallo");
    away_reset();
}

static void
talk_done(struct talk *t)
{
    script_auto(&t->heard);
    rig_grant_done(&t->grant);
    away_reset();
    buf_done(&away.log);
}

static err
ask(struct talk *t, enum engine_kind kind)
{
    script_auto(&t->heard);
    const struct engine_hooks hooks = script_hooks(&t->heard);
    const err e = remote_submit(&away, t->grant.g, &t->target, kind, &t->conv.c,
                                label_with(LABEL_BOTTOM, LABEL_TAINT_FIRST), hooks, &t->job);
    t->heard.job = t->job;
    return e;
}

#define TALK(t)                                                                                    \
    __attribute__((cleanup(talk_done))) struct talk t;                                             \
    talk_init(&t)

/* ---- good */

TEST(a_chat_goes_out_and_its_answer_comes_back)
{
    TALK(t);
    t.conv.c.label = label_of_level(1);
    NEED_OK(ask(&t, ENGINE_CHAT));
    CHECK_STR(buf_str(&away.log),
              STR("POST there /chat/completions\ncontent-type: application/json\n"
                  "accept: text/event-stream\n\n"
                  "{\"model\":\"big\",\"messages\":[{\"role\":\"user\",\"content\":\"Hallo\"}],"
                  "\"stream\":true,\"stream_options\":{\"include_usage\":true}}"));
    CHECK(label_eq(away.label, label_of_level(1)));
    away_head(200, SSE, NULL, NULL);
    away_data(STR(DELTA("Gu") DELTA("ten")));
    CHECK_STR(script_str(&t.heard), STR("T0 Gu\nT0 ten\n"));
    CHECK(label_eq(t.heard.label, label_with(label_of_level(1), LABEL_TAINT_FIRST)));
    away_data(STR(FINISH DONE));
    away_end(OK);
    CHECK_STR(script_str(&t.heard), STR("T0 Gu\nT0 ten\nD0 stop 0/0/2 ~ .\n"));
    CHECK_INT(t.heard.after_the_end + t.heard.failed + away.cancelled, ==, 0);
}

TEST(each_dialect_has_its_path_and_fields)
{
    static const struct {
        enum remote_dialect dialect;
        const char *model, *head;
    } cases[] = {{REMOTE_ANTHROPIC, "m",
                  "POST there /v1/messages\ncontent-type: application/json\n"
                  "accept: text/event-stream\nanthropic-version: 2023-06-01\n\n"},
                 {REMOTE_BEDROCK, "arn:aws:bedrock:eu-central-1::foundation-model/a.b-v1:0",
                  "POST there /model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A%3Afoundation-model%2F"
                  "a.b-v1%3A0/converse-stream\ncontent-type: application/json\n"
                  "accept: application/vnd.amazon.eventstream\n\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TALK(t);
        t.target.dialect = cases[i].dialect;
        t.target.model = str_of(cases[i].model);
        NEED_OK(ask(&t, ENGINE_CHAT));
        CHECK(str_starts(buf_str(&away.log), str_of(cases[i].head)));
        remote_cancel(t.job);
    }
}

TEST(vectors_are_asked_for_in_one_piece)
{
    static const char *const texts[] = {"a", "b"};
    TALK(t);
    rig_inputs(&t.conv, texts, 2);
    NEED_OK(ask(&t, ENGINE_EMBED));
    CHECK_STR(buf_str(&away.log),
              STR("POST there /embeddings\ncontent-type: application/json\n"
                  "accept: application/json\n\n"
                  "{\"model\":\"big\",\"input\":[\"a\",\"b\"],\"encoding_format\":\"base64\"}"));
    away_head(200, "application/json", NULL, NULL);
    away_data(STR("{\"data\":[{\"embedding\":[1]},{\"embed"));
    away_data(STR("ding\":[2]}]}"));
    away_end(OK);
    CHECK_STR(script_str(&t.heard), STR("V0 1\nV1 2\nD0 stop 0/0/0 ~ .\n"));
}

TEST(a_server_that_does_not_stream_is_taken_as_it_is)
{
    TALK(t);
    NEED_OK(ask(&t, ENGINE_CHAT));
    away_head(200, "application/json", NULL, NULL);
    away_data(STR("{\"choices\":[{\"index\":0,\"message\":{\"content\":\"Ja\"},"
                  "\"finish_reason\":\"stop\"}]}"));
    CHECK_STR(script_str(&t.heard), STR(""));
    away_end(OK);
    CHECK_STR(script_str(&t.heard), STR("T0 Ja\nD0 stop 0/0/1 ~ .\n"));
}

TEST(a_connection_that_breaks_behind_a_whole_answer_does_no_harm)
{
    TALK(t);
    NEED_OK(ask(&t, ENGINE_CHAT));
    away_head(200, SSE, NULL, NULL);
    away_data(STR(DELTA("a") FINISH DONE));
    away_end(away_lost());
    CHECK_STR(script_str(&t.heard), STR("T0 a\nD0 stop 0/0/1 ~ .\n"));
    CHECK_INT(t.heard.failed, ==, 0);
}

TEST(the_stop_strings_are_kept_when_the_conversation_is_gone)
{
    char stop[] = "END";
    TALK(t);
    t.conv.c.params.stops[0] = STR("x");
    t.conv.c.params.stops[1] = str_of(stop);
    t.conv.c.params.stop_count = 2;
    NEED_OK(ask(&t, ENGINE_CHAT));
    memset(stop, '?', sizeof stop);
    memset(&t.conv, 0, sizeof t.conv);
    away_head(200, SSE, NULL, NULL);
    away_data(STR("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\","
                  "\"stop_reason\":\"END\"}]}\n\n"));
    away_end(OK);
    CHECK_STR(script_str(&t.heard), STR("D0 stop#2 0/0/0 ~ .\n"));
}

/* ---- what may not leave */

TEST(what_the_grant_does_not_cover_is_not_sent)
{
    TALK(t);
    t.target.sink = label_of_level(8);
    t.conv.c.label = label_of_level(3);
    CHECK_ERR(ask(&t, ENGINE_CHAT), DENIED);
    /* The label of the whole may lie; that of a message does not. */
    t.conv.c.label = LABEL_BOTTOM;
    t.conv.message.text = content_of(STR("Hallo"), label_of_level(3));
    CHECK_ERR(ask(&t, ENGINE_CHAT), DENIED);
    CHECK_INT(away.sent, ==, 0);
}

TEST(what_the_sink_does_not_dominate_is_not_sent_whatever_the_grant_says)
{
    for (int bit = 0; bit < 256; bit++) {
        TALK(t);
        t.conv.c.label = label_with(LABEL_BOTTOM, bit);
        t.target.sink = LABEL_BOTTOM;
        CHECK_ERR(ask(&t, ENGINE_CHAT), DENIED);
        CHECK_INT(away.sent, ==, 0);
    }
}

TEST(what_the_dialect_cannot_say_is_not_sent)
{
    TALK(t);
    t.target.dialect = REMOTE_ANTHROPIC;
    t.conv.c.params.n = 2;
    CHECK_ERR(ask(&t, ENGINE_CHAT), UNSUPPORTED);
    CHECK_STR(str_of(err_param()), STR("n"));
    CHECK_ERR(ask(&t, ENGINE_EMBED), UNSUPPORTED);
    CHECK_ERR(ask(&t, ENGINE_COMPLETE), UNSUPPORTED);
    CHECK_ERR(ask(&t, ENGINE_TOKENIZE), UNSUPPORTED);
    t.target.dialect = REMOTE_OPENAI;
    CHECK_ERR(ask(&t, ENGINE_TOKENIZE), UNSUPPORTED);
    CHECK_INT(away.sent, ==, 0);
}

TEST(what_egress_refuses_is_passed_on)
{
    TALK(t);
    away.refusal = away_lost();
    CHECK_ERR(ask(&t, ENGINE_CHAT), PROVIDER_LOST);
    CHECK_INT(t.heard.calls, ==, 0);
}

/* ---- bad answers: each fails once, and nothing follows */

static void
check_bad(int status, const char *type, str body, err end, enum err_code want)
{
    TALK(t);
    NEED_OK(ask(&t, ENGINE_CHAT));
    if (status)
        away_head(status, type, NULL, NULL);
    away_data(body);
    away_data(STR(DELTA("more")));
    away_end(end);
    CHECK_INT(t.heard.failed, ==, 1);
    CHECK_INT(t.heard.failure.code, ==, want);
    CHECK_INT(t.heard.lasts + t.heard.after_the_end, ==, 0);
    CHECK(str_find(str_of(t.heard.public), STR("secret")) < 0);
    CHECK(!away.job.is_open);
}

TEST(a_bad_answer_fails_once)
{
    check_bad(200, SSE, STR("data: {\n\n"), OK, ERR_PROVIDER_LOST);
    check_bad(200, SSE, STR(DELTA("a")), OK, ERR_PROVIDER_LOST);
    check_bad(200, SSE, STR(DELTA("a")), away_lost(), ERR_PROVIDER_LOST);
    check_bad(200, SSE, STR(FINISH), OK, ERR_PROVIDER_LOST); /* then "more" */
    check_bad(200, SSE,
              STR("data: {\"error\":{\"message\":\"secret\",\"code\":\"rate_limit\"}}\n\n"), OK,
              ERR_BUSY);
    check_bad(200, "text/html", STR("secret"), OK, ERR_PROVIDER_LOST);
    check_bad(200, "", STR("secret"), OK, ERR_PROVIDER_LOST);
    check_bad(200, "application/vnd.amazon.eventstream", STR(""), OK, ERR_PROVIDER_LOST);
    check_bad(200, "application/json", STR("{"), OK, ERR_PROVIDER_LOST);
    check_bad(0, NULL, STR(""), OK, ERR_PROVIDER_LOST);
    check_bad(0, NULL, STR(""), away_lost(), ERR_PROVIDER_LOST);
    check_bad(204, SSE, STR(DELTA("a")), OK, ERR_PROVIDER_LOST);
    check_bad(302, "text/html", STR(""), OK, ERR_PROVIDER_LOST);
}

TEST(an_error_is_told_by_status_and_code)
{
    check_bad(400, "application/json", STR("{\"error\":{\"message\":\"secret\"}}"), OK,
              ERR_ARGUMENT);
    check_bad(400, "application/json", STR("{\"error\":{\"code\":\"context_length_exceeded\"}}"),
              OK, ERR_CONTEXT_LENGTH);
    check_bad(401, "application/json", STR("{\"error\":{\"code\":\"secret\"}}"), OK,
              ERR_PROVIDER_LOST);
    check_bad(404, "text/html", STR("<secret>"), OK, ERR_MODEL_NOT_FOUND);
    check_bad(503, "text/html", STR("secret"), away_lost(), ERR_PROVIDER_LOST);
}

TEST(how_long_to_wait_is_kept)
{
    static const struct {
        const char *value;
        uint32_t s;
    } cases[] = {{"7", 7},  {"0.2", 1},   {" 12 ", 12},
                 {"-1", 0}, {"99999", 0}, {"Wed, 21 Oct 2015 07:28:00 GMT", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TALK(t);
        NEED_OK(ask(&t, ENGINE_CHAT));
        away_head(429, "application/json", "Retry-After", cases[i].value);
        CHECK_INT(remote_retry_s(t.job), ==, cases[i].s);
        away_end(OK);
        CHECK_INT(t.heard.failure.code, ==, ERR_BUSY);
        char want[64];
        snprintf(want, sizeof want, "in %u s", cases[i].s);
        CHECK((str_find(str_of(t.heard.public), str_of(want)) >= 0) == (cases[i].s > 0));
    }
}

TEST(the_name_of_an_amazon_error_stands_in_a_field)
{
    TALK(t);
    t.target.dialect = REMOTE_BEDROCK;
    NEED_OK(ask(&t, ENGINE_CHAT));
    away_head(400, "application/json", "x-amzn-ErrorType",
              "ValidationException:http://internal.example/");
    away_data(STR("{\"message\":\"Input is too long for requested model.\"}"));
    away_end(OK);
    CHECK_INT(t.heard.failure.code, ==, ERR_CONTEXT_LENGTH);
}

TEST(of_a_long_error_the_beginning_is_enough)
{
    static char junk[200000];
    memset(junk, 'a', sizeof junk);
    TALK(t);
    NEED_OK(ask(&t, ENGINE_CHAT));
    away_head(500, "text/plain", NULL, NULL);
    for (int i = 0; i < 20; i++)
        away_data((str){junk, sizeof junk});
    away_end(OK);
    CHECK_INT(t.heard.failure.code, ==, ERR_PROVIDER_LOST);
}

TEST(a_second_head_or_a_body_before_the_first_fails)
{
    TALK(t);
    NEED_OK(ask(&t, ENGINE_CHAT));
    away_head(200, SSE, NULL, NULL);
    away_head(200, SSE, NULL, NULL);
    CHECK_INT(t.heard.failed, ==, 1);
    NEED_OK(ask(&t, ENGINE_CHAT));
    away_data(STR(DELTA("a")));
    CHECK_INT(t.heard.failed, ==, 1);
}

/* ---- cancelling */

TEST(a_cancelled_job_says_nothing_more)
{
    for (int when = 0; when < 3; when++) {
        TALK(t);
        NEED_OK(ask(&t, ENGINE_CHAT));
        if (when > 0)
            away_head(200, SSE, NULL, NULL);
        if (when > 1)
            away_data(STR(DELTA("a")));
        const unsigned calls = t.heard.calls;
        remote_cancel(t.job);
        CHECK_INT(away.cancelled, ==, 1);
        away_data(STR(DELTA("b")));
        away_end(OK);
        CHECK_INT(t.heard.calls, ==, calls);
    }
    remote_cancel(NULL);
}

TEST(a_job_may_be_cancelled_from_each_of_its_hooks)
{
    static const char *const ends[] = {FINISH DONE, "data: {\n\n"};
    for (unsigned at = 1; at <= 4; at++)
        for (size_t i = 0; i < 2; i++) {
            TALK(t);
            NEED_OK(ask(&t, ENGINE_CHAT));
            t.heard.cancel_at = at;
            away_head(200, SSE, NULL, NULL);
            away_data(STR(DELTA("a") DELTA("b") DELTA("c")));
            away_data(str_of(ends[i]));
            away_end(OK);
            CHECK_INT(t.heard.calls, ==, at);
            CHECK(!away.job.is_open);
        }
}

/* ---- faults */

static void
talk_once(struct talk *t)
{
    static const char *const stops[] = {"###"};
    t->conv.c.params.stops[0] = str_of(stops[0]);
    t->conv.c.params.stop_count = 1;
    if (ask(t, ENGINE_CHAT).code)
        return;
    away_head(200, SSE, NULL, NULL);
    away_data(STR(DELTA("a") "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":["
                             "{\"id\":\"x\",\"function\":{\"name\":\"f\"}}]}}]}\n\nda"));
    away_data(STR("ta: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"));
    away_end(OK);
}

TEST(memory_that_runs_out_anywhere_fails_the_one_request)
{
    bool fired = true;
    for (long n = 1; fired && n < 200; n++) {
        TALK(t);
        fault_arm(n);
        talk_once(&t);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(t.heard.failed + t.heard.lasts, <=, 1);
        CHECK_INT(t.heard.after_the_end, ==, 0);
        CHECK(fired || t.heard.lasts);
        CHECK(!away.job.is_open);
    }
    CHECK(!fired);
}
