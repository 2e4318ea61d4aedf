/* SPDX-License-Identifier: EUPL-1.2 */
/* The process's side; the test is the gate, over a bare channel where it lies, else through
 * egress.h (rig.h). */
#include "egress/outlet.h"

#include "egress/parts.h"
#include "unit/egress/rig.h"

static struct rig r;

/* ---- a gate that says what the test wants */

struct puppet {
    ipc *channel;
    struct batch b;
    int ended, states, ends, heads;
    uint32_t why;
    bool deaf;
};

static struct puppet p;

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    struct frame f;
    str rest = STR_NONE;
    (void)ctx;
    CHECK(batch_open(m, &rest));
    while (batch_next(&rest, &f)) {
        p.states += f.type == EGRESS_STATE;
        p.heads += f.type == EGRESS_HEAD;
        if (f.type == EGRESS_END) {
            struct egress_end end;
            memcpy(&end, f.bytes.at, sizeof end);
            p.why = end.why;
            p.ends++;
        }
    }
    return true;
}

static void
on_end(void *ctx)
{
    (void)ctx;
    p.ended++;
    ipc_free(TAKE(p.channel));
    p.b.channel = NULL;
}

static fallible
puppet_open(void)
{
    int pair[2];
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = &p};
    memset(&p, 0, sizeof p);
    TRY(rig_open(&r, NULL));
    TRY(ipc_pair(pair));
    TRY(ipc_new(r.l, pair[0], 64 << 20, hooks, &p.channel));
    batch_init(&p.b, p.channel);
    r.u.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    return rig_outlet(&r, pair[1]);
}

static void
puppet_close(void)
{
    ipc_free(p.channel);
    batch_done(&p.b);
    rig_close(&r);
}

static void
put_call(uint64_t id, const char *provider)
{
    const struct call_parts c = {
        .provider = str_of(provider), .method = STR("POST"), .path = STR("/x"), .body = STR("{}")};
    CHECK_OK(parts_put_call(&p.b, id, &c));
}

static void
put(uint32_t type, uint64_t id, const void *bytes, size_t len)
{
    char *const at = batch_add(&p.b, type, id, len);
    if (at && len)
        memcpy(at, bytes, len);
}

TEST(the_gate_hears_of_all_providers_first_and_of_each_call_once)
{
    NEED_OK(puppet_open());
    RIG_UNTIL(&r, p.states == 1);
    put_call(EGRESS_CALLS_MAX, "up");
    put_call(EGRESS_CALLS_MAX + 1, "none");
    CHECK_OK(batch_flush(&p.b));
    RIG_UNTIL(&r, p.ends == 2);
    CHECK_INT(p.heads, ==, 1);
    CHECK_INT(r.u.requests, ==, 1);
    puppet_close();
}

TEST(a_place_is_free_again_after_its_end_and_after_a_cancel)
{
    NEED_OK(puppet_open());
    for (uint64_t i = 1; i < 20; i++) {
        put_call(i * EGRESS_CALLS_MAX, "up");
        put(EGRESS_CANCEL, i * EGRESS_CALLS_MAX, NULL, 0);
    }
    put_call(99 * EGRESS_CALLS_MAX, "up");
    put(EGRESS_CANCEL, 98 * EGRESS_CALLS_MAX, NULL, 0); /* of another: nothing */
    CHECK_OK(batch_flush(&p.b));
    RIG_UNTIL(&r, p.ends == 1);
    CHECK(p.why == EGRESS_FINE && r.gone == 0);
    puppet_close();
}

static void
lie(int which)
{
    switch (which) {
    case 0:
        put(EGRESS_HEAD, 1, "x", 1);
        break;
    case 1:
        put(EGRESS_CALL, 1, "x", 1);
        break;
    case 2:
        put(EGRESS_CANCEL, 1, "x", 1);
        break;
    case 3: /* twice in one place */
        r.u.silent = true;
        put_call(EGRESS_CALLS_MAX, "up");
        put_call(2 * EGRESS_CALLS_MAX, "up");
        break;
    case 4:
        put_call(EGRESS_CALLS_MAX, "up");
        p.b.out.len -= 8;
        break;
    case 5:
        put_call(EGRESS_CALLS_MAX, "up");
        p.b.out.len = 9;
        break;
    default:
        put(0, 0, NULL, 0);
        break;
    }
}

TEST(a_gate_that_says_nonsense_is_left)
{
    for (int which = 0; which < 7; which++) {
        NEED_OK(puppet_open());
        lie(which);
        CHECK_OK(batch_flush(&p.b));
        RIG_UNTIL(&r, r.gone && p.ended);
        CHECK_INT(r.gone, ==, 1);
        puppet_close();
    }
}

TEST(when_the_gate_goes_everything_ends)
{
    NEED_OK(puppet_open());
    r.u.silent = true;
    put_call(EGRESS_CALLS_MAX, "up");
    CHECK_OK(batch_flush(&p.b));
    RIG_UNTIL(&r, r.u.requests == 1);
    ipc_free(TAKE(p.channel));
    RIG_UNTIL(&r, r.gone == 1);
    outlet_free(TAKE(r.out));
    RIG_UNTIL(&r, r.u.open == 0);
    puppet_close();
}

/* ---- back-pressure */

