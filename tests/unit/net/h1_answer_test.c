/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST(fields) "POST / HTTP/1.1\r\nHost: h\r\n" fields "\r\n"
#define OK_HELLO "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 5\n\nhello"
#define OK_CLOSE                                                                                   \
    "HTTP/1.1 200 OK\nContent-Type: text/plain\nConnection: close\nContent-Length: 5\n\nhello"

static str
repeated(buf *b, str head, str piece, size_t count, str tail)
{
    buf_add(b, head);
    for (size_t i = 0; i < count; i++)
        buf_add(b, piece);
    buf_add(b, tail);
    return buf_str(b);
}

TEST(no_request_is_begun_while_much_output_waits)
{
    struct rig r;
    AUTO(buf) b = BUF(1 << 20), body = BUF(1 << 20);
    rig_open(&r);
    r.answer = repeated(&body, STR(""), STR("0123456789"), 10000, STR(""));
    r.slow = true;
    rig_feed(&r, repeated(&b, STR(""), STR(GET), 100, STR("")));
    CHECK_INT(meter_value(&r.m, METER_HTTP_REQUESTS), ==, 3);
    CHECK_INT(r.c.out.len, <, CONN_OUT_HIGH + 110000);
    r.slow = false;
    for (int i = 0; i < 40; i++)
        rig_turn(&r);
    CHECK_INT(meter_value(&r.m, METER_HTTP_REQUESTS), ==, 100);
    rig_close(&r);
}

TEST(head_has_the_header_of_get_and_no_body)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK_SAID(&r, "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 5\n\n");
    rig_reconnect(&r);
    r.mode = RIG_STREAM;
    rig_feed(&r, STR("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" GET));
    CHECK_SAID(&r, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"
                   "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"
                   "4\none \n3\ntwo\n0\n\n");
    rig_close(&r);
}

TEST(answers_without_a_body_have_no_length)
{
    struct rig r;
    rig_open(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET));
    http_answer(r.held[0], 204, NULL, 0, STR("dropped"));
    rig_turn(&r);
    rig_feed(&r, STR(GET));
    http_start(r.held[1], 304, NULL, 0);
    CHECK_OK(http_write(r.held[1], STR("dropped")));
    http_end(r.held[1]);
    rig_turn(&r);
    CHECK_SAID(&r, "HTTP/1.1 204 No Content\n\nHTTP/1.1 304 Not Modified\n\n");
    rig_close(&r);
}

TEST(a_stream_goes_out_in_chunks)
{
    struct rig r;
    rig_open(&r);
    r.mode = RIG_STREAM;
    rig_feed(&r, STR(GET GET));
    CHECK_SAID(&r, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\none \n3\ntwo\n0\n\n"
                   "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\none \n3\ntwo\n0\n\n");
    CHECK(r.c.phase == CONN_OPEN);
    rig_close(&r);
}

TEST(a_chunk_of_any_size_says_its_size)
{
    static const size_t sizes[] = {1, 9, 10, 15, 16, 255, 256, 4095, 4096, 65535, 65536, 1000000};
    AUTO(buf) bytes = BUF(1 << 20);
    repeated(&bytes, STR(""), STR("0123456789"), 100000, STR(""));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct rig r;
        char size[32];
        rig_open(&r);
        r.mode = RIG_HOLD;
        rig_feed(&r, STR(GET));
        http_start(r.held[0], 200, NULL, 0);
        CHECK_OK(http_write(r.held[0], str_slice(buf_str(&bytes), 0, sizes[i])));
        rig_turn(&r);
        (void)snprintf(size, sizeof size, "\r\n\r\n%zx\r\n", sizes[i]);
        const ptrdiff_t at = str_find(buf_str(&r.said), str_of(size));
        CHECK(at > 0 && r.said.len == (size_t)at + strlen(size) + sizes[i] + 2);
        rig_close(&r);
    }
}

TEST(what_is_written_in_one_turn_goes_out_in_one_piece)
{
    struct rig r;
    rig_open(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET));
    http_start(r.held[0], 200, NULL, 0);
    for (int i = 0; i < 100; i++)
        CHECK_OK(http_write(r.held[0], STR("event")));
    CHECK_INT(r.said.len, ==, 0);
    CHECK(r.hub.touched == &r.c);
    CHECK_INT(r.c.out.len, >, 1000);
    rig_close(&r);
}

TEST(http_1_0_gets_no_chunks_and_is_closed)
{
    struct rig r;
    rig_open(&r);
    r.mode = RIG_STREAM;
    rig_feed(&r, STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK_SAID(&r, "HTTP/1.1 200 OK\nConnection: close\n\none two");
    CHECK(r.c.phase == CONN_LINGERS);
    rig_close(&r);
}

TEST(http_1_0_is_kept_alive_only_on_demand)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK(str_find(buf_str(&r.said), STR("\r\nConnection: keep-alive\r\n")) > 0);
    CHECK(r.c.phase == CONN_OPEN);
    rig_feed(&r, STR("GET / HTTP/1.0\r\n\r\n" GET));
    CHECK(r.c.phase == CONN_LINGERS);
    CHECK_DIARY(&r, "request GET / 0\nrequest GET / 0\n");
    rig_close(&r);
}

