/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/pass.h"

#include "egress/parts.h"
#include "unit/gate/asker.h"

#define FRAME(text)                                                                                \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":"     \
    "null}]}\n\n"
#define FINISH "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":5}}\n\n"
#define DONE "data: [DONE]\n\n"

enum { HEARD_MAX = 64 * 1024 };

static struct rig rig;
static struct provider_list providers;

/* ---- hoheit-egress and all that lies behind it */
static struct outside {
    ipc *channel;
    struct batch out;
    uint64_t id;
    unsigned calls, cancelled, unrecorded;
    char body[HEARD_MAX];
    size_t len;
    const char *request; /* whose records must be there before anything arrives */
} outside;

static void
take_call(const struct frame *f)
{
    struct http_field fields[EGRESS_FIELDS_MAX];
    struct call_parts c;
    NEED(parts_read_call(f->bytes, fields, &c) && c.body.len <= HEARD_MAX);
    memcpy(outside.body, c.body.at, c.body.len);
    outside.len = c.body.len;
    outside.id = f->id;
    outside.calls++;
    const str r = rig_record(&rig, "egress", outside.request, 0);
    outside.unrecorded += !rig_record(&rig, "decision", outside.request, 0).len ||
                          !asker_holds(&rig, r, "input", c.body);
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    struct frame f;
    str rest;
    (void)ctx;
    CHECK(batch_open(m, &rest));
    while (batch_next(&rest, &f)) {
        if (f.type == EGRESS_CALL)
            take_call(&f);
        outside.cancelled += f.type == EGRESS_CANCEL;
    }
    return true;
}

static void
on_channel_end(void *ctx)
{
    (void)ctx;
    ipc_free(TAKE(outside.channel));
    outside.out.channel = NULL;
}

static void
answers(int status, const char *type)
{
    const struct http_field field = {STR("content-type"), str_of(type)};
    CHECK_OK(parts_put_head(&outside.out, outside.id, status, &field, 1));
    CHECK_OK(batch_flush(&outside.out));
}

static void
says(const char *bytes)
{
    const size_t len = strlen(bytes);
    memcpy(batch_add(&outside.out, EGRESS_DATA, outside.id, len), bytes, len);
    CHECK_OK(batch_flush(&outside.out));
}

static void
ends(enum egress_why why)
{
    const struct egress_end end = {.why = why, .now = {.provider = UINT32_MAX}};
    memcpy(batch_add(&outside.out, EGRESS_END, outside.id, sizeof end), &end, sizeof end);
    CHECK_OK(batch_flush(&outside.out));
}

static void
open_site(enum provider_dialect d)
{
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_channel_end};
    const struct model m = {.name = STR("wolke"),
                            .engine = STR("remote"),
                            .origin = STR("kopf/gross"),
                            .kind = MODEL_CHAT};
    int pair[2];
    rig_open(&rig);
    memset(&providers, 0, sizeof providers);
    outside = (struct outside){.request = ""};
    struct provider_public *p = &providers.at[providers.count++];
    snprintf(p->name, sizeof p->name, "kopf");
    snprintf(p->sink, sizeof p->sink, "offen//REL BAYERN");
    p->dialect = d;
    rig.gate->parts.providers = &providers;
    CHECK_OK(ipc_pair(pair));
    CHECK_OK(egress_new(rig.l, pair[0], &rig.gate->egress));
    CHECK_OK(ipc_new(rig.l, pair[1], 1 << 20, hooks, &outside.channel));
    batch_init(&outside.out, outside.channel);
    CHECK_OK(registry_add(rig.registry, &m));
}

static void
close_site(void)
{
    CHECK_INT(rig.gate->running, ==, 0);
    CHECK_INT(outside.unrecorded, ==, 0);
    batch_done(&outside.out);
    ipc_free(TAKE(outside.channel));
    rig_close(&rig);
}

/* ---- who asks: an asker whose request can be passed */
static struct client {
    struct asker *k;
    struct gate_raw raw;
    jval root;
    unsigned heads, runs;
    bool is_stream;
    char heard[HEARD_MAX];
    size_t len;
} client;

static void
on_pass(void *ctx, const struct gate_start *s, bool is_stream)
{
    asker_on_start(ctx, s);
    client.heads++;
    client.is_stream = is_stream;
}

static void
on_frames(void *ctx, str raw)
{
    asker_look(ctx);
    client.runs++;
    NEED(client.heads == 1 && raw.len <= HEARD_MAX - client.len);
    memcpy(client.heard + client.len, raw.at, raw.len);
    client.len += raw.len;
}

