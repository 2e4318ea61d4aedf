/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/conn.h"

#include "base/fault.h"
#include "rig.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define EMPTY_SETTINGS "\0\0\0\4\0\0\0\0\0"

static const str get = STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

TEST(the_first_bytes_decide_however_they_are_split)
{
    const str h2 = STR(PREFACE EMPTY_SETTINGS);
    for (size_t at = 0; at <= h2.len; at++) {
        struct rig r;
        rig_open(&r);
        rig_feed(&r, str_slice(h2, 0, at));
        CHECK(at >= 24 || !r.c.protocol);
        rig_feed(&r, str_slice(h2, at, h2.len));
        NEED(r.c.protocol == &protocol_h2);
        CHECK(r.c.phase == CONN_OPEN);
        rig_close(&r);
    }
}

TEST(a_preface_that_breaks_off_anywhere_is_http_1_and_refused)
{
    const str preface = STR(PREFACE);
    for (size_t at = 1; at < preface.len; at++)
        for (size_t split = 0; split <= at; split++) {
            struct rig r;
            char text[40];
            rig_open(&r);
            memcpy(text, preface.at, at);
            text[at] = '~';
            rig_feed(&r, (str){text, split});
            rig_feed(&r, (str){text + split, at + 1 - split});
            NEED(r.c.protocol == &protocol_h1);
            rig_feed(&r, STR("\r\n\r\n"));
            const int status = rig_status(&r);
            if (status != 400 && status != 505)
                test_fail(__FILE__, __LINE__, "%zu bytes: %d", at, status);
            CHECK(r.c.phase == CONN_LINGERS);
            rig_close(&r);
        }
}

TEST(a_method_that_begins_like_the_preface_loses_no_byte)
{
    struct rig r;
    rig_open(&r);
    for (size_t i = 0; i < 4; i++)
        rig_feed(&r, str_slice(STR("PUT "), i, i + 1));
    rig_feed(&r, STR("/x HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK_DIARY(&r, "request PUT /x 0\n");
    rig_close(&r);
}

TEST(a_connection_that_says_nothing_is_closed_after_its_rest)
{
    struct rig r;
    clock_fix(0, 0);
    rig_open(&r);
    clock_fix((r.p.net_idle_ms_max - 1) * 1000000, 0);
    hub_expire(&r.hub);
    CHECK(r.c.phase == CONN_OPEN);
    clock_fix(r.p.net_idle_ms_max * 1000000, 0);
    hub_expire(&r.hub);
    CHECK(r.c.phase == CONN_DEAD);
    CHECK(r.hub.touched == &r.c);
    CHECK_INT(r.said.len, ==, 0);
    clock_free();
    rig_close(&r);
}

TEST(a_preface_that_does_not_come_on_is_closed_after_the_time_for_headers)
{
    struct rig r;
    clock_fix(0, 0);
    rig_open(&r);
    rig_feed(&r, STR("PRI * HT"));
    clock_fix(r.p.net_header_ms_max * 1000000 / 2, 0);
    rig_feed(&r, STR("T"));
    conn_done(&r.c);
    conn_init(&r.c, &r.hub, NULL);
    rig_feed(&r, STR("PRI * HT"));
    clock_fix(r.p.net_header_ms_max * 3000000 / 2, 0);
    hub_expire(&r.hub);
    CHECK(r.c.phase == CONN_DEAD);
    clock_free();
    rig_close(&r);
}

TEST(output_that_does_not_move_kills_the_connection_and_is_counted)
{
    struct rig r;
    clock_fix(0, 0);
    rig_open(&r);
    r.mode = RIG_HOLD;
    rig_feed(&r, get);
    deadline_arm(&r.hub.deadlines, &r.c.stall, DEADLINE_IDLE, 0);
    clock_fix(r.p.net_idle_ms_max * 1000000, 0);
    hub_expire(&r.hub);
    CHECK(r.c.phase == CONN_DEAD);
    CHECK_INT(meter_value(&r.m, METER_HTTP_CUT), ==, 1);
    clock_free();
    rig_close(&r);
    CHECK_INT(r.hub.touched == NULL, ==, 1);
}

TEST(the_phase_only_goes_up)
{
    struct rig r;
    rig_open(&r);
    conn_finish(&r.c, CONN_CLOSES);
    conn_finish(&r.c, CONN_LINGERS);
    CHECK(r.c.phase == CONN_CLOSES);
    conn_finish(&r.c, CONN_DEAD);
    conn_finish(&r.c, CONN_OPEN);
    CHECK(r.c.phase == CONN_DEAD);
    rig_close(&r);
}

TEST(nothing_is_read_any_more_once_the_end_has_begun)
{
    static const enum conn_phase phases[] = {CONN_LINGERS, CONN_CLOSES, CONN_DEAD};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        rig_open(&r);
        rig_feed(&r, get);
        conn_finish(&r.c, phases[i]);
        rig_feed(&r, get);
        CHECK_DIARY(&r, "request GET / 0\n");
        rig_close(&r);
    }
}

TEST(the_peers_end_is_the_end)
{
    struct rig r;
    rig_open(&r);
    conn_eof(&r.c);
    CHECK(r.c.phase == CONN_DEAD);
    rig_reconnect(&r);
    rig_feed(&r, get);
    conn_eof(&r.c);
    CHECK(r.c.phase == CONN_CLOSES);
    rig_reconnect(&r);
    conn_finish(&r.c, CONN_LINGERS);
    conn_eof(&r.c);
    CHECK(r.c.phase == CONN_CLOSES);
    rig_close(&r);
}

TEST(the_list_of_those_with_work_holds_each_once)
{
    struct rig r;
    conn other;
    rig_open(&r);
    conn_init(&other, &r.hub, NULL);
    conn_touch(&r.c);
    conn_touch(&other);
    conn_touch(&r.c);
    CHECK(r.hub.touched == &other && other.touched_next == &r.c && !r.c.touched_next);
    conn_untouch(&r.c);
    conn_untouch(&r.c);
    CHECK(r.hub.touched == &other && !other.touched_next);
    conn_done(&other);
    CHECK(r.hub.touched == NULL);
    rig_close(&r);
}

TEST(a_stopped_server_sends_away_who_has_not_begun)
{
    struct rig r;
    rig_open(&r);
    r.hub.stopping = true;
    conn_stop(&r.c);
    CHECK(r.c.phase == CONN_DEAD);
    rig_close(&r);
}

TEST(a_connection_at_rest_keeps_no_memory_for_output)
{
    struct rig r;
    rig_open(&r);
    rig_feed(&r, get);
    CHECK(r.c.out.at == NULL);
    CHECK(r.hub.spare_out.at != NULL);
    rig_close(&r);
}

TEST(without_memory_for_a_protocol_the_connection_ends)
{
    struct rig r;
    rig_open(&r);
    fault_arm(1);
    rig_feed(&r, get);
    CHECK(fault_fired());
    fault_arm(0);
    CHECK(r.c.phase == CONN_DEAD);
    CHECK_DIARY(&r, "");
    rig_close(&r);
}
