/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/fault.h"
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

/* ---- what is right */

TEST(a_request_is_answered)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR(GET));
    CHECK_DIARY(&r, "request GET / 0\n");
    CHECK_SAID(&r, OK_HELLO);
    CHECK(r.c.phase == CONN_OPEN);
    CHECK(str_find(buf_str(&r.said), STR("\r\nX-Request-Id: req_")) > 0);
    CHECK(str_find(buf_str(&r.said), STR("\r\nDate: ")) > 0);
    rig_close(&r);
}

/* Good and bad ones; each ends the same way wherever the network cuts it. */
static const str fixtures[] = {
    STR_INIT(GET),
    STR_INIT("\r\n\r\n" GET GET),
    STR_INIT(POST("Content-Length: 5\r\n") "abcde" GET),
    STR_INIT(POST("Transfer-Encoding: chunked\r\n") "3;a=\"b\"\r\nabc\r\n00a\r\n0123456789\r\n"
                                                    "0\r\nX-T: 1\r\n\r\n" GET),
    STR_INIT("HEAD /a?b HTTP/1.1\r\nHost: h\r\nX-A:\t v \t\r\nX-B:\r\n\r\n" GET),
    STR_INIT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n" GET),
    STR_INIT(POST("Expect: 100-continue\r\nContent-Length: 3\r\n") "abc"),
    STR_INIT("GET http://h/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" GET),
    STR_INIT("OPTIONS * HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" GET),
    STR_INIT("GET  / HTTP/1.1\r\nHost: h\r\n\r\n" GET),
    STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX-A : b\r\n\r\n" GET),
    STR_INIT("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n" GET),
    STR_INIT("FROB / HTTP/1.1\r\nHost: h\r\n\r\n" GET),
    STR_INIT(POST("Transfer-Encoding: chunked\r\n") "3\r\nabcd\r\n0\r\n\r\n" GET),
    STR_INIT(POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") "0\r\n\r\n" GET),
    STR_INIT("GET / HTTP/1.1\nHost: h\n\n" GET),
    STR_INIT("GET / HTTP/3.0\r\nHost: h\r\n\r\n" GET),
    STR_INIT("GET /\r\n\r\n" GET),
};

struct ending {
    char said[4096];
    str diary;
    enum conn_phase phase;
};

static void
finish(struct rig *r, struct ending *ret)
{
    rig_said_plain(r, ret->said, sizeof ret->said);
    ret->diary = buf_str(&r->diary);
    ret->phase = r->c.phase;
}

TEST(a_request_is_the_same_wherever_it_is_split)
{
    for (size_t f = 0; f < sizeof fixtures / sizeof *fixtures; f++) {
        struct rig whole, r;
        struct ending want, got;
        rig_open(&whole);
        rig_feed(&whole, fixtures[f]);
        finish(&whole, &want);
        NEED(want.said[0]);
        for (size_t at = 0; at <= fixtures[f].len; at++) {
            rig_open(&r);
            rig_feed(&r, str_slice(fixtures[f], 0, at));
            rig_feed(&r, str_slice(fixtures[f], at, fixtures[f].len));
            finish(&r, &got);
            if (strcmp(want.said, got.said) || !str_eq(want.diary, got.diary) ||
                want.phase != got.phase)
                test_fail(__FILE__, __LINE__, "fixture %zu split at %zu: %s", f, at, got.said);
            rig_close(&r);
        }
        rig_close(&whole);
    }
}

TEST(a_request_is_the_same_byte_by_byte)
{
    for (size_t f = 0; f < sizeof fixtures / sizeof *fixtures; f++) {
        struct rig whole, r;
        struct ending want, got;
        rig_open(&whole);
        rig_open(&r);
        rig_feed(&whole, fixtures[f]);
        for (size_t i = 0; i < fixtures[f].len; i++)
            rig_feed(&r, str_slice(fixtures[f], i, i + 1));
        finish(&whole, &want);
        finish(&r, &got);
        if (strcmp(want.said, got.said) || !str_eq(want.diary, got.diary))
            test_fail(__FILE__, __LINE__, "fixture %zu: %s", f, got.said);
        rig_close(&r);
        rig_close(&whole);
    }
}

/* A handler that answers later sees the same requests in the same order. */
TEST(a_late_answer_changes_nothing_but_the_time)
{
    for (size_t f = 0; f < sizeof fixtures / sizeof *fixtures; f++) {
        struct rig whole, r;
        struct ending want, got;
        rig_open(&whole);
        rig_open(&r);
        rig_feed(&whole, fixtures[f]);
        r.mode = RIG_HOLD;
        rig_feed(&r, fixtures[f]);
        while (r.held_count) {
            NEED(r.held_count == 1);
            r.held_count = 0;
            rig_answer(&r, r.held[0]);
            rig_turn(&r);
        }
        finish(&whole, &want);
        finish(&r, &got);
        if (strcmp(want.said, got.said) || !str_eq(want.diary, got.diary))
            test_fail(__FILE__, __LINE__, "fixture %zu: %s", f, got.said);
        rig_close(&r);
        rig_close(&whole);
    }
}

TEST(requests_in_one_piece_are_answered_in_order)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                     "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK_DIARY(&r, "request GET /1 0\nrequest GET /2 0\nrequest GET /3 0\n");
    CHECK_SAID(&r, OK_HELLO OK_HELLO OK_HELLO);
    rig_close(&r);
}