static str
heard(void)
{
    return (str){client.heard, client.len};
}

static void
client_new(const char *model, const char *data, const char *body, bool is_stream)
{
    client = (struct client){.k = asker_new(&rig, "VS-NfD//SOZIALDATEN", data, "Hallo")};
    CHECK_OK(json_read(client.k->a, str_of(body), &client.root));
    client.raw = (struct gate_raw){str_of(body), &client.root, is_stream, NULL};
    client.k->ask.model = str_of(model);
    client.k->ask.raw = &client.raw;
    outside.request = client.k->id;
}

static err
run(void)
{
    const struct gate_hooks hooks = {.on_start = asker_on_start,
                                     .on_text = asker_on_text,
                                     .on_pass = on_pass,
                                     .on_frames = on_frames,
                                     .on_done = asker_on_done,
                                     .on_end = asker_on_end,
                                     .ctx = client.k};
    return gate_run(rig.gate, &client.k->ask, hooks, &client.k->job);
}

/* Until it arrived outside. */
static void
arrive(const char *body, bool is_stream)
{
    client_new("wolke", "offen", body, is_stream);
    NEED_OK(run());
    RIG_UNTIL(&rig, outside.calls);
}

static str
completion(void)
{
    RIG_UNTIL(&rig, rig_record(&rig, "completion", client.k->id, 0).len);
    return rig_record(&rig, "completion", client.k->id, 0);
}

/* ---- */
TEST(a_stream_goes_out_and_comes_back_as_it_was_and_both_digests_are_on_record)
{
    open_site(PROVIDER_OPENAI);
    arrive("{ \"new\" : 1.0, \"model\":\"wolke\",\"stream\":true}", true);
    CHECK_STR(((str){outside.body, outside.len}),
              STR("{ \"new\" : 1.0, \"model\":\"gross\",\"stream\":true,"
                  "\"stream_options\":{\"include_usage\":true}}"));
    answers(200, "text/event-stream");
    says(FRAME("Gu") FRAME("ten"));
    RIG_UNTIL(&rig, client.runs);
    CHECK(client.is_stream);
    CHECK_STR(heard(), STR(FRAME("Gu") FRAME("ten")));
    CHECK(strstr(client.k->label, "external-model"));
    says(FINISH USAGE DONE);
    ends(EGRESS_FINE);
    RIG_UNTIL(&rig, client.k->ended);
    CHECK_ERR(client.k->end, OK);
    CHECK_STR(heard(), STR(FRAME("Gu") FRAME("ten") FINISH DONE));
    const str c = completion();
    CHECK(asker_holds(&rig, c, "output", heard()));
    CHECK(rig_has(c, "\"tokens_in\":4,\"tokens_out\":5"));
    CHECK_INT(client.k->pieces + client.k->done, ==, 0);
    asker_free(client.k);
    close_site();
}

TEST(an_answer_that_is_no_stream_comes_at_once_after_its_record)
{
    static const char answer[] = "{\"choices\":[{\"finish_reason\":\"stop\",\"x\":1.0}],"
                                 "\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":5}}";
    open_site(PROVIDER_OPENAI);
    arrive("{}", false);
    disk_hold();
    answers(200, "application/json");
    says(answer);
    ends(EGRESS_FINE);
    RIG_UNTIL(&rig, client.heads);
    rig_settle(&rig);
    CHECK(!client.runs && !client.k->ended);
    disk_release();
    RIG_UNTIL(&rig, client.k->ended);
    CHECK(!client.is_stream && client.runs == 1);
    CHECK_STR(heard(), str_of(answer));
    asker_free(client.k);
    close_site();
}

TEST(what_closes_a_stream_waits_for_its_record)
{
    open_site(PROVIDER_OPENAI);
    arrive("{}", true);
    disk_hold();
    answers(200, "text/event-stream");
    says(FRAME("a") FINISH DONE);
    ends(EGRESS_FINE);
    RIG_UNTIL(&rig, client.runs);
    rig_settle(&rig);
    CHECK(client.runs == 1 && !client.k->ended);
    CHECK_STR(heard(), STR(FRAME("a")));
    disk_release();
    RIG_UNTIL(&rig, client.k->ended);
    CHECK_STR(heard(), STR(FRAME("a") FINISH DONE));
    asker_free(client.k);
    close_site();
}

