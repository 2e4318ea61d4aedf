/* SPDX-License-Identifier: EUPL-1.2 */
/* The gate's side against the process's side and a provider, all on one loop; where the process
 * lies, or dies, the test is the process (a bare channel). */
#include "egress/egress.h"

#include <signal.h>
#include <sys/wait.h>

#include "egress/parts.h"
#include "unit/egress/rig.h"

#define HELLO STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello")
#define HEARD_HELLO "<200 content-length=5; a=b;>hello OK"

static struct rig r;

#define SETUP(answer_text)                                                                         \
    struct caller k;                                                                               \
    NEED_OK(rig_open(&r, NULL));                                                                   \
    r.u.answer = answer_text;                                                                      \
    NEED_OK(rig_connect(&r));                                                                      \
    caller_init(&k, &r)
#define TEARDOWN                                                                                   \
    rig_close(&r);                                                                                 \
    caller_done(&k)

TEST(a_call_goes_out_and_its_answer_comes_back)
{
    SETUP(HELLO);
    const struct http_field f = {STR("content-type"), STR("application/json")};
    k.call.fields = &f;
    k.call.field_count = 1;
    CHECK_OK(caller_run(&k));
    CHECK_STR(buf_str(&k.log), STR(HEARD_HELLO));
    const str want = STR("POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1:");
    CHECK(str_starts(buf_str(&r.u.last), want));
    CHECK(str_find(buf_str(&r.u.last), STR("content-type: application/json\r\n")) > 0);
    CHECK(str_ends(buf_str(&r.u.last), STR("Content-Length: 2\r\n\r\n{}")));
    TEARDOWN;
}

TEST(what_the_grant_does_not_cover_does_not_leave)
{
    SETUP(HELLO);
    k.call.body = content_of(STR("secret"), label_of_level(2));
    CHECK_ERR(caller_send(&k), DENIED);
    CHECK(k.job == NULL && k.ended == 0);
    for (int i = 0; i < 20; i++)
        rig_turn(&r);
    CHECK_INT(r.u.requests, ==, 0);
    k.call.body = content_of(STR("plain"), label_of_level(1));
    CHECK_OK(caller_run(&k));
    TEARDOWN;
}

TEST(an_answer_comes_piece_by_piece_whatever_its_size)
{
    static char body[3 << 20];
    char head[100];
    SETUP(HELLO);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)test_random();
    AUTO(buf) answer = BUF(8 << 20);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", sizeof body);
    buf_add(&answer, str_of(head));
    buf_add(&answer, (str){body, sizeof body});
    r.u.answer = buf_str(&answer);
    CHECK_OK(caller_run(&k));
    const ptrdiff_t at = str_find_char(buf_str(&k.log), '>');
    CHECK_STR(str_slice(buf_str(&k.log), (size_t)at + 1, (size_t)at + 1 + sizeof body),
              ((str){body, sizeof body}));
    TEARDOWN;
}

TEST(a_body_larger_than_a_packet_arrives_as_it_is)
{
    static char body[1 << 20];
    SETUP(HELLO);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)test_random();
    k.call.body = content_of((str){body, sizeof body}, LABEL_BOTTOM);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(caller_run(&k));
        CHECK(str_ends(buf_str(&r.u.last), (str){body, sizeof body}));
    }
    CHECK_INT(r.u.accepted, ==, 1);
    TEARDOWN;
}

TEST(many_calls_run_at_once_and_share_connections)
{
    enum { MANY = 200 };
    static struct caller many[MANY];
    SETUP(HELLO);
    r.p.at[0].limits.queue_max = MANY;
    outlet_free(r.out);
    NEED_OK(rig_connect(&r));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            caller_init(&many[i], &r);
            CHECK_OK(caller_send(&many[i]));
        }
        for (int i = 0; i < MANY; i++) {
            RIG_UNTIL(&r, many[i].ended);
            CHECK_STR(buf_str(&many[i].log), STR(HEARD_HELLO));
            caller_done(&many[i]);
        }
    }
    CHECK_INT(r.u.requests, ==, 2 * MANY);
    CHECK_INT(r.u.accepted, <=, 16);
    TEARDOWN;
}

