/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/fault.h"
#include "h2_peer.h"

/* ---- what is right */

TEST(a_request_over_http_2_is_answered)
{
    struct peer *const p = peer_open(true);
    const int32_t s = get(p, "/a?b");
    talk(p);
    const struct answer *const a = answer_of(p, s);
    CHECK_INT(a->status, ==, 200);
    CHECK(a->ended && a->closed);
    CHECK_STR(str_of(a->body), STR("hello"));
    CHECK(strstr(a->fields, "content-type: text/plain\n"));
    CHECK(strstr(a->fields, "content-length: 5\n"));
    CHECK(strstr(a->fields, "\nx-request-id: req_"));
    CHECK(strstr(a->fields, "\ndate: "));
    CHECK_DIARY(&p->r, "request GET /a 0\n");
    peer_close(p);
}

TEST(the_authority_is_found_under_both_names)
{
    struct peer *const p = peer_open(true);
    p->r.mode = RIG_HOLD;
    get(p, "/");
    talk(p);
    NEED(p->r.held_count == 1);
    http_exchange *const x = p->r.held[0];
    CHECK_STR(http_header(x, STR(":authority")), STR("h"));
    CHECK_STR(http_header(x, STR("host")), STR("h"));
    CHECK_STR(http_header(x, STR("x-a")), STR("b"));
    CHECK(http_header(x, STR(":path")).at == NULL);
    CHECK_INT(http_version(x), ==, 2);
    CHECK_INT(http_method(x), ==, HTTP_GET);
    peer_close(p);
}

TEST(a_body_comes_whole_in_whatever_pieces_the_network_makes)
{
    static const size_t steps[] = {1, 2, 3, 7, 9, 10, 100, 1000, 65536};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct peer *const p = peer_open(true);
        struct sending body = {.left = steps[i] < 10 ? 3000 : 3000000};
        char want[64];
        (void)snprintf(want, sizeof want, "request POST / %zu\n", body.left);
        p->step = steps[i];
        const int32_t s = submit(p, "POST", "/", &body, NULL, NULL);
        talk(p);
        CHECK_INT(answer_of(p, s)->status, ==, 200);
        CHECK_STR(buf_str(&p->r.diary), str_of(want));
        CHECK_INT(p->r.hub.body_bytes, ==, 0);
        peer_close(p);
    }
}

TEST(many_streams_are_answered_in_any_order)
{
    struct peer *const p = peer_open(true);
    int32_t s[RIG_HELD_MAX];
    p->r.mode = RIG_HOLD;
    for (int i = 0; i < RIG_HELD_MAX; i++)
        s[i] = get(p, "/");
    talk(p);
    NEED(p->r.held_count == RIG_HELD_MAX);
    for (int i = RIG_HELD_MAX; i-- > 0;)
        rig_answer(&p->r, p->r.held[i]);
    talk(p);
    for (int i = 0; i < RIG_HELD_MAX; i++)
        CHECK(answer_of(p, s[i])->status == 200 && answer_of(p, s[i])->closed);
    CHECK(p->r.hub.spare_count > 0);
    peer_close(p);
}

TEST(the_header_hook_may_answer_and_stop_the_upload)
{
    struct peer *const p = peer_open(true);
    struct sending body = {.left = 10000000};
    rig_hook_header(&p->r);
    p->r.answer_in_header = true;
    const int32_t s = submit(p, "POST", "/", &body, NULL, NULL);
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 200);
    CHECK(answer_of(p, s)->ended && answer_of(p, s)->closed);
    CHECK_INT(answer_of(p, s)->code, ==, NGHTTP2_NO_ERROR);
    CHECK_INT(body.left, >, 0);
    CHECK_DIARY(&p->r, "header POST /\n");
    CHECK(p->r.c.phase == CONN_OPEN);
    peer_close(p);
}

TEST(a_streamed_body_is_handed_on_over_http_2)
{
    struct peer *const p = peer_open(true);
    struct sending body = {.left = 20000};
    rig_hook_header(&p->r);
    p->r.body_mode = HTTP_STREAM;
    const int32_t s = submit(p, "POST", "/", &body, NULL, NULL);
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 200);
    CHECK(str_starts(buf_str(&p->r.diary), STR("header POST /\ndata ")));
    CHECK(str_ends(buf_str(&p->r.diary), STR("request POST / 0\n")));
    peer_close(p);
}