TEST(a_record_the_disk_refuses_keeps_back_what_closes_the_answer)
{
    open_site(PROVIDER_OPENAI);
    arrive("{}", true);
    answers(200, "text/event-stream");
    says(FRAME("a"));
    RIG_UNTIL(&rig, client.runs);
    disk.sync_errno = EIO;
    says(FINISH DONE);
    ends(EGRESS_FINE);
    RIG_UNTIL(&rig, client.k->ended);
    disk.sync_errno = 0;
    CHECK(client.k->end.code != ERR_OK);
    CHECK_STR(heard(), STR(FRAME("a")));
    client.k->too_early = 0;
    asker_free(client.k);
    close_site();
}

TEST(what_breaks_in_the_middle_fails_and_nothing_follows)
{
    static const struct {
        int status;
        const char *bytes;
        enum egress_why why;
        enum err_code want;
        const char *outcome;
    } rows[] = {
        {200, FRAME("a") "data: {\"error\":{\"code\":500}}\n\n" FINISH DONE, EGRESS_FINE,
         ERR_PROVIDER_LOST, "PROVIDER_LOST"},
        {200, FRAME("a"), EGRESS_FINE, ERR_PROVIDER_LOST, "PROVIDER_LOST"},
        {200, FRAME("a") FINISH "data: {", EGRESS_CUT, ERR_PROVIDER_LOST, "PROVIDER_LOST"},
        {429, "{\"error\":{\"message\":\"secret\"}}", EGRESS_FINE, ERR_BUSY, "BUSY"},
        {404, "x", EGRESS_FINE, ERR_MODEL_NOT_FOUND, "MODEL_NOT_FOUND"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_site(PROVIDER_OPENAI);
        arrive("{}", true);
        answers(rows[i].status, "text/event-stream");
        says(rows[i].bytes);
        ends(rows[i].why);
        RIG_UNTIL(&rig, client.k->ended);
        CHECK_INT(client.k->end.code, ==, rows[i].want);
        CHECK_STR(heard(), rows[i].status == 200 ? STR(FRAME("a")) : STR_NONE);
        char outcome[64];
        snprintf(outcome, sizeof outcome, "\"outcome\":\"%s\"", rows[i].outcome);
        CHECK(rig_has(completion(), outcome));
        asker_free(client.k);
        close_site();
    }
}

TEST(who_goes_away_has_the_provider_left_and_the_record_says_so)
{
    open_site(PROVIDER_OPENAI);
    arrive("{}", true);
    answers(200, "text/event-stream");
    says(FRAME("a"));
    RIG_UNTIL(&rig, client.runs);
    gate_cancel(TAKE(client.k->job));
    RIG_UNTIL(&rig, outside.cancelled);
    CHECK(rig_has(completion(), "\"outcome\":\"cancelled\""));
    CHECK(asker_holds(&rig, completion(), "output", STR(FRAME("a"))));
    CHECK_INT(client.k->ended, ==, 0);
    asker_free(client.k);
    close_site();
}

TEST(gone_while_the_completion_is_being_written)
{
    open_site(PROVIDER_OPENAI);
    arrive("{}", true);
    disk_hold();
    answers(200, "text/event-stream");
    says(FRAME("a") FINISH DONE);
    ends(EGRESS_FINE);
    RIG_UNTIL(&rig, client.runs);
    rig_settle(&rig);
    gate_cancel(TAKE(client.k->job));
    disk_release();
    CHECK(rig_has(completion(), "\"outcome\":\"ok\""));
    CHECK_INT(outside.cancelled + client.k->ended, ==, 0);
    asker_free(client.k);
    close_site();
}

TEST(a_key_that_is_revoked_ends_what_passes)
{
    open_site(PROVIDER_OPENAI);
    arrive("{}", true);
    answers(200, "text/event-stream");
    says(FRAME("a"));
    RIG_UNTIL(&rig, client.runs);
    client.k->session.is_revoked = true;
    says(FRAME("b"));
    RIG_UNTIL(&rig, client.k->ended);
    CHECK_ERR(client.k->end, UNAUTHENTICATED);
    CHECK_STR(heard(), STR(FRAME("a")));
    RIG_UNTIL(&rig, outside.cancelled);
    asker_free(client.k);
    close_site();
}

TEST(what_may_not_leave_is_denied_and_nothing_is_sent)
{
    open_site(PROVIDER_OPENAI);
    client_new("wolke", "VS-NfD", "{}", true);
    NEED_OK(run());
    RIG_UNTIL(&rig, client.k->ended);
    CHECK_ERR(client.k->end, DENIED);
    CHECK(!outside.calls && !client.heads);
    asker_free(client.k);
    close_site();
}

TEST(what_has_tokens_for_identifiers_is_not_passed_as_it_came)
{
    open_site(PROVIDER_OPENAI);
    client_new("wolke", "offen//SOZIALDATEN", "{\"secret\":1}", false);
    client.k->message.text = content_of(STR("Frau Erika Sommerfeld"), LABEL_BOTTOM);
    arena_free(client.k->a);
    CHECK_OK(arena_open(256 * 1024 * 1024, &client.k->a));
    client.k->ask.a = client.k->a;
    NEED_OK(run());
    RIG_UNTIL(&rig, outside.calls || client.k->ended);
    const str sent = {outside.body, outside.len};
    CHECK(outside.calls == 1 && rig_has(sent, "PERSON_") && !rig_has(sent, "secret"));
    gate_cancel(TAKE(client.k->job));
    rig_settle(&rig);
    asker_free(client.k);
    close_site();
}

TEST(only_a_provider_of_the_same_dialect_gets_it_as_it_came)
{
    struct err_kept unsaid;
    open_site(PROVIDER_ANTHROPIC);
    client_new("wolke", "offen", "{}", true);
    NEED_OK(run());
    RIG_UNTIL(&rig, outside.calls);
    CHECK(rig_has((str){outside.body, outside.len}, "max_tokens"));
    gate_cancel(TAKE(client.k->job));
    rig_settle(&rig);
    asker_free(client.k);
    /* What a conversation cannot say goes nowhere else. */
    err_keep(&unsaid, err_start_public(ERR_ARGUMENT, "new", __FILE__, __LINE__, __func__, "new?"));
    static const char *const models[] = {"wolke", "toy"};
    for (size_t i = 0; i < 2; i++) {
        client_new(models[i], "offen", "{\"new\":1}", true);
        client.raw.unsaid = &unsaid;
        CHECK_ERR(run(), ARGUMENT);
        CHECK_STR(str_of(err_param()), STR("new"));
        CHECK_INT(rig.gate->running, ==, 0);
        asker_free(client.k);
    }
    CHECK_INT(outside.calls, ==, 1);
    close_site();
}

TEST(a_longest_answer_that_was_set_here_goes_along)
{
    open_site(PROVIDER_OPENAI);
    client_new("wolke", "offen", "{\"model\":\"wolke\"}", false);
    client.k->conv.params.tokens_max = 77;
    NEED_OK(run());
    RIG_UNTIL(&rig, outside.calls);
    CHECK_STR(((str){outside.body, outside.len}), STR("{\"model\":\"gross\",\"max_tokens\":77}"));
    gate_cancel(TAKE(client.k->job));
    rig_settle(&rig);
    asker_free(client.k);
    close_site();
}

TEST(without_a_way_out_it_fails_at_once)
{
    open_site(PROVIDER_OPENAI);
    egress_free(TAKE(rig.gate->egress));
    client_new("wolke", "offen", "{}", true);
    CHECK_ERR(run(), PROVIDER_LOST);
    asker_free(client.k);
    close_site();
}

TEST(a_way_out_that_dies_ends_what_passes)
{
    open_site(PROVIDER_OPENAI);
    arrive("{}", true);
    answers(200, "text/event-stream");
    says(FRAME("a"));
    RIG_UNTIL(&rig, client.runs);
    outside.out.channel = NULL;
    ipc_free(TAKE(outside.channel));
    RIG_UNTIL(&rig, client.k->ended);
    CHECK_ERR(client.k->end, PROVIDER_LOST);
    CHECK_STR(heard(), STR(FRAME("a")));
    asker_free(client.k);
    close_site();
}

static void
pass_with_fault(long n, bool *ret_fired)
{
    client_new("wolke", "offen", "{\"model\":\"x\"}", true);
    outside.calls = 0;
    fault_arm(n);
    const err e = run();
    *ret_fired = fault_fired();
    fault_arm(0);
    CHECK(!e.code || *ret_fired);
    if (!e.code) {
        RIG_UNTIL(&rig, outside.calls);
        answers(200, "text/event-stream");
        says(FRAME("a") FINISH DONE);
        ends(EGRESS_FINE);
        RIG_UNTIL(&rig, client.k->ended);
        CHECK_ERR(client.k->end, OK);
        CHECK_STR(heard(), STR(FRAME("a") FINISH DONE));
    }
    CHECK_INT(rig.gate->running, ==, 0);
    asker_free(client.k);
}

TEST(whatever_fails_before_it_is_sent_the_request_is_refused_or_whole)
{
    bool fired = true;
    open_site(PROVIDER_OPENAI);
    for (long n = 1; fired && n < 300; n++)
        pass_with_fault(n, &fired);
    CHECK(!fired);
    close_site();
}