TEST(a_cancelled_call_hears_nothing_more_and_its_connection_is_closed)
{
    SETUP(HELLO);
    r.u.silent = true;
    CHECK_OK(caller_send(&k));
    RIG_UNTIL(&r, r.u.requests == 1);
    egress_cancel(TAKE(k.job));
    RIG_UNTIL(&r, r.u.open == 0);
    CHECK(k.ended == 0 && k.heads == 0);
    r.u.silent = false;
    CHECK_OK(caller_run(&k));
    TEARDOWN;
}

TEST(hooks_may_cancel_and_begin_the_next)
{
    SETUP(HELLO);
    k.cancels_at_head = true;
    CHECK_OK(caller_send(&k));
    RIG_UNTIL(&r, k.heads == 1 && !k.job);
    k.cancels_at_head = false;
    k.cancels_at_data = true;
    CHECK_OK(caller_send(&k));
    RIG_UNTIL(&r, k.bytes == 5 && !k.job);
    CHECK_INT(k.ended, ==, 0);
    k.cancels_at_data = false;
    buf_clear(&k.log);
    k.again_at_end = true;
    CHECK_OK(caller_send(&k));
    RIG_UNTIL(&r, k.ended == 2);
    CHECK_STR(buf_str(&k.log), STR(HEARD_HELLO "[again OK]" HEARD_HELLO));
    egress_cancel(NULL);
    TEARDOWN;
}

TEST(a_call_cancelled_before_it_was_sent_leaves_a_clean_channel)
{
    SETUP(HELLO);
    for (int i = 0; i < 50; i++) {
        CHECK_OK(caller_send(&k));
        egress_cancel(TAKE(k.job));
    }
    CHECK_OK(caller_run(&k));
    CHECK_STR(buf_str(&k.log), STR(HEARD_HELLO));
    TEARDOWN;
}

TEST(freeing_it_ends_what_runs_as_cancelled)
{
    SETUP(HELLO);
    r.u.silent = true;
    CHECK_OK(caller_send(&k));
    rig_turn(&r);
    egress_free(TAKE(r.gate));
    CHECK(k.ended == 1);
    CHECK_ERR(k.e, CANCELLED);
    RIG_UNTIL(&r, r.gone == 1); /* and the process sees it */
    TEARDOWN;
}

TEST(a_provider_nobody_knows_is_lost)
{
    SETUP(HELLO);
    k.call.provider = STR("other");
    CHECK_ERR(caller_run(&k), PROVIDER_LOST);
    CHECK_STR(str_of(k.text), STR("there is no provider \"other\""));
    CHECK(k.is_unsent);
    CHECK(!egress_state_of(r.gate, STR("other")).is_known);
    CHECK(!egress_state_of(r.gate, STR("")).is_known);
    TEARDOWN;
}

TEST(the_state_of_a_provider_is_heard_of)
{
    SETUP(HELLO);
    RIG_UNTIL(&r, egress_state_of(r.gate, STR("up")).is_known);
    CHECK(egress_state_of(r.gate, STR("up")).is_open);
    CHECK_INT(egress_state_of(r.gate, STR("up")).latency_us, ==, 0);
    CHECK_OK(caller_run(&k));
    CHECK(egress_state_of(r.gate, STR("up")).latency_us > 0);
    TEARDOWN;
}

