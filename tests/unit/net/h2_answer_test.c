/* SPDX-License-Identifier: EUPL-1.2 */
#include "h2_peer.h"

TEST(a_stream_is_written_over_many_turns_and_rests_in_between)
{
    struct peer *const p = peer_open(true);
    p->r.mode = RIG_HOLD;
    const int32_t s = get(p, "/");
    talk(p);
    NEED(p->r.held_count == 1);
    http_start(p->r.held[0], 200, NULL, 0);
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 200);
    for (int i = 1; i <= 10; i++) {
        CHECK_OK(http_write(p->r.held[0], STR("a")));
        CHECK_OK(http_write(p->r.held[0], STR("b")));
        talk(p);
        CHECK_INT(answer_of(p, s)->body_len, ==, 2 * i);
        CHECK(!answer_of(p, s)->ended);
    }
    http_end(p->r.held[0]);
    talk(p);
    CHECK(answer_of(p, s)->ended && answer_of(p, s)->closed);
    CHECK_INT(answer_of(p, s)->code, ==, NGHTTP2_NO_ERROR);
    CHECK(!strstr(answer_of(p, s)->fields, "content-length"));
    peer_close(p);
}

TEST(a_large_answer_fits_through_small_windows)
{
    struct peer *const p = peer_open(true);
    AUTO(buf) b = BUF(8 << 20);
    for (int i = 0; i < 400000; i++)
        buf_add(&b, STR("0123456789"));
    p->r.answer = buf_str(&b);
    const int32_t s = get(p, "/"), t = get(p, "/");
    talk(p);
    CHECK_INT(answer_of(p, s)->body_len, ==, 4000000);
    CHECK_INT(answer_of(p, t)->body_len, ==, 4000000);
    CHECK(answer_of(p, s)->closed && answer_of(p, t)->closed);
    peer_close(p);
}

TEST(head_and_204_have_no_body_over_http_2)
{
    struct peer *const p = peer_open(true);
    const int32_t head = submit(p, "HEAD", "/", NULL, NULL, NULL);
    talk(p);
    CHECK(answer_of(p, head)->ended && answer_of(p, head)->body_len == 0);
    CHECK(strstr(answer_of(p, head)->fields, "content-length: 5\n"));
    p->r.mode = RIG_STREAM;
    const int32_t stream = submit(p, "HEAD", "/", NULL, NULL, NULL);
    talk(p);
    CHECK(answer_of(p, stream)->ended && answer_of(p, stream)->body_len == 0);
    p->r.mode = RIG_HOLD;
    const int32_t empty = get(p, "/");
    talk(p);
    http_answer(p->r.held[0], 204, NULL, 0, STR("dropped"));
    talk(p);
    CHECK(answer_of(p, empty)->ended && answer_of(p, empty)->body_len == 0);
    CHECK(!strstr(answer_of(p, empty)->fields, "content-length"));
    peer_close(p);
}

TEST(names_become_small_and_fields_harmless)
{
    struct peer *const p = peer_open(true);
    const struct http_field f[] = {{STR("X-Upper"), STR("A\r\nB")},
                                   {STR("Connection"), STR("close")},
                                   {STR("Transfer-Encoding"), STR("chunked")}};
    p->r.mode = RIG_HOLD;
    const int32_t s = get(p, "/");
    talk(p);
    http_answer(p->r.held[0], 200, f, 3, STR("a"));
    talk(p);
    CHECK(strstr(answer_of(p, s)->fields, "x-upper: A  B\n"));
    CHECK(!strstr(answer_of(p, s)->fields, "connection"));
    CHECK(!strstr(answer_of(p, s)->fields, "transfer"));
    peer_close(p);
}

TEST(who_expects_100_continue_over_http_2_is_told_to_go_on)
{
    struct peer *const p = peer_open(true);
    struct sending body = {.left = 3};
    const int32_t s = submit(p, "POST", "/", &body, "expect", "100-continue");
    talk(p);
    CHECK_INT(answer_of(p, s)->interim, ==, 100);
    CHECK_INT(answer_of(p, s)->status, ==, 200);
    const int32_t t = submit(p, "GET", "/", NULL, "expect", "100-continue");
    talk(p);
    CHECK_INT(answer_of(p, t)->interim, ==, 0);
    peer_close(p);
}

TEST(an_abort_resets_the_stream_and_leaves_the_others)
{
    struct peer *const p = peer_open(true);
    p->r.mode = RIG_ABORT;
    const int32_t s = get(p, "/");
    talk(p);
    CHECK(answer_of(p, s)->closed);
    CHECK_INT(answer_of(p, s)->code, ==, NGHTTP2_INTERNAL_ERROR);
    p->r.mode = RIG_ANSWER;
    const int32_t t = get(p, "/");
    talk(p);
    CHECK_INT(answer_of(p, t)->status, ==, 200);
    CHECK_DIARY(&p->r, "request GET / 0\nrequest GET / 0\n");
    peer_close(p);
}

