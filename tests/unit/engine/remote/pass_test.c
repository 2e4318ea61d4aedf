/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/pass.h"

#include "unit/engine/remote/away.h"

#define TEXT(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define FINISH "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":5}}\n\n"
#define DONE "data: [DONE]\n\n"

/* What was heard: "H200 s", "F2 bytes", "E tail 4/0/5". */
struct ear {
    buf log;
    remote_job *job;
    unsigned calls, cancel_at, ends, after_the_end;
    err failure;
    label label;
};

static void
heard(struct ear *e)
{
    e->after_the_end += e->ends;
    if (++e->calls == e->cancel_at)
        remote_cancel(e->job);
}

static void
on_head(void *ctx, int status, bool is_stream)
{
    struct ear *e = ctx;
    buf_add_fmt(&e->log, "H%d %s\n", status, is_stream ? "s" : "w");
    heard(e);
}

static void
on_frames(void *ctx, content raw, uint32_t count)
{
    struct ear *e = ctx;
    buf_add_fmt(&e->log, "F%u ", count);
    buf_add(&e->log, raw.bytes_);
    e->label = raw.label;
    heard(e);
}

static void
on_end(void *ctx, err bad, const struct remote_end *end)
{
    struct ear *e = ctx;
    heard(e);
    e->ends++;
    e->failure = bad;
    CHECK((end != NULL) == (bad.code == ERR_OK));
    if (!end)
        return;
    buf_add_fmt(&e->log, "E%u/%u/%u%s ", end->usage.prompt_tokens, end->usage.cached_tokens,
                end->usage.output_tokens, end->usage.is_estimated ? "~" : "");
    buf_add(&e->log, end->tail.bytes_);
    CHECK(label_eq(end->tail.label, label_with(LABEL_BOTTOM, LABEL_TAINT_FIRST)));
}

struct talk {
    struct rig_grant grant;
    struct remote_target target;
    struct remote_pass pass;
    struct ear ear;
    remote_job *job;
};

static void
talk_init(struct talk *t, str body)
{
    *t = (struct talk){
        .grant = rig_grant("VS-NfD"),
        .target = {.provider = STR("there"), .model = STR("big"), .sink = label_of_level(1)},
        .pass = {.kind = ENGINE_CHAT,
                 .body = content_of(body, LABEL_BOTTOM),
                 .is_stream = true,
                 .model_label = label_with(LABEL_BOTTOM, LABEL_TAINT_FIRST)},
        .ear = {.log = BUF(SCRIPT_MAX)}};
    away_reset();
}

static void
talk_done(struct talk *t)
{
    buf_done(&t->ear.log);
    rig_grant_done(&t->grant);
    away_reset();
    buf_done(&away.log);
}

static err
send(struct talk *t)
{
    t->pass.hooks = (struct remote_pass_hooks){on_head, on_frames, on_end, &t->ear};
    AUTO(arena) *a = NULL;
    struct remote_said said;
    TRY(arena_open(1 << 20, &a));
    TRY(remote_say(t->grant.g, &t->target, &t->pass, a, &said));
    t->pass.said = &said;
    const err e = remote_pass(&away, t->grant.g, &t->target, &t->pass, &t->job);
    t->ear.job = t->job;
    return e;
}

#define TALK(t, body)                                                                              \
    __attribute__((cleanup(talk_done))) struct talk t;                                             \
    talk_init(&t, STR(body))

TEST(a_body_goes_out_as_it_came_but_for_two_values)
{
    TALK(t, "{ \"model\" : \"alias\", \"new_field\" : 1.0, \"stream\":true}");
    NEED_OK(send(&t));
    CHECK_STR(buf_str(&away.log),
              STR("POST there /chat/completions\ncontent-type: application/json\n"
                  "accept: text/event-stream\n\n"
                  "{ \"model\" : \"big\", \"new_field\" : 1.0, \"stream\":true,"
                  "\"stream_options\":{\"include_usage\":true}}"));
    away_head(200, "text/event-stream", NULL, NULL);
    CHECK_STR(buf_str(&t.ear.log), STR(""));
    away_data(STR(TEXT("a") TEXT("b")));
    CHECK_STR(buf_str(&t.ear.log), STR("H200 s\nF2 " TEXT("a") TEXT("b")));
    CHECK(label_eq(t.ear.label, label_with(LABEL_BOTTOM, LABEL_TAINT_FIRST)));
    away_data(STR(FINISH USAGE DONE));
    away_end(OK);
    CHECK_STR(buf_str(&t.ear.log), STR("H200 s\nF2 " TEXT("a") TEXT("b") "E4/0/5 " FINISH DONE));
    CHECK_INT(t.ear.ends, ==, 1);
}