TEST(an_answer_to_the_header_skips_a_small_body_and_keeps_the_connection)
{
    struct rig r;
    rig_open(&r);
    rig_hook_header(&r);
    r.answer_in_header = true;
    rig_feed(&r, STR(POST("Content-Length: 6\r\n") "abc"));
    CHECK_SAID(&r, OK_HELLO);
    rig_feed(&r, STR("def" GET));
    CHECK_DIARY(&r, "header POST /\nheader GET /\n");
    CHECK_SAID(&r, OK_HELLO OK_HELLO);
    CHECK(r.c.phase == CONN_OPEN);
    rig_close(&r);
}

TEST(an_answer_to_the_header_closes_when_the_body_is_large_unknown_or_not_sure_to_come)
{
    static const str heads[] = {
        STR_INIT(POST("Content-Length: 1000000\r\n")),
        STR_INIT(POST("Transfer-Encoding: chunked\r\n")),
        STR_INIT(POST("Expect: 100-continue\r\nContent-Length: 3\r\n")),
    };
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        rig_open(&r);
        rig_hook_header(&r);
        r.answer_in_header = true;
        rig_feed(&r, heads[i]);
        rig_feed(&r, STR("abc" GET));
        CHECK_SAID(&r, OK_CLOSE);
        CHECK(r.c.phase == CONN_LINGERS);
        CHECK_DIARY(&r, "header POST /\n");
        rig_close(&r);
    }
}

TEST(a_reader_too_slow_is_cut_with_bounded_memory_and_told_once)
{
    struct rig r;
    err e = OK;
    int writes = 0;
    rig_open(&r);
    r.hub.p.net_stream_queue_bytes_max = 10000;
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET));
    r.slow = true;
    http_exchange *const x = r.held[0];
    http_start(x, 200, NULL, 0);
    for (; writes < 1000 && !e.code; writes++)
        e = http_write(x, STR("0123456789012345678901234567890123456789"));
    CHECK_INT(e.code, ==, ERR_BUSY);
    CHECK_INT(writes, <, 260);
    CHECK_INT(r.c.out.len, <, 10100);
    CHECK_ERR(http_write(x, STR("more")), BUSY);
    CHECK_DIARY(&r, "request GET / 0\n");
    CHECK(r.c.phase == CONN_DEAD);
    CHECK(r.hub.touched == &r.c);
    CHECK_INT(meter_value(&r.m, METER_HTTP_CUT), ==, 1);
    conn_done(&r.c);
    CHECK_DIARY(&r, "request GET / 0\ngone\n");
    conn_init(&r.c, &r.hub, NULL);
    rig_close(&r);
}

TEST(bytes_on_their_way_to_the_socket_count_too)
{
    struct rig r;
    rig_open(&r);
    r.hub.p.net_stream_queue_bytes_max = 10000;
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET));
    http_start(r.held[0], 200, NULL, 0);
    rig_turn(&r);
    r.c.unsent = 9990;
    CHECK_ERR(http_write(r.held[0], STR("01234567890123")), BUSY);
    rig_close(&r);
}

TEST(one_large_piece_is_taken_when_nothing_waits)
{
    struct rig r;
    AUTO(buf) b = BUF(1 << 20);
    rig_open(&r);
    r.hub.p.net_stream_queue_bytes_max = 10000;
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET));
    http_start(r.held[0], 200, NULL, 0);
    rig_turn(&r);
    CHECK_OK(http_write(r.held[0], repeated(&b, STR(""), STR("0123456789"), 5000, STR(""))));
    rig_turn(&r);
    CHECK_OK(http_write(r.held[0], STR("a")));
    rig_close(&r);
}

TEST(an_abort_ends_the_connection_without_an_end_of_the_body)
{
    struct rig r;
    rig_open(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET GET));
    http_start(r.held[0], 200, NULL, 0);
    CHECK_OK(http_write(r.held[0], STR("a")));
    http_abort(r.held[0]);
    CHECK(r.c.phase == CONN_CLOSES);
    CHECK(str_ends(buf_str(&r.c.out), STR("1\r\na\r\n")));
    CHECK_DIARY(&r, "request GET / 0\n");
    rig_reconnect(&r);
    r.mode = RIG_ABORT;
    rig_feed(&r, STR(GET GET));
    CHECK_INT(r.said.len, ==, 0);
    CHECK_DIARY(&r, "request GET / 0\n");
    rig_close(&r);
}

TEST(who_was_told_to_go_on_keeps_the_connection)
{
    struct rig r;
    rig_open(&r);
    rig_hook_header(&r);
    r.body_mode = HTTP_STREAM;
    r.answer_in_data = true;
    rig_feed(&r, STR(POST("Expect: 100-continue\r\nContent-Length: 6\r\n")));
    rig_feed(&r, STR("abc"));
    rig_feed(&r, STR("def"));
    CHECK_SAID(&r, "HTTP/1.1 100 Continue\n\n" OK_HELLO);
    CHECK(r.c.phase == CONN_OPEN);
    rig_close(&r);
}