TEST(calls_failures_and_bytes_are_counted)
{
    static meters m;
    SETUP(HELLO);
    CHECK_OK(caller_run(&k)); /* not yet */
    egress_count(r.gate, &m);
    CHECK_OK(caller_run(&k));
    CHECK_INT(meter_value(&m, METER_EGRESS_CALLS), ==, 1);
    CHECK_INT(meter_value(&m, METER_EGRESS_BYTES_OUT), ==, 2);
    CHECK_INT(meter_value(&m, METER_EGRESS_BYTES_IN), ==, 5);
    CHECK_INT(meter_value(&m, METER_EGRESS_TIME), ==, 1);
    CHECK_INT(meter_value(&m, METER_EGRESS_FAILED), ==, 0);
    k.call.provider = STR("other");
    CHECK_ERR(caller_run(&k), PROVIDER_LOST);
    CHECK_INT(meter_value(&m, METER_EGRESS_CALLS), ==, 2);
    CHECK_INT(meter_value(&m, METER_EGRESS_FAILED), ==, 1);
    k.call.provider = STR("up");
    k.call.body = content_of(STR("secret"), label_of_level(2));
    CHECK_ERR(caller_send(&k), DENIED);
    CHECK_INT(meter_value(&m, METER_EGRESS_CALLS), ==, 2);
    TEARDOWN;
}

TEST(what_is_out_of_bounds_is_refused_before_it_leaves)
{
    static char long_text[EGRESS_PATH_MAX + 2], big[EGRESS_FIELD_BYTES_MAX + 1];
    static struct http_field many[EGRESS_FIELDS_MAX + 1];
    SETUP(HELLO);
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[0] = '/';
    const struct egress_call good = k.call;
    k.call.path = str_of(long_text);
    CHECK_ERR(caller_send(&k), LIMIT);
    k.call = good;
    k.call.provider = str_of(long_text);
    CHECK_ERR(caller_send(&k), LIMIT);
    k.call = good;
    const struct http_field f = {STR("a"), {big, sizeof big}};
    k.call.fields = &f;
    k.call.field_count = 1;
    CHECK_ERR(caller_send(&k), LIMIT);
    k.call.fields = many;
    k.call.field_count = EGRESS_FIELDS_MAX + 1;
    CHECK_ERR(caller_send(&k), LIMIT);
    k.call = good;
    CHECK_OK(caller_run(&k));
    TEARDOWN;
}

TEST(a_request_that_cannot_be_http_is_refused_by_the_process)
{
    static const char *const paths[] = {"chat", "/a b", "/a\r\nX: y", "/../x", "http://h/", "*"};
    static const struct http_field fields[] = {{STR_INIT("a b"), STR_INIT("c")},
                                               {STR_INIT("Host"), STR_INIT("c")},
                                               {STR_INIT("Content-Length"), STR_INIT("7")},
                                               {STR_INIT("Authorization"), STR_INIT("Bearer x")},
                                               {STR_INIT("X-API-Key"), STR_INIT("x")},
                                               {STR_INIT("a"), STR_INIT("b\r\nc: d")}};
    SETUP(HELLO);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        k.call.path = str_of(paths[i]);
        CHECK_ERR(caller_run(&k), PROVIDER_LOST);
        CHECK(strstr(k.text, "cannot be put into HTTP") != NULL);
    }
    k.call.path = STR("/chat");
    k.call.field_count = 1;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        k.call.fields = &fields[i];
        CHECK_ERR(caller_run(&k), PROVIDER_LOST);
        CHECK(strstr(k.text, "cannot be put into HTTP") != NULL);
    }
    CHECK_INT(r.u.requests, ==, 0);
    k.call.field_count = 0;
    CHECK_OK(caller_run(&k));
    TEARDOWN;
}

/* ---- the process dies */

TEST(when_the_process_dies_its_calls_are_lost_once_and_it_is_back)
{
    SETUP(HELLO);
    struct caller others[5];
    r.u.silent = true;
    CHECK_OK(caller_send(&k));
    for (int i = 0; i < 5; i++) {
        caller_init(&others[i], &r);
        CHECK_OK(caller_send(&others[i]));
    }
    RIG_UNTIL(&r, r.u.requests == 6);
    k.again_at_end = true;
    outlet_free(TAKE(r.out));
    RIG_UNTIL(&r, k.ended == 1);
    CHECK_ERR(k.e, PROVIDER_LOST);
    CHECK_STR(buf_str(&k.log), STR(" PROVIDER_LOST[again PROVIDER_LOST]"));
    CHECK(!egress_state_of(r.gate, STR("up")).is_open);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(others[i].ended, ==, 1);
        caller_done(&others[i]);
    }
    CHECK_ERR(caller_send(&k), PROVIDER_LOST);
    r.u.silent = false;
    NEED_OK(rig_connect(&r));
    buf_clear(&k.log);
    CHECK_OK(caller_run(&k));
    CHECK_STR(buf_str(&k.log), STR(HEARD_HELLO));
    CHECK_INT(k.ended, ==, 2);
    TEARDOWN;
}