/* ---- what is wrong */

TEST(wrong_heads_are_refused_one_by_one_and_the_connection_lives)
{
    static const struct {
        const char *method, *path, *name, *value;
        int status;
    } bad[] = {
        {"GET", "/a b", NULL, NULL, 400},    {"GET", "/%zz", NULL, NULL, 400},
        {"GET", "/a/../b", NULL, NULL, 400}, {"GET", "*", NULL, NULL, 400},
        {"GET", "/a#b", NULL, NULL, 400},    {"TRACE", "/", NULL, NULL, 501},
        {"GET", "/", "host", "other", 400},  {"GET", "/", "expect", "200-ok", 417},
        {"G(T", "/", NULL, NULL, 400},
    };
    struct peer *const p = peer_open(true);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int32_t s = submit(p, bad[i].method, bad[i].path, NULL, bad[i].name, bad[i].value);
        talk(p);
        if (answer_of(p, s)->status != bad[i].status && answer_of(p, s)->code == 0)
            test_fail(__FILE__, __LINE__, "%s %s: %d", bad[i].method, bad[i].path,
                      answer_of(p, s)->status);
    }
    CHECK_DIARY(&p->r, "");
    const int32_t s = get(p, "/");
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 200);
    peer_close(p);
}

TEST(malformed_messages_are_reset)
{
    static const struct {
        const char *what;
        const char *fields[10];
    } bad[] = {
        {"upper case",
         {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", "X-A", "b"}},
        {"no path", {":method", "GET", ":scheme", "http", ":authority", "h", "a", "b", "c", "d"}},
        {"two methods",
         {":method", "GET", ":method", "GET", ":scheme", "http", ":path", "/", "a", "b"}},
        {"connection",
         {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", "connection",
          "close"}},
        {"te",
         {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", "te", "gzip"}},
        {"control",
         {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", "x-a", "\x01"}},
        {"space in name",
         {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", "x a", "b"}},
        {"late pseudo",
         {":method", "GET", ":scheme", "http", ":authority", "h", "a", "b", ":path", "/"}},
        {"unknown pseudo",
         {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", ":x", "b"}},
        {"length",
         {":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", "content-length",
          "5"}},
        {"empty path",
         {":method", "GET", ":scheme", "http", ":path", "", ":authority", "h", "a", "b"}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct peer *const p = peer_open(true);
        nghttp2_nv head[5];
        for (size_t k = 0; k < 5; k++) {
            head[k] = nv(bad[i].fields[2 * k], bad[i].fields[2 * k + 1]);
            head[k].flags = NGHTTP2_NV_FLAG_NO_COPY_NAME; /* else it would be made lower-case */
        }
        const int32_t s = nghttp2_submit_request(p->session, NULL, head, 5, NULL, NULL);
        talk(p);
        if (answer_of(p, s)->code != NGHTTP2_PROTOCOL_ERROR)
            test_fail(__FILE__, __LINE__, "%s: %u", bad[i].what, answer_of(p, s)->code);
        CHECK_DIARY(&p->r, "");
        peer_close(p);
    }
}

TEST(limits_over_http_2_are_those_of_http_1)
{
    struct peer *const p = peer_open(true);
    char target[20000], value[4001];
    nghttp2_nv head[24];
    memset(target, 'a', sizeof target - 1);
    target[0] = '/', target[sizeof target - 1] = 0;
    const int32_t s = get(p, target);
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 414);

    memset(value, 'v', sizeof value - 1), value[sizeof value - 1] = 0;
    head[0] = nv(":method", "GET"), head[1] = nv(":scheme", "http"), head[2] = nv(":path", "/");
    head[3] = nv(":authority", "h");
    p->r.hub.p.net_header_bytes_max = 60000;
    for (size_t i = 4; i < 20; i++)
        head[i] = nv("x-large", value);
    const int32_t t = nghttp2_submit_request(p->session, NULL, head, 20, NULL, NULL);
    talk(p);
    CHECK_INT(answer_of(p, t)->status, ==, 431);

    p->r.hub.p.net_header_count_max = 8;
    for (size_t i = 4; i < 20; i++)
        head[i] = nv("x-small", "v");
    const int32_t u = nghttp2_submit_request(p->session, NULL, head, 20, NULL, NULL);
    talk(p);
    CHECK_INT(answer_of(p, u)->status, ==, 431);

    struct sending body = {.left = 5000};
    p->r.hub.p.net_body_bytes_max = 4096;
    const int32_t w = submit(p, "POST", "/", &body, NULL, NULL);
    talk(p);
    CHECK_INT(answer_of(p, w)->status, ==, 413);
    CHECK_DIARY(&p->r, "");
    CHECK(p->r.c.phase == CONN_OPEN);
    peer_close(p);
}

/* A header block whose fields come from the dynamic table: a few bytes, megabytes of text. */
TEST(a_header_bomb_costs_nothing)
{
    struct peer *const p = peer_open(true);
    char value[4001];
    nghttp2_nv *const head = calloc(4000, sizeof *head);
    NEED(head);
    memset(value, 'v', sizeof value - 1), value[sizeof value - 1] = 0;
    head[0] = nv(":method", "GET"), head[1] = nv(":scheme", "http"), head[2] = nv(":path", "/");
    head[3] = nv(":authority", "h");
    head[4] = nv("x", value);
    nghttp2_submit_request(p->session, NULL, head, 5, NULL, NULL);
    talk(p);
    for (size_t i = 5; i < 16; i++)
        head[i] = nv("x", value);
    CHECK_INT(answer_of(p, 1)->status, ==, 200);
    p->r.hub.p.net_header_bytes_max = 20000;
    const int32_t s = nghttp2_submit_request(p->session, NULL, head, 16, NULL, NULL);
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 431);
    free(head);
    peer_close(p);
}

TEST(streams_beyond_the_limit_are_refused)
{
    struct peer *const p = peer_open(true);
    p->r.hub.p.net_h2_streams_max = 10;
    p->r.mode = RIG_HOLD;
    int32_t s[40];
    int refused = 0;
    for (int i = 0; i < 40; i++)
        s[i] = get(p, "/");
    talk(p);
    CHECK_INT(p->r.held_count, ==, 10);
    for (int i = 0; i < 40; i++)
        refused += answer_of(p, s[i])->closed && answer_of(p, s[i])->code == NGHTTP2_REFUSED_STREAM;
    CHECK_INT(refused, ==, 30);
    peer_close(p);
}

TEST(a_reset_by_the_client_is_told)
{
    struct peer *const p = peer_open(true);
    p->r.mode = RIG_HOLD;
    const int32_t s = get(p, "/1"), t = get(p, "/2");
    talk(p);
    nghttp2_submit_rst_stream(p->session, 0, s, NGHTTP2_CANCEL);
    talk(p);
    CHECK_DIARY(&p->r, "request GET /1 0\nrequest GET /2 0\ngone\n");
    NEED(p->r.held_count == 1);
    rig_answer(&p->r, p->r.held[0]);
    talk(p);
    CHECK_INT(answer_of(p, t)->status, ==, 200);
    peer_close(p);
}

TEST(a_connection_that_ends_ends_all_its_streams)
{
    struct peer *const p = peer_open(true);
    p->r.mode = RIG_HOLD;
    get(p, "/1"), get(p, "/2"), get(p, "/3");
    talk(p);
    http_start(p->r.held[1], 200, NULL, 0);
    talk(p);
    conn_eof(&p->r.c);
    CHECK(p->r.c.phase == CONN_DEAD);
    conn_done(&p->r.c);
    CHECK(str_ends(buf_str(&p->r.diary), STR("gone\ngone\ngone\n")));
    conn_init(&p->r.c, &p->r.hub, NULL);
    peer_close(p);
}

/* The client opens no window for one stream: it is cut, the other goes on. */
TEST(a_body_that_does_not_come_is_refused_when_its_time_is_over)
{
    struct peer *const p = peer_open(true);
    nghttp2_nv head[] = {nv(":method", "POST"), nv(":scheme", "http"), nv(":path", "/"),
                         nv(":authority", "h")};
    clock_fix(1, 0);
    const int32_t s = nghttp2_submit_headers(p->session, 0, -1, NULL, head, 4, NULL);
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 0);
    clock_fix(clock_ns() + p->r.p.net_body_ms_max * 1000000, 0);
    hub_expire(&p->r.hub);
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 408);
    CHECK(answer_of(p, s)->closed);
    clock_free();
    peer_close(p);
}

TEST(an_idle_connection_says_goodbye)
{
    struct peer *const p = peer_open(true);
    clock_fix(1, 0);
    get(p, "/");
    talk(p);
    clock_fix(clock_ns() + p->r.p.net_idle_ms_max * 1000000, 0);
    hub_expire(&p->r.hub);
    talk(p);
    CHECK(p->went_away);
    CHECK_INT(p->away_code, ==, NGHTTP2_NO_ERROR);
    CHECK(p->r.c.phase == CONN_LINGERS);
    clock_free();
    peer_close(p);
}

TEST(a_stop_finishes_what_runs_and_takes_nothing_new)
{
    struct peer *const p = peer_open(true);
    p->r.mode = RIG_HOLD;
    const int32_t s = get(p, "/");
    talk(p);
    p->r.hub.stopping = true;
    conn_stop(&p->r.c);
    talk(p);
    CHECK(p->went_away);
    CHECK_INT(p->away_last, ==, s);
    CHECK(p->r.c.phase == CONN_OPEN);
    rig_answer(&p->r, p->r.held[0]);
    p->r.held_count = 0;
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 200);
    CHECK(answer_of(p, s)->closed);
    CHECK(p->r.c.phase == CONN_LINGERS);
    peer_close(p);
}

/* CVE-2023-44487 */
TEST(rapid_resets_end_the_connection)
{
    struct peer *const p = peer_open(true);
    int i = 0;
    p->r.mode = RIG_HOLD;
    for (; i < 1000 && p->r.c.phase == CONN_OPEN && !p->went_away; i++) {
        const int32_t s = get(p, "/");
        talk(p);
        nghttp2_submit_rst_stream(p->session, 0, s, NGHTTP2_CANCEL);
        talk(p);
    }
    CHECK_INT(i, >, 300);
    CHECK_INT(i, <, 900);
    CHECK_INT(p->r.held_count, ==, 0);
    peer_close(p);
}

static void
flood(const char *what, str frame)
{
    struct peer *const p = peer_open(true);
    int i = 0;
    talk(p);
    p->r.slow = true;
    for (; i < 100000 && p->r.c.phase == CONN_OPEN; i++)
        rig_feed(&p->r, frame);
    if (p->r.c.phase == CONN_OPEN || p->r.c.out.len > 2 * CONN_OUT_HIGH)
        test_fail(__FILE__, __LINE__, "%s: %d frames, %zu bytes", what, i, p->r.c.out.len);
    buf_clear(&p->r.said);
    peer_close(p);
}

TEST(floods_of_frames_that_want_answers_are_bounded)
{
    flood("settings", STR("\0\0\0\4\0\0\0\0\0"));
    flood("ping", STR("\0\0\10\6\0\0\0\0\0abcdefgh"));
}

TEST(whatever_fails_over_http_2_costs_the_connection_and_nothing_else)
{
    for (long n = 1;; n++) {
        struct peer *const p = peer_open(true);
        struct sending body = {.left = 3000};
        p->r.mode = n % 2 ? RIG_ANSWER : RIG_STREAM;
        get(p, "/");
        submit(p, "POST", "/", &body, NULL, NULL);
        get(p, "/%zz");
        fault_arm(n);
        talk(p);
        const bool fired = fault_fired();
        fault_arm(0);
        rig_reconnect(&p->r);
        p->r.mode = RIG_ANSWER;
        rig_feed(&p->r, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
        CHECK_INT(rig_status(&p->r), ==, 200);
        peer_close(p);
        if (!fired && n > 1)
            break;
    }
}