TEST(who_asked_for_usage_gets_it)
{
    TALK(t, "{\"stream_options\":{\"include_usage\":true},\"model\":\"x\"}");
    NEED_OK(send(&t));
    CHECK_STR(away_body(), STR("{\"stream_options\":{\"include_usage\":true},\"model\":\"big\"}"));
    away_head(200, "text/event-stream", NULL, NULL);
    away_data(STR(FINISH USAGE DONE));
    away_end(OK);
    CHECK_STR(buf_str(&t.ear.log), STR("H200 s\nE4/0/5 " FINISH USAGE DONE));
}

TEST(an_answer_that_is_no_stream_comes_whole_at_the_end)
{
#define ANSWER                                                                                     \
    "{\"choices\":[{\"message\":{},\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":1}" \
    "}"
    for (int streams = 0; streams < 2; streams++) {
        TALK(t, "{\"model\":\"x\"}");
        t.pass.is_stream = streams;
        NEED_OK(send(&t));
        CHECK(str_eq(away_body(), STR("{\"model\":\"big\"}")) == !streams);
        away_head(200, "application/json", NULL, NULL);
        away_data(STR(ANSWER));
        CHECK_STR(buf_str(&t.ear.log), STR(""));
        away_end(OK);
        CHECK_STR(buf_str(&t.ear.log), STR("H200 w\nE1/0/0 " ANSWER));
    }
}

TEST(completions_and_vectors_pass_too)
{
    TALK(t, "{\"model\":\"x\"}");
    t.pass.kind = ENGINE_EMBED;
    t.pass.is_stream = false;
    NEED_OK(send(&t));
    CHECK(str_starts(buf_str(&away.log), STR("POST there /embeddings\n")));
    away_head(200, "application/json", NULL, NULL);
    away_data(STR("{\"data\":[{}],\"usage\":{\"prompt_tokens\":3}}"));
    away_end(OK);
    CHECK_STR(buf_str(&t.ear.log),
              STR("H200 w\nE3/0/0 {\"data\":[{}],\"usage\":{\"prompt_tokens\":3}}"));
    t.pass.kind = ENGINE_COMPLETE;
    NEED_OK(send(&t));
    CHECK(str_starts(buf_str(&away.log), STR("POST there /completions\n")));
    remote_cancel(t.job);
}

TEST(what_may_not_leave_is_not_sent)
{
    for (int bit = 0; bit < 256; bit++) {
        TALK(t, "{\"model\":\"x\"}");
        t.pass.body.label = label_with(LABEL_BOTTOM, bit);
        t.target.sink = LABEL_BOTTOM;
        CHECK_ERR(send(&t), DENIED);
        t.target.sink = t.pass.body.label;
        if (!grant_covers(t.grant.g, t.pass.body.label))
            CHECK_ERR(send(&t), DENIED);
        else {
            NEED_OK(send(&t));
            remote_cancel(t.job);
        }
        CHECK_INT(away.sent, <=, 1);
    }
}

TEST(what_cannot_be_passed_is_refused)
{
    TALK(t, "{\"model\":\"x\",\"model\":\"y\"}");
    CHECK_ERR(send(&t), PARSE);
    t.pass.body = content_of(STR("{}"), LABEL_BOTTOM);
    t.target.dialect = REMOTE_ANTHROPIC;
    CHECK_ERR(send(&t), UNSUPPORTED);
    t.target.dialect = REMOTE_OPENAI;
    away.refusal = away_lost();
    CHECK_ERR(send(&t), PROVIDER_LOST);
    CHECK_INT(t.ear.calls, ==, 0);
}