TEST(the_next_request_waits_for_the_answer)
{
    struct rig r;
    rig_open(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET GET));
    CHECK_DIARY(&r, "request GET / 0\n");
    rig_feed(&r, STR(GET));
    CHECK_INT(r.held_count, ==, 1);
    r.held_count = 0;
    rig_answer(&r, r.held[0]);
    CHECK_INT(r.held_count, ==, 0);
    rig_turn(&r);
    CHECK_INT(r.held_count, ==, 1);
    CHECK_SAID(&r, OK_HELLO);
    rig_close(&r);
}

TEST(what_comes_before_an_answer_is_bounded)
{
    struct rig r;
    AUTO(buf) b = BUF(1 << 20);
    const str many = repeated(&b, STR(""), STR(GET), 4000, STR(""));
    size_t fed = 0;
    rig_open(&r);
    r.mode = RIG_HOLD;
    for (; fed < many.len && !r.c.deaf; fed += 1000)
        rig_feed(&r, str_slice(many, fed, fed + 1000));
    CHECK(r.c.deaf);
    CHECK_INT(fed, <, 70000);
    r.mode = RIG_ANSWER;
    rig_answer(&r, r.held[0]);
    rig_turn(&r);
    CHECK(!r.c.deaf);
    CHECK_INT(meter_value(&r.m, METER_HTTP_REQUESTS), ==, (long long)(fed / (sizeof GET - 1)));
    rig_close(&r);
}

TEST(after_close_nothing_more_is_read)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n" GET));
    CHECK_SAID(&r, OK_CLOSE);
    CHECK(r.c.phase == CONN_LINGERS);
    rig_feed(&r, STR(GET));
    CHECK_DIARY(&r, "request GET / 0\n");
    rig_close(&r);
}

TEST(trailers_are_read_and_dropped)
{
    struct rig r;
    rig_open(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(POST("Transfer-Encoding: chunked\r\n") "1\r\na\r\n0\r\nHost: evil\r\n"
                                                            "X-Trailer: 5\r\n\r\n"));
    NEED(r.held_count == 1);
    CHECK_STR(http_header(r.held[0], STR("host")), STR("h"));
    CHECK(http_header(r.held[0], STR("x-trailer")).at == NULL);
    CHECK_STR(http_body(r.held[0]), STR("a"));
    rig_close(&r);
}

TEST(an_offer_to_change_the_protocol_is_declined_by_silence)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR("GET /1 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                     "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
                     "POST /2 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
                     "Upgrade: websocket\r\nContent-Length: 3\r\n\r\nabc" GET));
    CHECK_DIARY(&r, "request GET /1 0\nrequest POST /2 3\nrequest GET / 0\n");
    CHECK_SAID(&r, OK_HELLO OK_HELLO OK_HELLO);
    rig_close(&r);
}

/* ---- what is wrong */