TEST(a_gate_that_does_not_read_stops_the_provider_not_memory)
{
    enum { STREAMS = 8 };
    static char piece[65536];
    int pair[2];
    NEED_OK(rig_open(&r, NULL));
    NEED_OK(ipc_pair(pair));
    r.p.at[0].limits.answer_bytes_max = UINT64_C(1) << 40;
    r.p.at[0].limits.idle_ms = 50;
    NEED_OK(rig_outlet(&r, pair[1]));
    AUTO(buf) answer = BUF(1 << 20);
    buf_add(&answer, STR("HTTP/1.1 200 OK\r\n\r\n"));
    memset(piece, 'x', sizeof piece);
    buf_add(&answer, (str){piece, sizeof piece});
    r.u.answer = buf_str(&answer);
    r.u.endless = true;
    struct batch b;
    batch_init(&b, NULL);
    for (uint64_t i = 0; i < STREAMS; i++) {
        const struct call_parts c = {
            .provider = STR("up"), .method = STR("GET"), .path = STR("/x"), .body = STR("")};
        CHECK_OK(parts_put_call(&b, EGRESS_CALLS_MAX + i, &c));
    }
    const struct egress_batch about = {.proto = EGRESS_PROTO, .frames = b.frames};
    CHECK_OK(ipc_send_wait(pair[0], EGRESS_BATCH, 0, &about, sizeof about, buf_str(&b.out), -1));
    uint64_t last = 1;
    for (int quiet = 0; quiet < 50;) {
        rig_turn(&r);
        quiet = r.u.sent == last ? quiet + 1 : 0;
        last = r.u.sent;
    }
    /* What waits here, and what the sockets hold. */
    CHECK_INT(r.u.sent, <, STREAMS * (16 << 20) + OUTLET_QUEUE_BYTES);
    CHECK_INT(r.u.open, ==, STREAMS);
    CHECK_INT(r.gone, ==, 0);
    /* It goes on when the gate reads. */
    static _Alignas(16) char room[IPC_ROOM];
    uint64_t got = 0;
    for (int i = 0; i < 200000 && got < 64 << 20; i++) {
        struct ipc_message m;
        if (ipc_recv_wait(pair[0], 0, room, &m).code) {
            rig_turn(&r);
            continue;
        }
        got += m.tail.len;
        ipc_release(&m);
    }
    CHECK_INT(got, >=, 64 << 20);
    close(pair[0]);
    batch_done(&b);
    rig_close(&r);
}

/* ---- states */

TEST(the_gate_hears_when_a_breaker_opens_and_when_it_lets_through_again)
{
    struct caller k;
    NEED_OK(rig_open(&r, NULL));
    r.p.at[0].limits.failures_max = 1;
    r.u.close_after = true;
    r.u.answer = STR("");
    NEED_OK(rig_connect(&r));
    caller_init(&k, &r);
    CHECK_ERR(caller_run(&k), PROVIDER_LOST);
    CHECK(!egress_state_of(r.gate, STR("up")).is_open);
    CHECK_INT(egress_state_of(r.gate, STR("up")).failures, ==, 1);
    CHECK_ERR(caller_run(&k), PROVIDER_LOST);
    CHECK(strstr(k.text, "left alone") != NULL);
    RIG_UNTIL(&r, egress_state_of(r.gate, STR("up")).is_open);
    r.u.close_after = false;
    r.u.answer = STR("HTTP/1.1 204 X\r\n\r\n");
    CHECK_OK(caller_run(&k));
    CHECK_INT(egress_state_of(r.gate, STR("up")).failures, ==, 0);
    rig_close(&r);
    caller_done(&k);
}

TEST(several_providers_are_told_apart)
{
    struct caller k;
    NEED_OK(rig_open(&r, NULL));
    r.u.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    r.p.list.count = 3;
    for (int i = 1; i < 3; i++) {
        r.p.at[i] = r.p.at[0];
        snprintf(r.p.list.at[i].name, sizeof r.p.list.at[i].name, "p%d", i);
        snprintf(r.p.at[i].base, sizeof r.p.at[i].base, "/base%d", i);
    }
    snprintf(r.p.at[2].url, sizeof r.p.at[2].url, "http://127.0.0.1:1");
    NEED_OK(rig_connect(&r));
    caller_init(&k, &r);
    k.call.provider = STR("p1");
    CHECK_OK(caller_run(&k));
    CHECK(str_starts(buf_str(&r.u.last), STR("POST /base1/chat ")));
    k.call.provider = STR("p2");
    CHECK_ERR(caller_run(&k), PROVIDER_LOST);
    CHECK_INT(egress_state_of(r.gate, STR("p2")).failures, ==, 1);
    CHECK_INT(egress_state_of(r.gate, STR("p1")).failures, ==, 0);
    rig_close(&r);
    caller_done(&k);
}

TEST(a_bad_ca_is_said_at_the_start)
{
    int pair[2];
    NEED_OK(rig_open(&r, NULL));
    snprintf(r.p.at[0].url, sizeof r.p.at[0].url, "https://a.example");
    NEED_OK(ipc_pair(pair));
    CHECK_ERR(rig_outlet(&r, pair[1]), CONFIG);
    CHECK(r.out == NULL);
    close(pair[0]);
    rig_close(&r);
}

TEST(whatever_fails_at_the_start_nothing_is_left)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        int pair[2];
        NEED_OK(rig_open(&r, NULL));
        NEED_OK(ipc_pair(pair));
        fault_arm(n);
        const err e = rig_outlet(&r, pair[1]);
        fired = fault_fired();
        fault_arm(0);
        CHECK((e.code == 0) == (r.out != NULL));
        close(pair[0]);
        rig_close(&r);
    }
}