static void
check_bad(bool streams, int status, const char *type, str body, err end, enum err_code want)
{
    TALK(t, "{\"model\":\"x\"}");
    t.pass.is_stream = streams;
    NEED_OK(send(&t));
    away_head(status, type, NULL, NULL);
    away_data(body);
    away_end(end);
    CHECK_INT(t.ear.ends, ==, 1);
    CHECK_INT(t.ear.failure.code, ==, want);
    CHECK_INT(t.ear.after_the_end, ==, 0);
    CHECK(str_find(buf_str(&t.ear.log), STR("secret")) < 0);
    CHECK(!away.job.is_open);
}

TEST(a_bad_answer_fails_once_and_shows_nothing_of_itself)
{
    const char *sse = "text/event-stream", *json = "application/json";
    check_bad(true, 200, sse, STR("data: {\"error\":{\"message\":\"secret\"}}\n\n"), OK,
              ERR_PROVIDER_LOST);
    check_bad(true, 200, sse,
              STR(TEXT("a") "data: {\"error\":{\"code\":429,\"m\":\"secret\"}}\n\n"), OK, ERR_BUSY);
    check_bad(true, 200, sse, STR(TEXT("a")), OK, ERR_PROVIDER_LOST);
    check_bad(true, 200, sse, STR(TEXT("a")), away_lost(), ERR_PROVIDER_LOST);
    check_bad(true, 200, sse, STR(TEXT("a") FINISH "data: {secret"), OK, ERR_PROVIDER_LOST);
    check_bad(true, 200, sse, STR("secret"), OK, ERR_PROVIDER_LOST);
    check_bad(true, 200, "text/html", STR("secret"), OK, ERR_PROVIDER_LOST);
    check_bad(false, 200, sse, STR(FINISH DONE), OK, ERR_PROVIDER_LOST);
    check_bad(false, 200, json, STR("{\"error\":{\"message\":\"secret\"}}"), OK, ERR_PROVIDER_LOST);
    check_bad(false, 200, json, STR("{\"choices\":[{\"secret\":1}]}"), OK, ERR_PROVIDER_LOST);
    check_bad(false, 200, json, STR("{\"choices\":[],\"secret\":1}"), OK, ERR_PROVIDER_LOST);
    check_bad(false, 200, json, STR("secret"), OK, ERR_PROVIDER_LOST);
    check_bad(false, 200, json, STR("{\"choices\":"), away_lost(), ERR_PROVIDER_LOST);
    check_bad(true, 400, json, STR("{\"error\":{\"message\":\"secret\"}}"), OK, ERR_ARGUMENT);
    check_bad(true, 404, json, STR("secret"), OK, ERR_MODEL_NOT_FOUND);
    check_bad(true, 500, json, STR("secret"), away_lost(), ERR_PROVIDER_LOST);
}

TEST(a_connection_that_breaks_behind_a_whole_answer_does_no_harm)
{
    TALK(t, "{\"model\":\"x\"}");
    NEED_OK(send(&t));
    away_head(200, "text/event-stream", NULL, NULL);
    away_data(STR(TEXT("a") FINISH DONE));
    away_end(away_lost());
    CHECK_STR(buf_str(&t.ear.log), STR("H200 s\nF1 " TEXT("a") "E0/0/1~ " FINISH DONE));
}

TEST(a_job_may_be_cancelled_from_each_of_its_hooks)
{
    for (unsigned at = 1; at <= 4; at++) {
        TALK(t, "{\"model\":\"x\"}");
        NEED_OK(send(&t));
        t.ear.cancel_at = at;
        away_head(200, "text/event-stream", NULL, NULL);
        away_data(STR(TEXT("a")));
        away_data(STR(TEXT("b") FINISH DONE));
        away_end(OK);
        CHECK_INT(t.ear.calls, ==, at);
        CHECK(!away.job.is_open);
    }
}

TEST(memory_that_runs_out_anywhere_fails_the_one_request)
{
    bool fired = true;
    for (long n = 1; fired && n < 200; n++) {
        TALK(t, "{\"model\":\"x\"}");
        fault_arm(n);
        if (!send(&t).code) {
            away_head(200, "text/event-stream", NULL, NULL);
            away_data(STR(TEXT("a") "da"));
            away_data(STR("ta: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n" DONE));
            away_end(OK);
            CHECK_INT(t.ear.ends, ==, 1);
        }
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired || !t.ear.failure.code);
        CHECK(!away.job.is_open);
    }
    CHECK(!fired);
}