TEST(a_new_channel_while_the_old_one_lives_loses_what_ran_on_the_old)
{
    SETUP(HELLO);
    r.u.silent = true;
    CHECK_OK(caller_send(&k));
    RIG_UNTIL(&r, r.u.requests == 1);
    outlet *const old = r.out;
    NEED_OK(rig_connect(&r));
    CHECK_INT(k.ended, ==, 1);
    CHECK_ERR(k.e, PROVIDER_LOST);
    RIG_UNTIL(&r, r.gone == 1);
    outlet_free(old);
    r.u.silent = false;
    CHECK_OK(caller_run(&k));
    TEARDOWN;
}

/* The process in a process of its own, which is killed in the middle of an answer. */
static pid_t
process_start(int channel)
{
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct rig own = {.p = r.p};
    if (!loop_new(&own.l).code && !rig_outlet(&own, channel).code)
        loop_run(own.l);
    _exit(0);
}

TEST(kill_9_in_the_middle_of_an_answer_is_one_loss)
{
    int pair[2];
    struct caller k;
    NEED_OK(rig_open(&r, NULL));
    r.u.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
    NEED_OK(ipc_pair(pair));
    const pid_t pid = process_start(pair[1]);
    NEED(pid > 0);
    close(pair[1]);
    NEED_OK(egress_new(r.l, pair[0], &r.gate));
    caller_init(&k, &r);
    CHECK_OK(caller_send(&k));
    RIG_UNTIL(&r, k.bytes == 5);
    kill(pid, SIGKILL);
    RIG_UNTIL(&r, k.ended);
    CHECK_STR(buf_str(&k.log), STR("<200 content-length=50;>hello PROVIDER_LOST"));
    CHECK(!k.is_unsent);
    CHECK(waitpid(pid, NULL, 0) == pid);
    up_hang_up_all(&r.u);
    r.u.answer = HELLO;
    NEED_OK(rig_connect(&r));
    CHECK_OK(caller_run(&k));
    CHECK_INT(k.ended, ==, 2);
    TEARDOWN;
}

/* ---- the process lies */

struct liar {
    ipc *channel;
    struct batch b;
    int ended;
};

static bool
liar_on_message(void *ctx, const struct ipc_message *m)
{
    (void)ctx, (void)m;
    return true;
}

static void
liar_on_end(void *ctx)
{
    struct liar *const l = ctx;
    l->ended++;
    ipc_free(TAKE(l->channel));
}

/* A channel whose other end says what the test wants; one call is under way, with id 4096. */
static bool
liar_open(struct liar *l, struct caller *k)
{
    int pair[2];
    const struct ipc_hooks hooks = {.on_message = liar_on_message, .on_end = liar_on_end, .ctx = l};
    *l = (struct liar){.ended = 0};
    if (rig_open(&r, NULL).code || ipc_pair(pair).code || egress_new(r.l, pair[0], &r.gate).code ||
        ipc_new(r.l, pair[1], 1 << 24, hooks, &l->channel).code)
        return false;
    batch_init(&l->b, l->channel);
    caller_init(k, &r);
    return !caller_send(k).code;
}

static void
liar_close(struct liar *l, struct caller *k)
{
    egress_free(TAKE(r.gate));
    ipc_free(l->channel);
    batch_done(&l->b);
    rig_close(&r);
    caller_done(k);
}

