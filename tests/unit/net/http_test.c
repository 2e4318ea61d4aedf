/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/http.h"

#include "../base/panics.h"
#include "rig.h"

static const str request = STR_INIT("POST /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one: 2\r\n"
                                    "X-Empty:\r\nContent-Length: 3\r\n\r\nabc");

static http_exchange *
held(struct rig *r)
{
    rig_open(r);
    r->mode = RIG_HOLD;
    (void)snprintf(r->c.peer, sizeof r->c.peer, "127.0.0.1:5");
    rig_feed(r, request);
    return r->held_count ? r->held[0] : NULL;
}

TEST(a_request_is_told_as_it_came)
{
    struct rig r;
    clock_fix(5000000, 0);
    http_exchange *const x = held(&r);
    NEED(x);
    CHECK_INT(http_method(x), ==, HTTP_POST);
    CHECK_STR(http_method_name(x), STR("POST"));
    CHECK_STR(http_path(x), STR("/a/b"));
    CHECK_STR(http_query(x), STR("c=d"));
    CHECK_STR(http_body(x), STR("abc"));
    CHECK_STR(http_peer(x), STR("127.0.0.1:5"));
    CHECK_INT(http_peer_uid(x), ==, -1);
    CHECK_INT(http_version(x), ==, 1);
    CHECK_INT(http_received_us(x), ==, 5000);
    CHECK_INT(http_request_id(x).len, ==, 30);
    CHECK(http_arena(x) != NULL);
    CHECK(!http_started(x));
    clock_free();
    rig_close(&r);
}

TEST(headers_are_found_by_their_small_name_the_first_one_first)
{
    struct rig r;
    http_exchange *const x = held(&r);
    NEED(x);
    CHECK_STR(http_header(x, STR("x-one")), STR("1"));
    CHECK_STR(http_header(x, STR("host")), STR("h"));
    CHECK(http_header(x, STR("X-One")).at == NULL);
    CHECK(http_header(x, STR("x-two")).at == NULL);
    CHECK(http_header(x, STR("x-empty")).at != NULL);
    CHECK_INT(http_header(x, STR("x-empty")).len, ==, 0);
    CHECK_INT(http_header_count(x), ==, 5);
    CHECK_STR(http_header_at(x, 2).name, STR("x-one"));
    CHECK_STR(http_header_at(x, 2).value, STR("2"));
    rig_close(&r);
}

TEST(a_handler_has_a_place_for_its_own)
{
    struct rig r;
    http_exchange *const x = held(&r);
    NEED(x);
    CHECK(http_user(x) == NULL);
    http_set_user(x, &r);
    CHECK(http_user(x) == &r);
    rig_close(&r);
}

TEST(the_trace_of_an_exchange_goes_with_its_answer)
{
    const struct http_field f = {STR("a"), STR("b")};
    struct rig r;
    http_exchange *x = held(&r);
    NEED(x);
    http_set_trace(x, STR("4bf92f3577b34da6a3ce929d0e0e4736"));
    http_answer(x, 200, &f, 1, STR("x"));
    rig_turn(&r);
    CHECK(str_find(buf_str(&r.said), STR("x-trace-id: 4bf92f3577b34da6a3ce929d0e0e4736\r\n")) > 0);
    CHECK(str_find(buf_str(&r.said), STR("a: b\r\n")) > 0);
    rig_close(&r);
    x = held(&r);
    NEED(x);
    http_set_trace(x, STR("1"));
    http_start(x, 200, NULL, 0);
    http_end(x);
    rig_turn(&r);
    CHECK(str_find(buf_str(&r.said), STR("x-trace-id: 1\r\n")) > 0);
    rig_close(&r);
}

TEST(answers_and_errors_are_counted)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK_INT(meter_value(&r.m, METER_HTTP_REQUESTS), ==, 1);
    CHECK_INT(meter_value(&r.m, METER_HTTP_ERRORS), ==, 0);
    rig_feed(&r, STR("GET HTTP/1.1\r\n\r\n"));
    CHECK_INT(meter_value(&r.m, METER_HTTP_REQUESTS), ==, 2);
    CHECK_INT(meter_value(&r.m, METER_HTTP_ERRORS), ==, 1);
    rig_close(&r);
}

TEST(an_empty_write_ends_nothing)
{
    struct rig r;
    http_exchange *const x = held(&r);
    NEED(x);
    http_start(x, 200, NULL, 0);
    CHECK(http_started(x));
    CHECK_OK(http_write(x, STR("")));
    CHECK_OK(http_write(x, STR("a")));
    CHECK_OK(http_write(x, STR_NONE));
    http_end(x);
    rig_turn(&r);
    CHECK_SAID(&r, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na\n0\n\n");
    rig_close(&r);
}

static void
answer_twice(void)
{
    struct rig r;
    http_exchange *const x = held(&r);
    http_start(x, 200, NULL, 0);
    http_answer(x, 200, NULL, 0, STR("a"));
}

static void
write_before_the_head(void)
{
    struct rig r;
    IGNORE(http_write(held(&r), STR("a"))); /* ends in the assertion */
}

static void
end_before_the_head(void)
{
    struct rig r;
    http_end(held(&r));
}

static void
read_behind_the_last_header(void)
{
    struct rig r;
    const http_exchange *const x = held(&r);
    (void)http_header_at(x, http_header_count(x));
}

static void
answer_with_a_status_that_is_none(void)
{
    struct rig r;
    http_answer(held(&r), 1200, NULL, 0, STR(""));
}

TEST(what_a_handler_must_not_do_ends_the_process)
{
    CHECK(panics(answer_twice));
    CHECK(panics(write_before_the_head));
    CHECK(panics(end_before_the_head));
    CHECK(panics(read_behind_the_last_header));
    CHECK(panics(answer_with_a_status_that_is_none));
}

/* ---- packed */
TEST(a_large_text_goes_packed_to_who_takes_that_and_says_so_to_caches_in_any_case)
{
    static char bytes[32 * 1024];
    const struct http_field type = {STR("content-type"), STR("application/json")};
    static const struct {
        const char *accepts, *says, *not_so;
    } cases[] = {
        {"Accept-Encoding: gzip\r\n", "content-encoding: gzip\r\n", "aaaaaaaaaaaaaaaaaaaa"},
        {"", "vary: accept-encoding\r\n", "content-encoding"},
        {"Accept-Encoding: gzip;q=0\r\n", "vary: accept-encoding\r\n", "content-encoding"}};
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;
        char text[256];
        rig_open(&r);
        r.mode = RIG_HOLD;
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", cases[i].accepts);
        rig_feed(&r, str_of(text));
        NEED(r.held_count == 1);
        http_answer(r.held[0], 200, &type, 1, (str){bytes, sizeof bytes});
        rig_turn(&r);
        if (str_find(buf_str(&r.said), str_of(cases[i].says)) < 0)
            test_fail(__FILE__, __LINE__, "%.400s", r.said.at);
        CHECK(str_find(buf_str(&r.said), str_of(cases[i].not_so)) < 0);
        rig_close(&r);
    }
}