static const struct {
    const char *what;
    str bytes;
    int status;
} bad[] = {
    {"no host", STR_INIT("GET / HTTP/1.1\r\n\r\n"), 400},
    {"two hosts", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"), 400},
    {"two hosts in 1.0", STR_INIT("GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n"), 400},
    {"host with slash", STR_INIT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400},
    {"empty host", STR_INIT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400},
    {"no version", STR_INIT("GET /\r\nHost: h\r\n\r\n"), 400},
    {"version 2.0", STR_INIT("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505},
    {"version 1.2", STR_INIT("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), 505},
    {"version 0.9", STR_INIT("GET / HTTP/0.9\r\nHost: h\r\n\r\n"), 400},
    {"small http", STR_INIT("GET / http/1.1\r\nHost: h\r\n\r\n"), 400},
    {"two spaces", STR_INIT("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"tabs", STR_INIT("GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"space at the end", STR_INIT("GET / HTTP/1.1 \r\nHost: h\r\n\r\n"), 400},
    {"space at the start", STR_INIT(" GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"connect", STR_INIT("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"), 501},
    {"trace", STR_INIT("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"), 501},
    {"unknown method", STR_INIT("FROB / HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"small method", STR_INIT("get / HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"asterisk", STR_INIT("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"fragment", STR_INIT("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"dot segment", STR_INIT("GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"percent nul", STR_INIT("GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"raw utf-8", STR_INIT("GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"bare line feeds", STR_INIT("GET / HTTP/1.1\nHost: h\n\n"), 400},
    {"line feed in the middle", STR_INIT("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"), 400},
    {"obsolete fold", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX-A: b\r\n c\r\n\r\n"), 400},
    {"fold of the first", STR_INIT("GET / HTTP/1.1\r\n X-A: b\r\nHost: h\r\n\r\n"), 400},
    {"space before colon", STR_INIT("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400},
    {"space in name", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX A: b\r\n\r\n"), 400},
    {"no colon", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nXAb\r\n\r\n"), 400},
    {"no name", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n"), 400},
    {"nul in value", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"), 400},
    {"control in value",
     STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX: a\x01"
              "b\r\n\r\n"),
     400},
    {"delete in value",
     STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX: a\x7f"
              "b\r\n\r\n"),
     400},
    {"length and coding",
     STR_INIT(POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n"), 400},
    {"coding and length",
     STR_INIT(POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") "0\r\n\r\n"), 400},
    {"two lengths", STR_INIT(POST("Content-Length: 0\r\nContent-Length: 44\r\n")), 400},
    {"list of lengths", STR_INIT(POST("Content-Length: 3, 4\r\n") "abcd"), 400},
    {"signed length", STR_INIT(POST("Content-Length: +3\r\n") "abc"), 400},
    {"negative length", STR_INIT(POST("Content-Length: -3\r\n") "abc"), 400},
    {"empty length", STR_INIT(POST("Content-Length:\r\n")), 400},
    {"length past 64 bits", STR_INIT(POST("Content-Length: 18446744073709551619\r\n")), 400},
    {"large length", STR_INIT(POST("Content-Length: 99999999999\r\n")), 413},
    {"other coding", STR_INIT(POST("Transfer-Encoding: gzip\r\n")), 501},
    {"coding before chunked", STR_INIT(POST("Transfer-Encoding: gzip, chunked\r\n")), 501},
    {"chunked not last", STR_INIT(POST("Transfer-Encoding: chunked, gzip\r\n")), 400},
    {"chunked twice",
     STR_INIT(POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400},
    {"comma chunked", STR_INIT(POST("Transfer-Encoding: ,chunked\r\n")), 501},
    {"coding in 1.0", STR_INIT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     400},
    {"chunk size 0x", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "0x3\r\nabc\r\n"), 400},
    {"chunk size -1", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "-1\r\nabc\r\n"), 400},
    {"chunk size missing", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "\r\nabc\r\n"), 400},
    {"chunk size past 64 bits",
     STR_INIT(POST("Transfer-Encoding: chunked\r\n") "10000000000000003\r\nabc\r\n"), 400},
    {"chunk too short", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "4\r\nabc\r\n0\r\n"), 400},
    {"chunk too long", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "2\r\nabc\r\n"), 400},
    {"chunk line feed", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "3\nabc\r\n"), 400},
    {"space behind size", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "3 \r\nabc\r\n"), 400},
    {"bad trailer", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "0\r\nX T: 1\r\n\r\n"), 400},
    {"other expectation", STR_INIT(POST("Expect: 200-ok\r\nContent-Length: 3\r\n") "abc"), 417},
    {"a TLS hello", STR_INIT("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n"), 400},
    {"a broken preface", STR_INIT("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"), 400},
};

TEST(what_is_malformed_is_refused_and_what_follows_is_not_read)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig r;
        rig_open(&r);
        rig_feed(&r, bad[i].bytes);
        rig_feed(&r, STR(GET));
        if (rig_status(&r) != bad[i].status)
            test_fail(__FILE__, __LINE__, "%s: status %d, want %d", bad[i].what, rig_status(&r),
                      bad[i].status);
        if (r.c.phase != CONN_LINGERS || r.diary.len)
            test_fail(__FILE__, __LINE__, "%s: phase %d, %.*s", bad[i].what, r.c.phase,
                      STR_FMT(buf_str(&r.diary)));
        if (str_find(buf_str(&r.said), STR("\r\nConnection: close\r\n")) < 0 ||
            str_find(buf_str(&r.said), STR("\r\nX-Request-Id: req_")) < 0 ||
            str_find(buf_str(&r.said), STR("{\"error\":{\"message\":\"")) < 0 ||
            str_find(buf_str(&r.said), STR(".\",")) < 0)
            test_fail(__FILE__, __LINE__, "%s: %.*s", bad[i].what, STR_FMT(buf_str(&r.said)));
        CHECK_INT(meter_value(&r.m, METER_HTTP_ERRORS), ==, 1);
        rig_close(&r);
    }
}

TEST(limits_have_their_own_status)
{
    static const struct {
        const char *what;
        str head, piece;
        size_t count;
        str tail;
        int status;
    } large[] = {
        {"target", STR_INIT("GET /"), STR_INIT("a"), 16384, STR_INIT(" HTTP/1.1\r\n"), 414},
        {"value", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX: "), STR_INIT("a"), 65536,
         STR_INIT("\r\n\r\n"), 431},
        {"name", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n"), STR_INIT("a"), 65536,
         STR_INIT(": b\r\n\r\n"), 431},
        {"fields", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n"), STR_INIT("X: b\r\n"), 128,
         STR_INIT("\r\n"), 431},
        {"space", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX:"), STR_INIT(" "), 300000,
         STR_INIT("b\r\n\r\n"), 431},
        {"empty lines", STR_INIT(""), STR_INIT("\r\n"), 100000, STR_INIT(GET), 431},
        {"extension", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "1;"), STR_INIT("a"), 300000,
         STR_INIT("\r\na\r\n0\r\n\r\n"), 431},
        {"extensions", STR_INIT(POST("Transfer-Encoding: chunked\r\n")),
         STR_INIT("1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n"), 10000,
         STR_INIT("0\r\n\r\n"), 431},
        {"zeros", STR_INIT(POST("Transfer-Encoding: chunked\r\n")), STR_INIT("0"), 300000,
         STR_INIT("1\r\na\r\n0\r\n\r\n"), 431},
        {"trailers", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "0\r\n"), STR_INIT("X: y\r\n"),
         129, STR_INIT("\r\n"), 431},
        {"trailer", STR_INIT(POST("Transfer-Encoding: chunked\r\n") "0\r\nX: "), STR_INIT("y"),
         300000, STR_INIT("\r\n\r\n"), 431},
        {"chunks", STR_INIT(POST("Transfer-Encoding: chunked\r\n")),
         STR_INIT("a\r\n0123456789\r\n"), 1678000, STR_INIT("0\r\n\r\n"), 413},
    };
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        struct rig r;
        AUTO(buf) b = BUF(64 << 20);
        const str all = repeated(&b, large[i].head, large[i].piece, large[i].count, large[i].tail);
        rig_open(&r);
        for (size_t at = 0; at < all.len; at += 16384)
            rig_feed(&r, str_slice(all, at, at + 16384));
        if (rig_status(&r) != large[i].status || r.c.phase != CONN_LINGERS)
            test_fail(__FILE__, __LINE__, "%s: status %d", large[i].what, rig_status(&r));
        CHECK_DIARY(&r, "");
        rig_close(&r);
    }
}

TEST(just_within_the_limits_is_fine)
{
    static const struct {
        const char *what;
        str head, piece;
        size_t count;
        str tail;
    } large[] = {
        {"target", STR_INIT("GET /"), STR_INIT("a"), 16383,
         STR_INIT(" HTTP/1.1\r\nHost: h\r\n\r\n")},
        {"value", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nX: "), STR_INIT("a"), 65536 - 9 - 5,
         STR_INIT("\r\n\r\n")},
        {"fields", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n"), STR_INIT("X: b\r\n"), 127,
         STR_INIT("\r\n")},
        {"small chunks", STR_INIT(POST("Transfer-Encoding: chunked\r\n")), STR_INIT("1\r\na\r\n"),
         200000, STR_INIT("0\r\n\r\n")},
    };
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        struct rig r;
        AUTO(buf) b = BUF(64 << 20);
        const str all = repeated(&b, large[i].head, large[i].piece, large[i].count, large[i].tail);
        rig_open(&r);
        for (size_t at = 0; at < all.len; at += 16384)
            rig_feed(&r, str_slice(all, at, at + 16384));
        if (rig_status(&r) != 200)
            test_fail(__FILE__, __LINE__, "%s: status %d", large[i].what, rig_status(&r));
        rig_close(&r);
    }
}

TEST(a_refusal_of_head_has_no_body)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR("HEAD / HTTP/1.1\r\n\r\n"));
    CHECK_INT(rig_status(&r), ==, 400);
    CHECK(str_ends(buf_str(&r.said), STR("\r\n\r\n")));
    rig_close(&r);
}

TEST(a_body_refused_in_the_middle_is_told_to_the_handler)
{
    struct rig r;
    rig_open(&r);
    rig_hook_header(&r);
    rig_feed(&r, STR(POST("Transfer-Encoding: chunked\r\n") "3\r\nabcd"));
    CHECK_INT(rig_status(&r), ==, 400);
    CHECK_DIARY(&r, "header POST /\ngone\n");
    rig_close(&r);
}

TEST(an_error_behind_a_begun_answer_adds_no_second_one)
{
    struct rig r;
    rig_open(&r);
    rig_hook_header(&r);
    r.body_mode = HTTP_STREAM;
    r.answer_in_data = true;
    rig_feed(&r, STR(POST("Content-Length: 20\r\n") "abc"));
    CHECK_SAID(&r, OK_HELLO);
    rig_feed(&r, STR("defghijklmnopqrst" GET));
    CHECK_DIARY(&r, "header POST /\ndata 3\nheader GET /\nrequest GET / 0\n");
    rig_reconnect(&r);
    rig_feed(&r, STR(POST("Content-Length: 200000\r\n") "abc"));
    CHECK_SAID(&r, OK_CLOSE);
    CHECK(r.c.phase == CONN_LINGERS);
    rig_close(&r);
}

/* ---- bodies as the handler wants them */

TEST(the_header_hook_sets_the_limit_of_the_body)
{
    struct rig r;
    rig_open(&r);
    rig_hook_header(&r);
    r.body_max = 4;
    rig_feed(&r, STR(POST("Content-Length: 4\r\n") "abcd"));
    CHECK_DIARY(&r, "header POST /\nrequest POST / 4\n");
    rig_feed(&r, STR(POST("Content-Length: 5\r\n") "abcde"));
    CHECK_INT(rig_status(&r), ==, 413);
    rig_reconnect(&r);
    rig_feed(&r, STR(POST("Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n2\r\nde\r\n"));
    CHECK_INT(rig_status(&r), ==, 413);
    CHECK_DIARY(&r, "header POST /\ngone\n");
    rig_close(&r);
}

TEST(a_streamed_body_is_handed_on_piece_by_piece)
{
    struct rig r;
    rig_open(&r);
    rig_hook_header(&r);
    r.body_mode = HTTP_STREAM;
    rig_feed(&r, STR(POST("Content-Length: 6\r\n") "abc"));
    rig_feed(&r, STR("de"));
    rig_feed(&r, STR("f"));
    CHECK_DIARY(&r, "header POST /\ndata 3\ndata 2\ndata 1\nrequest POST / 0\n");
    CHECK_SAID(&r, OK_HELLO);
    rig_close(&r);
}

TEST(who_expects_100_continue_is_told_to_go_on)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR(POST("Expect: 100-Continue\r\nContent-Length: 3\r\n")));
    CHECK_SAID(&r, "HTTP/1.1 100 Continue\n\n");
    rig_feed(&r, STR("abc"));
    CHECK_SAID(&r, "HTTP/1.1 100 Continue\n\n" OK_HELLO);
    rig_close(&r);
}

TEST(nobody_is_told_to_go_on_who_must_not_or_need_not)
{
    static const str quiet[] = {
        STR_INIT("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"),
        STR_INIT(POST("Expect: 100-continue\r\nContent-Length: 99999999999\r\n")),
        STR_INIT("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
    };
    for (size_t i = 0; i < 4; i++) {
        struct rig r;
        rig_open(&r);
        rig_feed(&r, quiet[i]);
        CHECK(str_find(buf_str(&r.said), STR(" 100 ")) < 0);
        rig_close(&r);
    }
}

/* ---- ends */

TEST(a_client_that_leaves_is_noticed_while_its_answer_is_pending)
{
    struct rig r;
    rig_open(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET));
    conn_eof(&r.c);
    CHECK(r.c.phase == CONN_DEAD);
    rig_reconnect(&r);
    CHECK_INT(r.held_count, ==, 0);
    rig_feed(&r, STR(GET));
    http_start(r.held[0], 200, NULL, 0);
    conn_eof(&r.c);
    conn_done(&r.c);
    CHECK_DIARY(&r, "request GET / 0\ngone\n");
    conn_init(&r.c, &r.hub, NULL);
    rig_close(&r);
}

TEST(a_half_request_that_ends_is_nobodys_business)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc"));
    conn_eof(&r.c);
    conn_done(&r.c);
    CHECK_DIARY(&r, "");
    CHECK_INT(r.said.len, ==, 0);
    conn_init(&r.c, &r.hub, NULL);
    rig_close(&r);
}

static void
pass(struct rig *r, uint64_t ms)
{
    clock_fix(clock_ns() + ms * 1000000, 0);
    hub_expire(&r->hub);
    rig_turn(r);
}

TEST(a_header_that_drips_is_refused_when_its_time_is_over)
{
    struct rig r;
    const str head = STR("GET / HTTP/1.1\r\nHost: h\r\nX: ");
    clock_fix(1, 0);
    rig_open(&r);
    for (size_t i = 0; i < head.len; i++)
        rig_feed(&r, str_slice(head, i, i + 1));
    for (int i = 0; i < 9; i++) {
        pass(&r, r.p.net_header_ms_max / 10);
        rig_feed(&r, STR("x"));
        CHECK(r.c.phase == CONN_OPEN);
    }
    pass(&r, r.p.net_header_ms_max / 10);
    CHECK_INT(rig_status(&r), ==, 408);
    CHECK(r.c.phase == CONN_LINGERS);
    clock_free();
    rig_close(&r);
}

TEST(a_body_that_drips_is_refused_when_its_time_is_over)
{
    struct rig r;
    clock_fix(1, 0);
    rig_open(&r);
    rig_hook_header(&r);
    rig_feed(&r, STR(POST("Content-Length: 100\r\n")));
    for (int i = 0; i < 9; i++) {
        pass(&r, r.p.net_body_ms_max / 10);
        rig_feed(&r, STR("x"));
        CHECK(r.c.phase == CONN_OPEN);
    }
    pass(&r, r.p.net_body_ms_max / 10);
    CHECK_INT(rig_status(&r), ==, 408);
    CHECK_DIARY(&r, "header POST /\ngone\n");
    clock_free();
    rig_close(&r);
}

TEST(a_streamed_upload_may_take_long_but_not_rest)
{
    struct rig r;
    clock_fix(1, 0);
    rig_open(&r);
    rig_hook_header(&r);
    r.body_mode = HTTP_STREAM;
    rig_feed(&r, STR(POST("Content-Length: 100\r\n")));
    for (int i = 0; i < 30; i++) {
        pass(&r, r.p.net_body_ms_max - 1);
        rig_feed(&r, STR("x"));
        CHECK(r.c.phase == CONN_OPEN);
    }
    pass(&r, r.p.net_body_ms_max);
    CHECK_INT(rig_status(&r), ==, 408);
    clock_free();
    rig_close(&r);
}

TEST(a_busy_pipeline_is_not_taken_for_a_slow_header)
{
    struct rig r;
    const str twice = STR(GET GET);
    clock_fix(1, 0);
    rig_open(&r);
    rig_feed(&r, str_slice(twice, 0, 5));
    for (int i = 0; i < 40; i++) {
        pass(&r, r.p.net_header_ms_max / 2);
        rig_feed(&r, str_slice(twice, 5, twice.len / 2 + 5));
        CHECK(r.c.phase == CONN_OPEN);
    }
    CHECK_INT(meter_value(&r.m, METER_HTTP_REQUESTS), ==, 40);
    CHECK_INT(meter_value(&r.m, METER_HTTP_ERRORS), ==, 0);
    clock_free();
    rig_close(&r);
}

TEST(an_idle_connection_is_closed_in_silence_and_a_busy_one_is_not)
{
    struct rig r;
    clock_fix(1, 0);
    rig_open(&r);
    rig_feed(&r, STR(GET));
    const size_t said = r.said.len;
    pass(&r, r.p.net_idle_ms_max - 1);
    CHECK(r.c.phase == CONN_OPEN);
    pass(&r, 1);
    CHECK(r.c.phase == CONN_CLOSES);
    CHECK_INT(r.said.len, ==, said);
    rig_reconnect(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET));
    pass(&r, 100 * r.p.net_idle_ms_max);
    CHECK(r.c.phase == CONN_OPEN);
    CHECK_INT(r.held_count, ==, 1);
    clock_free();
    rig_close(&r);
}

TEST(a_stop_closes_who_rests_and_lets_who_runs_finish)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR(GET));
    r.hub.stopping = true;
    conn_stop(&r.c);
    CHECK(r.c.phase == CONN_LINGERS);
    r.hub.stopping = false;
    rig_reconnect(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, STR(GET GET));
    r.hub.stopping = true;
    conn_stop(&r.c);
    CHECK(r.c.phase == CONN_OPEN);
    rig_answer(&r, r.held[0]);
    rig_turn(&r);
    CHECK_SAID(&r, OK_CLOSE);
    CHECK(r.c.phase == CONN_LINGERS);
    CHECK_DIARY(&r, "request GET / 0\n");
    r.held_count = 0;
    rig_reconnect(&r);
    rig_feed(&r, STR(GET));
    CHECK_INT(rig_status(&r), ==, 503);
    CHECK_DIARY(&r, "");
    rig_close(&r);
}

TEST(whatever_fails_costs_the_connection_and_nothing_else)
{
    const str all = STR("\r\n" POST("Content-Length: 5\r\n") "abcde" GET POST(
        "Transfer-Encoding: chunked\r\nX-Long: "
        "0123456789012345678901234567890123456789\r\n") "3\r\nabc\r\n0\r\n\r\n" GET "BAD");
    for (long n = 1;; n++) {
        struct rig r;
        rig_open(&r);
        r.mode = n % 2 ? RIG_HOLD : RIG_STREAM;
        fault_arm(n);
        for (size_t at = 0; at < all.len; at += 50) {
            rig_feed(&r, str_slice(all, at, at + 50));
            if (r.held_count) {
                r.held_count = 0;
                rig_answer(&r, r.held[0]);
                rig_turn(&r);
            }
        }
        const bool fired = fault_fired();
        fault_arm(0);
        rig_reconnect(&r);
        r.mode = RIG_ANSWER;
        rig_feed(&r, STR(GET));
        CHECK_INT(rig_status(&r), ==, 200);
        rig_close(&r);
        if (!fired && n > 1)
            break;
    }
}

TEST(ten_thousand_requests_leave_no_memory_behind)
{
    struct rig r;
    rig_open(&r);
    for (int i = 0; i < 10000; i++) {
        rig_feed(&r, STR(POST("Content-Length: 5\r\n") "abcde"));
        buf_clear(&r.said);
        buf_clear(&r.diary);
    }
    CHECK_INT(r.hub.spare_count, ==, 1);
    CHECK_INT(r.hub.body_bytes, ==, 0);
    CHECK_INT(meter_value(&r.m, METER_HTTP_REQUESTS), ==, 10000);
    rig_close(&r);
}