static void
liar_add(struct liar *l, uint32_t type, uint64_t id, const void *bytes, size_t len)
{
    char *const at = batch_add(&l->b, type, id, len);
    CHECK(at != NULL);
    if (at && len)
        memcpy(at, bytes, len);
}

enum { LIE_ID = EGRESS_CALLS_MAX };

/* What is wrong by itself: one frame each. */
static bool
lie_plainly(struct liar *l, int which)
{
    const struct egress_head ok = {200, 0}, too_many = {200, EGRESS_FIELDS_MAX + 1}, odd = {99, 0},
                             interim = {100, 0}, missing = {200, 1};
    const struct egress_end early = {.why = EGRESS_FINE, .now = {.provider = 0}},
                            unknown = {.why = EGRESS_WHY_COUNT},
                            far = {.why = EGRESS_CUT, .now = {.provider = PROVIDERS_MAX}};
    struct egress_report unended = {.now = {.provider = 0}},
                         beyond = {.now = {.provider = PROVIDERS_MAX}};
    memset(unended.name, 'a', sizeof unended.name);
    const struct {
        uint32_t type;
        const void *bytes;
        size_t len;
    } lies[] = {
        {99, "x", 1},
        {EGRESS_CALL, "x", 1},
        {EGRESS_DATA, "before the head", 15},
        {EGRESS_HEAD, &too_many, sizeof too_many},
        {EGRESS_HEAD, &odd, sizeof odd},
        {EGRESS_HEAD, &interim, sizeof interim},
        {EGRESS_HEAD, &missing, sizeof missing},
        {EGRESS_HEAD, &ok, sizeof ok - 1},
        {EGRESS_END, &early, sizeof early},
        {EGRESS_END, &unknown, sizeof unknown},
        {EGRESS_END, &far, sizeof far},
        {EGRESS_END, &early, 3},
        {EGRESS_STATE, &unended, sizeof unended},
        {EGRESS_STATE, &beyond, sizeof beyond},
        {EGRESS_STATE, &beyond, 5},
    };
    if (which >= (int)(sizeof lies / sizeof *lies))
        return false;
    liar_add(l, lies[which].type, LIE_ID, lies[which].bytes, lies[which].len);
    return true;
}

/* What is wrong after a good head. */
static void
lie_later(struct liar *l, int which)
{
    const struct egress_head ok = {200, 0};
    liar_add(l, EGRESS_HEAD, LIE_ID, &ok, sizeof ok);
    if (which == 0)
        liar_add(l, EGRESS_HEAD, LIE_ID, &ok, sizeof ok); /* a second one */
    if (which == 1)
        liar_add(l, EGRESS_DATA, LIE_ID, NULL, 0); /* no bytes */
    if (which == 2)
        l->b.out.len -= 8; /* a frame longer than the batch */
    if (which == 3)
        l->b.out.len = 7; /* half a frame's head */
}

TEST(a_process_that_says_nonsense_is_left_and_its_call_is_lost_once)
{
    for (int which = 0, later = -1; later < 3; which++) {
        struct liar l;
        struct caller k;
        NEED(liar_open(&l, &k));
        if (later >= 0 || !lie_plainly(&l, which))
            lie_later(&l, ++later);
        CHECK_OK(batch_flush(&l.b));
        RIG_UNTIL(&r, k.ended && l.ended);
        CHECK_INT(k.ended, ==, 1);
        CHECK_ERR(k.e, PROVIDER_LOST);
        liar_close(&l, &k);
    }
}

TEST(another_build_or_another_type_of_message_is_not_understood)
{
    const struct egress_batch other = {.proto = EGRESS_PROTO + 1}, right = {.proto = EGRESS_PROTO};
    for (int which = 0; which < 3; which++) {
        struct liar l;
        struct caller k;
        NEED(liar_open(&l, &k));
        CHECK_OK(ipc_send(l.channel, which == 1 ? 77 : EGRESS_BATCH, 0,
                          which == 0 ? &other : &right, which == 2 ? 4 : sizeof other, STR_NONE,
                          -1));
        RIG_UNTIL(&r, k.ended && l.ended);
        CHECK_ERR(k.e, PROVIDER_LOST);
        liar_close(&l, &k);
    }
}

