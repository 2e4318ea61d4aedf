/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/exchange.h"

#include "base/fault.h"
#include "rig.h"

static http_exchange *
fresh(struct rig *r)
{
    http_exchange *x = NULL;
    rig_open(r);
    if (conn_choose(&r->c, &protocol_h1).code || exchange_new(&r->c, &x).code)
        return NULL;
    return x;
}

static void
put_away(struct rig *r, http_exchange *x)
{
    exchange_free(x);
    rig_close(r);
}

TEST(text_in_any_pieces_is_the_same_text)
{
    for (int n = 0; n < 2000; n++) {
        struct rig r;
        char want[3000];
        http_exchange *const x = fresh(&r);
        NEED(x);
        for (int word = 0; word < 4; word++) {
            const size_t len = test_random() % sizeof want;
            for (size_t i = 0; i < len; i++)
                want[i] = (char)('a' + test_random() % 26);
            for (size_t at = 0; at < len;) {
                const size_t rest = len - at, piece = 1 + test_random() % rest;
                NEED_OK(exchange_text(x, (str){want + at, piece}));
                at += piece;
            }
            const str got = exchange_take(x, false);
            NEED(str_eq(got, (str){want, len}) && got.at);
        }
        put_away(&r, x);
    }
}

TEST(finished_text_stays_and_names_become_small)
{
    struct rig r;
    http_exchange *const x = fresh(&r);
    NEED(x);
    NEED_OK(exchange_text(x, STR("Content-")));
    NEED_OK(exchange_text(x, STR("TYPE@[`{")));
    const str name = exchange_take(x, true);
    for (int i = 0; i < 5000; i++)
        NEED_OK(exchange_text(x, STR("more")));
    CHECK_STR(name, STR("content-type@[`{"));
    CHECK_INT(exchange_take(x, false).len, ==, 20000);
    put_away(&r, x);
}

TEST(one_field_too_many_is_refused)
{
    struct rig r;
    http_exchange *const x = fresh(&r);
    NEED(x);
    r.hub.p.net_header_count_max = 20;
    for (int i = 0; i < 20; i++)
        NEED_OK(exchange_field(x, STR("a"), STR("b")));
    CHECK_ERR(exchange_field(x, STR("a"), STR("b")), HEADERS_TOO_LARGE);
    CHECK_INT(exchange_count(x, STR("a")), ==, 20);
    CHECK_INT(exchange_count(x, STR("A")), ==, 0);
    CHECK_INT(http_header_count(x), ==, 20);
    put_away(&r, x);
}

TEST(one_byte_of_fields_too_many_is_refused)
{
    struct rig r;
    http_exchange *const x = fresh(&r);
    NEED(x);
    r.hub.p.net_header_bytes_max = 100;
    NEED_OK(exchange_field(x, STR("name"), (str){"0123456789012345678901234567890123456789", 40}));
    CHECK(!exchange_head_full(x, 52));
    CHECK(exchange_head_full(x, 53));
    NEED_OK(
        exchange_field(x, STR("name"), (str){"01234567890123456789012345678901234567890123", 44}));
    CHECK_ERR(exchange_field(x, STR(""), STR("")), HEADERS_TOO_LARGE);
    put_away(&r, x);
}

TEST(a_body_is_collected_up_to_its_limit)
{
    struct rig r;
    http_exchange *const x = fresh(&r);
    NEED(x);
    x->body_bytes_max = 10;
    NEED_OK(exchange_body(x, STR("01234")));
    NEED_OK(exchange_body(x, STR("56789")));
    CHECK_STR(http_body(x), STR("0123456789"));
    CHECK_INT(r.hub.body_bytes, ==, 10);
    CHECK_ERR(exchange_body(x, STR("a")), TOO_LARGE);
    exchange_free(x);
    CHECK_INT(r.hub.body_bytes, ==, 0);
    rig_close(&r);
}

TEST(a_streamed_or_answered_body_is_counted_but_not_kept)
{
    struct rig r;
    http_exchange *const x = fresh(&r);
    NEED(x);
    x->body_bytes_max = 10;
    x->streamed = true;
    NEED_OK(exchange_body(x, STR("01234")));
    CHECK_INT(http_body(x).len, ==, 0);
    x->ended = true;
    NEED_OK(exchange_body(x, STR("0123456789")));
    CHECK_INT(x->body_bytes, ==, 15);
    put_away(&r, x);
}

TEST(all_bodies_together_have_a_limit_too)
{
    struct rig r;
    http_exchange *const x = fresh(&r);
    NEED(x);
    r.hub.body_bytes = HUB_BODIES_MAX * r.hub.p.net_body_bytes_max - 4;
    NEED_OK(exchange_body(x, STR("0123")));
    CHECK_ERR(exchange_body(x, STR("4")), LIMIT);
    r.hub.body_bytes = 4;
    put_away(&r, x);
}

TEST(the_head_is_checked_and_named)
{
    struct rig r;
    http_exchange *const x = fresh(&r);
    NEED(x);
    x->method = HTTP_OTHER;
    x->method_name = STR("PURGE");
    x->target = STR("/a?b");
    NEED_OK(exchange_head(x));
    CHECK_STR(http_path(x), STR("/a"));
    CHECK_STR(http_query(x), STR("b"));
    CHECK(str_starts(http_request_id(x), STR("req_")));
    x->method_name = STR("PUR GE");
    CHECK_ERR(exchange_head(x), PARSE);
    x->method_name = STR("");
    CHECK_ERR(exchange_head(x), PARSE);
    x->method_name = STR("PURGE");
    x->target = STR("/../a");
    CHECK_ERR(exchange_head(x), PARSE);
    put_away(&r, x);
}

TEST(only_who_was_told_of_an_exchange_hears_of_its_end_and_once)
{
    struct rig r;
    http_exchange *const x = fresh(&r);
    NEED(x);
    exchange_gone(x);
    CHECK_DIARY(&r, "");
    x->ended = false;
    x->announced = true;
    exchange_gone(x);
    exchange_gone(x);
    CHECK_DIARY(&r, "gone\n");
    put_away(&r, x);
}

TEST(every_lack_of_memory_is_an_error_and_nothing_leaks)
{
    for (long n = 1;; n++) {
        struct rig r;
        http_exchange *x = NULL;
        rig_open(&r);
        NEED_OK(conn_choose(&r.c, &protocol_h1));
        fault_arm(n);
        err e = exchange_new(&r.c, &x);
        for (int i = 0; i < 40 && !e.code; i++) {
            e = exchange_text(x, STR("a name that is long enough to need another region soon"));
            if (!e.code)
                e = exchange_field(x, exchange_take(x, true), STR("v"));
            if (!e.code)
                e = exchange_body(x, STR("a piece of the body, again and again and again"));
        }
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
        exchange_free(x);
        rig_close(&r);
        if (!fired)
            break;
    }
}