TEST(a_slow_reader_of_one_stream_is_cut_and_the_others_go_on)
{
    struct peer *const p = peer_open(false);
    err e = OK;
    int writes = 0;
    p->r.hub.p.net_stream_queue_bytes_max = 100000;
    p->r.mode = RIG_HOLD;
    const int32_t s = get(p, "/slow");
    talk(p);
    http_exchange *const x = p->r.held[0];
    http_start(x, 200, NULL, 0);
    for (; writes < 10000 && !e.code; writes++) {
        e = http_write(x, STR("0123456789012345678901234567890123456789012345678901234567890123"));
        talk(p);
        nghttp2_session_consume_connection(p->session, 64);
    }
    CHECK_INT(e.code, ==, ERR_BUSY);
    CHECK_INT(answer_of(p, s)->body_len, ==, 65535);
    CHECK_INT(writes, <, (65535 + 100000) / 64 + 3);
    talk(p);
    CHECK_INT(answer_of(p, s)->code, ==, NGHTTP2_CANCEL);
    CHECK_DIARY(&p->r, "request GET /slow 0\ngone\n");
    CHECK_INT(meter_value(&p->r.m, METER_HTTP_CUT), ==, 1);
    p->r.mode = RIG_ANSWER;
    const int32_t t = get(p, "/");
    nghttp2_submit_window_update(p->session, 0, 0, 1000);
    talk(p);
    CHECK_INT(answer_of(p, t)->status, ==, 200);
    CHECK(answer_of(p, t)->ended);
    peer_close(p);
}

TEST(whole_answers_nobody_reads_are_bounded_too)
{
    struct peer *const p = peer_open(false);
    AUTO(buf) b = BUF(1 << 20);
    for (int i = 0; i < 10000; i++)
        buf_add(&b, STR("0123456789"));
    p->r.answer = buf_str(&b);
    p->r.hub.p.net_stream_queue_bytes_max = 65536;
    for (int i = 0; i < 100; i++)
        get(p, "/");
    talk(p);
    CHECK_INT(meter_value(&p->r.m, METER_HTTP_CUT), >, 80);
    peer_close(p);
}

TEST(a_stream_that_waits_for_its_window_too_long_is_cut)
{
    AUTO(buf) b = BUF(1 << 20);
    clock_fix(1, 0);
    struct peer *const p = peer_open(false);
    for (int i = 0; i < 10000; i++)
        buf_add(&b, STR("0123456789"));
    p->r.answer = buf_str(&b);
    const int32_t s = get(p, "/");
    talk(p);
    CHECK(!answer_of(p, s)->closed);
    clock_fix(clock_ns() + (p->r.p.net_idle_ms_max + 1) * 1000000, 0);
    hub_expire(&p->r.hub);
    talk(p);
    CHECK(answer_of(p, s)->closed);
    CHECK_INT(meter_value(&p->r.m, METER_HTTP_CUT), ==, 1);
    clock_free();
    peer_close(p);
}

TEST(a_client_that_never_opens_a_window_is_cut)
{
    const nghttp2_settings_entry none = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
    clock_fix(1, 0);
    struct peer *const p = peer_open(true);
    nghttp2_submit_settings(p->session, 0, &none, 1);
    const int32_t s = get(p, "/");
    talk(p);
    CHECK_INT(answer_of(p, s)->status, ==, 200);
    CHECK(!answer_of(p, s)->ended);
    clock_fix(clock_ns() + p->r.p.net_idle_ms_max * 1000000, 0);
    hub_expire(&p->r.hub);
    talk(p);
    CHECK_INT(answer_of(p, s)->code, ==, NGHTTP2_CANCEL);
    clock_free();
    peer_close(p);
}

TEST(a_stream_that_never_catches_up_needs_no_more_memory_than_it_is_behind)
{
    struct peer *const p = peer_open(false);
    char piece[10000] = {0};
    p->r.mode = RIG_HOLD;
    get(p, "/");
    talk(p);
    NEED(p->r.held_count == 1);
    http_exchange *const x = p->r.held[0];
    http_start(x, 200, NULL, 0);
    for (int i = 0; i < 10; i++)
        CHECK_OK(http_write(x, (str){piece, sizeof piece}));
    talk(p);
    for (int i = 0; i < 1000; i++) {
        CHECK_OK(http_write(x, (str){piece, sizeof piece}));
        nghttp2_session_consume(p->session, x->stream, sizeof piece);
        talk(p);
    }
    CHECK_INT(x->out.len - x->out_at, >, 10000);
    CHECK_INT(x->out.room, <, 1 << 20);
    peer_close(p);
}