TEST(what_is_said_about_a_call_that_was_cancelled_is_passed_over)
{
    const struct egress_head ok = {200, 0};
    const struct egress_end end = {.why = EGRESS_CUT, .now = {.provider = 0, .is_open = 1}};
    struct liar l;
    struct caller k;
    NEED(liar_open(&l, &k));
    egress_cancel(TAKE(k.job));
    liar_add(&l, EGRESS_HEAD, LIE_ID, &ok, sizeof ok);
    liar_add(&l, EGRESS_DATA, LIE_ID, "old", 3);
    liar_add(&l, EGRESS_END, LIE_ID, &end, sizeof end);
    liar_add(&l, EGRESS_END, 12345 * EGRESS_CALLS_MAX, &end, sizeof end);
    CHECK_OK(batch_flush(&l.b));
    for (int i = 0; i < 5; i++)
        rig_turn(&r);
    CHECK(k.ended == 0 && k.heads == 0 && l.ended == 0);
    liar_close(&l, &k);
}

TEST(a_process_that_reads_nothing_makes_calls_busy_not_memory_grow)
{
    static char body[8 << 20];
    struct caller k;
    int sent = 0;
    err e = OK;
    int pair[2];
    NEED_OK(rig_open(&r, NULL));
    NEED_OK(ipc_pair(pair));
    NEED_OK(egress_new(r.l, pair[0], &r.gate));
    caller_init(&k, &r);
    k.call.body = content_of((str){body, sizeof body}, LABEL_BOTTOM);
    for (; sent < 1000 && !e.code; sent++) {
        e = caller_send(&k);
        (void)loop_turn(r.l);
    }
    CHECK_ERR(e, BUSY);
    CHECK_INT(sent, <, 400);
    close(pair[1]);
    TEARDOWN;
}

TEST(a_body_too_large_is_a_limit)
{
    static char body[33 << 20];
    SETUP(HELLO);
    k.call.body = content_of((str){body, sizeof body}, LABEL_BOTTOM);
    CHECK_ERR(caller_send(&k), LIMIT);
    k.call.body = content_of((str){body, 20 << 20}, LABEL_BOTTOM);
    CHECK_OK(caller_run(&k));
    TEARDOWN;
}

/* ---- faults */

TEST(whatever_fails_at_the_start_nothing_is_left)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        int pair[2];
        memset(&r, 0, sizeof r);
        NEED_OK(loop_new(&r.l));
        NEED_OK(ipc_pair(pair));
        fault_arm(n);
        const err e = egress_new(r.l, pair[0], &r.gate);
        fired = fault_fired();
        fault_arm(0);
        CHECK((e.code == 0) == (r.gate != NULL));
        CHECK_INT(e.code != 0, ==, fired);
        close(pair[1]);
        egress_free(r.gate);
        loop_free(r.l);
    }
}

TEST(whatever_fails_a_call_ends_once_or_never_began)
{
    bool fired = true;
    for (long n = 1; fired && n < 300; n++) {
        SETUP(HELLO);
        RIG_UNTIL(&r, egress_state_of(r.gate, STR("up")).is_known);
        buf_add(&k.log, STR("so that only egress needs memory"));
        buf_add(&r.u.last, STR("x"));
        k.call.is_repeatable = n % 2;
        fault_arm(n);
        const err e = caller_send(&k);
        for (int i = 0; !e.code && !k.ended && i < 2000; i++) {
            (void)loop_turn(r.l);
            if (fault_fired())
                break;
        }
        fired = fault_fired();
        fault_arm(0);
        if (!e.code)
            RIG_UNTIL(&r, k.ended);
        CHECK_INT(k.ended, ==, e.code ? 0 : 1);
        CHECK(e.code == 0 || fired);
        CHECK(!e.code || !k.job);
        TEARDOWN;
    }
}
